"""Fields of cells in a frame: one character a cell, which needs no colour to be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.charset import Charset
from tui_telescope.charts.drawing.layout import layout
from tui_telescope.charts.drawing.picture import Picture, Row, Span, lay_over, overwrite, row
from tui_telescope.charts.elements import Array, Axis, Ink


@dataclass(frozen=True)
class Look:
    """How a region of the field is drawn."""

    word: str
    glyph: str
    plain_glyph: str
    ink: Ink

    def character(self, charset: Charset) -> str:
        return self.plain_glyph if charset.plain else self.glyph


UNKNOWN = Look("", " ", " ", "")
THEORY = Look("theory", "┃", "!", "curve-2")
CURSOR = Look("you", "◆", "@", "note")

LEVELS = (
    Look("", "·", ".", "curve-5"),
    Look("", "░", ":", "curve-5"),
    Look("", "▒", "=", "curve-1"),
    Look("", "▓", "%", "curve-3"),
    Look("", "█", "#", "curve-3"),
)
"""From the smallest numbers to the largest."""

Cells = list[list[Look]]
"""Rows from the top."""


def heatmap(
    frame: Chart, y_title: str, cells: Callable[[int, int], Cells], width: int, height: int, charset: Charset
) -> Picture:
    """The frame with a field in it, as exactly `height` rows of `width` cells, both at least 1.

    `cells` gives the field of so many columns and rows; `y_title` stands beside the frame's upper left corner. Where
    room is short the frame goes first, then the labels; a single cell is still a piece of the field.
    """
    plan = layout(frame, width, height, charset)
    if plan is None:
        return Picture(width, height, tuple(spans(line, charset) for line in cells(width, height)))
    rows = list(frame.draw(width, height, ascii_only=charset.plain).rows)
    if plan.is_framed:
        title = y_title[: plan.gutter]
        rows[0] = overwrite(rows[0], plan.gutter - len(title), title, "tick")
    left = plan.gutter + 1 if plan.is_labelled else 0
    top = max(len(plan.legend), 1) if plan.is_framed else 0
    for number, line in enumerate(cells(plan.width, plan.height), top):
        rows[number] = lay_over(rows[number], left, spans(line, charset))
    return Picture(width, height, tuple(rows))


def spans(cells: Sequence[Look], charset: Charset) -> Row:
    """The cells as a piece of a row."""
    runs = ((ink, list(run)) for ink, run in groupby(cells, key=lambda look: look.ink))
    return row(*(Span("".join(each.character(charset) for each in run), ink) for ink, run in runs))


def scale_of_levels(name: str, ends: Sequence[str], charset: Charset) -> Row:
    """For the legend: what is shown, and the numbers at which one of the levels gives way to the next."""
    pairs = zip(LEVELS, ends, strict=False)
    steps = [span for level, end in pairs for span in (*spans([level], charset), Span(end, "tick"))]
    return row(Span(f"{name} ", "tick"), *steps, *spans(LEVELS[-1:], charset))


def middles(axis: Axis, count: int) -> Array:
    """What `count` cells from one end of the axis to the other stand for."""
    return np.linspace(axis.low, axis.high, count) if count > 1 else np.array([(axis.low + axis.high) / 2])


def nearest(positions: Array, axis: Axis, count: int) -> list[int]:
    """For `count` cells along the axis, the index of the entry that lies nearest to each one's middle."""
    return [int(index) for index in np.abs(middles(axis, count)[:, None] - positions).argmin(axis=1)]


def mark(cells: Cells, frame: Chart, charset: Charset, look: Look, x: float, y: float | None = None) -> None:
    """Put a look on the cell at a place of the frame's axes, or on the whole column; beside the field none is put."""
    across = frame.x_axis.fraction(x)
    if not -1e-9 <= across <= 1 + 1e-9:
        return
    column = charset.column(min(max(across, 0), 1), len(cells[0]))
    if y is None:
        for line in cells:
            line[column] = look
        return
    up = min(max(frame.y_axis.fraction(y), 0), 1)
    cells[charset.row(up, len(cells))][column] = look
