"""Axes with round limits and round ticks.

Which one a chart gets is told by its data alone, unless it is given the axis before: that one stays while it is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count, takewhile

import numpy as np

from tui_telescope import notation
from tui_telescope.charts.elements import Array, Axis, Tick

Extent = tuple[float, float] | None
"""The lowest and the highest value that an axis has to show; None where there is nothing to show."""

_TickChoices = tuple[tuple[Tick, ...], ...]

_MARGIN = 0.05
"""Part of the data's extent left free at either end, so that a small change does not leave the axis."""
_STEPS = 6
"""A fresh axis is snapped to the finest round step of which at most so many cover the data."""
_LEAST_USED = 0.5
"""The part of an axis that the data must take for it to stay."""
_NARROWEST = 3
"""Decades of a gradient's axis at least: less would make mountains of noise."""
_FACTOR_MARGIN = 0.03
"""Room beside a factor, in decades."""
_FARTHEST = 1e15
"""No decade beyond it: float64 counts whole decades exactly up to here."""
_ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12)
"""Ends of linear axes, times a power of ten."""
_LONGEST_LABEL = 14
_MOST_TICKS = 64
"""A choice of more ticks than this fits no terminal."""


def extent(*readings: Array) -> Extent:
    """The lowest and the highest finite value in all the readings."""
    finite = np.concatenate([np.empty(0), *(reading[np.isfinite(reading)] for reading in readings)])
    return (float(finite.min()), float(finite.max())) if len(finite) else None


def gradient_axis(shown: Extent, previous: Axis | None = None) -> Axis:
    """An axis for log10 values, ticks written as decades (`1e-18`), 3 decades or more.

    `previous` is the axis before, given where a single setting was stepped since; see `kept`.
    """
    return kept(previous, shown, _NARROWEST) or _fitted_decades(*(shown or (0.0, 0.0)), _NARROWEST, _decade_ticks)


