"""Means and quantiles of numbers known only by their logarithms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOG10_2 = float(np.log10(2.0))
WIDEST_SPREAD = 900.0
"""Numbers within so many powers of two of each other can be averaged as float64."""


class Summary(NamedTuple):
    """Of 2**log2_values over their last axis, as log2."""

    mean: Array
    """Of the arithmetic mean; -inf where all are zero."""
    quantiles: list[Array]


def log2_mean(log2_values: Array) -> Array:
    """log2 of the arithmetic mean of 2**log2_values over the last axis; -inf where all are zero."""
    peak = _finite(np.maximum.reduce(log2_values, axis=-1))
    values = _exp2_in_place(log2_values - peak[..., None])
    return np.asarray(_log2(np.add.reduce(values, axis=-1) / values.shape[-1]) + peak)


def log2_root_mean_square(log2_values: Array) -> Array:
    """log2 of the root mean square of 2**log2_values over the last axis."""
    return 0.5 * log2_mean(2 * log2_values)


def summarize_log2(log2_values: Array, fractions: Sequence[float]) -> Summary:
    """Mean and quantiles of 2**log2_values over the last axis.

    Linear interpolation between the order statistics of the values themselves (Hyndman and Fan 1996, type 7),
    not between their logarithms.
    """
    ordered = np.sort(log2_values, axis=-1)
    count = ordered.shape[-1]
    peak = _finite(ordered[..., -1])
    values = _exp2_in_place(ordered - peak[..., None])
    heights = [np.add.reduce(values, axis=-1) / count]
    positions = [fraction * (count - 1) for fraction in fractions]
    if not _is_narrow(ordered):
        quantiles = [_order_statistic(ordered, position, _log2_interpolation) for position in positions]
        # rounding may not put a higher quantile below a lower one
        return Summary(_log2(heights[0]) + peak, list(np.maximum.accumulate(quantiles)))
    heights += [_order_statistic(values, position, _interpolation) for position in positions]
    mean, *quantiles = _log2(np.array(heights)) + peak
    return Summary(mean, quantiles)


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


def _is_narrow(ordered: Array) -> bool:
    """Whether no value is lost beside the largest of its row."""
    lowest, highest = ordered[..., 0], ordered[..., -1]
    return bool(lowest.min() > -np.inf and (highest - lowest).max() < WIDEST_SPREAD)


def _order_statistic(ordered: Array, position: float, interpolate: Callable[[Array, Array, float], Array]) -> Array:
    """The value at a position that may lie between two."""
    below = int(position)
    share = position - below
    return interpolate(ordered[..., below], ordered[..., below + 1], share) if share else ordered[..., below]


def _interpolation(lower: Array, upper: Array, share: float) -> Array:
    return lower + share * (upper - lower)


def _log2_interpolation(lower: Array, upper: Array, share: float) -> Array:
    return np.asarray(np.logaddexp2(lower + math.log2(1 - share), upper + math.log2(share)))
