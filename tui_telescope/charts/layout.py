"""What fits where: the room that the curves get, and the labels that are whole and clear of one another there."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tui_telescope.charts.charset import Charset
from tui_telescope.charts.elements import Axis, Tick
from tui_telescope.charts.legend import legend_rows
from tui_telescope.charts.picture import Row

if TYPE_CHECKING:
    from tui_telescope.charts.chart import Chart

_ROWS_A_TICK = 3
_CELLS_BETWEEN_LABELS = 3
_ROWS_A_LEGEND_ROW = 6
"""The legend may take one row in so many; its first one lies in the frame and costs nothing."""


class Label(NamedTuple):
    """A tick's label on the row below the curves: `tick` and `start` are columns of the picture."""

    tick: int
    start: int
    text: str


class Layout(NamedTuple):
    """The room for the curves, `width` x `height` cells, and what stands around it."""

    width: int
    height: int
    gutter: int
    """Cells for the labels on the left."""
    is_framed: bool
    is_labelled: bool
    y_labels: Mapping[int, str]
    """By row of the curves' room, counted from the top."""
    x_labels: tuple[Label, ...]
    legend: tuple[Row, ...]


def layout(chart: Chart, width: int, height: int, charset: Charset) -> Layout | None:
    """The richest layout of a picture that leaves the curves enough room; None where none does."""
    for is_framed, is_labelled, least_width, least_height in (
        (True, True, 16, 4),
        (False, True, 8, 2),
        (False, False, 3, 1),
    ):
        gutter = _gutter(chart) if is_labelled else 0
        room_across = width - gutter - (2 if is_framed else is_labelled)
        room_down = height - 2 * is_framed - is_labelled
        if room_across < least_width or room_down < least_height:
            continue
        most = 1 + room_down // _ROWS_A_LEGEND_ROW
        legend = legend_rows(chart.curves, room_across - 4, most, charset) if is_framed else ()
        room_down -= max(len(legend) - 1, 0)
        return Layout(
            width=room_across,
            height=room_down,
            gutter=gutter,
            is_framed=is_framed,
            is_labelled=is_labelled,
            y_labels=_y_labels(chart.y_axis, room_down, charset) if is_labelled else {},
            x_labels=_x_labels(chart, gutter + 1, room_across, width, charset) if is_labelled else (),
            legend=legend,
        )
    return None


def _gutter(chart: Chart) -> int:
    """Cells that hold every label of the y axis and the x axis's title, whatever the height."""
    labels = (tick.label for choice in chart.y_axis.tick_choices for tick in choice)
    return max(map(len, (*labels, chart.x_title)))


def _y_labels(axis: Axis, height: int, charset: Charset) -> Mapping[int, str]:
    labels: dict[int, str] = {}
    for choice in axis.tick_choices:
        labels = {charset.row(axis.fraction(tick.position), height): tick.label for tick in choice}
        if len(labels) == len(choice) and all(above - below >= _ROWS_A_TICK for above, below in pairwise(labels)):
            break
    return labels


def _x_labels(chart: Chart, left: int, room: int, width: int, charset: Charset) -> tuple[Label, ...]:
    """The finest choice of labels that keep clear of one another; of the coarsest, those that do."""
    placed: list[Label] = []
    for choice in chart.x_axis.tick_choices:
        is_hopeless = sum(len(tick.label) + _CELLS_BETWEEN_LABELS for tick in choice) > width
        if is_hopeless and choice is not chart.x_axis.tick_choices[-1]:
            continue
        placed = []
        for tick in choice:
            label = _placed(tick, chart.x_axis, left, room, width, charset)
            if not placed or label.start >= placed[-1].start + len(placed[-1].text) + _CELLS_BETWEEN_LABELS:
                placed.append(label)
        if len(placed) == len(choice):
            break
    return tuple(placed)


def _placed(tick: Tick, axis: Axis, left: int, room: int, width: int, charset: Charset) -> Label:
    """The label centred below its tick, moved aside where it would not be whole."""
    column = left + charset.column(axis.fraction(tick.position), room)
    start = column - (len(tick.label) - 1) // 2
    return Label(column, max(min(start, width - len(tick.label)), left), tick.label)
