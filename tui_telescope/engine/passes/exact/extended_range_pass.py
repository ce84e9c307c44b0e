"""The blocks over numbers that neither overflow nor underflow, and what guards them against cancellation.

Every sample's signal and gradient carries an exponent of its own, or every unit's of it where weights are diagonal, so
that nothing loses a digit on the way at any depth and any scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.activations.extended_range_values import phi_slope, phi_value
from tui_telescope.engine.arithmetic.arrays import Array, Identity
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange
from tui_telescope.engine.blocks import Block, Step, StepBack, blocks
from tui_telescope.engine.losses import Loss
from tui_telescope.engine.norms import Norm, Pullback
from tui_telescope.engine.passes.exact.cancelled_residuals import CURVATURES, with_cancelled
from tui_telescope.engine.passes.exact.euler_products import TrackedGradient, along, pulled_with_product
from tui_telescope.engine.passes.exact.layer_by_layer import LayerByLayer
from tui_telescope.engine.passes.exact.saturated_differences import spread_of_phi
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import UnitNetwork
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.networks import NORMALISED, PHI, SAMPLES
from tui_telescope.settings import Settings


def measure(task: Task) -> Measurement:
    """The readings of one network. Raises `Stopped`."""
    network, (inputs, vectors), settings = task.network, task.samples, task.settings
    guards = Guards.of(settings)
    layers, axis, a = _blocks(network, settings), guards.tracked_axis, guards.signal(inputs.T)
    through_layers = LayerByLayer(layers, task) if axis is None else _Tracked(layers, task, axis)
    return through_layers.measure(a, vectors.T)


@dataclass(frozen=True)
class Guards:
    """Which guards against cancellation the numbers of a network need."""

    per_unit: bool
    """Whether each unit has an exponent of its own."""
    spread_axis: int | None
    """That along which a norm takes out a level which may hide what differs."""
    tracked_axis: int | None
    """That along which products of gradient and signal are tracked: the lines of the norm stay apart in all layers."""

    @classmethod
    def of(cls, settings: Settings) -> Guards:
        is_diagonal, norm = INITIALIZERS[settings.initializer].diagonal, settings.norm_kind
        if norm is None:
            return cls(is_diagonal, None, None)
        is_over_samples = norm.axis == SAMPLES
        shows_spread = norm.centred and (is_over_samples or _norm_hears_phi(settings))
        shapes = set(settings.matrices.values())
        keeps_units_apart = shapes == {(1, 1)} or (is_diagonal and len(shapes) == 1)
        tracks = (not is_over_samples or keeps_units_apart) and not settings.residual
        return cls(is_diagonal, norm.axis if shows_spread else None, norm.axis if tracks else None)

    def signal(self, inputs: Array) -> Signal:
        """a_0 from float64, (units, samples)."""
        value = ExtendedRange.of(inputs, per_unit=self.per_unit)
        return Signal(value, value, self)


@dataclass(frozen=True, eq=False)
class Signal:
    """A signal in two ways."""

    value: ExtendedRange
    spread: ExtendedRange
    """The same less a level that the next norm takes out, so that no level hides what differs."""
    guards: Guards
    base: Array | None = None
    """The biases of a sum b + W x, a column."""
    product: ExtendedRange | None = None
    """The W x of it."""

    @property
    def layer_input(self) -> ExtendedRange:
        return self.value

    def without_levels(self) -> Signal:
        return self._alone(self.spread)

    def times(self, factor: float) -> Signal:
        return self._of_each(lambda x: x.times(factor))

    def through(self, weights: Array | Identity, gain: float) -> Signal:
        """What samples share they share above the weights too; what units share they do not."""
        if self.guards.spread_axis == SAMPLES:
            return self._of_each(lambda x: x.through(weights, gain))
        return self._alone(self.value.through(weights, gain))

    def with_biases(self, biases: Array) -> Signal:
        base, product = biases[:, None], self.value
        z = product + ExtendedRange.of(np.broadcast_to(base, product.mantissa.shape))
        spread = self.spread if self.guards.spread_axis == SAMPLES else z
        return Signal(z, spread, self.guards, base, product)

    def response(self, activation: Activation) -> tuple[Signal, Slope]:
        value, axis = phi_value(activation, self.value), self.guards.spread_axis
        spread = value
        if axis is not None:
            base = self.base if axis == SAMPLES else None
            spread = spread_of_phi(activation, self.value, axis, base, self.product or self.value)
        return Signal(value, spread, self.guards), Slope(activation, self.value)

    def normed(self, norm: Norm) -> tuple[Signal, Pullback]:
        normed, pullback = norm(self.spread)
        return self._alone(normed if self.guards.per_unit else normed.per_sample()), pullback

    def joined(self, branch: Signal) -> Signal:
        value = self.value + branch.value
        is_one = self.value is self.spread and branch.value is branch.spread
        return Signal(value, value if is_one else self.spread + branch.spread, self.guards)

    def error(self, loss: Loss, vectors: Array) -> ExtendedRange | TrackedGradient:
        error = loss.gradient(self.value, ExtendedRange.of(vectors, per_unit=self.guards.per_unit), phi_value)
        return error if self.guards.tracked_axis is None else TrackedGradient(error, None)

    def log2_norm(self) -> Array:
        return self.value.log2_norm()

    def of_argument(self, function: Callable[[ExtendedRange], ExtendedRange]) -> Signal:
        """function(z), of z itself."""
        return self._alone(function(self.value))

    def _alone(self, value: ExtendedRange) -> Signal:
        return Signal(value, value, self.guards)

    def _of_each(self, function: Callable[[ExtendedRange], ExtendedRange]) -> Signal:
        value = function(self.value)
        return Signal(value, value if self.spread is self.value else function(self.spread), self.guards)


@dataclass(frozen=True, eq=False)
class Slope:
    """phi' where it was met; computed when it is first asked for."""

    activation: Activation
    argument: ExtendedRange

    def __call__(self) -> ExtendedRange:
        return self._slope

    @cached_property
    def _slope(self) -> ExtendedRange:
        return phi_slope(self.activation, self.argument)


