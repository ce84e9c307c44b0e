"""A batch through the layers of a network, and the gradient back, as in-place calls over stacks of all layers.

The slopes after the way forward, and the gradients by weights and biases after the way back, are had for all layers at
once. What is left within a layer is its product and what hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS, Activation
from tui_telescope.engine.arithmetic.arrays import Floats, aligned
from tui_telescope.engine.norms import Places, Pull, normalise, places_of_norm
from tui_telescope.engine.weights.network import Network


class Layers:
    """The layers of one network, with their residual connection and norm, as a `trunk.Trunk`.

    Networks that differ in their numbers alone may stand side by side, their arrays with one axis more in front; then
    a layer of all of them is one call.
    """

    def __init__(self, network: Network, batch: int) -> None:
        settings = network.settings
        stacks, biases = network.parameters["weights"], network.biases_of("weights")
        dtype: np.dtype[Any] = stacks.dtype
        room = partial(aligned, dtype=dtype)
        weights = np.moveaxis(stacks, -3, 0)
        layer = (*weights.shape[1:-1], batch)
        stack = (settings.depth, *layer)
        self._activation, self._residual = ACTIVATIONS[settings.activation], settings.residual
        self._kernel, self._branch_factors = self._activation.kernel, np.array(settings.branch_factors, dtype)
        # arrays of the same type, because numpy converts a Python number anew at every call
        self._input_scale = np.array(self._kernel.input_scale, dtype)
        self._skip = None if settings.skip_scale == 1 else np.array(settings.skip_scale, dtype)
        self._norms = Places(*(norm and norm.of_stacks for norm in places_of_norm(settings)))
        # beside a norm at its end the branch's factor comes after that, else with the activation
        self._factors = np.ones_like(self._branch_factors) if self._norms.at_branch_end else self._branch_factors
        self._gains = list(map(np.asarray, self._factors * self._kernel.output_scale))
        self._shifts = list(map(np.asarray, self._factors * self._kernel.offset))
        self._multiply, self._multiply_back = (list(map(_times, each)) for each in (weights, weights.mT))
        self._biases = None if biases is None else list(np.moveaxis(biases, -2, 0)[..., None])
        self._all_signals: Floats = room(settings.depth + 1, *layer)
        self._all_gradients: Floats = room(settings.depth + 1, *layer)
        self._all_heard: Floats = room(*stack) if self._norms.at_branch_start else self._all_signals[:-1]
        """What W_l is multiplied with."""
        is_changed = settings.residual or self._norms.at_branch_end
        self._is_bare = not (is_changed or self._kernel.output_scale != 1 or self._kernel.offset)
        self._all_outputs: Floats = self._all_signals[1:] if self._is_bare else room(*stack)
        """What the kernel's core gives; a_l itself where nothing else happens to it."""
        self._all_slopes: Floats = room(*stack)
        """What the core leaves for its slope; then the slopes; then the gradients by W_l times what it hears."""
        kept = 1 if self._kernel.output_slope else settings.depth
        self._all_arguments: Floats = room(kept, *layer)
        self._arguments = list(self._all_arguments) * (settings.depth // kept)
        self._signals: list[Floats] = list(self._all_signals)
        self._gradients: list[Floats] = list(self._all_gradients)
        self._heard, self._outputs, self._slopes = map(list, (self._all_heard, self._all_outputs, self._all_slopes))
        self._pulls: list[Pull] = []

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """What the head is given, (n, batch), from the one thing that is read in: a_L, or its norm."""
        np.copyto(self._signals[0], inputs[0])
        self._pulls.clear()
        for layer in range(len(self._multiply)):
            self._pre_activate(layer)
            self._kernel.core(self._arguments[layer], self._outputs[layer], self._slopes[layer])
            if not self._is_bare:
                self._leave(layer)
            if self._norms.after_block:
                above = self._signals[layer + 1]
                self._pulls.append(normalise(self._norms.after_block, above.copy(), above))
        if self._norms.before_loss is None:
            return self._signals[-1]
        outputs = np.empty_like(self._signals[-1])
        self._pulls.append(normalise(self._norms.before_loss, self._signals[-1], outputs))
        return outputs

    def _pre_activate(self, layer: int) -> None:
        """What the kernel's core is given."""
        z = self._arguments[layer]
        if self._norms.at_branch_start:
            self._pulls.append(normalise(self._norms.at_branch_start, self._signals[layer], self._heard[layer]))
        self._multiply[layer](self._heard[layer], z)
        if self._biases:
            np.add(z, self._biases[layer], z)
        if self._norms.before_activation:
            self._pulls.append(normalise(self._norms.before_activation, z, z))
        if self._kernel.input_scale != 1:
            np.multiply(z, self._input_scale, z)

    def _leave(self, layer: int) -> None:
        """a_l from what the kernel's core gave, and from a_{l-1} where there is a residual connection."""
        above = self._signals[layer + 1]
        np.multiply(self._outputs[layer], self._gains[layer], above)
        if self._kernel.offset:
            np.add(above, self._shifts[layer], above)
        if self._norms.at_branch_end:
            self._pulls.append(normalise(self._norms.at_branch_end, above.copy(), above))
            np.multiply(above, self._branch_factors[layer], above)
        if self._residual:
            np.add(above, self._skipped(self._signals[layer]), above)

    def _skipped(self, x: Floats) -> Floats:
        """What the residual connection makes of it."""
        return x if self._skip is None else np.asarray(x * self._skip)

    def backward(self, gradient: Floats, by_parameters: Mapping[str, Floats]) -> Sequence[Floats]:
        """The gradient by what was read in, from that by what the head was given; uses the slopes up."""
        self._take_slopes(self._factors)
        pulls, norms = iter(reversed(self._pulls)), self._norms
        np.copyto(self._gradients[-1], next(pulls)(gradient) if norms.before_loss else gradient)
        for layer in reversed(range(len(self._multiply))):
            above, below, by_product = self._gradients[layer + 1], self._gradients[layer], self._slopes[layer]
            by_block = next(pulls)(above) if norms.after_block else above
            by_branch = next(pulls)(by_block * self._branch_factors[layer]) if norms.at_branch_end else by_block
            np.multiply(by_product, by_branch, by_product)
            if norms.before_activation:
                np.copyto(by_product, next(pulls)(by_product))
            self._multiply_back[layer](by_product, below)
            if norms.at_branch_start:
                np.copyto(below, next(pulls)(below))
            if self._residual:
                np.add(below, self._skipped(by_block), below)
        np.matmul(self._all_slopes, self._all_heard.mT, out=np.moveaxis(by_parameters["weights"], -3, 0))
        if self._biases:
            self._all_slopes.sum(axis=-1, out=np.moveaxis(by_parameters["biases"], -2, 0))
        self._by_weights = by_parameters["weights"]
        return self._gradients[:1]

    def _take_slopes(self, factors: Floats) -> None:
        """phi' of all layers, times a factor for each of them."""
        kernel, slopes = self._kernel, self._all_slopes.reshape(-1, self._all_slopes.shape[-1])
        outputs = self._all_outputs.reshape(slopes.shape)
        if kernel.output_slope:
            kernel.output_slope(outputs, slopes)
        else:
            kernel.slope(self._all_arguments.reshape(slopes.shape), outputs, slopes)
        factors = factors * (kernel.input_scale * kernel.output_scale)
        if (factors != 1).any():
            rows = self._all_slopes.reshape(len(factors), -1)
            np.multiply(rows, factors[:, None], rows)

    @property
    def signals(self) -> Sequence[Floats]:
        return self._signals[1:]

    @property
    def gradients(self) -> Sequence[Floats]:
        return self._gradients[1:]

    def slopes(self) -> Sequence[Sequence[tuple[Activation, Floats]]]:
        """phi' of every layer; stands in the way of `backward` until there is another `forward`."""
        self._take_slopes(np.ones_like(self._branch_factors))
        return [[(self._activation, each)] for each in self._slopes]

    def weight_gradients(self) -> Sequence[Floats]:
        return list(self._by_weights)


def _times(matrix: Floats) -> Callable[[Floats, Floats], object]:
    """Multiplies with it, given what and where to; a single matrix has a quicker way than several side by side."""
    return matrix.dot if matrix.ndim == 2 else partial(np.matmul, matrix)
