"""A batch of sequences through the blocks of a transformer, and the gradient back, in floats of either precision.

A sample is read in as a sequence, each of its parts a token: a glyph's eight rows, or the one point of the spirals. The
head reads the last token alone, which has heard all others (Radford et al. 2018, section 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Floats
from tui_telescope.engine.blocks import Block, Respond, Step, StepBack, final_norm, pulled
from tui_telescope.engine.learning.trunks.blocks import by_layer, together
from tui_telescope.engine.transformer.plain_tokens import PlainTokens
from tui_telescope.engine.transformer.recipe import Product, halves_of
from tui_telescope.engine.weights.network import Network
from tui_telescope.networks import MATRICES


class Sequences:
    """The blocks of one transformer, or of several side by side as in `feedforward.Layers`, as a `trunk.Trunk`.

    A column of its signals and gradients has all tokens of a sample: they are (tokens * n, batch).
    """

    def __init__(self, network: Network) -> None:
        self._settings = network.settings
        self._matrices = {name: by_layer(stack) for name, stack in network.matrices.items()}
        biases = {name: network.biases_of(name) for name in network.matrices}
        self._biases = {name: by_layer(each, 1) for name, each in biases.items() if each is not None}
        self._final_norm = final_norm(network.settings)
        self._pull_back: Callable[[PlainTokens], PlainTokens] | None = None
        self._passed: list[list[tuple[Block, list[Step]]]] = []
        """The halves of each block, with what was met in them."""
        self._signals: list[PlainTokens] = []
        self._gradients: list[PlainTokens] = []
        self._by_matrices: list[Floats] = []

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """What the head is given, (n, batch), from all tokens that are read in: the last one of X_L, or of its norm."""
        x = PlainTokens.of(inputs)
        self._passed, self._signals = [], []
        for layer in range(self._settings.depth):
            passed = []
            for half in halves_of(partial(self._product, layer), self._settings, layer):
                x, steps = half.forward(x)
                passed.append((half, steps))
            self._passed.append(passed)
            self._signals.append(x)
        if self._final_norm is not None:
            x, self._pull_back = self._final_norm.forward(x)
        return x.apart()[-1]

    def _product(self, layer: int, *names: str) -> Product:
        """By matrices that stand one below the other, as they are now."""
        weights = np.concatenate([self._matrices[name][layer] for name in names], axis=-2)
        biases = [self._biases[name][layer] for name in names if name in self._biases]
        stacked = np.concatenate(biases, axis=-1) if biases else None
        return Product("+".join(names), weights, 1.0, stacked, names=names)

    def backward(self, gradient: Floats, by_parameters: Mapping[str, Floats]) -> Sequence[Floats]:
        """The gradients by all tokens that were read in, from that by what the head was given."""
        unread = [np.zeros_like(gradient)] * (self._signals[-1].tokens - 1)
        delta = PlainTokens.of([*unread, gradient])
        if self._pull_back is not None:
            delta = self._pull_back(delta)
        self._gradients = []
        for layer in reversed(range(self._settings.depth)):
            self._gradients.append(delta)
            for half, steps in reversed(self._passed[layer]):
                delta, steps_back = half.backward(steps, delta, pulled)
                for back in steps_back:
                    self._write(layer, back, by_parameters)
        self._by_matrices = [by_parameters[name] for name in self._matrices]
        return delta.apart()

    def _write(self, layer: int, back: StepBack, by_parameters: Mapping[str, Floats]) -> None:
        """The gradients by the parameters of a product."""
        operation, heard = back.step.operation, back.step.memory
        if not isinstance(operation, Product):
            return
        for name, by_product in zip(operation.names, back.by_output.split(len(operation.names)), strict=True):
            np.matmul(by_product.array, heard.array.mT, out=by_parameters[name][..., layer, :, :])
            if name in self._biases:
                by_product.array.sum(axis=-1, out=by_parameters[MATRICES[name].biases][..., layer, :])

    @property
    def signals(self) -> Sequence[Floats]:
        return [each.by_sample() for each in self._signals]

    @property
    def gradients(self) -> Sequence[Floats]:
        return [each.by_sample() for each in reversed(self._gradients)]

    def slopes(self) -> Sequence[Sequence[tuple[Activation, Floats]]]:
        """phi' of every mlp, (hidden units, batch * tokens)."""
        steps = [[step for _, steps in halves for step in steps] for halves in self._passed]
        return [
            [(step.operation.activation, step.memory().array) for step in each if isinstance(step.operation, Respond)]
            for each in steps
        ]

    def weight_gradients(self) -> Sequence[Floats]:
        """Of each block's matrices together, as one vector."""
        return together(self._by_matrices)
