"""Rounding to a number format: to the nearest, ties to even, through the subnormal numbers, and past the largest."""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.networks import NumberFormat

as_formats_are = np.errstate(over="ignore", invalid="ignore", divide="ignore")
"""Decorates what is computed in a format: numbers that leave its range are counted, and told of."""

BLOCK = 2**14
"""Numbers that are rounded at a time, in the fast cache."""


@as_formats_are
def rounded(x: Array, to: NumberFormat) -> Array:
    """The nearest number of the format to each, as float64: any shape, NaN and infinities too.

    What would come above the largest overflows.
    """
    if x.size <= BLOCK:
        return _rounded(x, to)
    flat = x.reshape(-1)
    parts = [_rounded(flat[start : start + BLOCK], to) for start in range(0, flat.size, BLOCK)]
    return np.concatenate(parts).reshape(x.shape)


def _rounded(x: Array, to: NumberFormat) -> Array:
    """Neighbours are 2^(e - mantissa bits) apart for numbers from 2^e to 2^(e+1), and stay so far apart below the
    smallest normal number (IEEE 754-2019, section 3.3)."""
    _, exponent = np.frexp(x)  # of a significand from 1/2 to 1
    step = np.ldexp(1.0, np.maximum(exponent - 1, to.least_exponent) - to.mantissa_bits)
    nearest = np.rint(x / step) * step
    is_beyond = np.abs(nearest) > to.largest
    if is_beyond.any():
        beyond = np.copysign(np.inf, x) if to.has_infinity else np.nan
        return np.where(is_beyond, beyond, nearest)
    return np.asarray(nearest)


def product_in_single(a: Array, b: Array) -> Array:
    """a @ b of numbers that float32 holds, accumulated in float32."""
    return np.asarray(np.matmul(a.astype(np.float32), b.astype(np.float32)), dtype=np.float64)
