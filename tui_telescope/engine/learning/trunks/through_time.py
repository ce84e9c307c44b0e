"""A batch through the steps of a recurrent cell, and the gradient back through time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Floats
from tui_telescope.engine.formats.rounded import Rounded
from tui_telescope.engine.recurrent.cells import CELLS, Step
from tui_telescope.engine.recurrent.number_kinds import Unwatched
from tui_telescope.engine.weights.network import Network

AsArrays = TypeVar("AsArrays", Unwatched, Rounded)
"""The kinds of number that hold one array."""


class PassedSteps(Generic[AsArrays]):
    """What is read off the steps of a cell that were gone through, there and back."""

    def __init__(self) -> None:
        self._steps: list[Step[AsArrays]] = []
        self._gradients: list[Floats] = []
        """As the way back comes by, the last step's first; so do the shares in the gradient by the weights."""
        self._shares: list[Floats] = []

    @property
    def signals(self) -> Sequence[Floats]:
        return [step.state[0].array for step in self._steps]

    @property
    def gradients(self) -> Sequence[Floats]:
        return self._gradients[::-1]

    def slopes(self) -> Sequence[Sequence[tuple[Activation, Floats]]]:
        return [[(gate, slope.array) for gate, slope in step.slopes] for step in self._steps]

    def weight_gradients(self) -> Sequence[Floats]:
        return self._shares[::-1]


class Steps(PassedSteps[Unwatched]):
    """The steps of one recurrent network as a `trunk.Trunk`; what is read in comes first, and then nothing more.

    Networks may stand side by side as in `feedforward.Layers`.
    """

    def __init__(self, network: Network, batch: int) -> None:
        super().__init__()
        parameters = network.parameters
        *side_by_side, gates, n, _ = parameters["weights"].shape
        self._depth, self._shape = network.settings.depth, (*side_by_side, n, batch)
        self._cell = CELLS[network.settings.cell](network.settings)
        self._weights = parameters["weights"].reshape(*side_by_side, gates * n, n)
        self._input_weights = parameters["input_weights"].reshape(self._weights.shape)
        self._biases = parameters["biases"].reshape(*side_by_side, gates * n, 1)
        self._inputs: Sequence[Floats] = ()

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """h_T, (n, batch), from x_t of the first steps."""
        self._inputs, self._steps = inputs, []
        for t in range(self._depth):
            state = self._state_before(t)
            recurrent = Unwatched(np.matmul(self._weights, state[0].array))
            self._steps.append(self._cell.step(t, recurrent, Unwatched(self._news(t)), state))
        return self._steps[-1].state[0].array

    def _state_before(self, t: int) -> tuple[Unwatched, ...]:
        """The state that step t hears, which counts from 0; zeros before the first."""
        if t > 0:
            return self._steps[t - 1].state
        return tuple(Unwatched(np.zeros(self._shape, self._weights.dtype)) for _ in range(self._cell.state_size))

    def _news(self, t: int) -> Floats:
        """U x_t + b of all gates."""
        if t < len(self._inputs):
            return np.asarray(np.matmul(self._input_weights, self._inputs[t]) + self._biases)
        return np.broadcast_to(self._biases, (*self._biases.shape[:-1], self._shape[-1]))

    def backward(self, gradient: Floats, by_parameters: Mapping[str, Floats]) -> Sequence[Floats]:
        """The gradients by what was read in, from that by h_T: Werbos (1990)."""
        by_weights, by_input_weights = (
            by_parameters[name].reshape(self._weights.shape) for name in ("weights", "input_weights")
        )
        by_biases = by_parameters["biases"].reshape(self._biases.shape)
        for each in (by_weights, by_input_weights, by_biases):
            each.fill(0)
        by_state = (
            Unwatched(gradient),
            *(Unwatched(np.zeros_like(gradient)) for _ in range(self._cell.state_size - 1)),
        )
        self._gradients, self._shares, by_inputs = [], [], []
        for t in reversed(range(self._depth)):
            pulled = self._steps[t].pull(by_state)
            by_product, by_news = Unwatched.stack(pulled.by_products).array, Unwatched.stack(pulled.by_inputs).array
            self._gradients.append(pulled.totals[0].array)
            self._shares.append(np.matmul(by_product, self._state_before(t)[0].array.mT))
            by_weights += self._shares[-1]
            by_biases += by_news.sum(axis=-1, keepdims=True)
            if t < len(self._inputs):
                by_input_weights += np.matmul(by_news, self._inputs[t].mT)
                by_inputs.append(np.matmul(self._input_weights.mT, by_news))
            by_hidden = Unwatched(np.matmul(self._weights.mT, by_product))
            by_state = (
                by_hidden if pulled.hidden_skip is None else pulled.hidden_skip + by_hidden,
                *pulled.other_skips,
            )
        return by_inputs[::-1]
