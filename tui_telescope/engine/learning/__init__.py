"""Networks that learn: a task, a read-in and a head around the network of some settings, and an optimizer.

`learner.Learner` holds the parameters and takes the steps. `feedforward`, `blocks` and `through_time` take a batch
through the network and the gradient back, over ordinary floats of one precision; whatever is not finite there is told
of, never hidden. `moments` shows a learner while it learns, `training` keeps what was seen of one that goes on,
`description` says what came of it; `trainability` maps what many networks reach.
"""
