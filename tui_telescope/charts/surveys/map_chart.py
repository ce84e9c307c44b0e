"""The map of layer 1's gradient over scale and depth, drawn in characters that need no colour to be read.

The further the gradient fades on its way down, the emptier the character; the more it grows, the fuller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.charset import ASCII, BRAILLE, Charset
from tui_telescope.charts.drawing.heatmap import CURSOR, THEORY, UNKNOWN, Cells, Look, heatmap, mark, nearest, spans
from tui_telescope.charts.drawing.picture import Picture, Row, Span, row
from tui_telescope.charts.drawing.raster import BLANK_BRAILLE, scattered
from tui_telescope.charts.elements import Array, Axis
from tui_telescope.charts.surveys.log_axes import log10_or_nowhere, log_axis
from tui_telescope.engine.sweep import ScaleDepthMap
from tui_telescope.observations.diagnosis import HEALTHY_DECADES

FAR = 7.0
"""Decades between layer 1 and the last layer from which on characters say `far`: about what float32 can hold apart."""

_DEAD = Look("dead", "×", "x", "dead")
_FAR_VANISHING = Look("vanishing", "·", ".", "curve-1")
_VANISHING = Look("vanishing", "░", ":", "curve-1")
_HEALTHY = Look("healthy", "▒", "=", "curve-3")
_EXPLODING = Look("exploding", "▓", "%", "curve-4")
_FAR_EXPLODING = Look("exploding", "█", "#", "curve-4")
_CONTOUR = Look("ratio 1", "⡇", "|", "note")

_SCALE = (_FAR_VANISHING, _VANISHING, _HEALTHY, _EXPLODING, _FAR_EXPLODING)
"""From the lowest ratio to the highest, with `_ENDS` between them."""
_ENDS = (-FAR, -HEALTHY_DECADES, HEALTHY_DECADES, FAR)


@dataclass(frozen=True, eq=False)
class MapChart:
    """What the map shows, ready to be drawn at any size."""

    grid: ScaleDepthMap
    critical_scale: float | None
    """The theory's, drawn as a vertical line where it lies on the map; None for no line."""

    @property
    def y_axis(self) -> Axis:
        depths = self.grid.depths
        return log_axis(depths[0], depths[-1])

    def x_at(self, column: int, width: int, height: int, *, ascii_only: bool = False) -> None:
        """Its columns are scales: no layer is to be read off."""

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """The map as exactly `height` rows of `width` cells, both at least 1; the first row is the deepest network.

        Where room is short the frame goes first, then the labels; a single cell is still a piece of the map.
        """
        charset = ASCII if ascii_only else BRAILLE
        return heatmap(_frame(self, charset), "depth", partial(_cells, self, charset), width, height, charset)


def _frame(chart: MapChart, charset: Charset) -> Chart:
    """The frame, with its ticks and its legend, that the map is drawn into."""
    scales = chart.grid.scales
    return Chart(
        title="",
        x_axis=log_axis(scales[0], scales[-1]),
        y_axis=chart.y_axis,
        x_title="scale",
        hints=_legend(chart, charset),
    )


def _cells(chart: MapChart, charset: Charset, width: int, height: int) -> Cells:
    """The look of every cell, rows from the top."""
    grid = chart.grid
    frame = _frame(chart, charset)
    columns = nearest(np.log10(grid.scales), frame.x_axis, width)
    rows = nearest(np.log10(grid.depths), frame.y_axis, height)[::-1]
    cells = [[_region(grid, row, column) for column in columns] for row in rows]
    if chart.critical_scale is not None:
        mark(cells, frame, charset, THEORY, math.log10(chart.critical_scale))
    _draw_contour(cells, _interpolated(grid, frame, width * charset.columns, height * charset.rows), charset)
    mark(cells, frame, charset, CURSOR, log10_or_nowhere(grid.settings.scale), math.log10(grid.settings.depth))
    return cells


def _region(grid: ScaleDepthMap, row: int, column: int) -> Look:
    state, ratio = grid.states[row][column], grid.log10_ratio[row, column]
    if state is None:
        return UNKNOWN
    if state == "vanishing":
        return _FAR_VANISHING if ratio < -FAR else _VANISHING
    if state == "exploding":
        return _FAR_EXPLODING if ratio > FAR else _EXPLODING
    return _DEAD if state == "dead" else _HEALTHY


def _interpolated(grid: ScaleDepthMap, frame: Chart, width: int, height: int) -> Array:
    """The log10 ratio at every dot of the picture, (height, width), rows from the top; a dead one counts as far."""
    across = np.linspace(frame.x_axis.low, frame.x_axis.high, width)
    down = np.linspace(frame.y_axis.high, frame.y_axis.low, height)
    ratio = np.maximum(grid.log10_ratio, -1e12)
    by_scale = np.array([np.interp(across, np.log10(grid.scales), line) for line in ratio])
    return np.asarray(np.array([np.interp(down, np.log10(grid.depths), line) for line in by_scale.T]).T)


def _draw_contour(cells: Cells, ratio: Array, charset: Charset) -> None:
    """A line of dots along which the ratio passes 1."""
    across, down = _crossings(ratio), _crossings(ratio.T).T
    up, column = np.nonzero((across | down)[::-1])
    dots = scattered(np.column_stack([column, up]), len(cells[0]), len(cells), charset)
    for y, x in np.argwhere(dots).tolist():
        plain = _CONTOUR.plain_glyph if not charset.plain or across[y, x] else "-"
        cells[y][x] = replace(_CONTOUR, glyph=chr(BLANK_BRAILLE + int(dots[y, x])), plain_glyph=plain)


def _crossings(ratio: Array) -> NDArray[np.bool_]:
    """Where log10 of the ratio changes its sign from one column to the next: at the nearer of the two."""
    left, right = ratio[:, :-1], ratio[:, 1:]
    row, column = np.nonzero(left * right < 0)
    nearer = column + (np.abs(left[row, column]) > np.abs(right[row, column]))
    # A column of exact zeros between two signs is a crossing too; a field of zeros is none.
    is_crossing = np.zeros(ratio.shape, dtype=bool)
    is_crossing[:, 1:-1] = (ratio[:, 1:-1] == 0) & (ratio[:, :-2] * ratio[:, 2:] < 0)
    is_crossing[row, nearer] = True
    return is_crossing


def _legend(chart: MapChart, charset: Charset) -> tuple[Row, ...]:
    """What the characters mean, in the order in which room is given: looks of one word go together."""
    entries = [_SCALE[:2], (_HEALTHY,), _SCALE[3:], (CURSOR,), (_CONTOUR,)]
    if chart.critical_scale is not None:
        entries.append((THEORY,))
    if any("dead" in line for line in chart.grid.states):
        entries.insert(1, (_DEAD,))
    words = [row(*spans(looks, charset), Span(f" {looks[0].word}", "tick")) for looks in entries]
    return (*words, _scale_of_decades(charset))


def _scale_of_decades(charset: Charset) -> Row:
    """The characters from the lowest ratio to the highest, and at which log10 of it one gives way to the next."""
    ends = [*(Span(f"{end:+.0f}", "tick") for end in _ENDS), Span(" decades", "tick")]
    return row(*(span for look, end in zip(_SCALE, ends, strict=True) for span in (*spans([look], charset), end)))
