"""What fits where: the room that the curves get, and the labels that are whole and clear of one another there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tui_telescope.charts.drawing.charset import Charset
from tui_telescope.charts.drawing.legend import entries_of, legend_rows
from tui_telescope.charts.drawing.picture import Row, Span, row
from tui_telescope.charts.elements import Axis, Tick
from tui_telescope.charts.layers.layer_strip import strip_legend

if TYPE_CHECKING:
    from tui_telescope.charts.chart import Chart

_ROWS_A_TICK = 3
_MOST_ADDED = 0.25
"""The most of the height that even ticks may cost."""
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
    has_strip: bool
    y_axis: Axis
    """The chart's, with as much more room above as its ticks need to stand evenly."""
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
        gutter = chart.gutter if is_labelled else 0
        room_across = width - gutter - (2 if is_framed else is_labelled)
        room_down = height - 2 * is_framed - is_labelled
        if room_across < least_width or room_down < least_height:
            continue
        has_strip = is_framed and bool(chart.states) and room_down > least_height
        room_down -= has_strip
        most = 1 + room_down // _ROWS_A_LEGEND_ROW
        legend = _legend(chart, room_across - 4, most, charset, has_strip=has_strip) if is_framed else ()
        room_down -= max(len(legend) - 1, 0)
        y_axis, y_labels = _y_labels(chart.y_axis, room_down, charset)
        return Layout(
            width=room_across,
            height=room_down,
            gutter=gutter,
            is_framed=is_framed,
            is_labelled=is_labelled,
            has_strip=has_strip,
            y_axis=y_axis,
            y_labels=y_labels if is_labelled else {},
            x_labels=_x_labels(chart, gutter + 1, room_across, width, charset) if is_labelled else (),
            legend=legend,
        )
    return None


def x_at(chart: Chart, column: int, width: int, height: int, charset: Charset) -> float | None:
    """The x of the middle of a column of the picture; None beside the curves, or where they have no room."""
    plan = layout(chart, width, height, charset)
    if plan is None:
        return None
    inside = column - plan.gutter - plan.is_labelled
    if not 0 <= inside < plan.width:
        return None
    low, high = chart.x_axis.low, chart.x_axis.high
    return low + (high - low) * charset.fraction(inside, plan.width)


def _legend(chart: Chart, room: int, most: int, charset: Charset, *, has_strip: bool) -> tuple[Row, ...]:
    hints = [*_beyond(chart, charset), *chart.hints, *([strip_legend(chart.x_title, charset)] if has_strip else [])]
    return legend_rows(entries_of(chart.curves, chart.bands, chart.bar, charset), room, most, charset, hints)


def _beyond(chart: Chart, charset: Charset) -> Iterator[Row]:
    """What the marks at the ceiling and on the floor say, where there are any."""
    axis = chart.y_axis
    for curve in chart.curves:
        finite = curve.y[np.isfinite(curve.y)]
        if np.any(finite > axis.high):
            yield row(Span(charset.above, curve.ink), Span(" above the chart", "tick"))
        if curve.leaps and np.any(finite < axis.low):
            yield row(Span(charset.below, curve.ink), Span(" below the chart", "tick"))


def _y_labels(axis: Axis, height: int, charset: Charset) -> tuple[Axis, Mapping[int, str]]:
    """The labels by row, of the finest choice that has room, and the axis on which they stand evenly."""
    even, labels = axis, {}
    for choice in axis.tick_choices:
        even = _evened(axis, choice, height, charset)
        labels = {charset.row(even.fraction(tick.position), height): tick.label for tick in choice}
        if len(labels) == len(choice) and all(above - below >= _ROWS_A_TICK for above, below in pairwise(labels)):
            break
    return even, labels


def _evened(axis: Axis, choice: Sequence[Tick], height: int, charset: Charset) -> Axis:
    """The axis with room added above until equal steps between ticks are equally many rows; as it is where no two steps
    are alike, or where it would lose too much room."""
    steps = {round(above.position - below.position, 9) for below, above in pairwise(choice)}
    if len(steps) != 1:
        return axis
    step, dots = steps.pop(), height * charset.rows - 1
    rows_a_step = int(dots * step / (axis.high - axis.low) / charset.rows)
    if rows_a_step < _ROWS_A_TICK:
        return axis
    high = axis.low + dots * step / (rows_a_step * charset.rows)
    is_roomy = (axis.high - axis.low) / (high - axis.low) < 1 - _MOST_ADDED
    return axis if is_roomy else Axis(axis.low, high, axis.tick_choices)


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
