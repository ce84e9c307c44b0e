"""The curves of a chart, drawn in cells, and nothing around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tui_telescope.charts.drawing.charset import Charset
from tui_telescope.charts.drawing.picture import Row
from tui_telescope.charts.drawing.plotext_canvas import rasterized
from tui_telescope.charts.drawing.polyline import (
    Dot,
    Dots,
    Polyline,
    band_edges,
    columns_beyond,
    is_lone,
    nearest_dot,
    polylines,
    straightened,
    walked,
)
from tui_telescope.charts.drawing.raster import DotMask, Raster, filled, scattered, thickened
from tui_telescope.charts.elements import Stroke

if TYPE_CHECKING:
    from tui_telescope.charts.chart import Chart


def draw_curves(chart: Chart, width: int, height: int, charset: Charset) -> tuple[Row, ...]:
    """The chart's curves alone: `height` rows of `width` cells, both at least 1, the first curve on top."""
    raster = Raster(width, height, charset)
    columns, rows = width * charset.columns, height * charset.rows
    for band in chart.bands:
        low, high = band_edges(band, chart.x_axis, chart.y_axis, width, height)
        raster.light(filled(low, high, height, charset), band.ink, charset.fill[0])
    drawings = []
    for curve in chart.curves:
        lines = list(polylines(curve, chart.x_axis, chart.y_axis, columns, rows))
        lit, whole = _drawn(curve.stroke, lines, width, height, charset)
        drawings.append((curve, lit))
        if curve.stroke != "dotted":
            raster.reserve(whole)
    for curve, lit in reversed(drawings):
        raster.light(lit, curve.ink, charset.marks[curve.stroke], gives_way=curve.stroke == "dotted")
    for curve in chart.curves:
        below, above = columns_beyond(curve, chart.x_axis, chart.y_axis, columns, rows)
        raster.mark_above(above, curve.ink)
        if curve.leaps:
            raster.mark_below(below, curve.ink)
    return raster.rows()


def _drawn(
    stroke: Stroke, lines: Sequence[Polyline], width: int, height: int, charset: Charset
) -> tuple[DotMask, DotMask]:
    """What the stroke lights, and the same with the gaps between dashes, where no dotted curve shall show."""
    dash = charset.dashes[stroke]
    short = scattered(_short_lines(lines, len(dash), charset), width, height, charset)
    if stroke in ("solid", "heavy"):
        solid = rasterized([straightened(line) for line in lines], width, height, charset) | short
        solid = thickened(solid) if stroke == "heavy" and not charset.plain else solid
        return solid, solid
    dots, number = walked(lines)
    is_drawn = np.array([dot == "#" for dot in dash])[number % len(dash)]
    lit = scattered(dots[is_drawn], width, height, charset) | short
    return lit, lit if stroke == "dotted" else lit | scattered(dots, width, height, charset)


def _short_lines(lines: Sequence[Polyline], period: int, charset: Charset) -> Dots:
    """One dot at least of a line too short for its dashes, and a few for a point without neighbours."""
    dots: list[Dot] = []
    for line in lines:
        (left, bottom), (right, top) = line[0], line[-1]
        x, y = nearest_dot(line[0])
        if is_lone(line):
            dots += ((x + across, y + up) for across, up in charset.lone_point)
        elif abs(right - left) < period and abs(top - bottom) < period:
            dots.append((x, y))
    return np.array(dots, np.int64).reshape(-1, 2)
