"""The map of layer 1's gradient over scale and depth, drawn in characters that need no colour to be read.

The further the gradient fades on its way down, the emptier the character; the more it grows, the fuller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from tui_telescope.charts.charset import ASCII, BRAILLE, Charset
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.elements import Array, Axis, Ink
from tui_telescope.charts.layout import layout
from tui_telescope.charts.log_axes import log_axis
from tui_telescope.charts.picture import Picture, Row, Span, overwrite, row
from tui_telescope.engine.sweep import ScaleDepthMap

FAR = 7.0
"""Decades between layer 1 and the last layer from which on characters say `far`: about what float32 can hold apart."""

CONTOUR = "1"


@dataclass(frozen=True)
class _Look:
    """How a region of the map is drawn."""

    word: str
    short_word: str
    """For a legend that has no room for the other."""
    glyph: str
    plain_glyph: str
    ink: Ink

    def character(self, charset: Charset) -> str:
        return self.plain_glyph if charset.plain else self.glyph


_UNKNOWN = _Look("", "", " ", " ", "")
_DEAD = _Look("dead", "dead", "×", "x", "")
_FAR_VANISHING = _Look("vanishing", "fade", "·", ".", "curve-1")
_VANISHING = _Look("vanishing", "fade", "░", ":", "curve-1")
_HEALTHY = _Look("healthy", "ok", "▒", "=", "curve-3")
_EXPLODING = _Look("exploding", "grow", "▓", "%", "curve-4")
_FAR_EXPLODING = _Look("exploding", "grow", "█", "#", "curve-4")
_CONTOUR = _Look("ratio 1", "even", CONTOUR, CONTOUR, "note")
_THEORY = _Look("theory", "edge", "┃", "|", "curve-2")
_CURSOR = _Look("you", "you", "◆", "@", "note")

_LEGEND = ((_FAR_VANISHING, _VANISHING), (_HEALTHY,), (_EXPLODING, _FAR_EXPLODING), (_CURSOR,), (_CONTOUR,), (_THEORY,))
"""What the legend explains, in the order in which room is given; looks of one word go together."""


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

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """The map as exactly `height` rows of `width` cells, both at least 1; the first row is the deepest network.

        Where room is short the frame goes first, then the labels; a single cell is still a piece of the map.
        """
        charset = ASCII if ascii_only else BRAILLE
        plan = layout(_blank(self, ""), width, height, charset)
        if plan is None:
            return Picture(width, height, tuple(_spans(line, charset) for line in _cells(self, width, height, charset)))
        title = _legend(self, plan.width - 6, charset) if plan.is_framed else ""
        rows = list(_blank(self, title).draw(width, height, ascii_only=ascii_only).rows)
        left = plan.gutter + 1 if plan.is_labelled else 0
        top = 1 if plan.is_framed else 0
        for number, line in enumerate(_cells(self, plan.width, plan.height, charset)):
            column = left
            for span in _spans(line, charset):
                rows[top + number] = overwrite(rows[top + number], column, span.text, span.ink)
                column += len(span.text)
        return Picture(width, height, tuple(rows))


def _blank(chart: MapChart, title: str) -> Chart:
    """The frame, with its ticks, that the map is drawn into."""
    scales = chart.grid.scales
    return Chart(
        title=title,
        x_axis=log_axis(scales[0], scales[-1]),
        y_axis=chart.y_axis,
        x_title="scale",
    )


def _cells(chart: MapChart, width: int, height: int, charset: Charset) -> list[list[_Look]]:
    """The look of every cell, rows from the top."""
    grid = chart.grid
    blank = _blank(chart, "")
    columns = _nearest(np.log10(grid.scales), blank.x_axis.low, blank.x_axis.high, width)
    rows = _nearest(np.log10(grid.depths), blank.y_axis.low, blank.y_axis.high, height)[::-1]
    cells = [[_region(grid, row, column) for column in columns] for row in rows]
    _mark_contour(cells, _interpolated(grid, blank, width, height))
    if chart.critical_scale is not None:
        _mark(cells, blank, charset, _THEORY, chart.critical_scale, None)
    _mark(cells, blank, charset, _CURSOR, grid.settings.scale, grid.settings.depth)
    return cells


def _nearest(positions: Array, low: float, high: float, count: int) -> list[int]:
    """For `count` cells from low to high, the index of the entry that lies nearest to each one's middle."""
    middles = np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2])
    return [int(index) for index in np.abs(middles[:, None] - positions).argmin(axis=1)]


