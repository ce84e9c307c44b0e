"""Where number formats run out: a gradient below its format's floor is exactly zero there."""

from __future__ import annotations

import math
from dataclasses import replace

from tui_telescope.charts.chart import Chart, Rule

FLOORS: dict[str, float] = {
    "float16": -24 * math.log10(2),
    "bfloat16": -133 * math.log10(2),
    "float32": -149 * math.log10(2),
}
"""log10 of the smallest positive number of each format, subnormal numbers included: 2^-24, 2^-133, 2^-149."""


def with_floors(chart: Chart) -> Chart:
    """The chart of a log10 gradient with a rule at each floor; those beyond its axis stay out of sight."""
    rules = tuple(Rule(floor, f"{name}: ends at {written(floor)}") for name, floor in FLOORS.items())
    return replace(chart, rules=(*chart.rules, *rules))


def written(floor: float) -> str:
    """A floor in one digit: `6e-08`."""
    exponent = math.floor(floor)
    return f"{10 ** (floor - exponent):.0f}e{exponent:+03d}"


def summary() -> str:
    """All floors in one sentence, for those that the chart has no room for."""
    ends = [f"{name} at {written(floor)}" for name, floor in FLOORS.items()]
    return f"Numbers end: {', '.join(ends)}. A gradient below its format's floor is exactly zero."
