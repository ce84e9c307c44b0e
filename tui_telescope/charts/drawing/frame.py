"""The whole picture of a chart: its curves in a frame, with ticks, a legend, rules and words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from tui_telescope.charts.drawing.charset import ASCII, BRAILLE, Charset
from tui_telescope.charts.drawing.curves import draw_curves
from tui_telescope.charts.drawing.layout import Layout, layout
from tui_telescope.charts.drawing.legend import BAR_INK
from tui_telescope.charts.drawing.picture import Picture, Row, Span, ink_at, lay_under, overwrite, row, row_text
from tui_telescope.charts.elements import Rule
from tui_telescope.charts.layers.layer_strip import column_states, strip_row

if TYPE_CHECKING:
    from tui_telescope.charts.chart import Chart
    from tui_telescope.observations.observation import LayerState


def draw(chart: Chart, width: int, height: int, *, ascii_only: bool = False) -> Picture:
    """The chart as exactly `height` rows of `width` cells, both at least 1.

    Where room is short the frame goes first, then the labels; where not even a curve has room the picture is blank.
    """
    charset = ASCII if ascii_only else BRAILLE
    plan = layout(chart, width, height, charset)
    if plan is None:
        return Picture(width, height, (row(Span(" " * width)),) * height)
    chart = replace(chart, y_axis=plan.y_axis)
    rows = list(draw_curves(chart, plan.width, plan.height, charset))
    for rule in chart.rules:
        _write_rule(rows, rule, chart.y_axis.fraction(rule.y), charset)
    _write_note(rows, charset.words(chart.note), plan.width)
    states = column_states(chart.states, chart.x_axis, plan.width, charset) if chart.states else ()
    _mark_cursor(rows, chart, charset)
    _lay_grid(rows, plan, states, charset)
    if plan.is_framed:
        rows = [*_framed(rows, plan, charset.words(chart.title), charset), _bottom_border(chart, plan, charset)]
    elif plan.is_labelled:
        rows = [row(_y_label(plan, number), Span(" "), *cells) for number, cells in enumerate(rows)]
    if plan.has_strip:
        rows.append(row(Span(" " * (plan.gutter + 1)), *strip_row(states, charset), Span(" ")))
    if plan.is_labelled:
        rows.append(_x_labels(plan, charset.words(chart.x_title), width))
    return Picture(width, height, tuple(rows))


def _write_rule(rows: list[Row], rule: Rule, fraction: float, charset: Charset) -> None:
    """Draw the rule where no curve is, with its label, or what precedes its colon, in the rightmost gap for it."""
    if not 0 <= fraction <= 1:
        return
    number = charset.row(fraction, len(rows))
    cells = row_text(rows[number])
    rows[number] = lay_under(rows[number], row(Span((charset.rule * len(cells))[: len(cells)], "rule")))
    for words in (rule.label, rule.label.partition(":")[0]):
        label = f" {charset.words(words)} "
        gap = cells.rfind(" " * (len(label) + 4))
        if gap >= 0:
            rows[number] = overwrite(rows[number], gap + 2, label, "rule")
            return


def _mark_cursor(rows: list[Row], chart: Chart, charset: Charset) -> None:
    """Mark the cursor's column where no curve is."""
    if chart.cursor is None or not 0 <= (fraction := chart.x_axis.fraction(chart.cursor)) <= 1:
        return
    column = charset.column(fraction, len(row_text(rows[0])))
    for number, cells in enumerate(rows):
        if ink_at(cells, column) in ("", "band", "rule"):
            rows[number] = overwrite(cells, column, charset.cursor, "cursor")