def factor_axis(shown: Extent, previous: Axis | None = None) -> Axis:
    """An axis for log10 factors, the factor 1 among them, ticks written as plain numbers (`0.5`).

    `previous` is the axis before, given where a single setting was stepped since; see `kept`.
    """
    low, high = shown or (0.0, 0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    if axis := kept(previous, (low, high)):
        return axis
    if high - low > 2:
        return _fitted_decades(low, high, 2, _factor_ticks)
    low, high = -_next_round_factor(_FACTOR_MARGIN - low), _next_round_factor(high + _FACTOR_MARGIN)
    return Axis(low, high, _factor_ticks(low, high))


def kept(previous: Axis | None, shown: Extent, narrowest: float = 0.0) -> Axis | None:
    """The axis before, if all values are within it and use half of it, or as much of it as any axis must have."""
    if previous is None or shown is None:
        return previous
    low, high = shown
    is_within = previous.low <= low and high <= previous.high
    is_used = _LEAST_USED * (previous.high - previous.low) <= max(high - low, _LEAST_USED * narrowest)
    return previous if is_within and is_used else None


@lru_cache(maxsize=64)
def layer_axis(depth: int, names: tuple[str, ...] = ()) -> Axis:
    """An axis from layer 1 on the left to layer `depth`, both of them and round numbers between as ticks.

    Layers that have names go by them, without what all have in common: `blocks.0.mlp` among the like of it is `0`.
    """
    labels = _telling(names) if names else [str(layer) for layer in range(1, depth + 1)]
    if depth == 1:
        return Axis(0.5, 1.5, ((Tick(1, labels[0]),),))
    choices = [_layer_ticks(labels, step) for step in _round_steps(depth) if depth / step < _MOST_TICKS]
    return Axis(1, depth, (*choices, _layer_ticks(labels, depth)))


def _layer_ticks(labels: Sequence[str], step: int) -> tuple[Tick, ...]:
    """Layer 1, the last layer and the multiples of `step` that keep half a step's distance from them."""
    depth = len(labels)
    between = (layer for layer in range(step, depth, step) if min(layer - 1, depth - layer) > step / 2)
    return tuple(Tick(layer, labels[layer - 1]) for layer in dict.fromkeys((1, *between, depth)))


def _telling(names: Sequence[str]) -> list[str]:
    """The names without the parts that all begin or end with; the end of one that is long."""
    parts = [name.split(".") for name in names]
    shortest = min(map(len, parts)) - 1
    first = sum(1 for _ in takewhile(lambda k: len({each[k] for each in parts}) == 1, range(shortest)))
    last = sum(1 for _ in takewhile(lambda k: len({each[-1 - k] for each in parts}) == 1, range(shortest - first)))
    told = [".".join(each[first : len(each) - last]) for each in parts]
    return [each if len(each) <= _LONGEST_LABEL else f"..{each[2 - _LONGEST_LABEL :]}" for each in told]


@lru_cache(maxsize=64)
def step_axis(last: int, first: int = 0) -> Axis:
    """An axis of steps to a round number, `last` or the next one above; from 0, or where the steps from `first` on take
    less than half of that, from a round number below `first`. It has 10 steps at least."""
    low, high = 0, int(_next_round(max(last, 10)))
    if first > high / 2:
        unit = max(each for each in _round_steps(max(last - first, 10)) if 2 * each <= max(last - first, 10))
        low, high = first // unit * unit, -(-max(last, first + 10) // unit) * unit
    steps = (step for step in _round_steps(high - low) if (high - low) / step < _MOST_TICKS)
    choices = (range(-(-low // step) * step, high + 1, step) for step in steps if not (low % step or high % step))
    return Axis(low, high, tuple(tuple(Tick(each, str(each)) for each in choice) for choice in choices))


@lru_cache(maxsize=64)
def zero_based_axis(highest: float) -> Axis:
    """A linear axis from 0 to a round number, `highest` or the next one above; 1 for what is not above 0."""
    high = _next_round(highest) if highest > 0 else 1.0
    choices = (
        tuple(Tick(high * k / parts, f"{high * k / parts:.3g}") for k in range(parts + 1)) for parts in (4, 2, 1)
    )
    return Axis(0.0, high, tuple(choices))


def linear_axis(low: float, high: float) -> Axis:
    """From 0 to a round number where `low` is not below it, else between round numbers on either side of 0."""
    if low >= 0:
        return zero_based_axis(high)
    unit = _next_round(max(-low, high) / 4)
    first, last = math.floor(low / unit), math.ceil(max(high, 0.0) / unit)
    choices = (range(first, last + 1, step) for step in (1, 2, max(last - first, 1)))
    return Axis(
        first * unit, last * unit, tuple(tuple(Tick(k * unit, f"{k * unit:.3g}") for k in choice) for choice in choices)
    )


def _next_round(number: float) -> float:
    """The smallest of 1, 1.2, 1.5, 2, ... 8, 10, 12, ... that is no less than a positive number."""
    decade = math.floor(math.log10(number))
    rounds = (float(f"{each}e{decade}") for each in _ROUND)
    return next(each for each in rounds if each >= number * (1 - 1e-9))


def _fitted_decades(
    data_low: float, data_high: float, narrowest: int, tick_choices: Callable[[int, int], _TickChoices]
) -> Axis:
    data_low, data_high = (min(max(value, -_FARTHEST), _FARTHEST) for value in (data_low, data_high))
    low, high = _round_limits(data_low, data_high, narrowest)
    return Axis(low, high, tick_choices(low, high))


def _next_round_factor(log10: float) -> float:
    """log10 of the smallest of 1, 2, 5, 10, 20, ... that is no less; log10 >= 0. The reciprocals are round too."""
    decade = math.floor(log10)
    return next(position for each in (1, 2, 5, 10) if (position := decade + math.log10(each)) >= log10)


def _round_limits(data_low: float, data_high: float, narrowest: int) -> tuple[int, int]:
    """The decades between which the data lie with a margin, `narrowest` or more of them."""
    margin = _MARGIN * (data_high - data_low)
    low, high = data_low - margin, data_high + margin
    step = next(step for step in _round_steps(math.inf) if step * _STEPS >= high - low)
    first, last = math.floor(low / step) * step, math.ceil(high / step) * step
    missing = max(narrowest - (last - first), 0)
    return first - missing // 2, last + missing - missing // 2


def _round_steps(last: float) -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, ... up to `last`."""
    powers = (10**exponent for exponent in count())
    return takewhile(lambda step: step <= last, (power * mantissa for power in powers for mantissa in (1, 2, 5)))


def _decade_ticks(low: int, high: int) -> _TickChoices:
    """The multiples of each round step, as far as there are two or more, but not too many."""
    choices = (range(-(-low // step) * step, high + 1, step) for step in _round_steps(high - low))
    return tuple(
        tuple(Tick(decade, notation.decade(decade)) for decade in decades)
        for decades in choices
        if 2 <= len(decades) <= _MOST_TICKS
    )


def _factor_ticks(low: float, high: float) -> _TickChoices:
    """Decades as numbers, preceded by the finer choice of 1, 2 and 5 times each decade where these are few."""
    decades = tuple(
        tuple(Tick(tick.position, _number(1, int(tick.position))) for tick in choice)
        for choice in _decade_ticks(math.ceil(low), math.floor(high))
    )
    if high - low > _MOST_TICKS / 3:
        return decades
    multiples = ((each, decade) for decade in range(math.floor(low), math.ceil(high) + 1) for each in (1, 2, 5))
    ticks = (Tick(decade + math.log10(each), _number(each, decade)) for each, decade in multiples)
    return (tuple(tick for tick in ticks if low <= tick.position + 1e-9 and tick.position - 1e-9 <= high), *decades)


def _number(multiple: int, decade: int) -> str:
    """multiple * 10^decade, plain where that is short: `0.05`, `200`, `5e-07`."""
    return f"{multiple * 10.0**decade:g}" if -4 < decade < 4 else f"{multiple}e{decade:+03d}"
