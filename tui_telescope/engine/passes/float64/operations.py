"""The operations of a block over ordinary numbers, in place, for all layers: what `by_recipe` is made of."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.float64.layer_operands import FOLDED_WIDTH
from tui_telescope.engine.passes.float64.normalisation import ALIKE, Normalisation, squares_of
from tui_telescope.engine.passes.float64.workspace import Stack
from tui_telescope.engine.weights.draws import UnitMatrices

LEAST_SQUARE = 1e-6
"""What an activation with an offset gives a sample is trusted down to this squared norm: tanh + 1 has no more digits
below zero."""


class Operation(Protocol):
    """One step of the branch in every layer."""

    def forward(self, layer: int, x: Array, out: Array) -> None:
        """What it makes of x, (units, samples)."""

    def backward(self, layer: int, gradient: Array, out: Array) -> None:
        """The gradient by what it was given, from the one by what it gave."""

    def has_digits(self) -> bool:
        """Whether what went forward through all layers can be vouched for."""

    def has_left(self, layers: slice, before: Array, after: Array) -> bool:
        """Whether enough of the gradients before some layers has gone through them, (layers, units, samples)."""


class Product:
    """gain * W x + b."""

    def __init__(self, matrices: UnitMatrices, gain: float, biases: Array | None) -> None:
        block = matrices.block
        is_folded = block is not None and max(block.shape[1:]) <= FOLDED_WIDTH
        weights = list(block * gain) if block is not None and is_folded else matrices.weights
        self._forward, self._backward = [each.dot for each in weights], [each.T.dot for each in weights]
        self._gain = None if is_folded else np.array(gain)
        self._biases = None if biases is None else list(biases[:, :, None])

    def forward(self, layer: int, x: Array, out: Array) -> None:
        self._forward[layer](x, out)
        if self._gain is not None:
            np.multiply(out, self._gain, out)
        if self._biases is not None:
            np.add(out, self._biases[layer], out)

    def backward(self, layer: int, gradient: Array, out: Array) -> None:
        self._backward[layer](gradient, out)
        if self._gain is not None:
            np.multiply(out, self._gain, out)

    def has_digits(self) -> bool:
        return True

    def has_left(self, layers: slice, before: Array, after: Array) -> bool:
        return True


class Response:
    """phi(z), and its slopes."""

    def __init__(self, activation: Activation, slopes: Stack, *, precise: bool) -> None:
        """`slopes` is where those of each layer stay; `precise` keeps their digits in saturation."""
        self._kernel = kernel = activation.kernel
        self._input_scale, self._output_scale = np.array(kernel.input_scale), np.array(kernel.output_scale)
        self._offset, self._factor = np.array(kernel.offset), np.array(kernel.input_scale * kernel.output_scale)
        self._loses_digits = kernel.loses_digits and not precise
        self._output_slope = kernel.output_slope if self._loses_digits or not kernel.loses_digits else None
        self._steepest = activation.steepest
        self._slopes = slopes
        self._argument = np.empty(slopes.array.shape[1:])
        self._has_digits = True

    def forward(self, layer: int, x: Array, out: Array) -> None:
        kernel, argument, slope = self._kernel, self._argument, self._slopes.rows[layer]
        np.multiply(x, self._input_scale, argument)
        kernel.core(argument, out, slope)
        if self._output_slope:
            self._output_slope(out, slope)
        else:
            kernel.slope(argument, out, slope)
        if self._factor != 1:
            np.multiply(slope, self._factor, slope)
            np.multiply(out, self._output_scale, out)
        if self._offset:
            np.add(out, self._offset, out)
            self._has_digits &= bool(squares_of(out[None]).min() > LEAST_SQUARE)

    def slopes(self, layers: slice) -> Array:
        """phi' of some layers."""
        return self._slopes.array[layers]

    def backward(self, layer: int, gradient: Array, out: Array) -> None:
        np.multiply(self._slopes.rows[layer], gradient, out)

    def has_digits(self) -> bool:
        return self._has_digits

    def has_left(self, layers: slice, before: Array, after: Array) -> bool:
        """Whether the units with the largest slopes had enough of each sample's gradient."""
        most = self._steepest**2 if self._loses_digits else squares_of(self.slopes(layers))
        return bool((squares_of(after) >= ALIKE**2 * most * squares_of(before)).all())


class Norming:
    """N(x)."""

    def __init__(self, normalisation: Normalisation, activation: Activation, normed: list[Array]) -> None:
        """`normed` is where each layer's N(x) stays until the way back."""
        self._normalisation, self._activation, self._normed = normalisation, activation, normed

    def forward(self, layer: int, x: Array, out: Array) -> None:
        self._normalisation.normalise(layer, x, out)

    def backward(self, layer: int, gradient: Array, out: Array) -> None:
        self._normalisation.pull(layer, self._normed[layer], gradient, out)

    def has_digits(self) -> bool:
        return self._normalisation.has_digits(self._activation)

    def has_left(self, layers: slice, before: Array, after: Array) -> bool:
        return self._normalisation.has_left(layers, before, after)
