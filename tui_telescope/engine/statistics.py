"""Means and quantiles of numbers known only by their logarithms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOG10_2 = float(np.log10(2.0))


def log2_mean(log2_values: Array) -> Array:
    """log2 of the arithmetic mean of 2**log2_values over the last axis; -inf where all are zero."""
    peak = log2_values.max(axis=-1, keepdims=True)
    anchor = np.where(np.isneginf(peak), 0.0, peak)
    total = np.exp2(log2_values - anchor).mean(axis=-1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(total) + anchor[..., 0])


def log2_root_mean_square(log2_values: Array) -> Array:
    """log2 of the root mean square of 2**log2_values over the last axis."""
    return 0.5 * log2_mean(2 * log2_values)


def log2_quantiles(log2_values: Array, fractions: Sequence[float]) -> list[Array]:
    """log2 of the quantiles of 2**log2_values over the last axis.

    Linear interpolation between the order statistics of the values themselves (Hyndman and Fan 1996, type 7),
    not between their logarithms.
    """
    ordered = np.sort(log2_values, axis=-1)
    return [_log2_order_statistic(ordered, fraction * (ordered.shape[-1] - 1)) for fraction in fractions]


def _log2_order_statistic(ordered: Array, position: float) -> Array:
    """The value at a position that may lie between two."""
    below = int(position)
    share = position - below
    if share == 0:
        return np.asarray(ordered[..., below])
    lower, upper = ordered[..., below], ordered[..., below + 1]
    return np.asarray(np.logaddexp2(lower + np.log2(1 - share), upper + np.log2(share)))
