"""Means and quantiles of numbers known only by their logarithms."""

from __future__ import annotations

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


def log2_quantile(log2_values: Array, fraction: float) -> Array:
    """log2 of the quantile of 2**log2_values over the last axis.

    Linear interpolation between the order statistics of the values themselves (Hyndman and Fan 1996, type 7),
    not between their logarithms.
    """
    ordered = np.sort(log2_values, axis=-1)
    position = fraction * (ordered.shape[-1] - 1)
    below = int(position)
    above = min(below + 1, ordered.shape[-1] - 1)
    share = position - below
    if share == 0:
        return np.asarray(ordered[..., below])
    return np.asarray(np.logaddexp2(ordered[..., below] + np.log2(1 - share), ordered[..., above] + np.log2(share)))
