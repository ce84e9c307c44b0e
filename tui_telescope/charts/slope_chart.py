"""An activation and its slope, and where the units of a network sit on them."""

from __future__ import annotations

import numpy as np

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.picture import Span
from tui_telescope.charts.elements import Array, Axis, Band, Curve, Tick
from tui_telescope.charts.layers.layer_charts import LOOKS, SECOND
from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.pre_activations import shares_of_units
from tui_telescope.settings import Settings

FARTHEST = 6
"""Pre-activations beyond it on either side are off the chart, and said to be."""
TOLD = (-3, 0, 1, 2, 4)
"""Where the slope is told as a number."""
_LOWEST, _HIGHEST = -1.25, 1.25
"""Of phi no more is shown: what matters is the slope."""
_HILL = 0.8
"""The part of the height that the fullest bin of units takes."""
_BINS = 24


def slope_chart(settings: Settings) -> Chart:
    """phi and phi' over z, the share of units at each z as a hill on the floor, and the slope at a few places."""
    activation = ACTIVATIONS[settings.activation]
    z = np.linspace(-FARTHEST, FARTHEST, 241)
    value, slope = activation.value(z).product, activation.slope(z).product
    shown = np.where((value >= _LOWEST) & (value <= _HIGHEST), value, np.nan)
    y_axis = _y_axis(np.concatenate([shown[np.isfinite(shown)], slope]))
    bands, note = _units(settings, y_axis)
    told = activation.slope(np.array(TOLD, np.float64)).product
    return Chart(
        title=f"{settings.activation} and its slope",
        x_axis=Axis(-FARTHEST, FARTHEST, (_ticks(range(-FARTHEST, FARTHEST + 1, 2)), _ticks((-FARTHEST, 0, FARTHEST)))),
        y_axis=y_axis,
        curves=(Curve(z, slope, "slope", *LOOKS[0]), Curve(z, shown, settings.activation, *SECOND)),
        note=note,
        x_title="z",
        bands=bands,
        hints=((Span("slope at " + "  ".join(f"{at}: {of:.2f}" for at, of in zip(TOLD, told, strict=True)), "tick"),),),
    )


def _y_axis(numbers: Array) -> Axis:
    """From the lowest number or 0 to the highest or 1, in quarters."""
    low, high = min(np.floor(4 * numbers.min()) / 4, 0.0), max(np.ceil(4 * numbers.max()) / 4, 1.0)
    fine = tuple(Tick(quarter, f"{quarter:g}") for quarter in np.arange(low, high + 0.01, 0.25))
    return Axis(float(low), float(high), (fine, _ticks((0, 1))))


def _ticks(numbers: range | tuple[int, ...]) -> tuple[Tick, ...]:
    return tuple(Tick(number, str(number)) for number in numbers)


def _units(settings: Settings, y_axis: Axis) -> tuple[tuple[Band, ...], str]:
    """The hill, and which share of the units is beyond it; nothing for cells
    whose layers have no single branch."""
    if settings.is_recurrent or not settings.branch:
        return (), ""
    edges = np.linspace(-FARTHEST, FARTHEST, _BINS + 1)
    shares = shares_of_units(settings, edges)
    middles, floor = (edges[:-1] + edges[1:]) / 2, np.full(_BINS, y_axis.low)
    heights = floor + _HILL * (y_axis.high - y_axis.low) * shares / max(shares.max(), 1e-9)
    beyond = 1 - shares.sum()
    note = f"{beyond:.0%} of the units lie farther out" if beyond >= 0.005 else ""
    return (Band(middles, floor, heights, "units"),), note
