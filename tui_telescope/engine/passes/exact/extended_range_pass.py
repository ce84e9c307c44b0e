"""Signals forward and gradients backward through one network, at any depth and any scale.

Every sample's signal and gradient carries an exponent of its own, so that nothing overflows, underflows or loses
a digit on the way. Arrays are feature-major, (units, samples): a layer is then one product W a.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations.definitions import ACTIVATIONS, Activation, phi_departure, phi_slope, phi_value
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange, log2_outer_norm
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.norms import NORMS, Pullback
from tui_telescope.engine.passes.checkpoints import segments
from tui_telescope.engine.passes.exact.cancelled_residuals import CURVATURES, Curvature
from tui_telescope.engine.passes.exact.euler_products import Product, along, better, inner, with_product
from tui_telescope.engine.passes.exact.saturated_differences import spread_of_phi
from tui_telescope.engine.passes.measurement import SATURATED, Measurement, SignalMeasurement
from tui_telescope.engine.passes.parameter_gradients import ParameterGradients
from tui_telescope.engine.passes.progress import LAYERS_BACK, tally_of_passes
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import UnitNetwork
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.networks import NORM_PLACES, SAMPLES
from tui_telescope.settings import Settings

Array = NDArray[np.float64]


def measure(task: Task) -> Measurement:
    """The readings of one network. Raises `Stopped`."""
    network, samples, settings = task.network, task.samples, task.settings
    blocks = _Blocks(network, settings)
    inputs, targets = (ExtendedRange.of(each.T, per_unit=blocks.diagonal) for each in samples)
    return _Journey(blocks, task).measure(inputs, targets)


@dataclass(frozen=True, eq=False)
class _Step:
    """What the backward pass needs of one layer."""

    layer_input: ExtendedRange
    """What the weights multiplied: a_{l-1}, or its norm."""
    argument: ExtendedRange
    """What the activation was given."""
    output: ExtendedRange
    """a_l."""
    pullbacks: dict[str, Pullback]
    """The norm's pullback under the place where it stands; empty without one."""


class Signal(NamedTuple):
    """a_l in two ways."""

    value: ExtendedRange
    spread: ExtendedRange
    """The same less a level that the next norm takes out, so that no level hides what differs."""


class Gradient(NamedTuple):
    """A gradient by some signal."""

    value: ExtendedRange
    product: Product | None
    """The sum of gradient * signal for each line of the norm, where it is carried along."""
    terms: ExtendedRange | None = None
    """The sizes of what the weights summed it from."""


class Pulled(NamedTuple):
    """What a gradient by a_l turns into."""

    by_product: ExtendedRange
    """By W a, before any norm; of a single unit under one, only what its weight's gradient needs."""
    by_bias: ExtendedRange
    below: Gradient
    """By a_{l-1}."""


