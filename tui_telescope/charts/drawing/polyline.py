"""From a curve's values to the dots it is drawn with: bounded, finite, and no more of them than can be seen.

Coordinates are dots, (0, 0) the lowest left one; a dot's own area reaches half a dot to each side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.elements import Array, Axis, Band, Curve

Integers = NDArray[np.int64]
Point = tuple[float, float]
Polyline = list[Point]
Dot = tuple[int, int]
Dots = NDArray[np.int64]
"""(n, 2): column and row of each."""

_LEAP = 4
"""A curve that leaps is broken where it rises or falls by more than the field's height divided by this."""
_EDGE = 0.49
"""How far from its centre a dot may be left without drawing another one."""
_TOLERANCE = 0.3
"""How far, in dots, a straightened line may pass above or below a point."""


def polylines(curve: Curve, x_axis: Axis, y_axis: Axis, columns: int, rows: int) -> Iterator[Polyline]:
    """The curve's unbroken parts within the axes on a field of `columns` x `rows` dots.

    A value that is not finite breaks the curve, and so does leaving the field: the line ends where it crosses the
    border, at its true slope. A long curve keeps its lowest and highest value in each column of dots.
    """
    x, y = _dots(curve, x_axis, y_axis, columns, rows)
    if len(x) > 2 * columns:
        x, y = _thinned(x, y)
    for run in _runs(x, y, rows / _LEAP if curve.leaps else math.inf):
        yield from _within(run, -_EDGE, rows - 1 + _EDGE)


def columns_beyond(curve: Curve, x_axis: Axis, y_axis: Axis, columns: int, rows: int) -> tuple[Integers, Integers]:
    """The columns of dots in which the curve has a value below the field, and those in which it has one above."""
    x, y = _dots(curve, x_axis, y_axis, columns, rows)
    return _nearest(x[y < -_EDGE]), _nearest(x[y > rows - 1 + _EDGE])


def band_edges(band: Band, x_axis: Axis, y_axis: Axis, width: int, height: int) -> tuple[Array, Array]:
    """The lower and the upper edge of a band in the middle of each of `width` cells, in cells from the floor; NaN
    beside the band and where it has none."""
    x = x_axis.low + (np.arange(width) + 0.5) / width * (x_axis.high - x_axis.low)
    span = y_axis.high - y_axis.low
    edges = []
    for edge in (band.low, band.high):
        # Just beyond the field: what is lower or higher looks the same, and infinities have no slope.
        y = np.clip(edge, y_axis.low - span, y_axis.high + span)
        edges.append(y_axis.fraction(np.interp(x, band.x, y, np.nan, np.nan)) * height)
    return edges[0], edges[1]


def nearest_dot(point: Point) -> Dot:
    """The dot whose area holds a point."""
    x, y = point
    return int(x + 0.5), int(y + 0.5)


def is_lone(run: Polyline) -> bool:
    """Whether the whole of an unbroken part falls on one dot."""
    first = nearest_dot(run[0])
    return all(nearest_dot(point) == first for point in run)


def walked(lines: Sequence[Polyline]) -> tuple[Dots, Integers]:
    """All dots on some lines, and the number of each along its line: its column, or its row where the line is steep.

    Dashes that go by these numbers are fixed to the field: they do not crawl while a curve changes.
    """
    start, step = _segments(lines)
    segment = np.arange(len(start))
    along = (np.abs(step[:, 1]) > np.abs(step[:, 0])).astype(np.int64)
    origin, reach = start[segment, along], step[segment, along]
    low, high = np.minimum(origin, origin + reach), np.maximum(origin, origin + reach)
    first = _nearest(low)
    count = _nearest(high) - first + 1
    segment = np.repeat(segment, count)
    number = np.arange(len(segment)) + np.repeat(first - np.cumsum(count) + count, count)
    way = (np.clip(number, low[segment], high[segment]) - origin[segment]) / reach[segment]
    dots = _nearest(start[segment] + way[:, None] * step[segment])
    dots[np.arange(len(dots)), along[segment]] = number
    return dots, number


