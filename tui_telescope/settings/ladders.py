"""The round numbers that steps up and down lead through."""

from __future__ import annotations

import math


def preferred(mantissas: tuple[float, ...], low: float, high: float) -> tuple[float, ...]:
    """The round numbers `mantissa * 10^k` within [low, high], ascending."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    numbers = (float(f"{mantissa}e{power}") for power in powers for mantissa in mantissas)
    return tuple(number for number in numbers if low <= number <= high)


def whole(ladder: tuple[float, ...]) -> tuple[int, ...]:
    """The whole numbers among them."""
    return tuple(sorted({int(number) for number in ladder if number == int(number)}))


FINE = (1, 1.2, 1.5, 1.8, 2, 2.5, 3, 4, 5, 6, 8)
COARSE = (1, 2, 5)
"""Mantissas of small and of large steps."""
SIGNED = tuple(k / 10 for k in (*range(-100, -20, 5), *range(-20, 21), *range(25, 101, 5)))
POWERS = tuple(2**k for k in range(17))
HALF_POWERS = tuple(sorted({*POWERS, *(3 * 2**k for k in range(15))}))
