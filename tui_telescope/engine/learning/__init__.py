"""Networks that learn: a task, a read-in and a head around the network of some settings, and an optimizer.

`learner.Learner` holds the parameters and takes the steps, `side_by_side.SideBySide` those of several networks at once.
What they say of a batch, and the gradient of its loss, is a `model.Model`'s: of `trunks`, `feedforward`, `blocks`,
`through_time` and `through_tokens` take the batch through the layers or steps and the gradient back, over ordinary
floats of one precision, and `in_format` over numbers that are rounded to a format; whatever is not finite there is told
of, never hidden. `course` tells of a learner: `moments` shows it while it learns, `training` keeps what was seen of one
that goes on, `description` says what came of it. `trainability` maps what many networks reach.
"""
