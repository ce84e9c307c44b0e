"""Which parameters a network learns, and the norm of the gradient by all of them together, that clipping goes by.

Pascanu, Mikolov and Bengio (2013), algorithm 1, clip by the norm over all parameters: a feedforward network's are its
weights, and its biases where the bias is on; a recurrent cell's are its recurrent matrices, its input matrices and its
biases, which all steps share. A cell's biases are in its equations: where the bias is off they are zero, and learn.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.measurement import Wanted
from tui_telescope.networks import MATRICES, NORMALISED, PHI
from tui_telescope.observations.log_statistics import log2_joint_norm, log2_root_mean_square
from tui_telescope.settings import Settings


def lost_biases(settings: Settings) -> frozenset[str]:
    """The matrices of whose biases a norm takes out all that they add, so that the gradient by them is exactly zero.

    It takes out what all samples share: of W x + b itself, or of something that is linear in it.
    """
    norm, place, lost = settings.norm_kind, settings.place_of_norm, set()
    if norm is None or place is None or not norm.takes_shares_out:
        return frozenset()
    is_taken_out = place.crosses_residual
    for word in reversed(settings.branch):
        is_linear = word in settings.matrices or (word == PHI and ACTIVATIONS[settings.activation].is_linear)
        if word in settings.matrices and is_taken_out:
            lost.add(word)
        is_taken_out = word == NORMALISED or (is_taken_out and is_linear)
    return frozenset(lost)


def log2_norm_of_all(*log2_norms: Array) -> float:
    """log2 of the norm of several gradients together, from log2 of the norm of each."""
    each = np.concatenate(log2_norms)
    return float(log2_root_mean_square(each)) + 0.5 * float(np.log2(len(each)))


def by_parts(log2_norms: Mapping[str, Array]) -> dict[str, Array]:
    """log2 of the norms by all matrices of each part of a layer, (depth,), from those by each matrix, by its name."""
    parts = dict.fromkeys(MATRICES[name].part for name in log2_norms)
    return {
        part: log2_joint_norm([each for name, each in log2_norms.items() if MATRICES[name].part == part])
        for part in parts
    }


class ParameterGradients:
    """What is wanted of a feedforward network's gradients by its parameters, layer by layer."""

    def __init__(self, settings: Settings, wanted: Wanted) -> None:
        self.by_weights = np.full(settings.depth, -np.inf) if wanted.weight_gradient else None
        """log2 of ||d mean loss / d W_l||_F, of all the matrices of a layer together, shape (depth,); None where it is
        not wanted."""
        self.by_biases = np.full(settings.depth, -np.inf)
        """log2 of ||d mean loss / d b_l||."""
        takes_biases = wanted.global_norm and settings.has_biases
        self.takes_biases = settings.matrices.keys() - lost_biases(settings) if takes_biases else frozenset[str]()
        """The matrices whose biases' gradient has to be filled in."""
        self._wants_global_norm = wanted.global_norm

    def add_weights(self, layers: slice | int, log2_norms: Array | float) -> None:
        """Those by one matrix of each of these layers."""
        if self.by_weights is not None:
            _add(self.by_weights, layers, log2_norms)

    def add_biases(self, layers: slice | int, log2_norms: Array | float) -> None:
        _add(self.by_biases, layers, log2_norms)

    def global_norm(self) -> float | None:
        """log2 of the norm of all of it together; None where it is not wanted."""
        if self.by_weights is None or not self._wants_global_norm:
            return None
        return log2_norm_of_all(self.by_weights, self.by_biases)


def _add(total: Array, layers: slice | int, log2_norms: Array | float) -> None:
    total[layers] = np.logaddexp2(2 * total[layers], 2 * np.asarray(log2_norms)) / 2
