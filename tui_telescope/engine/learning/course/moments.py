"""A learner while it learns: what is shown of it now and then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Array, Floats
from tui_telescope.engine.learning.learner import Diverged, Learner, as_floats_are
from tui_telescope.engine.passes.measurement import SATURATED, EntryShares
from tui_telescope.engine.passes.parameter_gradients import by_parts
from tui_telescope.engine.passes.progress import UNWATCHED, Progress
from tui_telescope.observations.from_norms import from_log10_norms
from tui_telescope.observations.log_statistics import LOG10_2, log2_mean, log2_root_mean_square
from tui_telescope.observations.observation import Observation, RoundingReading, measured
from tui_telescope.settings import Settings


@dataclass(frozen=True, eq=False)
class Moment:
    """A learning network after some step.

    What is told of weights has one entry a layer, (depth,); the steps of a recurrent cell share theirs, and so all have
    the same entry: that of the recurrent matrices of all gates together.
    """

    step: int
    loss: float
    """The mean cross-entropy over `batches.EVALUATED` samples of the task, in nats."""
    accuracy: float
    """The share of them that is put into its class."""
    observation: Observation
    """The readings of the batch that comes next, of the loss that is learned by."""
    log10_update: Array
    """log10 of ||dW|| / ||W|| for what the last step changed; -inf where it changed nothing."""
    log10_change: Array
    """log10 of ||W - W_0|| / ||W_0|| for what all steps have changed; likewise."""
    unchanged: NDArray[np.bool_]
    """Whether the weights are bit for bit what they were before the first step."""
    diverged: Diverged | None = None
    """Where NaN or infinity has stopped it; then this is the last moment."""


class Watch:
    """Shows a learner now and then, beside what it was before the first step and before the one shown."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self._start = self._before = learner.network.by_layer()

    def moment(self) -> Moment:
        """The learner as it is."""
        return _moment(self.learner, self._start, self._before)

    def step(self, *, is_shown: bool) -> Moment | None:
        """Have it take a step; the moment after it where that is to be shown, or is the last one."""
        if is_shown:
            self._before = self.learner.network.by_layer()
        self.learner.step()
        return self.moment() if is_shown or self.learner.diverged else None


def moments_of(learner: Learner, steps: int, every: int, progress: Progress = UNWATCHED) -> Iterator[Moment]:
    """Before the first step, after every so many, and after the last. Raises `Stopped`."""
    watch = Watch(learner)
    yield watch.moment()
    for step in range(1, steps + 1):
        if learner.diverged:
            return
        progress.reach((step - 1) / steps)
        if moment := watch.step(is_shown=step % every == 0 or step == steps):
            yield moment


@as_floats_are
def _moment(learner: Learner, start: Floats, before: Floats) -> Moment:
    loss, accuracy = learner.evaluate()
    depth = learner.settings.depth
    now = learner.network.by_layer()
    return Moment(
        learner.steps,
        loss,
        accuracy,
        observed(learner),
        np.broadcast_to(_log10_norms(now - before) - _log10_norms(before), depth),
        np.broadcast_to(_log10_norms(now - start) - _log10_norms(start), depth),
        np.broadcast_to((now == start).all(axis=1), depth),
        learner.diverged,
    )


