"""Arrays that neither overflow nor underflow: float64 mantissas with power-of-two exponents of their own.

An exponent is a float64 that holds a whole number, because exponents themselves outgrow 64-bit integers (GELU at -1e12
is about 10^-2e23). One exponent serves one sample, or, where nothing mixes the units (diagonal weights, the gates of a
recurrent cell), one unit of one sample.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.arithmetic.arrays import Array, Identity
from tui_telescope.engine.arithmetic.outer_products import outer_squares

if TYPE_CHECKING:
    from typing_extensions import Self

X = TypeVar("X", bound="ExtendedRange")

EXPONENT_OF_ZERO = -1e305
"""The exponent of an exact zero: below any other, so that zero never decides an alignment, and finite, so that the
difference of two of them is a number."""

REPRESENTABLE = 900
"""Exponents within +-900 leave room in a float64 for the sums and products of one layer, normalized or not."""

COMFORTABLE = 2.0**20
"""Mantissas are left as they are while the largest under each exponent is within this and its reciprocal."""

_LEAST_NORMAL = COMFORTABLE * sys.float_info.min
_LN2 = float(np.log(2.0))


@dataclass(eq=False)
class ExtendedRange:
    """`mantissa * 2**exponent`, elementwise."""

    __slots__ = ("exponent", "mantissa")
    __array_ufunc__: ClassVar[None] = None
    """Keeps numpy's arrays from taking these for their elements."""

    mantissa: Array
    """(..., units, samples)"""
    exponent: Array
    """(..., 1, samples), or (..., units, samples) where each unit has its own."""

    @classmethod
    def of(cls, values: Array, *, per_unit: bool = False, tolerance: float = COMFORTABLE) -> Self:
        """Finite float64 values, normalized."""
        rows = values.shape[-2] if per_unit else 1
        return cls(values, np.zeros((*values.shape[:-2], rows, values.shape[-1]))).normalized(tolerance)

    @property
    def is_per_unit(self) -> bool:
        """Whether each unit carries an exponent of its own."""
        return bool(self.exponent.shape[-2] > 1)

    def normalized(self, tolerance: float = COMFORTABLE) -> Self:
        """The same values; the largest mantissa under each exponent is within this factor of 1, or zero."""
        mantissa, exponent = self.mantissa, self.exponent
        peak = np.abs(mantissa)
        if exponent.shape[-2] == 1:
            peak = np.maximum.reduce(peak, -2, keepdims=True)
        lowest = peak.min()
        if lowest > 1 / tolerance and peak.max() < tolerance:
            return self
        _, shift = np.frexp(peak)
        if lowest > 1e-300:
            return type(self)(mantissa * np.ldexp(1.0, -shift), exponent + shift)
        shift = np.maximum(shift, -1022)  # a subnormal peak stays below 1/2
        exponent = np.where(peak > 0, exponent + shift, EXPONENT_OF_ZERO)
        return type(self)(mantissa * np.ldexp(1.0, -shift), exponent)

    def __add__(self, other: ExtendedRange) -> Self:
        exponent = np.maximum(self.exponent, other.exponent)
        total = shifted(self.mantissa, self.exponent - exponent) + shifted(other.mantissa, other.exponent - exponent)
        return type(self)(total, exponent).normalized()

    def __sub__(self, other: ExtendedRange) -> Self:
        return self + -other

    def __mul__(self, other: ExtendedRange) -> Self:
        return type(self)(self.mantissa * other.mantissa, self.exponent + other.exponent).normalized()

    def __neg__(self) -> Self:
        return type(self)(-self.mantissa, self.exponent)

    def __abs__(self) -> Self:
        return type(self)(np.abs(self.mantissa), self.exponent)

    def times(self, factor: float) -> Self:
        """factor * self."""
        if factor == 1.0:
            return self
        if abs(factor) < _LEAST_NORMAL:  # its digits would be lost in the product, and it has some
            mantissa, exponent = math.frexp(factor)
            return type(self)(self.mantissa * mantissa, self.exponent + exponent).normalized()
        return type(self)(self.mantissa * factor, self.exponent).normalized()

    def through(self, weights: Array | Identity, gain: float = 1.0) -> Self:
        """gain * weights @ self; under one exponent a sample, unless no unit hears another."""
        if isinstance(weights, Identity):
            return self._resized(weights.fan_out).times(gain)
        x = self.per_sample()
        return type(self)(weights.dot(x.mantissa) * gain, x.exponent).normalized()

    def _resized(self, units: int) -> Self:
        """The first so many units, zeros in the place of those that are not there."""
        present = self.mantissa.shape[-2]
        if units == present:
            return self
        if units < present:
            exponent = self.exponent[..., :units, :] if self.is_per_unit else self.exponent
            return type(self)(self.mantissa[..., :units, :], exponent).normalized()
        missing = np.zeros((*self.mantissa.shape[:-2], units - present, self.mantissa.shape[-1]))
        of_present = np.broadcast_to(self.exponent, self.mantissa.shape)
        exponent = np.concatenate([of_present, np.full_like(missing, EXPONENT_OF_ZERO)], axis=-2)
        return type(self)(np.concatenate([self.mantissa, missing], axis=-2), exponent)

    def reciprocal(self) -> Self:
        """1 / self, and 0 where self is 0."""
        alive = self.mantissa != 0
        mantissa = np.divide(1.0, self.mantissa, out=np.zeros_like(self.mantissa), where=alive)
        return type(self)(mantissa, np.where(alive, -self.exponent, EXPONENT_OF_ZERO)).normalized()

    def reciprocal_root(self) -> Self:
        """1 / sqrt(self) for positive values."""
        odd = np.mod(self.exponent, 2)
        mantissa = 1 / np.sqrt(np.ldexp(self.mantissa, odd.astype(np.int32)))
        return type(self)(mantissa, -(self.exponent - odd) / 2).normalized()

    def per_sample(self) -> Self:
        """The same values under one exponent a sample."""
        return self._along_one_exponent(-2) if self.is_per_unit else self

    def per_unit(self) -> Self:
        """The same values under an exponent for each unit of each sample."""
        return type(self)(self.mantissa, np.broadcast_to(self.exponent, self.mantissa.shape)).normalized()

    def aligned(self, axis: int) -> Self:
        """The same values under exponents that are equal along the axis: 0 for that of the units, 1 of the samples."""
        return self.per_sample().normalized() if axis == 0 else self._along_one_exponent(axis)

    def _along_one_exponent(self, axis: int) -> Self:
        x = self.normalized()
        exponent = x.exponent.max(axis=axis, keepdims=True)
        return type(self)(shifted(x.mantissa, x.exponent - exponent), exponent)

    def split(self, count: int) -> list[Self]:
        """The parts of a stack of units, `count` equal ones."""
        mantissas = np.split(self.mantissa, count)
        exponents = np.split(self.exponent, count) if self.is_per_unit else [self.exponent] * count
        return [type(self)(*part).normalized() for part in zip(mantissas, exponents, strict=True)]

    def sum(self, axis: int) -> Self:
        """The sums over the units (0), shape (1, samples), or over the samples (1), shape (units, 1)."""
        x = self.aligned(axis)
        sums = x.mantissa.sum(axis=axis, keepdims=True)
        return type(self)(sums, np.broadcast_to(x.exponent, sums.shape)).normalized()

    def values(self) -> Array:
        """As float64, where what is too small becomes zero and what is too large the largest exponent at hand."""
        return shifted(self.mantissa, np.minimum(self.exponent, REPRESENTABLE))

    def log2_norm(self) -> Array:
        """log2 of the Euclidean norm over the units, shape (samples,); -inf where all are zero."""
        x = self.aligned(0)
        square = np.add.reduce(x.mantissa * x.mantissa, 0)
        if square.all():
            return np.asarray(0.5 * np.log2(square) + x.exponent[0])
        with np.errstate(divide="ignore"):
            return np.where(square > 0, 0.5 * np.log2(square) + x.exponent[0], -np.inf)

    def log2_outer_norm(self, other: ExtendedRange) -> float:
        """log2 of the Frobenius norm of the sum over samples of x_s y_s^T; -inf where it is zero."""
        a, b, exponent = _for_products_of_samples(self, other)
        square = float(outer_squares(a[None], b[None])[0])
        return 0.5 * math.log2(square) + exponent if square > 0 else -math.inf

    def is_zero(self) -> NDArray[np.bool_]:
        """Of each value, whether it is an exact zero."""
        return np.asarray(self.mantissa == 0)


