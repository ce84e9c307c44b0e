"""Weights that are sampled where they are needed, and never stored: a matrix of independent normal entries, used once
each way, is told apart from one that is stored by nobody.

All that a layer asks of its matrix W are the products W X with the samples' signals, and W^T D with their gradients.
With X = Q R, Q with orthonormal columns, W X is E R, where E = W Q has independent normal entries. What W does to
directions at right angles to Q is independent of it, so that W^T D = Q E^T D + (1 - Q Q^T) F S, with D^T D = S^T S and
new normal numbers F (conditioning of Gaussian matrices: Bayati and Montanari 2011). By QR decompositions, as
signals may be nearly collinear: their Gram matrix would hold half of the digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.weights.streams import SAMPLED_BACKWARD, SAMPLED_FORWARD, numpy_generator

BLOCK_ROWS = 256
"""Rows of a tall matrix that are decomposed at a time, within the cache."""


@dataclass(frozen=True)
class SampledMatrix:
    """A unit matrix of independent N(0, 1) entries, told by what it is multiplied with.

    The same product is the same numbers however often it is asked for. The matrix may be multiplied with one set of
    signals, and its transpose with one set of gradients: products with others would be those of another matrix.
    """

    shape: tuple[int, int]
    """(fan_out, fan_in)"""
    seed: int
    layer: int
    kind: int
    """The number of the stream of its kind of matrix."""

    def dot(self, signals: Array) -> Array:
        """W X for X (fan_in, samples)."""
        r = triangle(signals)
        return np.asarray(self.drawn(SAMPLED_FORWARD, self.shape[0], len(r)).dot(r))

    def transposed(self, signals: Array) -> SampledTranspose:
        """W^T, where W was multiplied with these signals."""
        return SampledTranspose(self, signals)

    def drawn(self, purpose: int, units: int, rank: int) -> Array:
        """Its normal numbers for one of the two ways, (units, rank)."""
        return numpy_generator(self.seed, purpose, self.layer, self.kind).standard_normal((units, rank))


@dataclass(frozen=True, eq=False)
class SampledTranspose:
    """The transpose of a sampled matrix, given what the matrix was multiplied with."""

    matrix: SampledMatrix
    signals: Array

    def dot(self, gradients: Array) -> Array:
        """W^T D for D (fan_out, samples)."""
        fan_out, fan_in = self.matrix.shape
        q, r = orthonormal(self.signals)
        s = triangle(gradients)
        known = self.matrix.drawn(SAMPLED_FORWARD, fan_out, len(r)).T.dot(gradients)
        fresh = self.matrix.drawn(SAMPLED_BACKWARD, fan_in, len(s)).dot(s)
        return np.asarray(fresh + q.dot(known - q.T.dot(fresh)))


def triangle(columns: Array) -> Array:
    """R of a QR decomposition, (rank, samples)."""
    blocks = _blocks(columns)
    if len(blocks) > 1:
        columns = np.asarray(np.linalg.qr(blocks, mode="r")).reshape(-1, columns.shape[1])
    return np.asarray(np.linalg.qr(columns, mode="r"))


def orthonormal(columns: Array) -> tuple[Array, Array]:
    """Q and R: of blocks of rows first, then of their Rs, one below the other (Demmel et al. 2012)."""
    blocks = _blocks(columns)
    if len(blocks) == 1:
        return np.linalg.qr(columns)
    of_blocks, triangles = np.linalg.qr(blocks)
    of_triangles, r = np.linalg.qr(triangles.reshape(-1, columns.shape[1]))
    q = np.matmul(of_blocks, of_triangles.reshape(triangles.shape))
    return q.reshape(-1, q.shape[-1])[: len(columns)], r


def _blocks(columns: Array) -> Array:
    """The rows in blocks, zeros below the last; in a single one where blocks would be no taller than wide."""
    rows, samples = columns.shape
    if rows <= BLOCK_ROWS or 2 * samples > BLOCK_ROWS:
        return columns[None]
    padded = np.pad(columns, ((0, -rows % BLOCK_ROWS), (0, 0)))
    return padded.reshape(-1, BLOCK_ROWS, samples)