class _Blocks:
    """The network's layers: forward through one, and backward through the same."""

    def __init__(self, network: UnitNetwork, settings: Settings) -> None:
        initializer = INITIALIZERS[settings.initializer]
        self.depth = settings.depth
        self.diagonal = initializer.diagonal
        self.activation = ACTIVATIONS[settings.activation]
        self._residual = settings.residual
        self._branch_factor = settings.branch_factor
        self._gain = settings.scale * initializer.gain(settings.width)
        self._norm = NORMS.get(settings.norm)
        self._norm_place = settings.norm_place
        is_over_samples = self._norm is not None and self._norm.axis == SAMPLES
        may_cancel = settings.width == 1 and settings.residual and self._norm is None and network.biases is None
        self._curvature = CURVATURES.get(settings.activation) if may_cancel else None
        self._loses_levels = settings.loses_biases
        """Whether what a unit says to all samples alike, its bias too, is lost on the layers above."""
        hears_bias = not NORM_PLACES[self._norm_place].follows_weights
        self._shows_spread = self._norm is not None and self._norm.centred and (is_over_samples or hears_bias)
        hears_itself = self.diagonal or settings.width == 1
        self._carries_products = not settings.residual and (not is_over_samples or hears_itself)
        """Whether the lines of the norm stay apart from one another, layer for layer."""
        self._weights = network.weights
        self._biases = None if network.biases is None else settings.bias * network.biases

    def forward(self, layer: int, a: Signal) -> tuple[Signal, _Step]:
        """a_l and what was met on the way, from a_{l-1}; `layer` counts from 0."""
        pullbacks: dict[str, Pullback] = {}
        layer_input = self._normed("pre", a.spread, pullbacks)
        layer_input = layer_input if self._loses_levels or self._norm_place == "pre" else a.value
        product = self._through(self._weights[layer], layer_input)
        base = None if self._biases is None or self._loses_levels else self._biases[layer][:, None]
        z = product if base is None else product + ExtendedRange.of(np.broadcast_to(base, product.mantissa.shape))
        argument = self._normed("activation", z, pullbacks)
        value = phi_value(self.activation, argument)
        spread = value
        if self._norm is not None and self._shows_spread:
            shared = base if self._norm.axis == SAMPLES else None
            spread = spread_of_phi(self.activation, argument, self._norm.axis, shared, product)
        curvature = self._curvature_left(layer)
        if curvature is None:
            out = self._joined(a, value, spread, pullbacks)
        else:
            left = curvature.of(argument).times(self._branch_factor)
            out = Signal(left, left)
        return out, _Step(layer_input, argument, out.value, pullbacks)

    def _curvature_left(self, layer: int) -> Curvature | None:
        """What is left of a layer whose residual and the linear part of its branch cancel; None where they do not."""
        curvature = self._curvature
        if curvature is None:
            return None
        weight = float(self._weights[layer][0, 0])
        linear = self._branch_factor * self._gain * weight * curvature.slope_at_zero
        return curvature if linear == -1 else None

    def _joined(self, a: Signal, value: ExtendedRange, spread: ExtendedRange, pullbacks: dict[str, Pullback]) -> Signal:
        """The branch, with the residual and the norm that come after it."""
        if self._residual:
            is_value = spread is value and a.spread is a.value
            value = a.value + value.times(self._branch_factor)
            spread = value if is_value else a.spread + spread.times(self._branch_factor)
        if self._norm is None or self._norm_place != "post":
            return Signal(value, spread)
        normed = self._normed("post", spread, pullbacks)
        return Signal(normed, normed)

    def backward(self, layer: int, step: _Step, slope: ExtendedRange, delta: Gradient) -> Pulled:
        """What the gradient by a_l turns into; `slope` is phi' in this layer."""
        if self._norm is not None and self._carries_products:
            return self._backward_with_product(layer, step, slope, delta, self._norm.axis)
        by_product, below = self._backward(layer, step, slope, delta.value)
        return Pulled(by_product, by_product, Gradient(below, None))

    def _backward(
        self, layer: int, step: _Step, slope: ExtendedRange, delta: ExtendedRange
    ) -> tuple[ExtendedRange, ExtendedRange]:
        """The gradients by W a (before any norm) and by a_{l-1}."""
        by_sum = _pulled("post", step, delta)
        branch = slope * by_sum.times(self._branch_factor)
        by_product = _pulled("activation", step, branch)
        curvature = self._curvature_left(layer)
        if curvature is not None:
            left = curvature.slope_of(step.argument).times(-1 / curvature.slope_at_zero)
            return by_product, delta * left
        below = _pulled("pre", step, self._through(self._weights[layer].T, by_product))
        return by_product, by_sum + below if self._residual else below

    def _backward_with_product(
        self, layer: int, step: _Step, slope: ExtendedRange, delta: Gradient, axis: int
    ) -> Pulled:
        """The same without a residual connection, the product of gradient and signal carried along."""
        by_value = _pulled_with_product("post", step, delta, step.output)
        product = by_value.product
        if product is not None:
            product = product.less(inner(by_value.value, phi_departure(self.activation, step.argument), axis))
        by_argument = slope * by_value.value
        is_inside = step.pullbacks.keys() == {"activation"}  # elsewhere a norm came between the weights and this
        terms = slope * delta.terms if is_inside and delta.terms is not None else None
        product = better(product, inner(by_argument, step.argument, axis, terms))
        inside = _pulled_with_product("activation", step, Gradient(by_argument, product), step.argument)
        by_product = by_bias = inside.value
        product = inside.product or product
        if self._biases is not None and not self._loses_levels:
            product = product.less(inner(by_product, ExtendedRange.of(_column(self._biases[layer], by_product)), axis))
        weights = self._weights[layer].T
        by_input, terms = self._through(weights, by_product), self._through(np.abs(weights), abs(by_product))
        product = better(product, inner(by_input, step.layer_input, axis, terms))
        below = Gradient(with_product(by_input, step.layer_input, product, axis, terms), product, terms)
        if by_input.mantissa.shape[0] == 1:  # all that its weight gradient needs, and nothing that cancels in it
            weight = self._gain * float(self._weights[layer][0, 0])
            by_product = along(step.layer_input, product.value, axis).times(1 / weight)
        return Pulled(by_product, by_bias, _pulled_with_product("pre", step, below, step.layer_input))

    def _normed(self, place: str, x: ExtendedRange, pullbacks: dict[str, Pullback]) -> ExtendedRange:
        if self._norm is None or place != self._norm_place:
            return x
        normed, pullbacks[place] = self._norm(x)
        return normed if self.diagonal else normed.per_sample()

    def _through(self, weights: Array, x: ExtendedRange) -> ExtendedRange:
        if self.diagonal:
            return x.times(self._gain)
        return x.through(weights, self._gain)