def shifted(mantissa: Array, shift: Array) -> Array:
    """`mantissa * 2**shift` for shifts up to 1000; what becomes too small becomes zero."""
    return np.asarray(mantissa * np.ldexp(1.0, np.maximum(shift, -2000).astype(np.int32)))


def where(condition: NDArray[np.bool_], x: ExtendedRange, y: ExtendedRange) -> ExtendedRange:
    """x where the condition holds, y elsewhere."""
    return ExtendedRange(np.where(condition, x.mantissa, y.mantissa), np.where(condition, x.exponent, y.exponent))


def concatenated(parts: Sequence[X], axis: int) -> X:
    """One part after another: layers of a stack (axis -3), units with exponents of their own (-2), or samples (-1)."""
    mantissas, exponents = zip(*((part.mantissa, part.exponent) for part in parts), strict=True)
    return type(parts[0])(np.concatenate(mantissas, axis), np.concatenate(exponents, axis))


def exponential(
    body: Array, log_factor: Array, *, per_unit: bool = False, tolerance: float = COMFORTABLE
) -> ExtendedRange:
    """`body * exp(log_factor)` elementwise, for bodies within float64; `log_factor` may be far below -745."""
    top = log_factor
    if not per_unit:
        counted = log_factor if body.all() else np.where(body != 0, log_factor, EXPONENT_OF_ZERO)
        top = np.maximum.reduce(counted, -2, keepdims=True)
    exponent = np.rint(top / _LN2)
    # past 2^52 the difference is rounding alone, and may be huge
    remainder = np.clip(top - exponent * _LN2, -_LN2, _LN2)
    if not per_unit:
        remainder = remainder + np.minimum(log_factor - top, 0)
    return ExtendedRange(body * np.exp(remainder), exponent).normalized(tolerance)


def outer(x: ExtendedRange, y: ExtendedRange) -> ExtendedRange:
    """The sum over samples of x_s y_s^T, under one exponent."""
    a, b, exponent = _for_products_of_samples(x, y)
    return ExtendedRange(a.dot(b.T), np.full((1, 1), exponent))


def _for_products_of_samples(x: ExtendedRange, y: ExtendedRange) -> tuple[Array, Array, float]:
    """Mantissas of both, (units, samples), and the one exponent of all products of the same sample of each."""
    x, y = x.aligned(0), y.aligned(0)
    exponents = x.exponent + y.exponent
    peak = float(exponents.max())
    return shifted(x.mantissa, exponents - peak), y.mantissa, peak
