"""The kinds of numbers that the equations of a recurrent cell are written in: ordinary ones, wide ones, plain floats.

All stand for arrays of shape (units, samples) and know the same operations, so that a cell is written once. The
ordinary kind is float64 that watches its range and gives up with `OutOfRange`; the wide kind never does: each unit of
each sample has an exponent of its own, because gates act unit by unit, and a unit whose gate is shut at this step may
be the only one that is open at the next. Plain floats, float32 too, are what networks learn in: nobody watches them.
This is arithmetic, derived here: no paper's formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations.definitions import Activation, phi
from tui_telescope.engine.arithmetic.extended_range import (
    Scaled,
    add,
    log2_norm,
    multiply,
    normalized,
    per_sample,
    scaled,
    times,
    values,
)

Array = NDArray[np.float64]
Floats = NDArray[Any]

LARGEST = 2.0**200
"""Pre-activations of ordinary numbers stay below."""
DEEPEST_TAIL = -100.0
"""The exponential tails of gates stay above: three of them (2^-145 each) fit under what `SMALLEST` leaves."""
SMALLEST = 2.0**-500
"""Entries of an ordinary gradient stay above, as a share of their sample's largest; exact zeros may be."""
FAINTEST = 2.0**-700
"""The largest entry before a matrix mixes all stays above: what underflows beside it is lost in its rounding."""


class OutOfRange(Exception):
    """Ordinary numbers do not reach this far."""


class Ordinary:
    """Float64 values."""

    __slots__ = ("array",)

    def __init__(self, array: Array) -> None:
        self.array = array

    @staticmethod
    def of(array: Array) -> Ordinary:
        return Ordinary(array)

    @staticmethod
    def stack(parts: Sequence[Ordinary]) -> Ordinary:
        """The units of all parts, one part after another."""
        return parts[0] if len(parts) == 1 else Ordinary(np.concatenate([part.array for part in parts]))

    def split(self, count: int) -> list[Ordinary]:
        """The parts of a stack of `count` equal ones."""
        size = len(self.array) // count
        return [Ordinary(self.array[k * size : (k + 1) * size]) for k in range(count)]

    def __add__(self, other: Ordinary) -> Ordinary:
        return Ordinary(self.array + other.array)

    def __mul__(self, other: Ordinary) -> Ordinary:
        return Ordinary(self.array * other.array)

    def __neg__(self) -> Ordinary:
        return Ordinary(-self.array)

    def times(self, factor: float) -> Ordinary:
        return self if factor == 1.0 else Ordinary(self.array * factor)

    def through(self, weights: Array) -> Ordinary:
        """weights @ self."""
        return Ordinary(weights.dot(self.array))

    def respond(self, activation: Activation, *, on_road: bool = False) -> tuple[Ordinary, Ordinary]:
        """phi and phi' of these values; `on_road` where phi' meets no matrix that mixes it. Raises `OutOfRange`."""
        if not max(self.array.max(), -self.array.min()) < LARGEST:
            raise OutOfRange
        response = activation.respond(self.array)
        _refuse_deep(response.value_tail)
        if on_road:
            _refuse_deep(response.slope_tail)
        value = _with_tail(response.value, response.value_tail)
        return Ordinary(value), Ordinary(_with_tail(response.slope, response.slope_tail))

    def to_be_mixed(self, *, may_be_zero: bool) -> Ordinary:
        """The same, on the way to a matrix. Raises `OutOfRange` for what underflow may have taken all of."""
        peak = np.abs(self.array).max(axis=0)
        if peak.min() < FAINTEST and not (may_be_zero and np.all((peak == 0) | (peak >= FAINTEST))):
            raise OutOfRange
        return self

    def values(self) -> Array:
        return self.array

    def log2_norm(self) -> Array:
        """log2 of the Euclidean norm over the units, shape (samples,)."""
        with np.errstate(divide="ignore"):
            return np.asarray(0.5 * np.log2(np.einsum("us,us->s", self.array, self.array)))

    def to_scaled(self, exponent: Array) -> Scaled:
        """These values times 2**exponent, exponent of shape (samples,)."""
        return Scaled(self.array, exponent[None, :])

    @staticmethod
    def from_scaled(value: Scaled) -> Ordinary:
        return Ordinary(values(value))

    @staticmethod
    def rebased(numbers: Sequence[Ordinary]) -> tuple[tuple[Ordinary, ...], Array]:
        """Numbers brought near 1 by one power of two a sample, and its exponents (samples,). Raises `OutOfRange`."""
        sizes = [np.abs(number.array) for number in numbers]
        peak = sizes[0].max(axis=0)
        for size in sizes[1:]:
            peak = np.maximum(peak, size.max(axis=0))
        _, exponent = np.frexp(peak)
        for size in sizes:
            if size.min() < SMALLEST * peak.max():
                _refuse_small(size, peak)
        return tuple(Ordinary(np.ldexp(number.array, -exponent)) for number in numbers), exponent.astype(np.float64)