def _segments(lines: Sequence[Polyline]) -> tuple[Array, Array]:
    """Where each segment starts, and how far it goes across and up."""
    points = np.array([point for line in lines for point in line]).reshape(-1, 2)
    line = np.array([number for number, line in enumerate(lines) for _ in line], np.int64)
    step = np.diff(points, axis=0)
    is_segment = (np.diff(line) == 0) & np.any(step != 0, axis=1)
    return points[:-1][is_segment], step[is_segment]


def straightened(run: Polyline) -> Polyline:
    """The same line without the points that lie on the way between others."""
    kept = [run[0]]
    previous = run[0]
    # The slopes at which a line from the last kept point passes all points since.
    lowest, highest = -math.inf, math.inf
    for point in run[1:]:
        reach, rise = point[0] - kept[-1][0], point[1] - kept[-1][1]
        if not (reach > 0 and lowest <= rise / reach <= highest):
            if previous != kept[-1]:
                kept.append(previous)
            lowest, highest = -math.inf, math.inf
            reach, rise = point[0] - previous[0], point[1] - previous[1]
        if reach > 0:
            lowest = max(lowest, (rise - _TOLERANCE) / reach)
            highest = min(highest, (rise + _TOLERANCE) / reach)
        elif rise:
            lowest, highest = math.inf, -math.inf
        previous = point
    if previous != kept[-1]:
        kept.append(previous)
    return kept


def _dots(curve: Curve, x_axis: Axis, y_axis: Axis, columns: int, rows: int) -> tuple[Array, Array]:
    """The curve's points in dots; NaN where there is nothing to draw, and no point beside the field."""
    with np.errstate(all="ignore"):
        x = x_axis.fraction(curve.x) * (columns - 1)
        y = y_axis.fraction(curve.y) * (rows - 1)
    beside = ~((x >= -_EDGE) & (x <= columns - 1 + _EDGE))
    y = np.where(np.isfinite(y), y, np.nan)
    return x[~beside], y[~beside]


def _thinned(x: Array, y: Array) -> tuple[Array, Array]:
    """Two points for each column of dots: its lowest and its highest value, the one nearer to the past first."""
    column = np.floor(x + 0.5)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(column)) + 1])
    low, high = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
    middle = low + high
    falls = np.diff(middle, prepend=middle[:1]) < 0
    falls[:1] = falls[1:2].any()  # the first column has no past: it goes the way of the second
    ends = np.where(falls, (high, low), (low, high))
    return np.repeat(column[starts], 2), ends.T.ravel()


def _runs(x: Array, y: Array, longest: float) -> Iterator[Polyline]:
    """The points between gaps, and between steps up or down of more than `longest`."""
    run: Polyline = []
    for point in zip(x.tolist(), y.tolist(), strict=True):
        if run and not abs(point[1] - run[-1][1]) <= longest:
            yield run
            run = []
        if not math.isnan(point[1]):
            run.append(point)
    if run:
        yield run


def _within(run: Polyline, bottom: float, top: float) -> Iterator[Polyline]:
    """The parts of the line between two heights."""
    heights = [y for _, y in run]
    if bottom <= min(heights) and max(heights) <= top:
        yield run
        return
    part: Polyline = []
    for start, end in pairwise(run):
        if min(start[1], end[1]) > top or max(start[1], end[1]) < bottom:
            continue
        entry, leave = _moved_within(start, end, bottom, top), _moved_within(end, start, bottom, top)
        if part and part[-1] != entry:
            yield part
            part = []
        part += [leave] if part else [entry, leave]
    if part:
        yield part


def _moved_within(point: Point, other: Point, bottom: float, top: float) -> Point:
    """The point, or where the line from it to the other one crosses into the field."""
    (x, y), (other_x, other_y) = point, other
    border = min(max(y, bottom), top)
    if border == y:
        return point
    return x + (border - y) / (other_y - y) * (other_x - x), border


def _nearest(dots: Array) -> Integers:
    return np.floor(dots + 0.5).astype(np.int64)
