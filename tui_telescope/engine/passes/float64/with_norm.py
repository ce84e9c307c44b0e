"""The float64 pass through a network with a norm, checked where it cancels and at the end.

The exact pass is right everywhere. Nearly always ordinary numbers are right too, many times faster; this module says
`None` where it cannot vouch for them: where a norm takes out nearly all there is, of signals (units or samples alike)
or of gradients (two values have no third direction, a single one that stands out has nothing left), where gradients
leave a safe range, or where the samples' weight gradients all but cancel.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.outer_products import outer_squares
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.norms import Norm, norm_of
from tui_telescope.engine.passes.float64.layer_operands import FOLDED_WIDTH
from tui_telescope.engine.passes.float64.layer_record import is_in_range
from tui_telescope.engine.passes.float64.normalisation import (
    ALIKE,
    Normalisation,
    is_ordered,
    products_have_left,
    rescaled,
    squares_of,
)
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Measurement, SignalMeasurement, saturated_and_dead
from tui_telescope.engine.passes.parameter_gradients import ParameterGradients
from tui_telescope.engine.passes.progress import FORWARD_SHARE
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import gain_of
from tui_telescope.networks import Shape

CHUNK_ELEMENTS = 2**13
"""Layers are taken in chunks of about so many numbers, which stay in the fast cache."""
CHUNK_LAYERS = 16
"""At most so many: gradients are rescaled after each chunk, and may grow by six decades a layer."""
SAFE_SQUARE = 1e160
"""Squared norms of signals and of rescaled gradients stay within 1e-160 and 1e160."""


def measure(task: Task) -> Measurement | None:
    """The readings of one network with a norm, or None where only the exact pass can be trusted. Raises `Stopped`."""
    inputs, targets = task.samples
    norm = norm_of(task.settings)
    assert norm is not None, "the table of passes gives it networks with a norm alone"
    if inputs.shape[::-1][norm.axis] - norm.centred < 2:
        return None
    with np.errstate(all="ignore"):
        run = _Run(task, norm)
        return run.backward(targets.T) if run.forward(inputs.T) else None


class _Run:
    """One run: forward fills what each layer hears and what its activation is given, backward reads them."""

    def __init__(self, task: Task, norm: Norm) -> None:
        _, _, settings, self._wanted, self._progress, _ = task
        network = task.network.single
        self._network, self._settings = network, settings
        n, depth, samples = settings.width, settings.depth, settings.samples
        self._activation, self._norm = ACTIVATIONS[settings.activation], norm
        gain = gain_of(settings, Shape(n, n))
        folded = network.block is not None and n <= FOLDED_WIDTH
        self._weights = list(network.block * gain) if folded and network.block is not None else network.weights
        self._gain = None if folded else np.array(gain)
        self._betas, self._skip = [np.array(each) for each in settings.branch_factors], np.array(settings.skip_scale)
        self._shape = depth, n, samples
        self._chunk = min(max(1, CHUNK_ELEMENTS // (n * samples)), CHUNK_LAYERS, depth)
        self._layer_inputs = np.empty((depth + 1, n, samples))
        """What each layer's weights multiply; the last is the output, unless the norm stands before the weights."""
        self._arguments = np.empty((depth, n, samples))
        self._normalisation = Normalisation(norm, depth + settings.final_norm, n, samples)
        self._normalise, self._pull = self._normalisation.normalise, self._normalisation.pull
        self._signal_squares = np.empty((depth, samples))
        self._unit_sum = np.ones((1, n))
        """Sums over units as a product, which is quicker than numpy's own sum."""
        self._scratch = np.empty((n, samples))
        place = settings.place_of_norm
        assert place is not None, "there is a norm"
        self._is_pre, self._is_inside = place.begins_branch, place.meets_activation
        self._is_post = place.crosses_residual
        self._branches = np.empty((depth, n, samples)) if place.ends_branch else None
        """N(phi(z)) where that is what the norm gives."""
        self._output = np.empty((n, samples))
        self._workspace = Workspace()

    def forward(self, inputs: Array) -> bool:
        """Fill the stacks; whether signals and variances can be vouched for."""
        a = inputs.copy()
        if not self._is_pre:
            self._layer_inputs[0] = a
        for layer, weights in enumerate(self._weights):
            if layer % self._chunk == 0:
                self._progress.reach(FORWARD_SHARE * layer / self._settings.depth)
            a = self._forward_layer(layer, weights, a)
            self._unit_sum.dot(np.multiply(a, a, self._scratch), self._signal_squares[layer : layer + 1])
        self._output = a
        if self._settings.final_norm:
            self._output = np.empty_like(a)
            self._normalise(self._settings.depth, a, self._output)
        return self._are_signals_safe()

    def _forward_layer(self, layer: int, weights: Array, a: Array) -> Array:
        value = self._activation.value(self._argument(layer, weights, a)).product
        output = np.empty_like(a) if self._is_pre else self._layer_inputs[layer + 1]
        if self._branches is not None:
            self._normalise(layer, value, self._branches[layer])
            value = self._branches[layer]
        if self._settings.residual:
            value = np.add(np.multiply(value, self._betas[layer], output), self._skipping(a), output)
        if self._is_post:
            self._normalise(layer, value, output)
        elif value is not output:
            np.copyto(output, value)
        return output

    def _argument(self, layer: int, weights: Array, a: Array) -> Array:
        """What phi is given."""
        layer_inputs = self._layer_inputs[layer]
        argument: Array = self._arguments[layer]
        if self._is_pre:
            self._normalise(layer, a, layer_inputs)
        weights.dot(layer_inputs, argument)
        if self._gain is not None:
            np.multiply(argument, self._gain, argument)
        if self._network.biases is not None:
            argument += self._network.biases[layer][:, None]
        if self._is_inside:
            self._normalise(layer, argument, argument)
        return argument

    def _skipping(self, x: Array) -> Array:
        """What the residual connection makes of a signal, or of a gradient; overwritten by the next call."""
        if self._settings.skip_scale == 1:
            return x
        np.multiply(x, self._skip, self._scratch)
        return self._scratch

    def _are_signals_safe(self) -> bool:
        if not is_in_range(self._signal_squares, SAFE_SQUARE, may_be_zero=self._activation.dies):
            return False
        return self._normalisation.has_digits(self._activation)

    def _normed(self, layers: slice) -> Array:
        """What came out of the norm."""
        if self._branches is not None:
            return self._branches[layers]
        if self._is_inside:
            return self._arguments[layers]
        return self._layer_inputs[layers] if self._is_pre else self._layer_inputs[1:][layers]

    def backward(self, targets: Array) -> Measurement | None:
        """Walk down from the loss and take the readings; None where they cannot be vouched for."""
        depth, n, samples = self._shape
        squares, exponents = np.empty((depth, samples)), np.empty((depth, samples))
        gradients = ParameterGradients(self._settings, self._wanted)
        saturated, dead = np.empty(depth), np.empty(depth)
        deltas, before, after, products = (np.empty((self._chunk + extra, n, samples)) for extra in (1, 0, 0, 0))
        top = LOSSES[self._settings.loss].gradient(self._output, targets)
        if self._settings.final_norm:
            given, top = top, self._pull(depth, self._output, top, np.empty_like(top))
            if not self._normalisation.has_left(slice(depth, depth + 1), given[None], top[None]):
                return None
        top, exponent = rescaled(top, self._norm)
        for stop in range(depth, 0, -self._chunk):
            self._progress.reach(1 - (1 - FORWARD_SHARE) * stop / depth)
            layers, count = slice(max(0, stop - self._chunk), stop), min(stop, self._chunk)
            slopes = self._activation.slope(self._arguments[layers]).product
            if self._wanted.signal:
                sizes = slopes if self._activation.kernel.is_monotone else np.abs(slopes)
                saturated[layers], dead[layers] = saturated_and_dead(sizes, self._activation)
            deltas[count] = top
            self._backward_chunk(layers, slopes, deltas, before, after, products)
            branches = before if self._is_inside else products
            if not (
                self._normalisation.has_left(layers, before[:count], after[:count])
                and self._reaches_units(layers, slopes, deltas[1 : count + 1], branches[:count])
            ):
                return None
            squares[layers] = squares_of(deltas[1 : count + 1])
            exponents[layers] = exponent
            if not self._take_parameters(layers, products[:count], exponent, gradients):
                return None
            top, shift = rescaled(deltas[0], self._norm)
            exponent = exponent + shift
        if not is_in_range(squares, SAFE_SQUARE, may_be_zero=self._activation.dies):
            return None
        signal = SignalMeasurement(0.5 * np.log2(self._signal_squares), saturated, dead)
        gradient = 0.5 * np.log2(squares) + exponents
        measured = Measurement(
            gradient,
            gradients.by_weights,
            signal if self._wanted.signal else None,
            global_norm=gradients.global_norm(),
        )
        return measured if is_ordered(gradient, signal.norms) else dataclasses.replace(measured, is_settled=False)

    def _backward_chunk(
        self, layers: slice, slopes: Array, deltas: Array, before: Array, after: Array, products: Array
    ) -> None:
        """From the top layer down: by W a products[i], by a_{l-1} deltas[i]; the norm takes before[i] to after[i]."""
        normed, residual = self._normed(layers), self._settings.residual
        for i in range(layers.stop - layers.start - 1, -1, -1):
            layer, by_sum, product, below = layers.start + i, deltas[i + 1], products[i], deltas[i]
            if self._is_post:
                np.copyto(before[i], by_sum)
                by_sum = self._pull(layer, normed[i], by_sum, after[i])
            by_branch = np.multiply(by_sum, self._betas[layer], before[i] if self._branches is not None else product)
            if self._branches is not None:
                by_branch = self._pull(layer, normed[i], by_branch, after[i])
            branch = np.multiply(slopes[i], by_branch, before[i] if self._is_inside else product)
            if self._is_inside:
                np.copyto(product, self._pull(layer, normed[i], branch, after[i]))
            by_input = self._weights[layer].T.dot(product, before[i] if self._is_pre else below)
            if self._gain is not None:
                np.multiply(by_input, self._gain, by_input)
            if self._is_pre:
                np.copyto(below, self._pull(layer, normed[i], by_input, after[i]))
            if residual:
                np.add(below, self._skipping(by_sum), below)

    def _reaches_units(self, layers: slice, slopes: Array, deltas: Array, branches: Array) -> bool:
        """Whether the units with the largest slopes had enough of each sample's gradient."""
        betas = np.array(self._betas[layers])[:, None]
        most = (ALIKE * betas) ** 2 * squares_of(slopes) * squares_of(deltas)
        return bool((squares_of(branches) >= most).all())

    def _take_parameters(self, layers: slice, products: Array, exponent: Array, gradients: ParameterGradients) -> bool:
        """Fill in the gradients by parameters, as far as they are wanted; whether they can be vouched for."""
        if gradients.by_weights is None:
            return True
        peak = exponent.max()
        if exponent.min() < peak:
            products = products * np.exp2(exponent - peak)
        of_mean = peak - np.log2(self._shape[2])
        if gradients.takes_biases:
            sums = products.sum(axis=2)
            gradients.by_biases[layers] = 0.5 * np.log2(np.einsum("lu,lu->l", sums, sums)) + of_mean
        squares = self._outer_squares(layers, products)
        if squares is None:
            return False
        gradients.by_weights[layers] = 0.5 * np.log2(squares) + of_mean
        return True

    def _outer_squares(self, layers: slice, products: Array) -> Array | None:
        """||sum over samples of (d loss / d z_l) a_{l-1}^T||_F^2, or None where it all but cancels."""
        layer_inputs = self._layer_inputs[:-1][layers]
        if self._settings.loses_biases:
            # the gradients' sum is zero: what samples share drops out
            layer_inputs = layer_inputs - layer_inputs.mean(axis=2, keepdims=True)
        squares = outer_squares(products, layer_inputs, self._workspace.take)
        is_left = products_have_left(squares, products, layer_inputs, may_be_zero=self._activation.dies)
        return squares if is_left else None