def _region(grid: ScaleDepthMap, row: int, column: int) -> _Look:
    state, ratio = grid.states[row][column], grid.log10_ratio[row, column]
    if state is None:
        return _UNKNOWN
    if state == "vanishing":
        return _FAR_VANISHING if ratio < -FAR else _VANISHING
    if state == "exploding":
        return _FAR_EXPLODING if ratio > FAR else _EXPLODING
    return _DEAD if state == "dead" else _HEALTHY


def _interpolated(grid: ScaleDepthMap, blank: Chart, width: int, height: int) -> Array:
    """The log10 ratio at every cell of the picture, (height, width), rows from the top; a dead one counts as far."""
    across = np.linspace(blank.x_axis.low, blank.x_axis.high, width)
    down = np.linspace(blank.y_axis.high, blank.y_axis.low, height)
    ratio = np.maximum(grid.log10_ratio, -1e12)
    by_scale = np.array([np.interp(across, np.log10(grid.scales), line) for line in ratio])
    return np.asarray(np.array([np.interp(down, np.log10(grid.depths), line) for line in by_scale.T]).T)


def _mark_contour(cells: list[list[_Look]], ratio: Array) -> None:
    """Write the contour where the ratio passes 1 between a cell and its right neighbour, on the nearer of the two."""
    left, right = ratio[:, :-1], ratio[:, 1:]
    for number, column in np.argwhere((left * right < 0) | ((left == 0) != (right == 0))).tolist():
        nearer = column if abs(left[number, column]) <= abs(right[number, column]) else column + 1
        cells[number][nearer] = _CONTOUR


def _mark(
    cells: list[list[_Look]], blank: Chart, charset: Charset, look: _Look, scale: float, depth: int | None
) -> None:
    """Put a mark on the cell of a scale and a depth, or on the whole column of a scale; off the map none is made."""
    across = blank.x_axis.fraction(math.log10(scale)) if scale > 0 else -math.inf
    if not -1e-9 <= across <= 1 + 1e-9:
        return
    column = charset.column(min(max(across, 0), 1), len(cells[0]))
    if depth is None:
        for line in cells:
            line[column] = look if line[column] is not _CONTOUR else _CONTOUR
        return
    up = min(max(blank.y_axis.fraction(math.log10(depth)), 0), 1)
    cells[charset.row(up, len(cells))][column] = look


def _spans(cells: Sequence[_Look], charset: Charset) -> Row:
    return row(*(Span("".join(each.character(charset) for each in run), ink) for ink, run in _runs(cells)))


def _runs(cells: Sequence[_Look]) -> list[tuple[Ink, list[_Look]]]:
    return [(ink, list(run)) for ink, run in groupby(cells, key=lambda look: look.ink)]


def _legend(chart: MapChart, room: int, charset: Charset) -> str:
    """What the characters mean, as much of it as fits `room` cells."""
    entries = [entry for entry in _LEGEND if entry != (_THEORY,) or chart.critical_scale is not None]
    if any("dead" in line for line in chart.grid.states):
        entries.insert(1, (_DEAD,))
    samples = ["".join(look.character(charset) for look in looks) for looks in entries]
    long = [f"{sample} {looks[0].word}" for sample, looks in zip(samples, entries, strict=True)]
    short = [f"{sample} {looks[0].short_word}" for sample, looks in zip(samples, entries, strict=True)]
    for legend in ("  ".join(long), "  ".join(short)):
        if len(legend) <= room:
            return legend
    while len(" ".join(short)) > room and short:
        short.pop()
    return " ".join(short)
