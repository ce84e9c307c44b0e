"""Means and quantiles of numbers known only by their logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOG10_2 = float(np.log10(2.0))


def log2_mean(log2_values: Array) -> Array:
    """log2 of the arithmetic mean of 2**log2_values over the last axis; -inf where all are zero."""
    peak = log2_values.max(axis=-1, keepdims=True)
    if np.isneginf(peak.min()):
        peak = np.where(np.isneginf(peak), 0.0, peak)
    total = np.exp2(log2_values - peak).sum(axis=-1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(total / log2_values.shape[-1]) + peak[..., 0])


def log2_root_mean_square(log2_values: Array) -> Array:
    """log2 of the root mean square of 2**log2_values over the last axis."""
    return 0.5 * log2_mean(2 * log2_values)


def log2_quantiles(log2_values: Array, fractions: Sequence[float]) -> list[Array]:
    """log2 of the quantiles of 2**log2_values over the last axis, for ascending fractions.

    Linear interpolation between the order statistics of the values themselves (Hyndman and Fan 1996, type 7),
    not between their logarithms.
    """
    ordered = np.sort(log2_values, axis=-1)
    quantiles = [_log2_order_statistic(ordered, fraction * (ordered.shape[-1] - 1)) for fraction in fractions]
    return list(np.maximum.accumulate(quantiles))  # rounding may not put a higher quantile below a lower one


def _log2_order_statistic(ordered: Array, position: float) -> Array:
    """The value at a position that may lie between two."""
    below = int(position)
    share = position - below
    if share == 0:
        return np.asarray(ordered[..., below])
    lower, upper = ordered[..., below], ordered[..., below + 1]
    return np.asarray(np.logaddexp2(lower + math.log2(1 - share), upper + math.log2(share)))