def _with_tail(body: Array, tail: Array | float) -> Array:
    return body if isinstance(tail, float) else np.asarray(body * np.exp(tail))


def _refuse_deep(tail: Array | float) -> None:
    if not isinstance(tail, float) and tail.min() < DEEPEST_TAIL:
        raise OutOfRange


def _refuse_small(size: Array, peak: Array) -> None:
    if ((size > 0) & (size < SMALLEST * peak)).any():
        raise OutOfRange


class Wide:
    """Values of any size: a `Scaled` with an exponent for each unit of each sample."""

    __slots__ = ("scaled",)

    def __init__(self, value: Scaled) -> None:
        self.scaled = value

    @staticmethod
    def of(array: Array) -> Wide:
        return Wide(scaled(array, per_unit=True))

    @staticmethod
    def stack(parts: Sequence[Wide]) -> Wide:
        """The units of all parts, one part after another."""
        mantissas, exponents = zip(*(part.scaled for part in parts), strict=True)
        return Wide(Scaled(np.concatenate(mantissas), np.concatenate(exponents)))

    def split(self, count: int) -> list[Wide]:
        """The parts of a stack of `count` equal ones."""
        parts = zip(*(np.split(each, count) for each in self.scaled), strict=True)
        return [Wide(Scaled(*part)) for part in parts]

    def __add__(self, other: Wide) -> Wide:
        return Wide(add(self.scaled, other.scaled))

    def __mul__(self, other: Wide) -> Wide:
        return Wide(multiply(self.scaled, other.scaled))

    def __neg__(self) -> Wide:
        return Wide(Scaled(-self.scaled.mantissa, self.scaled.exponent))

    def times(self, factor: float) -> Wide:
        return Wide(times(self.scaled, factor))

    def through(self, weights: Array) -> Wide:
        """weights @ self, for weights that mix all units."""
        together = normalized(per_sample(self.scaled))
        product = weights.dot(together.mantissa)
        return Wide(normalized(Scaled(product, np.broadcast_to(together.exponent, product.shape))))

    def respond(self, activation: Activation, *, on_road: bool = False) -> tuple[Wide, Wide]:
        """phi and phi' of these values."""
        value, slope = phi(activation, self.scaled)
        return Wide(value), Wide(slope)

    def to_be_mixed(self, *, may_be_zero: bool) -> Wide:
        """The same: nothing is lost."""
        return self

    def values(self) -> Array:
        return values(self.scaled)

    def log2_norm(self) -> Array:
        """log2 of the Euclidean norm over the units, shape (samples,)."""
        return log2_norm(self.scaled)

    def to_scaled(self, exponent: Array) -> Scaled:
        """These values times 2**exponent, exponent of shape (samples,)."""
        return Scaled(self.scaled.mantissa, self.scaled.exponent + exponent)

    @staticmethod
    def from_scaled(value: Scaled) -> Wide:
        return Wide(normalized(value))

    @staticmethod
    def rebased(numbers: Sequence[Wide]) -> tuple[tuple[Wide, ...], Array]:
        """The same numbers, and exponents of zero: they are near 1 as they are."""
        return tuple(numbers), np.zeros(numbers[0].scaled.mantissa.shape[1])


class Plain:
    """Floats of either precision that over- and underflow as they do."""

    __slots__ = ("array",)

    def __init__(self, array: Floats) -> None:
        self.array = array

    @staticmethod
    def stack(parts: Sequence[Plain]) -> Plain:
        """The units of all parts, one part after another."""
        return parts[0] if len(parts) == 1 else Plain(np.concatenate([part.array for part in parts]))

    def split(self, count: int) -> list[Plain]:
        """The parts of a stack of `count` equal ones."""
        return [Plain(part) for part in np.split(self.array, count)]

    def __add__(self, other: Plain) -> Plain:
        return Plain(self.array + other.array)

    def __mul__(self, other: Plain) -> Plain:
        return Plain(self.array * other.array)

    def __neg__(self) -> Plain:
        return Plain(-self.array)

    def times(self, factor: float) -> Plain:
        return self if factor == 1.0 else Plain(self.array * factor)

    def respond(self, activation: Activation, *, on_road: bool = False) -> tuple[Plain, Plain]:
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
        return Plain(value), Plain(slope * (kernel.input_scale * kernel.output_scale))


N = TypeVar("N", Ordinary, Wide)
"""Either kind that the readings can be taken in."""
Known = TypeVar("Known", Ordinary, Wide, Plain)
"""Any kind that a cell can be computed in."""
