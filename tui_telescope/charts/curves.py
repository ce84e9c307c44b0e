"""The curves of a chart, drawn in cells, and nothing around them."""

from __future__ import annotations

import numpy as np

from tui_telescope.charts.cells import Bits, Cells
from tui_telescope.charts.charset import Charset
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.picture import Row
from tui_telescope.charts.plotext_canvas import rasterized
from tui_telescope.charts.polyline import Polyline, columns_below, is_lone, polylines, steep_columns, straightened


def draw_curves(chart: Chart, width: int, height: int, charset: Charset) -> tuple[Row, ...]:
    """The chart's curves alone: `height` rows of `width` cells, both at least 1, the first curve on top."""
    cells = Cells(width, height, charset)
    columns, rows = width * charset.columns, height * charset.rows
    lines = [list(polylines(curve, chart.x_axis, chart.y_axis, columns, rows)) for curve in chart.curves]
    straight = [[straightened(line) for line in own] for own in lines]
    solid = rasterized(straight, width, height, charset) if straight else []
    for curve, dots in zip(chart.curves, solid, strict=True):
        if curve.stroke != "dotted":
            cells.reserve(dots)
    for curve, own, dots in reversed(list(zip(chart.curves, lines, solid, strict=True))):
        dash = charset.dashes[curve.stroke]
        drawn = _dashed(dots, own, dash)
        _light_short_lines(drawn, own, len(dash), charset)
        cells.light(drawn, curve.ink, charset.marks[curve.stroke], gives_way=curve.stroke == "dotted")
    for curve in chart.curves:
        if curve.leaps:
            cells.mark_below(columns_below(curve, chart.x_axis, chart.y_axis, columns, rows), curve.ink)
    return cells.rows()


def _dashed(dots: Bits, lines: list[Polyline], dash: str) -> Bits:
    """The dots that a pattern of `#` and `.` draws.

    The pattern follows the columns of dots, or the rows where a line is steep: fixed to the field, so that dashes do
    not crawl while a curve changes.
    """
    if "." not in dash:
        return dots
    rows, columns = dots.shape
    phases = np.where(steep_columns(lines, columns), np.arange(rows)[::-1, None], np.arange(columns))
    is_drawn = np.array([dot == "#" for dot in dash])
    return np.asarray(dots & is_drawn[phases % len(dash)])


def _light_short_lines(dots: Bits, lines: list[Polyline], period: int, charset: Charset) -> None:
    """Let a line too short for its dashes show one dot at least, and a point without neighbours a few."""
    rows, columns = dots.shape
    for line in lines:
        (left, bottom), (right, top) = line[0], line[-1]
        if is_lone(line):
            shape = charset.lone_point
        elif abs(right - left) < period and abs(top - bottom) < period:
            shape = ((0, 0),)
        else:
            continue
        for across, up in shape:
            x, y = int(left + 0.5) + across, rows - 1 - int(bottom + 0.5) - up
            if 0 <= x < columns and 0 <= y < rows:
                dots[y, x] = True
