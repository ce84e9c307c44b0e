"""Norms of sums over samples of outer products, which need no matrix of units x units where samples are few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array

GRAM_SHARE = 0.6
"""With fewer samples than this share of the units, samples x samples matrices cost less than units x units."""
SYMMETRIC_WIDTH = 128
"""From this width on half of a symmetric matrix costs less than all of it."""

Take = Callable[..., Array]
"""Gives an uninitialised array of a name and a shape: `Workspace.take`."""


def _fresh(name: str, *shape: int) -> Array:
    return np.empty(shape)


def outer_squares(products: Array, signals: Array, take: Take = _fresh) -> Array:
    """||P A^T||_F^2 of each layer, (layers,), with P (layers, n, samples) its products and A (layers, m, samples) its
    signals: as it stands, or as sum((P^T P) * (A^T A))."""
    count, n, samples = products.shape
    m = signals.shape[1]
    if samples > GRAM_SHARE * min(n, m):
        outer = np.matmul(signals, _transposed(products, take), out=take("outer", count, m, n))
        return np.asarray(np.einsum("lij,lij->l", outer, outer))
    among_products, among_signals = take("outer", count, samples, samples), take("inner", count, samples, samples)
    for columns, out in ((products, among_products), (signals, among_signals)):
        # numpy sees that a view's product with its own array is symmetric: that halves it, and pays from here on
        rows = columns.transpose(0, 2, 1) if columns.shape[1] >= SYMMETRIC_WIDTH else _transposed(columns, take)
        np.matmul(rows, columns, out=out)
    return np.asarray(np.einsum("lij,lij->l", among_products, among_signals))


def _transposed(matrices: Array, take: Take) -> Array:
    """A copy of each, its rows the columns."""
    count, n, samples = matrices.shape
    transposed = take("transposed", count, samples, n)
    np.copyto(transposed, matrices.transpose(0, 2, 1))
    return transposed
