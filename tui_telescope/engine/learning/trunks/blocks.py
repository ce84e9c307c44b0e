"""A batch through the blocks of a network of any form, and the gradient back: the branch's recipe, layer by layer.

Dense layers go through `feedforward` instead, which has all of them at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS, Activation
from tui_telescope.engine.arithmetic.arrays import Floats
from tui_telescope.engine.norms import Norm, Places, Pull, norm_of, normalise, places_of_norm
from tui_telescope.engine.weights.network import Network
from tui_telescope.networks import MATRICES, NORMALISED, PHI


class _Step(NamedTuple):
    """A word of the recipe that was gone through."""

    word: str
    memory: Any
    """What a matrix was multiplied with, phi', or the pullback of a norm."""


class _Layer(NamedTuple):
    """What the way back through one layer needs."""

    branch: list[_Step]
    after: Pull | None


class Blocks:
    """The blocks of one network, or of several side by side as in `feedforward.Layers`, as a `trunk.Trunk`."""

    def __init__(self, network: Network, batch: int) -> None:
        self._settings = network.settings
        self._activation, norm = ACTIVATIONS[self._settings.activation], norm_of(self._settings)
        self._norm = norm and norm.of_stacks
        self._places = Places(*(norm and norm.of_stacks for norm in places_of_norm(self._settings)))
        self._matrices = {name: by_layer(stack) for name, stack in network.matrices.items()}
        biases = {name: network.biases_of(name) for name in network.matrices}
        self._biases = {name: by_layer(each, 1)[..., None] for name, each in biases.items() if each is not None}
        self._dtype: np.dtype[Any] = next(iter(network.matrices.values())).dtype
        kernel = self._activation.kernel
        self._betas, self._skip = (
            self._constant(self._settings.branch_factors),
            self._constant(self._settings.skip_scale),
        )
        self._input_scale, self._output_scale = self._constant(kernel.input_scale), self._constant(kernel.output_scale)
        self._offset, self._factor = self._constant(kernel.offset), self._input_scale * self._output_scale
        self._signals: list[Floats] = []
        self._gradients: list[Floats] = []
        self._layers: list[_Layer] = []
        self._before_loss: Pull | None = None
        self._by_matrices: list[Floats] = []

    def _constant(self, numbers: float | Sequence[float]) -> Floats:
        """An array of the parameters' type: numpy converts a Python number anew at every call."""
        return np.array(numbers, self._dtype)

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """What the head is given, (n, batch), from the one thing that is read in: a_L, or its norm."""
        self._signals, self._layers = [inputs[0]], []
        for layer in range(self._settings.depth):
            self._signals.append(self._forward_layer(layer, self._signals[-1]))
        if self._places.before_loss is None:
            return self._signals[-1]
        output, self._before_loss = _normed(self._places.before_loss, self._signals[-1])
        return output

    def _forward_layer(self, layer: int, a: Floats) -> Floats:
        x, branch, after = a, [], None
        for word in self._settings.branch:
            x, memory = self._forward_word(word, layer, x)
            branch.append(_Step(word, memory))
        if self._settings.residual:
            x = a * self._skip + x * self._betas[layer]
        if self._places.after_block:
            x, after = _normed(self._places.after_block, x)
        self._layers.append(_Layer(branch, after))
        return x

    def _forward_word(self, word: str, layer: int, x: Floats) -> tuple[Floats, Any]:
        """What it gives, and what its way back needs."""
        if word == PHI:
            return self._responded(x)
        if word == NORMALISED:
            assert self._norm is not None, "there is a norm"
            return _normed(self._norm, x)
        z = np.asarray(np.matmul(self._matrices[word][layer], x))
        return (z + self._biases[word][layer] if word in self._biases else z), x

    def _responded(self, x: Floats) -> tuple[Floats, Floats]:
        """phi and phi'."""
        kernel, argument = self._activation.kernel, x * self._input_scale
        value, slope = np.empty_like(argument), np.empty_like(argument)
        kernel.core(argument, value, slope)
        kernel.slope(argument, value, slope)
        return value * self._output_scale + self._offset, slope * self._factor

    def backward(self, gradient: Floats, by_parameters: Mapping[str, Floats]) -> Sequence[Floats]:
        """The gradient by what was read in, from that by what the head was given."""
        gradients = [self._before_loss(gradient) if self._before_loss else gradient]
        for layer in reversed(range(self._settings.depth)):
            gradients.append(self._backward_layer(layer, gradients[-1], by_parameters))
        self._gradients = gradients[::-1]
        self._by_matrices = [by_parameters[name] for name in self._matrices]
        return self._gradients[:1]

    def _backward_layer(self, layer: int, gradient: Floats, by_parameters: Mapping[str, Floats]) -> Floats:
        branch, after = self._layers[layer]
        by_sum = after(gradient) if after else gradient
        below = by_sum * self._betas[layer]
        for word, memory in reversed(branch):
            if word == PHI:
                below = memory * below
            elif word == NORMALISED:
                below = memory(below)
            else:
                np.matmul(below, memory.mT, out=by_layer(by_parameters[word])[layer])
                if word in self._biases:
                    below.sum(axis=-1, out=by_layer(by_parameters[MATRICES[word].biases], 1)[layer])
                below = np.asarray(np.matmul(self._matrices[word][layer].mT, below))
        return np.asarray(below + by_sum * self._skip) if self._settings.residual else below

    @property
    def signals(self) -> Sequence[Floats]:
        return self._signals[1:]

    @property
    def gradients(self) -> Sequence[Floats]:
        return self._gradients[1:]

    def slopes(self) -> Sequence[Sequence[tuple[Activation, Floats]]]:
        """phi' of every layer."""
        return [[(self._activation, memory) for word, memory in branch if word == PHI] for branch, _ in self._layers]

    def weight_gradients(self) -> Sequence[Floats]:
        """Of each layer's matrices together, as one vector."""
        return together(self._by_matrices)


def by_layer(stack: Floats, axes: int = 2) -> Floats:
    """With the layers first, before the networks if there are several: what is kept of a layer has so many axes."""
    return np.moveaxis(stack, -1 - axes, 0)


def _normed(norm: Norm, x: Floats) -> tuple[Floats, Pull]:
    out = np.empty_like(x)
    return out, normalise(norm, x, out)


def together(matrices: Sequence[Floats]) -> list[Floats]:
    """Of each layer the numbers of all its matrices, as one vector, from stacks of all layers."""
    return list(np.concatenate([each.reshape(len(each), -1) for each in matrices], axis=1))
