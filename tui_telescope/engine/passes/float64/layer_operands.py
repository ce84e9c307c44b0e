"""What the layers of the float64 pass multiply with: W and W^T, and the constants about them.

With h as in `float64_kernels`, a = output_scale * (h + shift) where the offsets of the layers add up to a known
`shift`; so z' = input_scale * z = factor * (W h + shift * row sums of W) + input_scale * b, and factor also takes a
gradient by h one layer down. Small networks have all that folded into copies of their weights, with a last column
that meets a row of ones; larger ones apply it to z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.weights.draws import UnitMatrices
from tui_telescope.settings import Settings

Product = Callable[[Array, Array], object]
"""A matrix's product with its first argument, written to the second."""

FOLDED_WIDTH = 48
"""Up to this width scaled copies of the weights cost less than a call a layer."""


@dataclass(frozen=True, eq=False)
class Operands:
    """What each layer multiplies with."""

    forward: Sequence[Product]
    backward: Sequence[Product]
    rescale: Array | None
    """Factor of every product, where it is not folded into the matrices."""
    shifts: Sequence[Array] | None
    """Added to every z', (n, 1), where not folded."""
    ones: int
    """1 if the forward matrices have a last column for a row of ones, else 0."""


class _Folded(NamedTuple):
    """Copies of the weights, and their products."""

    matrices: Array
    """(depth, n, n + ones)"""
    forward: list[Product]
    backward: list[Product]


def operands(
    matrices: UnitMatrices, settings: Settings, factor: float, drifts: Array, workspace: Workspace
) -> Operands:
    """Those of all layers; `drifts` holds the shift of the offsets that each layer hears."""
    is_shifted = bool(drifts[-1] or matrices.biases is not None)
    shifts = _shifts(matrices, settings, factor, drifts) if is_shifted else None
    if matrices.block is None or settings.width > FOLDED_WIDTH:
        return Operands(
            [w.dot for w in matrices.weights],
            [w.T.dot for w in matrices.weights],
            np.array(factor),
            None if shifts is None else list(shifts[:, :, None]),
            ones=0,
        )
    n, ones = settings.width, int(is_shifted)
    shape = (settings.depth, n, n + ones)
    folded = workspace.keep("folded", shape, lambda: _folded(workspace.take("folded", *shape)))
    np.multiply(matrices.block, factor, out=folded.matrices[:, :, :n])
    if shifts is not None:
        folded.matrices[:, :, n] = shifts
    return Operands(folded.forward, folded.backward, None, None, ones)


def _folded(matrices: Array) -> _Folded:
    width = matrices.shape[1]
    return _Folded(matrices, [w.dot for w in matrices], [w[:, :width].T.dot for w in matrices])


def _shifts(matrices: UnitMatrices, settings: Settings, factor: float, drifts: Array) -> Array:
    """factor * drift * row sums + input_scale * b for every layer, shape (depth, n)."""
    shifts = np.multiply(matrices.row_sums, (factor * drifts)[:, None])
    if matrices.biases is not None:
        input_scale = ACTIVATIONS[settings.activation].kernel.input_scale
        shifts += np.multiply(matrices.biases, input_scale)
    return shifts


def offset_drifts(settings: Settings) -> Array:
    """What the offsets of the layers below have added to a_l / output_scale for l = 0..L, shape (depth + 1,)."""
    kernel = ACTIVATIONS[settings.activation].kernel
    offset, skip = kernel.offset / kernel.output_scale, settings.skip_scale
    if offset and settings.residual:
        drifts = accumulate(settings.branch_factors, lambda drift, beta: skip * drift + beta * offset, initial=0.0)
        return np.array(list(drifts))
    alike = np.full(settings.depth + 1, offset)
    alike[0] = 0.0
    return alike


def as_arrays(factors: Sequence[float]) -> list[Array]:
    """As numpy multiplies with them quickest; where all are equal, one serves."""
    if len(set(factors)) == 1:
        return [np.array(factors[0])] * len(factors)
    return [np.array(factor) for factor in factors]
