"""Networks whose weights are numbers of their own, as they are used: to be shown, stepped, and measured as they are.

The unit draws stay what settings are observed by: a changed scale leaves them alone. A `Network` is what they come to
under some settings, and may then go its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from tui_telescope.engine.arithmetic.arrays import Array, Floats
from tui_telescope.engine.weights.draws import UnitCell, UnitDraws, UnitNetwork, scaled_cell
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.settings import Settings


@dataclass(frozen=True, eq=False)
class Network:
    """One network with gain, scale and bias applied, in one precision; its arrays change in place."""

    settings: Settings
    """Those it was drawn from: what they say of the weights held then, what they say of the block still holds."""
    weights: Floats
    """W_l, (depth, n, n); of a recurrent cell those of every gate, (gates, n, n)."""
    biases: Floats | None
    """b_l, (depth, n), or (gates, n); None where the layers have none."""
    input_weights: Floats | None = None
    """U of every gate of a recurrent cell, (gates, n, n)."""

    @classmethod
    def drawn(cls, units: UnitDraws, settings: Settings, index: int = 0, dtype: DTypeLike = np.float64) -> Network:
        """Network `index` of these settings, with float64 or float32 weights."""
        if settings.is_recurrent:
            weights, input_weights, biases = scaled_cell(units.cell(settings, index), settings)
            return cls(settings, weights.astype(dtype), biases.astype(dtype), input_weights.astype(dtype))
        unit = units.network(settings, index)
        gain = settings.scale * INITIALIZERS[settings.initializer].gain(settings.width)
        scaled = np.empty((settings.depth, settings.width, settings.width), dtype)
        for matrix, out in zip(unit.weights, scaled, strict=True):
            np.multiply(matrix, gain, out=out, casting="same_kind")
        shifts = None if unit.biases is None else unit.biases.astype(dtype)
        return cls(settings, scaled, shifts)

    def step(self, weights: Floats, biases: Floats | None = None, input_weights: Floats | None = None) -> None:
        """Add an update to each array, each sum rounded to the network's own precision: a small one may change no bit.

        Raises `ValueError` for an update of what the network does not have, before any array has changed.
        """
        pairs = ((self.weights, weights), (self.biases, biases), (self.input_weights, input_weights))
        if any(parameters is None and update is not None for parameters, update in pairs):
            raise ValueError("an update of parameters that the network does not have")
        for parameters, update in pairs:
            if parameters is not None and update is not None:
                np.add(parameters, update, out=parameters, casting="same_kind")

    @property
    def as_is(self) -> Settings:
        """The settings under which the passes take `layers` or `cell` for what they are, with a gain of exactly 1.

        Orthogonal, for that initializer alone may give a lone unit a weight that cancels its residual connection, and
        passes are wary of it. Raises `SettingsError` where so many weights are too many.
        """
        bias = 0.0 if self.biases is None else 1.0
        return self.settings.replace(initializer="orthogonal", scale=1.0, bias=bias, bias_mean=0.0, forget_bias=0.0)

    def layers(self) -> UnitNetwork:
        """The feedforward layers as the passes take them, in float64."""
        weights = _as_float64(self.weights)
        norms = np.sqrt(np.einsum("lij,lij->l", weights, weights))
        biases = None if self.biases is None else _as_float64(self.biases)
        spread = norms / self.settings.width**0.5
        return UnitNetwork(list(weights), weights.sum(axis=-1), norms, spread, biases, weights)

    def cell(self) -> UnitCell:
        """The recurrent cell as the passes take it, in float64."""
        assert self.input_weights is not None, "a recurrent cell hears its inputs"
        assert self.biases is not None, "a recurrent cell has biases, be they zeros"
        return UnitCell(_as_float64(self.weights), _as_float64(self.input_weights), _as_float64(self.biases))


def _as_float64(numbers: Floats) -> Array:
    return np.asarray(numbers, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Draw:
    """The numbers that an observation used, scale included.

    A recurrent cell has one matrix of each kind for every gate, in PyTorch's order (i, f, g, o and r, z, n):
    `weights[k].reshape(-1, n)`, `input_weights[k].reshape(-1, n)` and `biases[k].ravel()` are what PyTorch calls
    weight_hh, weight_ih and bias_ih, with bias_hh all zeros. (In the gru's n the two biases are not the same: this
    one stands outside the reset gate.)
    """

    weights: Array
    """W_l of every network, shape (networks, depth, n, n); a layer computes W a. Recurrent: (networks, gates, n, n)."""
    biases: Array
    """b_l, shape (networks, depth, n). Recurrent: (networks, gates, n), the LSTM's forget bias included."""
    inputs: Array
    """a_0, shape (samples, n). Recurrent: x_1..x_T, (samples, depth, n)."""
    targets: Array
    """The targets t of the squared error, or the errors e that the other losses inject; shape (samples, n)."""
    input_weights: Array | None = None
    """U of every gate, shape (networks, gates, n, n), that a recurrent cell multiplies x_t with; None without one."""


def scaled_draw(units: UnitDraws, settings: Settings) -> Draw:
    """The draw of these settings with gain, scale and bias applied."""
    networks = [Network.drawn(units, settings, index) for index in range(settings.networks)]
    weights = _side_by_side([each.weights for each in networks])
    biases = _side_by_side([np.zeros(weights.shape[1:3]) if each.biases is None else each.biases for each in networks])
    if not settings.is_recurrent:
        inputs, targets = units.samples(settings)
        return Draw(weights, biases, inputs.copy(), targets.copy())
    sequences = units.sequences(settings)
    input_weights = _side_by_side([each.input_weights for each in networks if each.input_weights is not None])
    return Draw(weights, biases, np.stack(sequences.inputs, axis=1), sequences.targets.copy(), input_weights)


def _side_by_side(arrays: Sequence[Floats]) -> Array:
    """One array of them all; of a single one without a copy, for it may be as large as memory allows."""
    return _as_float64(np.stack(arrays) if len(arrays) > 1 else arrays[0][None])
