"""Mean-field theory of infinitely wide networks: what they will read, told without running one.

`theory` is the way in. It asks `coverage` whether there is a theory of some settings, and one of three kinds for it:
`wide_layers`, which makes a `stacks.Stack` of the settings out of `operations` and takes `gradients` down through it;
`unmixed_layers`, for identity weights; and `cells_in_time`, for cells whose steps share their weights. `factors` knows
what a layer does in the long run, `criticality` says how a scale stands to the critical one, and `quadrature` has the
averages over a normal pre-activation that all of them are made of.
"""
