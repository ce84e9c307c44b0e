"""The gradients by a transformer's matrices: of each by itself, of what belongs together, of blocks and of all."""

from __future__ import annotations

import math

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.measurement import Wanted
from tui_telescope.engine.passes.parameter_gradients import by_parts, log2_norm_of_all
from tui_telescope.observations.log_statistics import log2_joint_norm
from tui_telescope.settings import Settings


class MatrixGradients:
    """log2 of Frobenius norms, block by block."""

    def __init__(self, settings: Settings, wanted: Wanted) -> None:
        self.is_wanted = wanted.weight_gradient
        self.takes_biases = wanted.global_norm and settings.has_biases
        self._log2_samples = math.log2(settings.samples)
        self._by_matrix = {name: np.empty(settings.depth) for name in settings.matrices}
        self._by_biases = {name: np.full(settings.depth, -np.inf) for name in settings.matrices}
        self._wants_global_norm = wanted.global_norm

    def take(self, name: str, layer: int, log2_norm: float) -> None:
        """log2 of ||sum over samples of d loss / d W||_F of a matrix."""
        self._by_matrix[name][layer] = log2_norm - self._log2_samples

    def take_biases(self, name: str, layer: int, log2_norm: float) -> None:
        """The same of its biases."""
        self._by_biases[name][layer] = log2_norm - self._log2_samples

    def of_blocks(self) -> Array | None:
        """log2 of ||d mean loss / d W||_F by all matrices of a block, (depth,); None where it is not wanted."""
        return log2_joint_norm(list(self._by_matrix.values())) if self.is_wanted else None

    def of_parts(self) -> dict[str, Array] | None:
        """The same by the matrices of each part of a block."""
        return by_parts(self._by_matrix) if self.is_wanted else None

    def global_norm(self) -> float | None:
        """log2 of the norm by all parameters; None where it is not wanted."""
        if not self._wants_global_norm:
            return None
        return log2_norm_of_all(*self._by_matrix.values(), *self._by_biases.values())
