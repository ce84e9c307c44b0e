"""What the telescope shows of a network: immutable readings, one entry a layer.

An observation says nothing of how it was made; whatever yields gradients per layer can fill one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tui_telescope.networks import NUMBER_FORMATS, NumberFormat

Array = NDArray[np.float64]
State = Literal["vanishing", "healthy", "exploding", "dead"]
LayerState = Literal["learns", "frozen", "dead"]
Reading = TypeVar("Reading")


def measured(reading: Reading | None) -> Reading:
    """A reading that whoever made the observation always takes; raises `LookupError` where it is absent."""
    if reading is None:
        raise LookupError("an observation lacks a reading that was asked of it")
    return reading


@dataclass(frozen=True, eq=False)
class GradientReading:
    """||d loss / d a_l||_2 for l = 1..L as log10, each of shape (L,); an exact zero is -inf."""

    log10_mean: Array
    """log10 of the arithmetic mean of the norms over samples and networks."""
    log10_low: Array
    """log10 of their 10% quantile."""
    log10_median: Array
    """log10 of their 50% quantile."""
    log10_high: Array
    """log10 of their 90% quantile."""

    @property
    def dead_below(self) -> int:
        """The layer up to which it is exactly zero, from the first on, for every sample of every network; else 0."""
        alive = np.flatnonzero(~np.isneginf(self.log10_mean))
        return int(alive[0]) if len(alive) else len(self.log10_mean)


@dataclass(frozen=True, eq=False)
class WeightGradientReading:
    """||d mean loss / d W_l||_F for l = 1..L, averaged over networks."""

    log10: Array
    """Shape (L,); an exact zero is -inf."""
    log10_clipped_from: float | None = None
    """log10 of the typical (median) network's global norm before clipping, within the limit or not; None where clipping
    is off."""
    clipped_networks: int = 0
    """How many networks' global norm is above the limit."""
    log10_parts: Mapping[str, Array] | None = None
    """The same by the weights of each part of a layer alone, by the part's name; None where layers have no parts."""


@dataclass(frozen=True, eq=False)
class SignalReading:
    """What travels forward, for l = 1..L, each of shape (L,), averaged over networks."""

    log10_rms: Array
    """log10 of the root mean square of a_l over units and samples; an exact zero is -inf."""
    saturated: Array | None
    """The fraction of units and samples where |phi'(z)| is below 1% of its maximum; None where nobody counted them."""
    dead: Array | None
    """The fraction of units whose derivative is zero on every sample; None likewise."""
    log10_spread: Array | None = None
    """log10 of the root mean square of a_l less its mean over samples, as a share of that of a_l: where it comes down
    to a format's epsilon, the layer cannot tell its inputs apart. Of sequences the mean is over the tokens of each
    sample: whether those can be told apart. None where nobody took it."""


@dataclass(frozen=True, eq=False)
class RoundingReading:
    """What a number format makes of the entries of d loss / d a_l, for l = 1..L: shares of all units, samples and
    networks, each of shape (L,)."""

    format: str
    """Its name: `float16`."""
    zero: Array
    """The share that is exactly zero."""
    overflowed: Array
    """The share that is infinite or NaN."""

    @property
    def silent_layers(self) -> int:
        """How many layers receive nothing but zeros."""
        return int(np.count_nonzero(self.zero == 1))


class NonFinite(NamedTuple):
    """A reading of which some layers are NaN or infinite, as a training run's may be, or one's in a number format."""

    reading: str
    """Its name in words: `gradient`."""
    layers: tuple[int, ...]
    """Their numbers, in the order in which a pass comes by: a gradient's from the last layer to the first."""


@dataclass(frozen=True, eq=False)
class NetworkReadings:
    """What the verdict is judged by: readings of each network by itself, as log10; an exact zero is -inf."""

    gradient: Array | None
    """The mean of ||d loss / d a_l||_2 over the network's samples, (networks, L); None where there is none to judge."""
    first_gradients: Array | None
    """||d loss / d a_1||_2 of every sample, (networks, samples); None likewise."""
    weight_change: Array | None = None
    """||d mean loss / d W_l|| / ||W_l||, (networks, L), as a share of the largest layer's; where steps share W, what
    each step adds to d mean loss / d W as a share of the norm of the whole. None where it was not measured."""
    cell_gradient: Array | None = None
    """The mean of ||d loss / d c_t||_2 over the samples, (networks, L), for the LSTM alone."""
    shares_weights: bool = False
    """Whether all steps share W."""
    kept_in: NumberFormat = NUMBER_FORMATS["float32"]
    """The format in which a change is to be felt: that of the weights, or where steps share W, of the sum that they
    add to."""
    trained: NDArray[np.bool_] | None = None
    """Which layers' weights have a gradient at all, (L,); None for all."""


class Steepest(NamedTuple):
    """The layer that accounts for most of what the gradient gains or loses on its way."""

    layer: int
    decades: float
    """log10 of its factor: negative where it loses."""


