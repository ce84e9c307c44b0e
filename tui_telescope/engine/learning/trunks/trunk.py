"""What stands between the read-in and the head, whatever it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Floats


class Trunk(Protocol):
    """Layers, or a cell's steps, with room for the signals and gradients of one batch, feature-major."""

    def forward(self, inputs: Sequence[Floats]) -> Floats:
        """The last layer's signal, (n, batch), from what is read in at the start of each of the first steps."""

    def backward(self, gradient: Floats, by_parameters: Mapping[str, Floats]) -> Sequence[Floats]:
        """From the gradient by the last signal those by what was read in; those by the parameters are written."""

    @property
    def signals(self) -> Sequence[Floats]:
        """a_l of l = 1..L, each (n, batch); of sequences, all tokens one below the other."""

    @property
    def gradients(self) -> Sequence[Floats]:
        """The gradients of the mean loss by them, after `backward`."""

    def slopes(self) -> Sequence[Sequence[tuple[Activation, Floats]]]:
        """phi'(z) of each nonlinearity of each layer, after `forward` and before `backward`."""

    def weight_gradients(self) -> Sequence[Floats]:
        """The gradient of the mean loss by each layer's weights, or a step's share in that of all, after `backward`."""