def _norm_hears_phi(settings: Settings) -> bool:
    """Whether a norm is given what phi gives, or a sum with it, with no matrix between them."""
    place = settings.place_of_norm
    words = (*settings.branch, NORMALISED) if place and place.crosses_residual else settings.branch
    ends_in_norm = (*words, NORMALISED if settings.final_norm else words[0])
    return (PHI, NORMALISED) in pairwise((*words, *ends_in_norm))


def _blocks(network: UnitNetwork, settings: Settings) -> list[Block]:
    """The network's layers, each without what cancels in it."""
    layers, curvature = blocks(network, settings), CURVATURES.get(settings.activation)
    may_cancel = set(settings.matrices.values()) == {(1, 1)} and settings.residual and settings.norm_kind is None
    if not may_cancel or settings.has_biases or curvature is None or settings.branch.count(PHI) != 1:
        return layers
    return [with_cancelled(block, curvature) for block in layers]


class _Tracked(LayerByLayer):
    """With the products of gradient and signal."""

    def __init__(self, blocks: Sequence[Block], task: Task, axis: int) -> None:
        super().__init__(blocks, task)
        self._axis = axis

    def pulled(self, step: Step, gradient: TrackedGradient) -> TrackedGradient:
        return pulled_with_product(step, gradient, self._axis)

    def log2_by_weights(self, back: StepBack) -> float:
        below, (linear, layer_input) = back.by_input, back.step
        if not linear.single_weight:
            return super().log2_by_weights(back)
        # all that the gradient by a single weight needs, and nothing that cancels in it
        by_product = along(layer_input, below.product.value, self._axis).times(1 / linear.single_weight)
        return by_product.log2_outer_norm(layer_input)
