"""What the telescope shows of a network: immutable readings, one entry a layer.

An observation says nothing of how it was made; whatever yields gradients per layer can fill one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = Literal["vanishing", "healthy", "exploding", "dead"]


@dataclass(frozen=True, eq=False)
class GradientReading:
    """||d loss / d a_l||_2 for l = 1..L as log10, each of shape (L,); an exact zero is -inf."""

    log10_mean: Array
    """log10 of the arithmetic mean of the norms over samples and networks."""
    log10_low: Array
    """log10 of their 10% quantile."""
    log10_high: Array
    """log10 of their 90% quantile."""


@dataclass(frozen=True, eq=False)
class WeightGradientReading:
    """||d mean loss / d W_l||_F for l = 1..L, averaged over networks."""

    log10: Array
    """Shape (L,); an exact zero is -inf."""


@dataclass(frozen=True, eq=False)
class SignalReading:
    """What travels forward, for l = 1..L, each of shape (L,), averaged over networks."""

    log10_rms: Array
    """log10 of the root mean square of a_l over units and samples; an exact zero is -inf."""
    saturated: Array
    """The fraction of units and samples where |phi'(z)| is below 1% of its maximum."""
    dead: Array
    """The fraction of units whose derivative is zero on every sample."""


@dataclass(frozen=True)
class Verdict:
    """What the readings amount to."""

    state: State
    decades_per_layer: float
    """Least-squares slope of log10 gradient on the way from layer L to layer 1; negative where it fades."""
    end_to_end: float
    """log10 of gradient_1 / gradient_L; -inf where nothing arrives."""
    frozen_layers: int
    """Layers whose gradient is below 2^-23 (float32's epsilon) times the largest layer's."""
    dead_below: int
    """The highest layer with a gradient of exactly zero; 0 where none has."""


@dataclass(frozen=True, eq=False)
class Observation:
    """The readings of one network description."""

    gradient: GradientReading
    log10_factor: Array
    """log10(gradient_{l-1} / gradient_l) for l = 2..L, shape (L-1,): above 0 a layer screams, below it whispers."""
    verdict: Verdict
    weight_gradient: WeightGradientReading | None = None
    """None where it was not asked for, as is the next."""
    signal: SignalReading | None = None
    cell_gradient: GradientReading | None = None
    """The LSTM's cell road: ||d loss / d c_t|| for t = 1..T; None for every other cell."""
    stage: str = "layer"
    """What the readings have one entry for each of, in a word for users: a layer, or a step of time."""
    is_settled: bool = True
    """False where beside a norm rounding may decide digits that are read, and more would have taken too long."""

    @property
    def factor(self) -> Array:
        """The factors themselves, shape (L-1,), kept within float64's normal range where only the log10 fits."""
        return np.asarray(np.where(np.isneginf(self.log10_factor), 0.0, 10 ** np.clip(self.log10_factor, -307, 308)))

    @property
    def depth(self) -> int:
        return len(self.gradient.log10_mean)
