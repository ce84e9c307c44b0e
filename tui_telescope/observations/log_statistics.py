"""Means and quantiles of numbers known only by their logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOG10_2 = float(np.log10(2.0))
FLOAT32_EPSILON_LOG10, FLOAT64_EPSILON_LOG10 = -23 * LOG10_2, -52 * LOG10_2
"""What a number may be changed by, as a share of it, before the format tells it from the number before."""
QUANTILES = (0.1, 0.5, 0.9)
"""The band of a reading and its median."""
WIDEST_SPREAD = 900.0
"""Numbers within so many powers of two of each other can be averaged as float64."""


class Summary(NamedTuple):
    """Of 2**log2_values over their last axis, as log2."""

    mean: Array
    """Of the arithmetic mean; -inf where all are zero."""
    quantiles: Array
    """(fractions, ...)"""


def log2_mean(log2_values: Array) -> Array:
    """log2 of the arithmetic mean of 2**log2_values over the last axis; -inf where all are zero."""
    peak = _finite(np.maximum.reduce(log2_values, axis=-1))
    values = _exp2_in_place(log2_values - peak[..., None])
    return np.asarray(_log2(np.add.reduce(values, axis=-1) / values.shape[-1]) + peak)


def log2_root_mean_square(log2_values: Array) -> Array:
    """log2 of the root mean square of 2**log2_values over the last axis."""
    return 0.5 * log2_mean(2 * log2_values)


def log2_joint_norm(log2_norms: Sequence[Array]) -> Array:
    """log2 of the norms of several vectors together, from arrays of log2 of the norm of each."""
    if len(log2_norms) == 1:
        return log2_norms[0]
    return log2_root_mean_square(np.stack(log2_norms, axis=-1)) + 0.5 * math.log2(len(log2_norms))


def summarize_log2(log2_values: Array, fractions: tuple[float, ...]) -> Summary:
    """Mean and quantiles of 2**log2_values over the last of two axes.

    Linear interpolation between the order statistics of the values themselves (Hyndman and Fan 1996, type 7),
    not between their logarithms.
    """
    ordered = np.sort(log2_values, axis=-1)
    lowest, peak = ordered[:, 0], ordered[:, -1]
    if lowest.min() == -np.inf or (peak - lowest).max() >= WIDEST_SPREAD:
        return Summary(log2_mean(ordered), _log2_quantiles(ordered, fractions))
    values = _exp2_in_place(ordered - peak[:, None])
    summary = np.log2(_order_weights(ordered.shape[-1], fractions).dot(values.T)) + peak
    return Summary(summary[0], summary[1:])


@lru_cache(maxsize=8)
def _order_weights(count: int, fractions: tuple[float, ...]) -> Array:
    """What the mean and the quantiles of `count` numbers take of each, the smallest first: (1 + fractions, count)."""
    weights = np.zeros((1 + len(fractions), count))
    weights[0] = 1 / count
    for row, fraction in zip(weights[1:], fractions, strict=True):
        below, share = _position(count, fraction)
        row[below] = 1 - share
        if share:
            row[below + 1] = share
    return weights


def _position(count: int, fraction: float) -> tuple[int, float]:
    """The order statistic below a quantile, and the share of the one above."""
    position = fraction * (count - 1)
    return int(position), position - int(position)


def _log2_quantiles(ordered: Array, fractions: Sequence[float]) -> Array:
    """Those of numbers too far apart to be averaged as float64."""
    quantiles = []
    for fraction in fractions:
        below, share = _position(ordered.shape[-1], fraction)
        lower = ordered[:, below]
        if share:
            lower = np.logaddexp2(lower + math.log2(1 - share), ordered[:, below + 1] + math.log2(share))
        quantiles.append(lower)
    # rounding may not put a higher quantile below a lower one
    return np.asarray(np.maximum.accumulate(quantiles))


def squared_norms(columns: Array, scratch: Array, out: Array) -> None:
    """The squared norm of each column of some matrices, (..., rows, columns) -> (..., columns)."""
    np.multiply(columns, columns, scratch)
    np.matmul(_ones(columns.shape[-2]), scratch, out)


@lru_cache(maxsize=8)
def _ones(count: int) -> Array:
    return np.ones(count)


def log2_roots(squares: Array) -> Array:
    """log2 of the square roots, in the place of the squares."""
    np.log2(squares, out=squares)
    squares *= 0.5
    return squares


def _exp2_in_place(values: Array) -> Array:
    return np.asarray(np.exp2(values, out=values))


def _finite(peak: Array) -> Array:
    """The same, with 0 where every value is zero."""
    return np.where(np.isneginf(peak), 0.0, peak) if np.isneginf(peak.min()) else peak


def _log2(values: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(values))
