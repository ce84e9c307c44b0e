"""The kinds of numbers that a recurrent cell's equations are written in: float64, extended range, unwatched floats;
and numbers of a format (`formats.rounded`).

All stand for arrays of shape (units, samples) and know the same operations, so that a cell is written once. The
float64 kind watches its range and gives up with `OutOfRange`; the extended kind never does: each unit of each sample
has an exponent of its own, because gates act unit by unit, and a unit whose gate is shut at this step may be the only
one that is open at the next. Unwatched floats, float32 too, are what networks learn in. This is arithmetic, derived
here: no paper's formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.activations.extended_range_values import phi, phi_value
from tui_telescope.engine.arithmetic.arrays import Array, Floats, Identity
from tui_telescope.engine.arithmetic.extended_range import COMFORTABLE, ExtendedRange, concatenated
from tui_telescope.engine.formats.rounded import Rounded
from tui_telescope.engine.losses import Loss

if TYPE_CHECKING:
    from typing_extensions import Self

LARGEST = 2.0**200
"""Pre-activations in float64 stay below."""
DEEPEST_TAIL = -100.0
"""The exponential tails of gates stay above: three of them (2^-145 each) fit under what `SMALLEST` leaves."""
SMALLEST = 2.0**-500
"""Entries of a float64 gradient stay above, as a share of their sample's largest; exact zeros may be."""
FAINTEST = 2.0**-700
"""The largest entry before a matrix mixes all stays above: what underflows beside it is lost in its rounding."""

SMALLEST_SQUARE = 2.0**-950
"""Squared norms stay above and its reciprocal below, or are exact zeros."""


class Unwatched:
    """Floats of either precision that over- and underflow as they do; those of several networks may stand in front."""

    __slots__ = ("array",)

    def __init__(self, array: Floats) -> None:
        self.array = array

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """The units of all parts, one part after another."""
        return parts[0] if len(parts) == 1 else cls(np.concatenate([part.array for part in parts], axis=-2))

    def split(self, count: int) -> list[Self]:
        """The parts of a stack of `count` equal ones."""
        size = self.array.shape[-2] // count
        return [type(self)(self.array[..., k * size : (k + 1) * size, :]) for k in range(count)]

    def __add__(self, other: Self) -> Self:
        return type(self)(self.array + other.array)

    def __mul__(self, other: Self) -> Self:
        return type(self)(self.array * other.array)

    def __neg__(self) -> Self:
        return type(self)(-self.array)

    def times(self, factor: float) -> Self:
        """factor * self."""
        return self if factor == 1.0 else type(self)(self.array * factor)

    def respond(self, activation: Activation, *, is_unmixed: bool = False) -> tuple[Unwatched, Unwatched]:
        """phi and phi' of these values."""
        kernel = activation.kernel
        argument = self.array * kernel.input_scale
        output, slope = np.empty_like(argument), np.empty_like(argument)
        kernel.core(argument, output, slope)
        value = output * kernel.output_scale + kernel.offset
        if kernel.output_slope:
            kernel.output_slope(output, slope)
        else:
            kernel.slope(argument, output, slope)
        return Unwatched(value), Unwatched(slope * (kernel.input_scale * kernel.output_scale))


class OutOfRange(Exception):
    """Float64 numbers do not reach this far."""


