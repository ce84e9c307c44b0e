"""The singular values of a graded product: alternating QR decompositions, then singular values in windows."""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.spectrum.decompositions import log2
from tui_telescope.engine.spectrum.graded_product import GradedProduct

ALTERNATIONS = 12
"""QR decompositions, from the left and from the right in turn: each multiplies what two singular values have to do with
one another by their ratio (Mathias and Stewart 1993)."""
WINDOW = 13.0 * np.log2(10.0)
"""Bits that the values of one singular value decomposition may be apart."""
MARGIN = 3.0 * np.log2(10.0)
"""Bits from where a window cuts to the values that are taken from it."""


def log2_singular_values(product: GradedProduct) -> Array:
    """log2 of the singular values that are not zero, descending, (rank,)."""
    settled = product.settled()
    order = np.argsort(-settled.exponents, kind="stable")
    exponents, factor = settled.exponents[order], settled.right[order]
    for _ in range(ALTERNATIONS):
        exponents, factor = _alternated(exponents, factor)
    return _in_windows(exponents, factor)


def _alternated(exponents: Array, factor: Array) -> tuple[Array, Array]:
    """diag(2^exponents) factor as a matrix of the same kind, square, with the same singular values.

    From F^T = Q R follows D F = (D R^T) Q^T, whose singular values are those of R D = D (D^-1 R D).
    """
    r = np.linalg.qr(factor.T, mode="r")
    sizes = log2(np.abs(r)) + exponents
    largest = sizes.max(axis=1, initial=-np.inf)
    order = np.argsort(-largest, kind="stable")[: np.count_nonzero(np.isfinite(largest))]
    return largest[order], np.sign(r[order]) * np.exp2(sizes[order] - largest[order, None])


def _in_windows(exponents: Array, factor: Array) -> Array:
    """log2 of the singular values of diag(2^exponents) factor, all but triangular, whose exponents descend."""
    count = len(exponents)
    found, start = np.empty(count), 0
    while start < count:
        first = int(np.searchsorted(-exponents, -(exponents[start] + MARGIN)))
        last = int(np.searchsorted(-exponents, -(exponents[first] - WINDOW), side="right"))
        sizes = np.exp2(exponents[first:last] - exponents[first])
        values = np.linalg.svd(sizes[:, None] * factor[first:last, first:last], compute_uv=False)
        kept = int(np.searchsorted(-exponents, -(exponents[last - 1] + MARGIN))) if last < count else count
        kept = max(kept, start + 1)
        found[start:kept] = log2(values[start - first : kept - first]) + exponents[first]
        start = kept
    return -np.sort(-found)
