"""The curves of a chart, drawn in cells, and nothing around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui_telescope.charts.cells import Cells, Dots
from tui_telescope.charts.charset import Charset
from tui_telescope.charts.chart import Chart, Curve
from tui_telescope.charts.picture import Row
from tui_telescope.charts.polyline import Polyline, is_lone, polylines, rasterized


def draw_curves(chart: Chart, width: int, height: int, charset: Charset) -> tuple[Row, ...]:
    """The chart's curves alone: `height` rows of `width` cells, both at least 1, the first curve on top."""
    columns, rows = width * charset.columns, height * charset.rows
    lines = [list(polylines(curve, chart.x_axis, chart.y_axis, columns, rows)) for curve in chart.curves]
    cells = Cells(width, height, charset)
    if any(curve.stroke == "dotted" for curve in chart.curves):
        cells.reserve(rasterized(_undotted(chart.curves, lines)))
    for curve, own in zip(reversed(chart.curves), reversed(lines), strict=True):
        dots = _dots(own, curve, charset)
        cells.light(dots, curve.ink, charset.marks[curve.stroke], gives_way=curve.stroke == "dotted")
    return cells.rows()


def _dots(lines: Sequence[Polyline], curve: Curve, charset: Charset) -> Dots:
    """What the curve's stroke draws of its lines; a point without neighbours becomes a visible one."""
    dots = rasterized([line for line in lines if not is_lone(line)], charset.dashes[curve.stroke])
    lone = rasterized([line[:1] for line in lines if is_lone(line)])
    points = lone[:, np.newaxis, :] + np.array(charset.lone_point)
    return np.concatenate([dots, points.reshape(-1, 2)])


def _undotted(curves: Sequence[Curve], lines: Sequence[list[Polyline]]) -> list[Polyline]:
    """The lines of all curves to which the dotted ones give way."""
    return [line for curve, own in zip(curves, lines, strict=True) if curve.stroke != "dotted" for line in own]