def _lay_grid(rows: list[Row], plan: Layout, states: Sequence[LayerState | None], charset: Charset) -> None:
    """A line at each tick where nothing else is, and a shade over frozen layers."""
    line = row(Span((charset.grid * plan.width)[: plan.width], "grid"))
    shades = [state == "frozen" for state in states] or [False] * plan.width
    runs = ((shaded, len(list(run))) for shaded, run in groupby(shades))
    ground = row(
        *(
            Span((charset.shade if is_shaded else " ") * count, "shade" if is_shaded else "")
            for is_shaded, count in runs
        )
    )
    highest = min(plan.y_labels, default=0)
    for number, cells in enumerate(rows):
        if number in plan.y_labels:
            rows[number] = lay_under(cells, line)
        elif (number - highest) % 2:  # in every other row: it must not rival the curves
            rows[number] = lay_under(cells, ground)


def _write_note(rows: list[Row], note: str, width: int) -> None:
    """Write the note as near to the middle as the curves leave room, over them where they leave none.

    A note that has no room as a whole is left out.
    """
    lines = textwrap.wrap(note, max(width - 4, 1), break_long_words=False)
    longest = max(map(len, lines), default=0)
    if not lines or longest > width or len(lines) > len(rows):
        return
    column = (width - longest) // 2
    middle = (len(rows) - len(lines)) // 2
    cells = [row_text(each)[max(column - 1, 0) : column + longest + 1] for each in rows]
    tops = sorted(range(len(rows) - len(lines) + 1), key=lambda top: abs(top - middle))
    free = (top for top in tops if not "".join(cells[top : top + len(lines)]).strip())
    for number, line in enumerate(lines, next(free, middle)):
        rows[number] = overwrite(rows[number], column, line.center(longest), "note")


def _framed(rows: list[Row], plan: Layout, title: str, charset: Charset) -> list[Row]:
    side = Span(charset.vertical, "frame")
    margin = Span(" " * plan.gutter)
    framed = [row(margin, *_top_border(plan, title, charset))]
    for line in plan.legend[1:]:
        free = plan.width - 2 - len(row_text(line))
        framed.append(row(margin, side, Span("  "), *line, Span(" " * free), side))
    for number, cells in enumerate(rows):
        edge = Span(charset.y_tick, "frame") if number in plan.y_labels else side
        framed.append(row(_y_label(plan, number), edge, *cells, side))
    return framed


def _top_border(plan: Layout, title: str, charset: Charset) -> Row:
    """The legend's first row on the left and the title on the right, where they have room."""
    left, right = charset.corners[:2]
    spans = [Span(left + charset.horizontal, "frame")]
    free = plan.width - 2
    if plan.legend:
        spans += [Span(" "), *plan.legend[0], Span(" ")]
        free -= len(row_text(plan.legend[0])) + 2
    words = f" {title} " if title and len(title) + 3 <= free else ""
    spans += [
        Span(charset.horizontal * (free - len(words)), "frame"),
        Span(words, "tick"),
        Span(charset.horizontal + right, "frame"),
    ]
    return row(*spans)


def _bottom_border(chart: Chart, plan: Layout, charset: Charset) -> Row:
    """The x axis, its ticks, and the bar on it."""
    ticks = {label.tick - plan.gutter - 1 for label in plan.x_labels}
    line = "".join(charset.x_tick if column in ticks else charset.horizontal for column in range(plan.width))
    left, right = charset.corners[2:]
    border = row(Span(" " * plan.gutter), Span(left + line + right, "frame"))
    if chart.bar is None:
        return border
    first, last = (
        charset.column(min(max(chart.x_axis.fraction(end), 0.0), 1.0), plan.width)
        for end in (chart.bar.low, chart.bar.high)
    )
    return overwrite(border, plan.gutter + 1 + first, charset.bar * (last - first + 1), BAR_INK)


def _y_label(plan: Layout, number: int) -> Span:
    label = plan.y_labels.get(number, "")
    return Span(f"{label:>{plan.gutter}}", "tick" if label else "")


def _x_labels(plan: Layout, title: str, width: int) -> Row:
    cells = [" "] * width
    for start, text in ((plan.gutter - len(title), title), *((each.start, each.text) for each in plan.x_labels)):
        cells[start : start + len(text)] = text
    return row(Span("".join(cells), "tick"))
