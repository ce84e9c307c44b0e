"""The curves of a chart, drawn in cells, and nothing around them."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np

from tui_telescope.charts.cells import Cells, Dots
from tui_telescope.charts.charset import Charset
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.picture import Row
from tui_telescope.charts.polyline import Polyline, Raster, columns_below, is_lone, polylines, rasterized


def draw_curves(chart: Chart, width: int, height: int, charset: Charset) -> tuple[Row, ...]:
    """The chart's curves alone: `height` rows of `width` cells, both at least 1, the first curve on top."""
    cells = Cells(width, height, charset)
    columns, rows = width * charset.columns, height * charset.rows
    lines = [list(polylines(curve, chart.x_axis, chart.y_axis, columns, rows)) for curve in chart.curves]
    rasters = _rasters(lines)
    for curve, raster in zip(chart.curves, rasters, strict=True):
        if curve.stroke != "dotted":
            cells.reserve(raster.dots)
    for curve, own, raster in reversed(list(zip(chart.curves, lines, rasters, strict=True))):
        dots = np.concatenate([raster.dashed(charset.dashes[curve.stroke]), *_lone_points(own, charset)])
        cells.light(dots, curve.ink, charset.marks[curve.stroke], gives_way=curve.stroke == "dotted")
    for curve in chart.curves:
        if curve.leaps:
            cells.mark_below(columns_below(curve, chart.x_axis, chart.y_axis, columns, rows), curve.ink)
    return cells.rows()


def _rasters(lines: list[list[Polyline]]) -> list[Raster]:
    """Each curve's dots. All are found at once: a numpy call costs about the same for many as for few."""
    raster = rasterized([line for own in lines for line in own])
    edges = np.searchsorted(raster.line_numbers, [0, *accumulate(map(len, lines))]).tolist()
    return [raster.part(start, end) for start, end in pairwise(edges)]


def _lone_points(lines: list[Polyline], charset: Charset) -> list[Dots]:
    """What makes points without neighbours visible."""
    lone = [line for line in lines if is_lone(line)]
    return [np.add(dot, charset.lone_point) for dot in rasterized([line[:1] for line in lone]).dots]
