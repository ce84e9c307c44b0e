"""Which parameters a network learns, and the norm of the gradient by all of them together, that clipping goes by.

Pascanu, Mikolov and Bengio (2013), algorithm 1, clip by the norm over all parameters: a feedforward network's are its
weights, and its biases where the bias is on; a recurrent cell's are its recurrent matrices, its input matrices and its
biases, which all steps share. A cell's biases are in its equations: where the bias is off they are zero, and learn.
"""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.measurement import Wanted
from tui_telescope.networks import NORM_PLACES
from tui_telescope.observations.log_statistics import log2_root_mean_square
from tui_telescope.settings import Settings


def loses_biases(settings: Settings) -> bool:
    """Whether the norm takes out all that biases add, so that the gradient by them is exactly zero.

    It takes out what all samples share: of z itself, or of a sum that is linear in z.
    """
    norm, place = settings.norm_kind, NORM_PLACES[settings.norm_place]
    is_linear = place.crosses_residual and ACTIVATIONS[settings.activation].is_linear
    return settings.loses_biases or (norm is not None and norm.takes_shares_out and is_linear)


def log2_norm_of_all(*log2_norms: Array) -> float:
    """log2 of the norm of several gradients together, from log2 of the norm of each."""
    each = np.concatenate(log2_norms)
    return float(log2_root_mean_square(each)) + 0.5 * float(np.log2(len(each)))


class ParameterGradients:
    """What is wanted of a feedforward network's gradients by its parameters, layer by layer."""

    def __init__(self, settings: Settings, wanted: Wanted) -> None:
        self.by_weights = np.empty(settings.depth) if wanted.weight_gradient else None
        """log2 of ||d mean loss / d W_l||_F, shape (depth,); None where it is not wanted."""
        self.by_biases = np.full(settings.depth, -np.inf)
        """log2 of ||d mean loss / d b_l||."""
        self.takes_biases = wanted.global_norm and settings.bias > 0 and not loses_biases(settings)
        """Whether the gradient by biases has to be filled in."""
        self._wants_global_norm = wanted.global_norm

    def global_norm(self) -> float | None:
        """log2 of the norm of all of it together; None where it is not wanted."""
        if self.by_weights is None or not self._wants_global_norm:
            return None
        return log2_norm_of_all(self.by_weights, self.by_biases)