def _pulled_with_product(place: str, step: _Step, gradient: Gradient, normed: ExtendedRange) -> Gradient:
    """The same of a gradient by `normed` and its product with it; below the norm their product has shrunk."""
    if place not in step.pullbacks:
        return gradient
    pullback = step.pullbacks[place]
    product = gradient.product or inner(gradient.value, normed, pullback.norm.axis)
    return Gradient(pullback(gradient.value, product.value), product.times(pullback.shrinkage))


def _column(column: Array, like: ExtendedRange) -> Array:
    return np.broadcast_to(column[:, None], like.mantissa.shape)


def _pulled(place: str, step: _Step, gradient: ExtendedRange) -> ExtendedRange:
    return step.pullbacks[place](gradient) if place in step.pullbacks else gradient


class _Journey:
    """One way through the layers, there and back."""

    def __init__(self, blocks: _Blocks, task: Task) -> None:
        settings, wanted = task.settings, task.wanted
        depth, samples = settings.depth, settings.samples
        self._blocks, self._loss = blocks, LOSSES[settings.loss]
        self._segments = segments(settings)
        self._tally = tally_of_passes(task.progress, self._segments)
        self._gradient = np.empty((depth, samples))
        self._by_parameters = ParameterGradients(settings, wanted)
        self._signal = _empty_signal(depth, samples) if wanted.signal else None
        """Its silent fractions are filled in on the way back, where phi' is needed."""

    def measure(self, inputs: ExtendedRange, targets: ExtendedRange) -> Measurement:
        """The readings. Raises `Stopped`."""
        starts, steps = self._go_forward(Signal(inputs, inputs))
        self._go_back(starts, steps, self._loss.gradient(steps[-1].output, targets, phi_value))
        by_parameters = self._by_parameters
        return Measurement(
            self._gradient, by_parameters.by_weights, self._signal, global_norm=by_parameters.global_norm()
        )

    def _go_forward(self, a: Signal) -> tuple[list[Signal], list[_Step]]:
        """The signal before each segment, and the steps of the last one."""
        starts, steps = [a], list[_Step]()
        for segment in self._segments:
            steps = []  # the segment before is free before this one takes its room
            a, steps = self._walk(segment, a)
            starts.append(a)
            if self._signal is not None:
                for layer, step in zip(segment, steps, strict=True):
                    self._signal.norms[layer] = step.output.log2_norm()
        return starts[:-1], steps

    def _walk(self, segment: range, a: Signal) -> tuple[Signal, list[_Step]]:
        steps = []
        for layer in segment:
            self._tally.take_up(1)
            a, step = self._blocks.forward(layer, a)
            steps.append(step)
        return a, steps

    def _go_back(self, starts: list[Signal], steps: list[_Step], error: ExtendedRange) -> None:
        delta = Gradient(error, None)
        for segment, start in zip(reversed(self._segments), reversed(starts), strict=True):
            steps = steps or self._walk(segment, start)[1]
            for layer in reversed(segment):
                self._tally.take_up(LAYERS_BACK)
                delta = self._step_back(layer, steps.pop(), delta)

    def _step_back(self, layer: int, step: _Step, delta: Gradient) -> Gradient:
        """Read the layer; the gradient by what is below it, as far as anybody reads that."""
        blocks, by_parameters = self._blocks, self._by_parameters
        self._gradient[layer] = delta.value.log2_norm()
        slope = phi_slope(blocks.activation, step.argument)
        if self._signal is not None:
            self._signal.saturated[layer], self._signal.dead[layer] = _silent_fractions(blocks.activation, slope)
        if layer > 0 or by_parameters.by_weights is not None:
            by_product, by_bias, delta = blocks.backward(layer, step, slope, delta)
            log2_samples = np.log2(slope.mantissa.shape[1])
            if by_parameters.by_weights is not None:
                by_parameters.by_weights[layer] = log2_outer_norm(by_product, step.layer_input) - log2_samples
            if by_parameters.takes_biases:
                by_parameters.by_biases[layer] = float(by_bias.sum(1).log2_norm()[0]) - log2_samples
        return delta


def _empty_signal(depth: int, samples: int) -> SignalMeasurement:
    return SignalMeasurement(np.empty((depth, samples)), np.empty(depth), np.empty(depth))


def _silent_fractions(activation: Activation, slope: ExtendedRange) -> tuple[float, float]:
    """The fractions of saturated units (over all samples) and of units that are dead on every sample."""
    quiet = np.abs(slope.values()) < SATURATED * activation.steepest
    dead = float(np.mean(~slope.mantissa.any(axis=1))) if activation.dies else 0.0
    return np.count_nonzero(quiet) / quiet.size, dead
