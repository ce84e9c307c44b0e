"""The one module that speaks to plotext: it draws the curves, and nothing around them.

plotext aborts the process at a NaN and takes time and memory without bound for points far outside its limits, so
what reaches it here is a bounded number of points, all of them on the canvas.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence, Set
from typing import get_args

import plotext

from tui_telescope.charts.charset import Charset
from tui_telescope.charts.chart import Chart, Curve, Ink, Stroke
from tui_telescope.charts.picture import Row, Span, row
from tui_telescope.charts.polyline import Point, Polyline, dashed, dots_of, is_lone, polylines, straightened

_INKS: tuple[Ink, ...] = get_args(Ink)
_COLOR_CODE = re.compile(r"\x1b\[([0-9;]*)m")
_INK_OF_CODE: dict[str, Ink] = {f"38;5;{number}": ink for number, ink in enumerate(_INKS)}
_ONE_FIGURE = threading.Lock()
"""plotext has a single figure for the whole process."""


def draw_curves(chart: Chart, width: int, height: int, charset: Charset) -> tuple[Row, ...]:
    """The chart's curves alone: `height` rows of `width` cells, both at least 1, the first curve on top."""
    columns, rows = width * charset.columns, height * charset.rows
    lines = [list(polylines(curve, chart.x_axis, chart.y_axis, columns, rows)) for curve in chart.curves]
    taken = _taken_cells(chart.curves, lines, charset)
    with _ONE_FIGURE:
        _clear(width, height)
        for curve, own in zip(reversed(chart.curves), reversed(lines), strict=True):
            strokes = [stroke for line in own for stroke in _strokes(line, curve.stroke, charset, taken)]
            _draw_strokes(strokes, curve, width, height, charset)
        text = plotext.figure.build().string()
    return tuple(_parsed(line) for line in text.splitlines())


def _clear(width: int, height: int) -> None:
    """Make the figure an empty field without any decoration, one unit a cell, whatever it held before."""
    figure = plotext.figure
    plotext.terminal.limit(False, False)
    figure.clear.all()
    figure.plot_size(width, height)
    figure.canvas("default")
    figure.axes(False)
    rulers = figure.ruler("both", "both")
    rulers.frequency(0)
    rulers.alignment(lim="edge")
    figure.ruler("x", "lower").lim(0, width)
    figure.ruler("y", "left").lim(0, height)


def _draw_strokes(strokes: list[Polyline], curve: Curve, width: int, height: int, charset: Charset) -> None:
    points = [
        ((x + 0.5) / charset.columns, (y + 0.5) / charset.rows, index > 0)
        for stroke in strokes
        for index, (x, y) in enumerate(stroke)
    ]
    # The guard: a NaN, an infinity and a point off the canvas all fail it.
    points = [point for point in points if 0 <= point[0] <= width and 0 <= point[1] <= height]
    pixel = plotext.pixel(foreground=_INKS.index(curve.ink))
    marker = plotext.marker(charset.markers[curve.stroke], pixel)
    signal = plotext.figure.signal([x for x, _, _ in points], [y for _, y, _ in points], marker=marker)
    for index, (_, _, is_connected) in enumerate(points):
        if is_connected:
            signal.line(index)
    plotext.figure.draw(signal)


def _strokes(line: Polyline, stroke: Stroke, charset: Charset, taken: Set[Point]) -> list[Polyline]:
    """What is drawn of an unbroken line: connected dots."""
    if is_lone(line):
        x, y = line[0]
        return [[(x + across, y + up)] for across, up in charset.lone_point]
    if stroke == "solid":
        return [straightened(line)]
    strokes = dashed(line, charset.dashes[stroke])
    return strokes if stroke != "dotted" else [each for each in strokes if _cell(each[0], charset) not in taken]


def _taken_cells(curves: Sequence[Curve], lines: Sequence[list[Polyline]], charset: Charset) -> Set[Point]:
    """The cells of all curves to which the dotted ones give way; none where no curve is dotted."""
    if not any(curve.stroke == "dotted" for curve in curves):
        return frozenset()
    others = [line for curve, own in zip(curves, lines, strict=True) if curve.stroke != "dotted" for line in own]
    return {_cell(dot, charset) for line in others for dot in dots_of(line)}


def _cell(dot: Point, charset: Charset) -> Point:
    return dot[0] // charset.columns, dot[1] // charset.rows


def _parsed(line: str) -> Row:
    """The spans of a line of text with colour codes."""
    ink: Ink = ""
    spans = []
    for index, piece in enumerate(_COLOR_CODE.split(line)):
        if index % 2:
            ink = _INK_OF_CODE.get(piece, "")
        else:
            spans.append(Span(piece, ink))
    return row(*spans)
