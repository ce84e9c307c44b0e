"""A batch through layers or steps in a number format, and the gradient back: what `blocks` and `recurrent.cells` say,
each result rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Floats
from tui_telescope.engine.blocks import Block, Linear, Respond, Step, blocks, final_norm, pulled
from tui_telescope.engine.formats.rounded import Rounded, RoundedSum, kind_of
from tui_telescope.engine.formats.rounding import as_formats_are
from tui_telescope.engine.learning.trunks.blocks import together
from tui_telescope.engine.learning.trunks.through_time import PassedSteps
from tui_telescope.engine.recurrent.through_time import WeightedCell
from tui_telescope.engine.weights.draws import Sequences
from tui_telescope.engine.weights.network import Network
from tui_telescope.networks import MATRICES


class RoundedLayers:
    """The layers of one network as a `trunk.Trunk`; what stands around them, and the loss, is in float32.

    The gradient comes in times the loss scale; whoever asks for one is given it without.
    """

    def __init__(self, network: Network, batch: int) -> None:
        self._network, self._settings = network, network.as_is
        self._loss_scale = self._settings.loss_scale
        self._kind = kind_of(self._settings.precision, self._loss_scale)
        self._final_norm = final_norm(self._settings)
        self._passed: list[tuple[Block, list[Step]]] = []
        self._signals: list[Floats] = []
        self._gradients: list[Floats] = []
        self._by_weights: list[Floats] = []
        self._pull_back: Any = None

    @as_formats_are
    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """What the head is given, (n, batch), from the one thing that is read in: a_L, or its norm."""
        a: Rounded = self._kind.of(inputs[0].astype(np.float64))
        self._passed, self._signals = [], []
        for block in blocks(self._network.layers(), self._settings):
            a, steps = block.forward(a)
            self._passed.append((block, steps))
            self._signals.append(a.array)
        if self._final_norm is not None:
            a, self._pull_back = self._final_norm.forward(a)
        return a.array.astype(inputs[0].dtype)

    @as_formats_are
    def backward(self, gradient: Floats, by_parameters: Mapping[str, Floats]) -> Sequence[Floats]:
        """The gradient by what was read in, from that by what the head was given."""
        delta: Rounded = self._kind.of(gradient.astype(np.float64) * self._loss_scale)
        if self._final_norm is not None:
            delta = self._pull_back(delta)
        self._gradients = []
        for layer in reversed(range(len(self._passed))):
            self._gradients.append(delta.array / self._loss_scale)
            delta = self._backward_layer(layer, delta, by_parameters)
        self._by_weights = together([by_parameters[name] for name in self._network.matrices])
        return [(delta.array / self._loss_scale).astype(gradient.dtype)]

    def _backward_layer(self, layer: int, delta: Rounded, by_parameters: Mapping[str, Floats]) -> Rounded:
        block, steps = self._passed[layer]
        below, steps_back = block.backward(steps, delta, pulled)
        for step, by_output, _ in steps_back:
            if isinstance(step.operation, Linear):
                name, biases = step.operation.name, MATRICES[step.operation.name].biases
                by_parameters[name][layer] = by_output.outer(step.memory).array / self._loss_scale
                if self._network.biases_of(name) is not None:
                    by_parameters[biases][layer] = by_output.sum(1).array[:, 0] / self._loss_scale
        return below

    @property
    def signals(self) -> Sequence[Floats]:
        return self._signals

    @property
    def gradients(self) -> Sequence[Floats]:
        return self._gradients[::-1]

    @as_formats_are
    def slopes(self) -> Sequence[Sequence[tuple[Activation, Floats]]]:
        return [
            [(step.operation.activation, step.memory().array) for step in steps if isinstance(step.operation, Respond)]
            for _, steps in self._passed
        ]

    def weight_gradients(self) -> Sequence[Floats]:
        """Of each layer's matrices together, as one vector."""
        return self._by_weights


class RoundedSteps(PassedSteps[Rounded]):
    """The steps of one recurrent cell likewise; what is read in comes first, and then nothing more."""

    def __init__(self, network: Network, batch: int) -> None:
        super().__init__()
        self._network, self._settings = network, network.as_is.replace(samples=batch)
        self._loss_scale, self._nothing = self._settings.loss_scale, np.zeros((batch, self._settings.width))
        self._kind = kind_of(self._settings.precision, self._loss_scale)
        self._read = 0
        """In how many steps something is read in."""
        self._cell: WeightedCell[Rounded]

    @as_formats_are
    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """h_T, (n, batch), from x_t of the first steps."""
        self._read = len(inputs)
        shown = [each.T.astype(np.float64) for each in inputs]
        sequences = Sequences(shown + [self._nothing] * (self._settings.depth - self._read), self._nothing)
        self._cell = WeightedCell(self._kind, self._network.cell(), sequences, self._settings)
        self._steps = []
        for t in range(self._settings.depth):
            self._steps.append(self._cell.step(t, self._state_before(t)))
        return self._steps[-1].state[0].array.astype(inputs[0].dtype)

    def _state_before(self, t: int) -> tuple[Rounded, ...]:
        return self._steps[t - 1].state if t else self._cell.start()

    @as_formats_are
    def backward(self, gradient: Floats, by_parameters: Mapping[str, Floats]) -> Sequence[Floats]:
        """The gradients by what was read in, from that by h_T; those by shared parameters are summed in the format."""
        by_state = self._kind.of(gradient.astype(np.float64) * self._loss_scale), *self._cell.start()[1:]
        sums = {name: RoundedSum(self._settings) for name in ("weights", "input_weights", "biases")}
        ones, by_inputs = self._kind(np.ones((1, len(self._nothing)))), list[Floats]()
        self._gradients, self._shares = [], []
        for t in reversed(range(self._settings.depth)):
            pulled_step = self._steps[t].pull(by_state)
            by_product, by_news = map(self._kind.stack, (pulled_step.by_products, pulled_step.by_inputs))
            self._gradients.append(pulled_step.totals[0].array / self._loss_scale)
            self._shares.append(sums["weights"].take(by_product, self._state_before(t)[0]) / self._loss_scale)
            sums["biases"].take(by_news, ones)
            if t < self._read:
                sums["input_weights"].take(by_news, self._kind.of(self._cell.inputs(t)))
                by_inputs.append(self._cell.by_input(by_news).array / self._loss_scale)
            by_state = self._cell.before(pulled_step)
        for name, total in sums.items():
            by_parameters[name][...] = total.array.reshape(by_parameters[name].shape) / self._loss_scale
        return [each.astype(gradient.dtype) for each in by_inputs[::-1]]
