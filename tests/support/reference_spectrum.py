"""Singular values in as many digits as it takes, by one-sided Jacobi rotations, of Jacobians taken by differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mpmath import mp, mpf
from reference_network import ReferenceNetwork, Vector

Matrix = list[Vector]
"""Rows of mpmath's numbers."""


def end_to_end(network: ReferenceNetwork, a: Vector, step: Any) -> list[Matrix]:
    """d a_l / d a_{l-1} of every layer, each by central differences of the block; their product is not taken."""
    jacobians = []
    for layer in range(1, network.depth + 1):
        columns = []
        for unit in range(len(a)):
            ends = []
            for by in (step, -step):
                moved = list(a)
                moved[unit] += by
                ends.append(network.block(layer, [moved])[0])
            columns.append([(up - down) / (2 * step) for up, down in zip(*ends, strict=True)])
        jacobians.append([list(row) for row in zip(*columns, strict=True)])
        a = network.block(layer, [a])[0]
    return jacobians


def product(matrices: Sequence[Matrix]) -> Matrix:
    """The last one times ... times the first one."""
    whole = matrices[0]
    for matrix in matrices[1:]:
        columns = list(zip(*whole, strict=True))
        whole = [[mp.fdot(row, column) for column in columns] for row in matrix]
    return whole


def log10_singular_values(matrix: Matrix, least: Any) -> list[float]:
    """log10 of those above `least` times the largest, descending, by one-sided Jacobi rotations (Hestenes 1958)."""
    columns = [list(column) for column in zip(*matrix, strict=True)]
    nothing = least**2 * max(mp.fdot(column, column) for column in columns)
    tolerance, is_orthogonal = mpf(10) ** (-mp.dps // 4), False
    while not is_orthogonal:
        is_orthogonal = True
        for i, first in enumerate(columns):
            for second in columns[i + 1 :]:
                alpha, beta, gamma = mp.fdot(first, first), mp.fdot(second, second), mp.fdot(first, second)
                if min(alpha, beta) > nothing and abs(gamma) > tolerance * mp.sqrt(alpha * beta):
                    _rotate(first, second, (beta - alpha) / (2 * gamma))
                    is_orthogonal = False
    norms = sorted((mp.sqrt(mp.fdot(column, column)) for column in columns), reverse=True)
    return [float(mp.log10(norm)) for norm in norms if norm > least * norms[0]]


def _rotate(first: Vector, second: Vector, cotangent: Any) -> None:
    """Make two columns orthogonal; `cotangent` is that of twice the angle."""
    tangent = (1 if cotangent >= 0 else -1) / (abs(cotangent) + mp.sqrt(1 + cotangent**2))
    cosine = 1 / mp.sqrt(1 + tangent**2)
    for k, (x, y) in enumerate(zip(first, second, strict=True)):
        first[k], second[k] = cosine * (x - tangent * y), cosine * (tangent * x + y)
