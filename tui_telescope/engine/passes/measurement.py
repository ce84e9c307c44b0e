"""What a pass hands over: raw readings of one network, before any mean over samples or networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.observations.observation import NonFinite
from tui_telescope.settings import Settings

SATURATED = 0.01
"""A unit is saturated where |phi'(z)| is below this share of the activation's steepest slope."""


@dataclass(frozen=True)
class Wanted:
    """Which readings to take beside the gradient."""

    weight_gradient: bool = True
    signal: bool = True
    global_norm: bool = False
    """Needs the weight gradient."""
    spread: bool = False
    """Needs the signal, and is no pass's matter: see `passes.exact.spread`."""


@dataclass(frozen=True, eq=False)
class SignalMeasurement:
    """What travels forward, per layer l = 1..L."""

    norms: Array
    """log2 of ||a_l||, shape (depth, samples)."""
    saturated: Array
    """Fraction of units and samples with |phi'| under `SATURATED` of its maximum, shape (depth,)."""
    dead: Array
    """Fraction of units whose phi' is zero on every sample, shape (depth,)."""
    differing: Array | None = None
    """log2 of ||a_l - its mean over samples||, shape (depth, samples); of sequences, over the tokens of each sample.
    None where it was not wanted."""


def saturated_and_dead(
    sizes: Array,
    activation: Activation,
    is_zero: NDArray[np.bool_] | None = None,
    *,
    unit: float = 1.0,
    is_rounded: bool = False,
) -> tuple[Array, Array]:
    """Of each layer the fraction of units and samples that are saturated, and of units that are dead on every sample.

    `sizes` are |phi'| in multiples of `unit`, (..., units, samples); `is_zero` says where they are zero and not merely
    too small for a float64, if some may be. Where phi' `is_rounded` to a format, units of any activation may be dead.
    """
    *layers, units, samples = sizes.shape
    is_saturated = (sizes < SATURATED * activation.steepest / unit).view(np.uint8).reshape(*layers, -1)
    saturated = np.add.reduce(is_saturated, axis=-1, dtype=np.uint32) / (units * samples)
    if not (activation.dies or is_rounded):
        return saturated, np.zeros(layers)
    is_dead = np.matmul(sizes, np.ones(samples)) == 0 if is_zero is None else is_zero.all(axis=-1)
    return saturated, np.asarray(is_dead.mean(axis=-1))


@dataclass(frozen=True, eq=False)
class EntryShares:
    """What became of the entries of d loss / d a_l in a number format, over units and samples, per layer l = 1..L."""

    zero: Array
    """The share that is exactly zero, shape (depth,)."""
    overflowed: Array
    """The share that is not finite, shape (depth,)."""

    @classmethod
    def of(cls, settings: Settings) -> EntryShares | None:
        """Yet to be filled in; None where nothing is rounded."""
        return cls(np.zeros(settings.depth), np.zeros(settings.depth)) if settings.number_format else None

    def take(self, layer: int, entries: Array) -> None:
        """Those of one layer, counted from 0."""
        self.zero[layer], self.overflowed[layer] = np.mean(entries == 0), np.mean(~np.isfinite(entries))


@dataclass(frozen=True, eq=False)
class Measurement:
    """Per layer l = 1..L; logarithms to base 2, an exact zero is -inf. What was not wanted is None."""

    gradient: Array
    """log2 of ||d loss / d a_l||, shape (depth, samples)."""
    weight_gradient: Array | None
    """log2 of ||d mean loss / d W_l||_F, shape (depth,)."""
    signal: SignalMeasurement | None
    cell_gradient: Array | None = None
    """log2 of ||d loss / d c_t||, shape (depth, samples): the LSTM's cell state. None for every other cell."""
    shared_weight_gradient: float | None = None
    """log2 of ||d mean loss / d W||_F where all steps share W; None where each layer has its own."""
    weight_norms: Array | None = None
    """log2 of ||W_l||_F, shape (depth,); None where all steps share W."""
    global_norm: float | None = None
    """log2 of the norm of d mean loss by all parameters together."""
    weight_gradient_parts: Mapping[str, Array] | None = None
    """The weight gradient by the parts of a layer alone, each of shape (depth,); None where it has no parts."""
    entries: EntryShares | None = None
    """None where nothing is rounded."""
    nonfinite: tuple[NonFinite, ...] = ()
    """What was NaN or infinite for some sample, in a number format, and stands as -inf for all of them."""
    is_settled: bool = True
    """False where rounding may decide digits that are read: see `Observation.is_settled`."""
