"""Horizontal axes for positive numbers that are given as log10: whole numbers such as depths, and scales."""

from __future__ import annotations

import math
from functools import lru_cache

from tui_telescope.charts.elements import Axis, Tick

_MANTISSAS = ((1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
"""Choices of round numbers in each decade, finest first."""


@lru_cache(maxsize=64)
def log_axis(low: float, high: float) -> Axis:
    """An axis over log10 positions from log10(low) to log10(high), labelled with round numbers.

    Both are positive and low <= high; where they are all but equal the axis reaches a fifth of a decade to either side.
    """
    if high <= low * (1 + 1e-6):
        return Axis(math.log10(low) - 0.2, math.log10(low) + 0.2, ((_tick(low),),))
    choices = [tuple(_tick(number) for number in _round_numbers(low, high, each)) for each in _MANTISSAS]
    ends = (_tick(low), _tick(high))
    return Axis(math.log10(low), math.log10(high), (*(each for each in choices if len(each) >= 2), ends))


def _round_numbers(low: float, high: float, mantissas: tuple[int, ...]) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    numbers = (float(f"{mantissa}e{decade}") for decade in decades for mantissa in mantissas)
    return [number for number in numbers if low * (1 - 1e-9) <= number <= high * (1 + 1e-9)]


def _tick(number: float) -> Tick:
    return Tick(math.log10(number), f"{number:.4g}")


def log10_or_nowhere(x: float) -> float:
    """Where a number stands on a log axis; 0 lies beyond its low end."""
    return math.log10(x) if x > 0 else -math.inf
