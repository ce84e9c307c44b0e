"""The legend: what each curve is, said beside a sample of its stroke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tui_telescope.charts.charset import Charset
from tui_telescope.charts.chart import Curve
from tui_telescope.charts.picture import Row, Span, row

_ROOMS = (80, 40, 30, 24)
"""Cells that labels may take, tried in turn until the legend fits."""
_SHORT_ROOMS = (18, 14)
"""The same where it does not fit without its last entry either."""
_TIGHT_ROOMS = (10, 7, 4)
"""The same where even two entries do not fit; here labels are hard to read."""
_GAP = 2


def legend_rows(curves: Sequence[Curve], width: int, most: int, charset: Charset) -> tuple[Row, ...]:
    """Rows of at most `width` cells, `most` of them or fewer; none unless two curves have a label.

    Long labels are shortened as far as they stay readable; then the last curves are left out, down to two.
    """
    labelled = [curve for curve in curves if curve.label]
    if len(labelled) < 2:
        return ()
    rows: tuple[Row, ...] = ()
    for count, room in _attempts(len(labelled)):
        rows = _packed([_entry(curve, room, charset) for curve in labelled[:count]], width)
        if len(rows) <= most and all(_length(each) <= width for each in rows):
            return rows
    return tuple(each for each in rows[:most] if _length(each) <= width)


def _attempts(count: int) -> Iterator[tuple[int, int]]:
    """How many curves to explain, and in how many cells each, the best first."""
    yield from ((count, room) for room in _ROOMS)
    yield max(count - 1, 2), _ROOMS[-1]
    yield from ((count, room) for room in _SHORT_ROOMS)
    yield from ((fewer, _SHORT_ROOMS[-1]) for fewer in range(count - 1, 1, -1))
    yield from ((2, room) for room in _TIGHT_ROOMS)


def _entry(curve: Curve, room: int, charset: Charset) -> Row:
    label = charset.shortened(charset.words(curve.label), room)
    return row(Span(charset.sample(curve.stroke), curve.ink), Span(f" {label}", "tick"))


def _packed(entries: Sequence[Row], width: int) -> tuple[Row, ...]:
    """The entries in rows, as many in each as fit."""
    rows: list[Row] = []
    for entry in entries:
        if rows and _length(rows[-1]) + _GAP + _length(entry) <= width:
            rows[-1] = row(*rows[-1], Span(" " * _GAP), *entry)
        else:
            rows.append(entry)
    return tuple(rows)


def _length(spans: Row) -> int:
    return sum(len(span.text) for span in spans)
