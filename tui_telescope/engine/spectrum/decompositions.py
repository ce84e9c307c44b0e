"""Decompositions of matrices whose rows and columns are of very different sizes: q diag(2^e) right, q and right
well-conditioned.

Both take diag(2^row_exponents) * rows * diag(2^exponents), the row exponents whole numbers that descend, each row's
largest entry about 1; and give q with orthonormal columns, e, and a right factor whose rows have no entry beyond 1 by
far. Directions that are exactly dead are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.extended_range import shifted

NOTHING = 2.0**-200
"""Entries of rows of size 1 that are below it are what rounding left of a zero."""


Order = NDArray[np.intp]


class Decomposition(NamedTuple):
    q: Array
    """(units, rank)"""
    exponents: Array
    """(rank,)"""
    right: Array
    """(rank, columns)"""


def by_reflections(rows: Array, row_exponents: Array, exponents: Array) -> Decomposition:
    """By a QR decomposition, columns sorted by size: for rows whose sizes float64 holds together."""
    top = row_exponents[:1]
    scaled = shifted(rows, (row_exponents - top)[:, None])
    order = np.argsort(-(exponents + log2(np.sqrt(np.einsum("ij,ij->j", scaled, scaled)))), kind="stable")
    q, r = np.linalg.qr(scaled[:, order])
    sizes = log2(np.abs(r)) + exponents[order]
    largest = sizes.max(axis=1, initial=-np.inf)
    alive = np.isfinite(largest)
    right = np.zeros_like(r)
    right[:, order] = np.sign(r) * np.exp2(sizes - np.where(alive, largest, 0.0)[:, None])
    return Decomposition(q[:, alive], (largest + top)[alive], right[alive])


def by_elimination(rows: Array, row_exponents: Array, exponents: Array) -> Decomposition:
    """By Gaussian elimination with complete pivoting, L D U, and a QR decomposition of L (Demmel et al. 1999).

    Sizes of rows and columns matter to the order of the pivots alone, and may be anything.
    """
    reduced, of_rows, of_columns, rank = _eliminated(rows, row_exponents, exponents)
    row_sizes, column_sizes = row_exponents[of_rows], exponents[of_columns]
    pivots, top = np.diag(reduced)[:rank], reduced[:rank]
    lower = _powered(np.tril(reduced[:, :rank], -1), row_sizes[:, None] - row_sizes[:rank]) + np.eye(len(rows), rank)
    beside = _powered(np.triu(top, 1) / pivots[:, None], column_sizes - column_sizes[:rank, None])
    upper = np.sign(pivots)[:, None] * (beside + np.eye(*top.shape))
    factor, r = np.linalg.qr(lower)
    sizes = row_sizes[:rank] + column_sizes[:rank] + log2(np.abs(pivots))
    q, right = np.empty_like(factor), np.empty_like(upper)
    q[of_rows], right[:, of_columns] = factor, _powered(r, sizes - sizes[:, None]) @ upper
    return Decomposition(q, sizes, right)


def _eliminated(rows: Array, row_exponents: Array, exponents: Array) -> tuple[Array, Order, Order, int]:
    """L below the diagonal, D U on and above it; which rows and columns stand where; and how many pivots there are."""
    reduced = np.where(np.abs(rows) < NOTHING, 0.0, rows)
    of_rows, of_columns = np.arange(len(rows)), np.arange(len(exponents))
    for k in range(min(rows.shape)):
        sizes = log2(np.abs(reduced[k:, k:])) + row_exponents[of_rows[k:], None] + exponents[of_columns[k:]]
        i, j = np.unravel_index(int(sizes.argmax()), sizes.shape)
        if not np.isfinite(sizes[i, j]):
            return reduced, of_rows, of_columns, k
        for lines, order, pivot in ((reduced, of_rows, k + i), (reduced.T, of_columns, k + j)):
            lines[[k, pivot]], order[[k, pivot]] = lines[[pivot, k]], order[[pivot, k]]
        reduced[k + 1 :, k] /= reduced[k, k]
        reduced[k + 1 :, k + 1 :] -= np.outer(reduced[k + 1 :, k], reduced[k, k + 1 :])
    return reduced, of_rows, of_columns, min(rows.shape)


def _powered(values: Array, powers: Array) -> Array:
    """values * 2^powers, where the powers alone may leave float64."""
    return np.asarray(np.sign(values) * np.exp2(log2(np.abs(values)) + powers))


def log2(sizes: Array) -> Array:
    """log2 of sizes, -inf of zeros."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(sizes))
