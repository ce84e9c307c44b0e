"""The one module that speaks to plotext: it turns lines into the dots on them.

plotext aborts the process at a NaN and takes time and memory without bound for points far outside its limits, so
what reaches it here is a bounded number of points, all of them on the canvas.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from tui_telescope.charts.drawing import plotext_import
from tui_telescope.charts.drawing.charset import Charset
from tui_telescope.charts.drawing.polyline import Point, Polyline
from tui_telescope.charts.drawing.raster import BLANK_BRAILLE, DotMask

with plotext_import.lean():
    import plotext

_CENTRE = 0.5 + 1e-3
"""From a dot's lower left corner to its centre, nudged: what is halfway between two dots goes the same way always."""
_FIGURE_LOCK = threading.Lock()
"""plotext is not made for several threads."""
_COLOR_CODE = re.compile(r"\x1b\[[0-9;]*m")


def rasterized(lines: Sequence[Polyline], width: int, height: int, charset: Charset) -> DotMask:
    """The dots on the lines, on a field of `width` x `height` cells. The answer is read-only."""
    placed = tuple(tuple(_placed(point, charset) for point in line) for line in lines)
    return _drawn(placed, width, height, "*" if charset.plain else "braille")


def _placed(point: Point, charset: Charset) -> Point:
    """The point in units of cells."""
    x, y = point
    return (x + _CENTRE) / charset.columns, (y + _CENTRE) / charset.rows


@lru_cache(maxsize=32)
def _drawn(lines: tuple[tuple[Point, ...], ...], width: int, height: int, marker: str) -> DotMask:
    """The same, of lines in units of cells: remembered, for a curve often stays while something beside it changes."""
    with _FIGURE_LOCK:
        plotext.terminal.limit(False, False)
        figure = _field(width, height)
        figure.clear.data()
        _draw(figure, lines, width, height, marker)
        text = _COLOR_CODE.sub("", figure.build().string()).replace("\n", "")
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4").reshape(height, width)
    dots = codes != ord(" ") if marker == "*" else np.where(codes >= BLANK_BRAILLE, codes - BLANK_BRAILLE, 0)
    lit = dots.astype(np.uint8)
    lit.flags.writeable = False
    return lit


@lru_cache(maxsize=4)
def _field(width: int, height: int) -> Any:
    """A figure without any decoration, one unit a cell.

    A few are kept, for charts of several sizes share a wide screen. They are our own: the public one may hold
    anything, and clearing that takes as long as drawing.
    """
    figure = type(plotext.figure)(plotext.terminal)
    figure.plot_size(width, height)
    figure.canvas("default")
    figure.axes(False)
    rulers = figure.ruler("both", "both")
    rulers.frequency(0)
    rulers.alignment(lim="edge")
    figure.ruler("x", "lower").lim(0, width)
    figure.ruler("y", "left").lim(0, height)
    return figure


def _draw(figure: Any, lines: Sequence[Sequence[Point]], width: int, height: int, marker: str) -> None:
    # The guard: a NaN, an infinity and a point off the canvas all fail it.
    kept = [[(x, y) for x, y in line if 0 <= x <= width and 0 <= y <= height] for line in lines]
    points = [point for line in kept for point in line]
    signal = figure.signal([x for x, _ in points], [y for _, y in points], marker=marker)
    starts = {0, *accumulate(map(len, kept))}
    for index in range(len(points)):
        if index not in starts:
            signal.line(index)
    figure.draw(signal)
