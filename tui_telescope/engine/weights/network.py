"""Networks whose weights are numbers of their own, as they are used: to be shown, stepped, and measured as they are.

The unit draws stay what settings are observed by: a changed scale leaves them alone. A `Network` is what they come to
under some settings, and may then go its own way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from tui_telescope.engine.arithmetic.arrays import Array, Floats
from tui_telescope.engine.weights.draws import UnitCell, UnitDraws, UnitMatrices, UnitNetwork, gain_of, scaled_cell
from tui_telescope.networks import MATRICES
from tui_telescope.settings import Settings


@dataclass(frozen=True, eq=False)
class Network:
    """One network with gain, scale and bias applied, in one precision; its arrays change in place."""

    settings: Settings
    """Those it was drawn from: what they say of the weights held then, what they say of the block still holds."""
    parameters: Mapping[str, Floats]
    """By name. Of each kind of matrix W_l, (depth, fan_out, fan_in), and where there are biases b_l, (depth, fan_out);
    of a recurrent cell `weights` and `input_weights` of every gate, (gates, n, n), and `biases`, (gates, n)."""

    @classmethod
    def drawn(cls, units: UnitDraws, settings: Settings, index: int = 0, dtype: DTypeLike = np.float64) -> Network:
        """Network `index` of these settings, with float64 or float32 weights."""
        if settings.is_recurrent:
            weights, input_weights, biases = scaled_cell(units.cell(settings, index), settings)
            arrays = {"weights": weights, "input_weights": input_weights, "biases": biases}
            return cls(settings, {name: array.astype(dtype) for name, array in arrays.items()})
        parameters = {}
        for name, unit in units.network(settings, index).matrices.items():
            shape = settings.matrices[name]
            scaled = np.empty((settings.depth, *shape), dtype)
            for matrix, out in zip(unit.weights, scaled, strict=True):
                np.multiply(matrix, gain_of(settings, shape), out=out, casting="same_kind")
            parameters[name] = scaled
            if unit.biases is not None:
                parameters[MATRICES[name].biases] = unit.biases.astype(dtype)
        return cls(settings, parameters)

    @property
    def matrices(self) -> dict[str, Floats]:
        """Those parameters that a layer, or step, multiplies the signal of the one before with."""
        names = ("weights",) if self.settings.is_recurrent else self.settings.matrices
        return {name: self.parameters[name] for name in names}

    def biases_of(self, matrix: str) -> Floats | None:
        """The biases of a kind of matrix; None where there are none."""
        return self.parameters.get(MATRICES[matrix].biases)

    def by_layer(self) -> Floats:
        """A copy of all matrices' numbers, with a row for each layer; a single one where all steps share them."""
        rows = 1 if self.settings.is_recurrent else self.settings.depth
        return np.concatenate([each.reshape(rows, -1) for each in self.matrices.values()], axis=1)

    def step(self, **updates: Floats) -> None:
        """Add an update to each parameter named, each sum rounded to the network's own precision: a small one may
        change no bit.

        Raises `ValueError` for an update of what the network does not have, before any array has changed.
        """
        unknown = updates.keys() - self.parameters.keys()
        if unknown:
            raise ValueError(f"an update of parameters that the network does not have: {', '.join(sorted(unknown))}")
        for name, update in updates.items():
            np.add(self.parameters[name], update, out=self.parameters[name], casting="same_kind")

    @property
    def as_is(self) -> Settings:
        """The settings under which the passes take `layers` or `cell` for what they are, with a gain of exactly 1.

        Orthogonal, for that initializer alone may give a lone unit a weight that cancels its residual connection, and
        passes are wary of it. Raises `SettingsError` where so many weights are too many.
        """
        has_biases = any(MATRICES[name].biases in self.parameters for name in self.matrices)
        return self.settings.replace(
            initializer="orthogonal", scale=1.0, bias=float(has_biases), bias_mean=0.0, forget_bias=0.0
        )

    def layers(self) -> UnitNetwork:
        """The feedforward layers as the passes take them, in float64."""
        return UnitNetwork({name: self._as_units(name) for name in self.matrices})

    def _as_units(self, name: str) -> UnitMatrices:
        weights, biases = _as_float64(self.parameters[name]), self.biases_of(name)
        norms = np.sqrt(np.einsum("lij,lij->l", weights, weights))
        spread = norms / min(weights.shape[1:]) ** 0.5
        as_floats = None if biases is None else _as_float64(biases)
        return UnitMatrices(list(weights), weights.sum(axis=-1), norms, spread, as_floats, weights)

    def cell(self) -> UnitCell:
        """The recurrent cell as the passes take it, in float64."""
        weights, input_weights, biases = (self.parameters[name] for name in ("weights", "input_weights", "biases"))
        return UnitCell(_as_float64(weights), _as_float64(input_weights), _as_float64(biases))


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

    weights: Array | dict[str, Array]
    """W_l of every network, shape (networks, depth, n, n); a layer computes W a. Recurrent: (networks, gates, n, n).
    Where a layer has several matrices, each by its name, (networks, depth, fan_out, fan_in)."""
    biases: Array | dict[str, Array]
    """b_l, shape (networks, depth, n). Recurrent: (networks, gates, n), the LSTM's forget bias included. Where a layer
    has several matrices, those of each, (networks, depth, fan_out)."""
    inputs: Array
    """a_0, shape (samples, n). Recurrent: x_1..x_T, (samples, depth, n)."""
    targets: Array
    """The targets t of the squared error, or the errors e that the other losses inject; shape (samples, n)."""
    input_weights: Array | None = None
    """U of every gate, shape (networks, gates, n, n), that a recurrent cell multiplies x_t with; None without one."""


def scaled_draw(units: UnitDraws, settings: Settings) -> Draw:
    """The draw of these settings with gain, scale and bias applied."""
    networks = [Network.drawn(units, settings, index) for index in range(settings.networks)]
    names = list(networks[0].matrices)
    weights = {name: _side_by_side([each.parameters[name] for each in networks]) for name in names}
    biases = {name: _side_by_side([_biases_or_zeros(each, name) for each in networks]) for name in names}
    if not settings.is_recurrent:
        inputs, targets = units.samples(settings)
        return Draw(_alone(weights), _alone(biases), inputs.copy(), targets.copy())
    sequences = units.sequences(settings)
    input_weights = _side_by_side([each.parameters["input_weights"] for each in networks])
    return Draw(
        _alone(weights), _alone(biases), np.stack(sequences.inputs, axis=1), sequences.targets.copy(), input_weights
    )


def _alone(arrays: dict[str, Array]) -> Array | dict[str, Array]:
    """A single array without its name."""
    return arrays if len(arrays) > 1 else next(iter(arrays.values()))


def _biases_or_zeros(network: Network, name: str) -> Floats:
    biases = network.biases_of(name)
    return np.zeros(network.parameters[name].shape[:2]) if biases is None else biases


def _side_by_side(arrays: Sequence[Floats]) -> Array:
    """One array of them all; of a single one without a copy, for it may be as large as memory allows."""
    return _as_float64(np.stack(arrays) if len(arrays) > 1 else arrays[0][None])
