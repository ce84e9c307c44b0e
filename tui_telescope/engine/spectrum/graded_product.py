"""A product of many matrices, kept so that no singular value drowns in a larger one.

It is kept as Q diag(2^e) T with orthonormal columns Q and rows of T of norm 1 (the stabilised products of Loh et al.
1989; Bai et al. 2011). Matrices are multiplied onto Q, whose columns are of one size, and a QR decomposition takes the
sizes that come out into the exponents e. Column sizes do not enter a QR decomposition, so that e may be anything; row
sizes do, and rows sorted by size keep each row's digits (Cox and Higham 1998).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array, Identity
from tui_telescope.engine.arithmetic.extended_range import EXPONENT_OF_ZERO, ExtendedRange, shifted
from tui_telescope.engine.spectrum.decompositions import by_elimination, by_reflections

REACH = 900.0
"""Rows whose exponents are further apart leave float64."""


@dataclass(frozen=True, eq=False)
class GradedProduct:
    """diag(2^row_exponents) * rows * diag(2^exponents) * right.

    Rows that were scaled are made orthonormal again before they are mixed, unless the product `waits`: what will be
    added to it must have the same exponents and the same right factor.
    """

    rows: Array
    """(units, rank)"""
    row_exponents: Array
    """(units, 1)"""
    exponents: Array
    """(rank,)"""
    right: Array
    """(rank, inputs)"""
    is_orthonormal: bool = True
    """Whether the columns of the rows are orthonormal."""
    is_scaled: bool = False
    """Whether rows may be of different sizes because each was scaled by itself."""
    waits: bool = False

    @classmethod
    def identity(cls, n: int) -> GradedProduct:
        """Of no matrix as yet."""
        return cls(np.eye(n), np.zeros((n, 1)), np.zeros(n), np.eye(n))

    def times(self, factor: float) -> GradedProduct:
        """factor * self."""
        if factor == 1.0:
            return self
        mantissa, exponent = np.frexp(factor)
        rows, row_exponents = self.rows * mantissa, self.row_exponents + exponent
        return replace(self, rows=rows, row_exponents=row_exponents, is_orthonormal=False)

    def through(self, weights: Array | Identity, gain: float) -> GradedProduct:
        """gain * weights @ self."""
        if isinstance(weights, Identity):
            return self._fitted(weights.fan_out).times(gain)
        product = self if self.waits else self.settled()
        return replace(product._mixed(weights), is_orthonormal=False).times(gain)

    def rotated(self, orthogonal: Array) -> GradedProduct:
        """An orthogonal matrix times self."""
        product = self if self.waits or not self.is_scaled else self.settled()
        return product._mixed(orthogonal)

    def scaled(self, sizes: ExtendedRange) -> GradedProduct:
        """diag(sizes) @ self; the sizes have an exponent for each unit, (units, 1)."""
        rows, row_exponents = self.rows * sizes.mantissa, self.row_exponents + sizes.exponent
        return replace(self, rows=rows, row_exponents=row_exponents, is_orthonormal=False, is_scaled=True)

    def plus(self, other: GradedProduct) -> GradedProduct:
        """The sum with a product of the same exponents and right factor; nothing waits for it any more."""
        top = np.maximum(self._row_sizes(), other._row_sizes())
        rows, others = (shifted(each.rows, each._row_sizes() - top) for each in (self, other))
        return GradedProduct(rows + others, top, self.exponents, self.right, is_orthonormal=False, is_scaled=True)

    def settled(self) -> GradedProduct:
        """The same product with orthonormal columns in place of the rows; directions that are dead are left out."""
        if self.is_orthonormal:
            return self
        alive = np.flatnonzero(self.rows.any(axis=1))
        rows, row_exponents = _normalised(self.rows[alive], self.row_exponents[alive, 0])
        order = np.argsort(-row_exponents, kind="stable")
        rows, row_exponents = rows[order], row_exponents[order]
        is_within_float64 = not len(rows) or row_exponents[0] - row_exponents[-1] < REACH
        decompose = by_reflections if is_within_float64 else by_elimination
        q, exponents, right = decompose(rows, row_exponents, self.exponents)
        columns = np.zeros((len(self.rows), len(exponents)))
        columns[alive[order]] = q
        right = right @ self.right
        norms = np.sqrt(np.einsum("ij,ij->i", right, right))
        zeros = np.zeros((len(columns), 1))
        return GradedProduct(columns, zeros, exponents + np.log2(norms), right / norms[:, None])

    def _fitted(self, units: int) -> GradedProduct:
        """With so many rows: further ones are zero."""
        missing = units - len(self.rows)
        if not missing:
            return self
        padded = [np.pad(each, ((0, max(missing, 0)), (0, 0)))[:units] for each in (self.rows, self.row_exponents)]
        return replace(self, rows=padded[0], row_exponents=padded[1], is_orthonormal=False)

    def _mixed(self, matrix: Array) -> GradedProduct:
        sizes = self._row_sizes()
        top = sizes.max()
        rows = matrix @ shifted(self.rows, sizes - top)
        return replace(self, rows=rows, row_exponents=np.full((len(rows), 1), top), is_scaled=False)

    def _row_sizes(self) -> Array:
        """The exponents, with that of zero for rows that are zero."""
        return np.where(self.rows.any(axis=1, keepdims=True), self.row_exponents, EXPONENT_OF_ZERO)


def _normalised(rows: Array, exponents: Array) -> tuple[Array, Array]:
    """Each row with its largest entry within [1/2, 1), and the exponents that go with it."""
    _, shift = np.frexp(np.abs(rows).max(axis=1, initial=0.0))
    return np.ldexp(rows, -shift[:, None]), exponents + shift