@as_floats_are
def observed(learner: Learner) -> Observation:
    """The readings of a learning network as it is, over the batch that comes next."""
    inputs, classes = learner.batch(learner.steps)
    trunk = learner.gone_back(inputs, classes)
    # the loss is a mean over samples: of one of them alone the gradient is as many times as large
    gradient = log2_mean(_of_samples(trunk.gradients)) + np.log2(len(inputs))
    rms = log2_root_mean_square(_of_samples(trunk.signals)) - 0.5 * np.log2(len(trunk.signals[0]))
    by_weights, is_recurrent = trunk.weight_gradients(), learner.settings.is_recurrent
    spread = np.array([_log10_spread(each) for each in trunk.signals])
    parts = _by_parts(learner)
    slopes = learner.gone_forward(inputs).slopes()
    observation = from_log10_norms(
        gradient * LOG10_2,
        weight_gradient=_log10_norms(by_weights),
        weights=_of_whole(by_weights) if is_recurrent else _log10_norms(learner.network.by_layer()),
        rms=rms * LOG10_2,
        saturated=np.array([np.mean([_saturated(*each) for each in layer]) for layer in slopes]),
        dead=np.array([np.mean([_dead(*each) for each in layer]) for layer in slopes]),
        spread=spread,
        stage=learner.settings.stage,
        shares_weights=is_recurrent,
        kept_in=learner.settings.weight_format,
    )
    weight_gradient = replace(measured(observation.weight_gradient), log10_parts=parts)
    return replace(observation, weight_gradient=weight_gradient, rounding=_rounding(trunk.gradients, learner.settings))


def _by_parts(learner: Learner) -> dict[str, Array] | None:
    """log10 of the weight gradient by each part of a layer, -inf where it is not finite; None where there is one."""
    parts = by_parts({name: _log10_norms(each) / LOG10_2 for name, each in learner.weight_gradients.items()})
    if len(parts) == 1:
        return None
    return {name: np.where(log2 < np.inf, log2 * LOG10_2, -np.inf) for name, log2 in parts.items()}


def _rounding(gradients: Sequence[Floats], settings: Settings) -> RoundingReading | None:
    """What became of the entries of each layer's gradient; None where nothing is rounded to a format."""
    shares = EntryShares.of(settings)
    if shares is None:
        return None
    for layer, entries in enumerate(gradients):
        shares.take(layer, entries)
    return RoundingReading(settings.precision, shares.zero, shares.overflowed)


def _of_whole(shares: Sequence[Floats]) -> Array | None:
    """log10 of the norm of the sum of what each step adds to it, (1,); None of one that is not finite."""
    log10 = _log10_norms([np.asarray(np.sum(shares, axis=0, dtype=np.float64))])
    return log10 if log10[0] < np.inf else None


def _log10_spread(signal: Floats) -> float:
    """What differs among samples as a share of the whole, of (n, samples); -inf of a signal that is zero."""
    whole = np.asarray(signal, dtype=np.float64)
    differing = whole - whole[:, :1]  # samples that are all the same leave no rounding of their mean
    differing -= differing.mean(axis=1, keepdims=True)
    differs, size = (float(_log2_norms(each.reshape(-1), axis=0)) for each in (differing, whole))
    return -np.inf if differs == -np.inf else (differs - size) * LOG10_2


def _saturated(gate: Activation, slope: Floats) -> float:
    """The share of units and samples whose slope is less than `SATURATED` of the steepest."""
    return float(np.mean(np.abs(slope) < SATURATED * gate.steepest))


def _dead(gate: Activation, slope: Floats) -> float:
    """The share of units whose slope is zero on every sample, of an activation that can be so."""
    return float(np.mean(~slope.any(axis=1))) if gate.dies else 0.0


def _of_samples(signals: Sequence[Floats]) -> Array:
    """log2 of the norm over the units, (L, samples), from L arrays (n, samples)."""
    return np.stack([_log2_norms(each, axis=0) for each in signals])


def _log10_norms(matrices: Sequence[Floats] | Floats) -> Array:
    """log10 of each one's Frobenius norm; -inf where it is zero."""
    return np.array([float(_log2_norms(each.reshape(-1), axis=0)) for each in matrices]) * LOG10_2


def _log2_norms(numbers: Floats, axis: int) -> Array:
    """log2 of the Euclidean norms, whose squares may lie outside float64's range; -inf where one is zero."""
    numbers = np.asarray(numbers, dtype=np.float64)
    peak = np.abs(numbers).max(axis)
    shares = numbers / np.where(peak > 0, peak, 1.0)
    return np.asarray(np.log2(peak) + 0.5 * np.log2(np.sum(shares * shares, axis)))
