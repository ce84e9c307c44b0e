"""Arrays that neither overflow nor underflow: float64 mantissas with power-of-two exponents of their own.

A `Scaled` stands for `mantissa * 2**exponent`. The exponent is a float64 that holds a whole number, because the
exponents themselves outgrow 64-bit integers (GELU at -1e12 is about 10^-2e23). One exponent serves one sample, or,
where nothing mixes the units (diagonal weights), one unit of one sample: shapes (1, samples) and (units, samples).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ABSENT = -1e305
"""The exponent of an exact zero: below any other, so that zero never decides an alignment."""

REPRESENTABLE = 990
"""Exponents within +-990 leave room in a float64 for the sums and products of one layer."""

COMFORTABLE = 2.0**20
"""Mantissas are left as they are while the largest under each exponent is within this and its reciprocal."""

_LN2 = float(np.log(2.0))


class Scaled(NamedTuple):
    """`mantissa * 2**exponent`, elementwise; the exponent broadcasts against the mantissa."""

    mantissa: Array
    exponent: Array

    @property
    def per_unit(self) -> bool:
        """Whether each unit carries an exponent of its own."""
        return bool(self.exponent.shape[0] > 1)


def scaled(values: Array, *, per_unit: bool = False) -> Scaled:
    """Wrap finite float64 values of shape (units, samples)."""
    rows = values.shape[0] if per_unit else 1
    return normalized(Scaled(values, np.zeros((rows, values.shape[1]))))


def normalized(x: Scaled) -> Scaled:
    """The same values with the largest mantissa under each exponent at a comfortable size, or all of them zero."""
    mantissa, exponent = x
    peak = np.abs(mantissa)
    if exponent.shape[0] == 1:
        peak = np.maximum.reduce(peak, 0, keepdims=True)
    lowest = peak.min()
    if lowest > 1 / COMFORTABLE and peak.max() < COMFORTABLE:
        return x
    _, shift = np.frexp(peak)
    if lowest > 1e-300:
        return Scaled(mantissa * np.ldexp(1.0, -shift), exponent + shift)
    shift = np.maximum(shift, -1022)  # a subnormal peak stays below 1/2
    return Scaled(mantissa * np.ldexp(1.0, -shift), np.where(peak > 0, exponent + shift, ABSENT))


def shifted(mantissa: Array, shift: Array) -> Array:
    """`mantissa * 2**shift` for shifts up to 1000; what becomes too small becomes zero."""
    bounded = np.maximum(np.minimum(shift, 1023), -2000)
    return np.asarray(mantissa * np.ldexp(1.0, bounded.astype(np.int32)))


def add(x: Scaled, y: Scaled) -> Scaled:
    """x + y."""
    exponent = np.maximum(x.exponent, y.exponent)
    total = shifted(x.mantissa, x.exponent - exponent) + shifted(y.mantissa, y.exponent - exponent)
    return normalized(Scaled(total, exponent))


def difference(x: Scaled, y: Scaled) -> Scaled:
    """x - y."""
    return add(x, times(y, -1.0))


def multiply(x: Scaled, y: Scaled) -> Scaled:
    """x * y, elementwise."""
    return normalized(Scaled(x.mantissa * y.mantissa, x.exponent + y.exponent))


def times(x: Scaled, factor: float) -> Scaled:
    """factor * x."""
    return x if factor == 1.0 else normalized(Scaled(x.mantissa * factor, x.exponent))


def values(x: Scaled) -> Array:
    """x as float64, where what is too small becomes zero and what is too large the largest exponent at hand."""
    return shifted(x.mantissa, np.minimum(x.exponent, REPRESENTABLE))


def per_sample(x: Scaled) -> Scaled:
    """The same values under one exponent a sample."""
    if not x.per_unit:
        return x
    x = normalized(x)
    exponent = x.exponent.max(axis=0, keepdims=True)
    return Scaled(shifted(x.mantissa, x.exponent - exponent), exponent)


def along_one_exponent(x: Scaled, axis: int) -> Scaled:
    """The same values under exponents that are equal along the axis: 0 for that of the units, 1 of the samples."""
    if axis == 0:
        return normalized(per_sample(x))
    x = normalized(x)
    exponent = x.exponent.max(axis=1, keepdims=True)
    return Scaled(shifted(x.mantissa, x.exponent - exponent), exponent)


def exponential(body: Array, log_factor: Array) -> Scaled:
    """`body * exp(log_factor)` elementwise, each with an exponent of its own; `log_factor` may be far below -745."""
    exponent = np.rint(log_factor / _LN2)
    # past 2^52 the difference is rounding alone, and may be huge
    remainder = np.clip(log_factor - exponent * _LN2, -_LN2, _LN2)
    return Scaled(body * np.exp(remainder), exponent)


def log2_norm(x: Scaled) -> Array:
    """log2 of the Euclidean norm over the units, shape (samples,); -inf where all are zero."""
    mantissa, exponent = normalized(per_sample(x))
    square = np.add.reduce(mantissa * mantissa, 0)
    if square.all():
        return np.asarray(0.5 * np.log2(square) + exponent[0])
    with np.errstate(divide="ignore"):
        return np.where(square > 0, 0.5 * np.log2(square) + exponent[0], -np.inf)


def log2_norm_of_sum(x: Scaled) -> float:
    """log2 of the Euclidean norm of the sum over samples; -inf where it is zero."""
    mantissa, exponent = along_one_exponent(x, 1)
    return float(log2_norm(Scaled(mantissa.sum(axis=1, keepdims=True), exponent))[0])


def reciprocal(x: Scaled) -> Scaled:
    """1 / x, and 0 where x is 0."""
    alive = x.mantissa != 0
    mantissa = np.divide(1.0, x.mantissa, out=np.zeros_like(x.mantissa), where=alive)
    return normalized(Scaled(mantissa, np.where(alive, -x.exponent, ABSENT)))


def reciprocal_root(x: Scaled) -> Scaled:
    """1 / sqrt(x) for positive x."""
    odd = np.mod(x.exponent, 2)
    return normalized(Scaled(1 / np.sqrt(np.ldexp(x.mantissa, odd.astype(np.int32))), -(x.exponent - odd) / 2))


def log2_outer_norm(x: Scaled, y: Scaled) -> float:
    """log2 of the Frobenius norm of the sum over samples of x_s y_s^T; -inf where it is zero.

    With fewer samples than units the n x n matrix is never made: its squared norm is the sum over pairs of samples
    of (x_s . x_t)(y_s . y_t).
    """
    x, y = normalized(per_sample(x)), normalized(per_sample(y))
    exponent = x.exponent + y.exponent
    peak = float(exponent.max())
    a, b = shifted(x.mantissa, exponent - peak), y.mantissa
    units, samples = a.shape
    square = float(np.sum(a.T.dot(a) * b.T.dot(b)) if samples < units else np.sum(a.dot(b.T) ** 2))
    return 0.5 * math.log2(square) + peak if square > 0 else -math.inf


def where(condition: NDArray[np.bool_], x: Scaled, y: Scaled) -> Scaled:
    """x where the condition holds, y elsewhere."""
    return Scaled(np.where(condition, x.mantissa, y.mantissa), np.where(condition, x.exponent, y.exponent))
