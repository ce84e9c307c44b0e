"""The curves of a chart, drawn in cells, and nothing around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tui_telescope.charts.cells import Cells, Dots, packed, scattered
from tui_telescope.charts.charset import Charset
from tui_telescope.charts.chart import Chart, Curve
from tui_telescope.charts.picture import Row
from tui_telescope.charts.plotext_canvas import rasterized
from tui_telescope.charts.polyline import (
    Dot,
    Polyline,
    columns_below,
    is_lone,
    nearest_dot,
    polylines,
    spaced_dots,
    steep_columns,
    straightened,
)


def draw_curves(chart: Chart, width: int, height: int, charset: Charset) -> tuple[Row, ...]:
    """The chart's curves alone: `height` rows of `width` cells, both at least 1, the first curve on top."""
    cells = Cells(width, height, charset)
    columns, rows = width * charset.columns, height * charset.rows
    lines = [list(polylines(curve, chart.x_axis, chart.y_axis, columns, rows)) for curve in chart.curves]
    whole = _whole(chart.curves, lines, width, height, charset)
    for curve, dots in zip(chart.curves, whole, strict=True):
        if not _is_dotted(curve):
            cells.reserve(dots)
    for curve, own, dots in reversed(list(zip(chart.curves, lines, whole, strict=True))):
        dash = charset.dashes[curve.stroke]
        drawn = dots if _is_dotted(curve) else _dashed(dots, own, dash, charset)
        short = scattered(_short_lines(own, len(dash), charset), width, height, charset)
        cells.light(drawn | short, curve.ink, charset.marks[curve.stroke], gives_way=_is_dotted(curve))
    for curve in chart.curves:
        if curve.leaps:
            cells.mark_below(columns_below(curve, chart.x_axis, chart.y_axis, columns, rows), curve.ink)
    return cells.rows()


def _is_dotted(curve: Curve) -> bool:
    """Dots that stand apart need no line to be drawn, and give way where others have one."""
    return curve.stroke == "dotted"


def _whole(
    curves: Sequence[Curve], lines: Sequence[list[Polyline]], width: int, height: int, charset: Charset
) -> list[Dots]:
    """Of each curve the dots of its lines before any dashes, where it is not dotted."""
    straight = [
        [straightened(line) for line in own] for curve, own in zip(curves, lines, strict=True) if not _is_dotted(curve)
    ]
    solid = iter(rasterized(straight, width, height, charset) if straight else ())
    period = len(charset.dashes["dotted"])
    return [
        scattered((dot for line in own for dot in spaced_dots(line, period)), width, height, charset)
        if _is_dotted(curve)
        else next(solid)
        for curve, own in zip(curves, lines, strict=True)
    ]


def _dashed(dots: Dots, lines: Sequence[Polyline], dash: str, charset: Charset) -> Dots:
    """The dots that a pattern of `#` and `.` draws.

    The pattern follows the columns of dots, or the rows where a line is steep: fixed to the field, so that dashes do
    not crawl while a curve changes.
    """
    if "." not in dash:
        return dots
    height, width = dots.shape
    columns, rows = width * charset.columns, height * charset.rows
    is_drawn = np.array([dot == "#" for dot in dash])
    across = packed(np.tile(is_drawn[np.arange(columns) % len(dash)], (charset.rows, 1)), charset)
    up = packed(np.tile(is_drawn[np.arange(rows)[::-1, None] % len(dash)], charset.columns), charset)
    is_steep = packed(np.tile(steep_columns(lines, columns), (charset.rows, 1)), charset)
    return dots & (across & ~is_steep | up & is_steep)


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
