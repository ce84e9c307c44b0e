"""The curves of a chart, drawn in cells, and nothing around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from tui_telescope.charts.cells import Cells, Dots, scattered
from tui_telescope.charts.charset import Charset
from tui_telescope.charts.chart import Chart, Curve, Stroke
from tui_telescope.charts.picture import Row
from tui_telescope.charts.plotext_canvas import rasterized
from tui_telescope.charts.polyline import (
    Dot,
    Polyline,
    columns_below,
    is_lone,
    nearest_dot,
    polylines,
    straightened,
    stroked,
)

_WHOLE = "#"


def draw_curves(chart: Chart, width: int, height: int, charset: Charset) -> tuple[Row, ...]:
    """The chart's curves alone: `height` rows of `width` cells, both at least 1, the first curve on top."""
    cells = Cells(width, height, charset)
    columns, rows = width * charset.columns, height * charset.rows
    drawings: list[tuple[Curve, Dots]] = []
    for curve in chart.curves:
        lines = list(polylines(curve, chart.x_axis, chart.y_axis, columns, rows))
        dots = _drawn(curve.stroke, lines, width, height, charset)
        drawings.append((curve, dots))
        if curve.stroke != "dotted":
            cells.reserve(dots)
        if curve.stroke not in ("dotted", "solid"):  # dots give way in the gaps between dashes as well
            cells.reserve(_stroked(lines, _WHOLE, width, height, charset))
    for curve, dots in reversed(drawings):
        cells.light(dots, curve.ink, charset.marks[curve.stroke], gives_way=curve.stroke == "dotted")
    for curve in chart.curves:
        if curve.leaps:
            cells.mark_below(columns_below(curve, chart.x_axis, chart.y_axis, columns, rows), curve.ink)
    return cells.rows()


def _drawn(stroke: Stroke, lines: Sequence[Polyline], width: int, height: int, charset: Charset) -> Dots:
    """The dots of a curve: plotext draws whole lines, dashes and dots are set where they stand."""
    dash = charset.dashes[stroke]
    if stroke == "solid":
        dots = rasterized([straightened(line) for line in lines], width, height, charset)
    else:
        dots = _stroked(lines, dash, width, height, charset)
    return dots | scattered(_short_lines(lines, len(dash), charset), width, height, charset)


def _stroked(lines: Sequence[Polyline], dash: str, width: int, height: int, charset: Charset) -> Dots:
    return scattered(chain.from_iterable(stroked(line, dash) for line in lines), width, height, charset)


def _short_lines(lines: Sequence[Polyline], period: int, charset: Charset) -> Iterator[Dot]:
    """One dot at least of a line too short for its dashes, and a few for a point without neighbours."""
    for line in lines:
        (left, bottom), (right, top) = line[0], line[-1]
        if is_lone(line):
            shape = charset.lone_point
        elif abs(right - left) < period and abs(top - bottom) < period:
            shape = ((0, 0),)
        else:
            continue
        x, y = nearest_dot(line[0])
        yield from ((x + across, y + up) for across, up in shape)