class Float64(Unwatched):
    """Float64 values that watch their range."""

    __slots__ = ()

    @staticmethod
    def of(array: Array) -> Float64:
        return Float64(array)

    @staticmethod
    def affine(weights: Array, x: Array, biases: Array) -> Float64:
        """weights @ x + biases, of what the cell is shown."""
        return Float64(weights.dot(x) + biases)

    def error(self, loss: Loss, vectors: Array) -> Float64:
        """The loss's gradient by these values."""
        return Float64(_error(self, loss, vectors).values())

    def times(self, factor: float) -> Self:
        """factor * self. Raises `OutOfRange`."""
        if factor > 1 and not np.abs(self.array).max() < LARGEST:
            raise OutOfRange
        return super().times(factor)

    def through(self, weights: Array) -> Float64:
        """weights @ self."""
        return Float64(weights.dot(self.array))

    def respond(self, activation: Activation, *, is_unmixed: bool = False) -> tuple[Float64, Float64]:
        """phi and phi' of these values; `is_unmixed` where phi' meets no matrix that mixes it. Raises `OutOfRange`."""
        if not max(self.array.max(), -self.array.min()) < LARGEST:
            raise OutOfRange
        value, slope = activation.respond(self.array)
        _refuse_deep(value.tail)
        if is_unmixed:
            _refuse_deep(slope.tail)
        return Float64(value.product), Float64(slope.product)

    def to_be_mixed(self, *, may_be_zero: bool) -> Float64:
        """The same, on the way to a matrix. Raises `OutOfRange` for what underflow may have taken all of."""
        peak = np.abs(self.array).max(axis=0)
        if peak.min() < FAINTEST and not (may_be_zero and np.all((peak == 0) | (peak >= FAINTEST))):
            raise OutOfRange
        return self

    def values(self) -> Array:
        return self.array

    def log2_norm(self) -> Array:
        """log2 of the Euclidean norm over the units, shape (samples,)."""
        squares = np.einsum("us,us->s", self.array, self.array)
        if squares.min() < SMALLEST_SQUARE and self.array[:, squares < SMALLEST_SQUARE].any():
            raise OutOfRange
        if not squares.max() < 1 / SMALLEST_SQUARE:
            raise OutOfRange
        with np.errstate(divide="ignore"):
            return np.asarray(0.5 * np.log2(squares))

    def to_extended_range(self, exponent: Array) -> ExtendedRange:
        """These values times 2**exponent, exponent of shape (samples,)."""
        return ExtendedRange(self.array, exponent[None, :])

    @staticmethod
    def rebased(numbers: Sequence[Float64]) -> tuple[tuple[Float64, ...], Array]:
        """Numbers brought near 1 by one power of two a sample, and its exponents (samples,). Raises `OutOfRange`."""
        sizes = [np.abs(number.array) for number in numbers]
        peak = sizes[0].max(axis=0)
        for size in sizes[1:]:
            peak = np.maximum(peak, size.max(axis=0))
        _, exponent = np.frexp(peak)
        for size in sizes:
            if size.min() < SMALLEST * peak.max():
                _refuse_small(size, peak)
        return tuple(Float64(np.ldexp(number.array, -exponent)) for number in numbers), exponent.astype(np.float64)


def _refuse_deep(tail: Array | float) -> None:
    if not isinstance(tail, float) and tail.min() < DEEPEST_TAIL:
        raise OutOfRange


def _refuse_small(size: Array, peak: Array) -> None:
    if ((size > 0) & (size < SMALLEST * peak)).any():
        raise OutOfRange


class Extended(ExtendedRange):
    """Values of any size, with an exponent for each unit of each sample."""

    __slots__ = ()

    @classmethod
    def of(cls, values: Array, *, per_unit: bool = True, tolerance: float = COMFORTABLE) -> Extended:
        return super().of(values, per_unit=per_unit, tolerance=tolerance)

    @staticmethod
    def affine(weights: Array, x: Array, biases: Array) -> Extended:
        """weights @ x + biases, of what the cell is shown."""
        return Extended.of(weights.dot(x) + biases)

    def error(self, loss: Loss, vectors: Array) -> Extended:
        """The loss's gradient by these values."""
        error = _error(self, loss, vectors)
        return Extended(error.mantissa, error.exponent).per_unit()

    @staticmethod
    def stack(parts: Sequence[Extended]) -> Extended:
        """The units of all parts, one part after another."""
        return concatenated(parts, axis=-2)

    def split(self, count: int) -> list[Extended]:
        """The parts of a stack of `count` equal ones."""
        parts = zip(np.split(self.mantissa, count), np.split(self.exponent, count), strict=True)
        return [Extended(*part) for part in parts]

    def through(self, weights: Array | Identity, gain: float = 1.0) -> Extended:
        """gain * weights @ self."""
        return super().through(weights, gain).per_unit()

    def respond(self, activation: Activation, *, is_unmixed: bool = False) -> tuple[Extended, Extended]:
        """phi and phi' of these values."""
        value, slope = phi(activation, self)
        return Extended(value.mantissa, value.exponent), Extended(slope.mantissa, slope.exponent)

    def to_be_mixed(self, *, may_be_zero: bool) -> Extended:
        """The same: nothing is lost."""
        return self

    def to_extended_range(self, exponent: Array) -> ExtendedRange:
        """These values times 2**exponent, exponent of shape (samples,)."""
        return ExtendedRange(self.mantissa, self.exponent + exponent)

    @staticmethod
    def rebased(numbers: Sequence[Extended]) -> tuple[tuple[Extended, ...], Array]:
        """The same numbers, and exponents of zero: they are near 1 as they are."""
        return tuple(numbers), np.zeros(numbers[0].mantissa.shape[1])


def _error(output: Float64 | Extended, loss: Loss, vectors: Array) -> ExtendedRange:
    level = np.zeros(vectors.shape[-1])
    targets = type(output).of(vectors)
    return loss.gradient(output.to_extended_range(level), targets.to_extended_range(level), phi_value)


N = TypeVar("N", Float64, Extended, Rounded)
"""Any kind that the readings can be taken in."""
Known = TypeVar("Known", Float64, Extended, Rounded, Unwatched)
"""Any kind that a cell can be computed in."""
