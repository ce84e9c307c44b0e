"""The engine: networks that are made up here, observed exactly. Numpy and the standard library alone, no terminal.

The way of the data, from settings to an observation:

1. `telescope.Telescope.observe` is given `Settings`. For each network it asks `weights.draws` for the **unit draws**:
   matrices of standard normal numbers (or what an `initializers` entry makes of them), biases, inputs and targets. They
   outlive a change of settings, so that a changed scale redraws nothing and a deeper network keeps the layers it had.
2. Network, samples, settings and what is wanted become a `passes.task.Task`. The passes stand in one table
   (`passes.choose`), quickest first, each with the networks that it takes and what it costs a layer. A pass that cannot
   vouch for its numbers answers `None`, and the next one is asked:
   - `passes.float64`: ordinary numbers in a few in-place numpy calls a layer, rescaled by powers of two on the way
     back; dense layers phi(W a + b) have passes of their own, with and without a norm, and blocks of every other form
     share one that runs their recipe. Each checks its range, and that nothing has cancelled.
   - `passes.exact`: the operations of `blocks`, each with its forward and backward, run layer by layer over numbers
     with an exponent of their own for each sample or unit, which neither overflow nor underflow; what guards them
     against cancellation stands beside them. Where a rounding may decide a reading, the rounding check runs them
     twice, and the same blocks over decimals with as many digits as it takes settle it.
   - `passes.exact.sampled_weights`: the same blocks where weights are too many to be stored (`weights.sampled`).
   - `recurrent`: cells through time, in float64 where that reaches, else in extended range.
   - `transformer`: attention and mlp over the tokens of sequences; likewise, with what tokens differ by carried apart.
   - `formats`: layers and cells in a number format, each result of the same blocks and equations rounded to it. What
     leaves the format's range is told apart, and not judged.
   Who asks for the signal's spread has the same blocks and cells taken forward once more, over numbers that carry what
   samples share and what differs among them apart (`passes.exact.spread`).
3. A pass hands over a `passes.measurement.Measurement`: raw readings of one network as log2, per layer and sample.
4. `readings` turns the measurements of all networks into means, quantiles and per-network profiles, as log10, and
   `observations.diagnosis` judges the typical network. The result is an `observations.observation.Observation`, which
   knows nothing of how it was made.
5. `remedies` tries changes of the settings that answer a sick verdict's cause, by observing them.

Beside this way: `spectrum` runs the blocks over signals that carry their derivative by the input, kept so that no
singular value drowns in a larger one; `learning` trains a network, and tells of it in observations of the same kind;
`mean_field` predicts an observation without running a network; `sweep` observes many networks over depth and scale;
`forecast` knows how long an observation takes, and learns from each; `passes.progress` is asked between layers whether
anybody still waits, and told how far it is.

A registry entry says what it is, and nobody asks for its name: `networks.FORMS` and `networks.MATRICES` (what a block
computes, and with which matrices), `activations.definitions.ACTIVATIONS`, `weights.initializers.INITIALIZERS`,
`norms.NORMS`, `losses.LOSSES`, `recurrent.cells.CELLS`, `learning.optimizers.OPTIMIZERS`. Arrays are feature-major,
(units, samples): a layer is then one product W a. All readings are logarithms; an exact zero is -inf.
"""