class Carriers(NamedTuple):
    """Who carries a mean that lies above its own 90% quantile."""

    kind: Literal["network", "sample"]
    reaching: int
    """How many of them reach the mean at layer 1: networks by their own mean, or samples of all networks."""
    total: int


@dataclass(frozen=True)
class Verdict:
    """What the readings amount to, for the typical network: medians over networks of each one's own profile."""

    state: State | None
    """None, as the next two, where there is no gradient to judge."""
    decades_per_layer: float | None
    """Least-squares slope of log10 gradient on the way from layer L to layer 1; negative where it fades."""
    end_to_end: float | None
    """log10 of gradient_1 / gradient_L; -inf where nothing arrives in at least half of the networks."""
    networks: int
    dead_networks: int
    """In how many of them exactly nothing arrives at layer 1."""
    steepest: Steepest | None = None
    """The layer that accounts for more than half of `end_to_end` and for a decade at least, if one does."""
    cell_end_to_end: float | None = None
    """log10 of ||d loss / d c_1|| / ||d loss / d c_T||; None but for the LSTM."""
    carriers: Carriers | None = None
    """Who carries the mean, where it lies above its own 90% quantile."""
    frozen: tuple[int, ...] | None = None
    """The numbers of the layers whose ||dW|| / ||W|| is below the epsilon of `frozen_in` (2^-23 in float32) times the
    largest layer's: while that one moves by its own size, they do not change by a bit. Of steps that share W, those
    that add less than half of it of the whole to dW. None where the weight gradient was not measured."""
    frozen_in: str = "float32"
    """The name of the format that the weights are kept in, or that what steps add is summed in."""
    dead: tuple[int, ...] = ()
    """The numbers of the layers at which, in at least half of the networks, exactly nothing arrives, or of whose own
    weights exactly nothing learns."""
    untrained: tuple[int, ...] = ()
    """The numbers of the layers whose weights have no gradient, for nobody trains them: they are none of the frozen."""
    still_networks: int = 0
    """In how many networks every weight gradient is exactly zero."""
    log10_clipped_from: float | None = None
    """log10 of the typical global norm of the gradient by all parameters before clipping; None where clip is off."""
    clipped_networks: int = 0
    """In how many networks clipping acts."""

    @property
    def frozen_layers(self) -> int | None:
        """How many are frozen, or unheard."""
        return None if self.frozen is None else len(self.frozen)


@dataclass(frozen=True, eq=False)
class Observation:
    """The readings of one network description, of which there is one at least; arrays hold finite numbers and -inf."""

    gradient: GradientReading | None
    """None where it was not measured, as by a run that logs its weights alone."""
    log10_factor: Array | None
    """log10(gradient_{l-1} / gradient_l) for l = 2..L, shape (L-1,): above 0 a layer amplifies, below it attenuates."""
    verdict: Verdict
    weight_gradient: WeightGradientReading | None = None
    """None where it was not asked for, as is the next."""
    signal: SignalReading | None = None
    cell_gradient: GradientReading | None = None
    """The LSTM's cell state: ||d loss / d c_t|| for t = 1..T; None for every other cell."""
    stage: str = "layer"
    """What the readings have one entry for each of, in a word for users: a layer, or a step of time."""
    is_settled: bool = True
    """False where beside a norm rounding may decide digits that are read, and more would have taken too long."""
    has_sampled_weights: bool = False
    """Whether weights were sampled where they were needed, and never there at once."""
    layers: tuple[str, ...] | None = None
    """The layers' names, from the first to the last; None where they go by their numbers."""
    rounding: RoundingReading | None = None
    """None where nothing is rounded."""
    nonfinite: tuple[NonFinite, ...] = ()
    """What was NaN or infinite and stands as -inf in the arrays, in the order in which a training step goes."""

    @property
    def factor(self) -> Array:
        """The factors themselves, shape (L-1,), kept within float64's normal range where only the log10 fits."""
        log10 = measured(self.log10_factor)
        return np.asarray(np.where(np.isneginf(log10), 0.0, 10 ** np.clip(log10, -307, 308)))

    @property
    def depth(self) -> int:
        if self.gradient is not None:
            return len(self.gradient.log10_mean)
        by_weights = self.weight_gradient
        return len(measured(self.signal).log10_rms if by_weights is None else by_weights.log10)

    @property
    def layer_states(self) -> tuple[LayerState | None, ...] | None:
        """What becomes of each layer, by the verdict: None of one that is not trained, and in place of all where what
        learns was not measured."""
        if self.verdict.frozen is None:
            return None
        states: list[LayerState | None] = ["learns"] * self.depth
        for layer in self.verdict.untrained:
            states[layer - 1] = None
        for layer in self.verdict.frozen:
            states[layer - 1] = "frozen"
        for layer in self.verdict.dead:
            states[layer - 1] = "dead"
        return tuple(states)

    def name(self, layer: int) -> str:
        """What this layer, counted from 1, is called: its number where it has no other name."""
        return self.layers[layer - 1] if self.layers else str(layer)
