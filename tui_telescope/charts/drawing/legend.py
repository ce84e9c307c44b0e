"""The legend: what each curve is, said beside a sample of its stroke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tui_telescope.charts.drawing.charset import Charset
from tui_telescope.charts.drawing.picture import Row, Span, row
from tui_telescope.charts.elements import Band, Bar, Curve, Ink

_WHOLE = 80
"""Cells that hold every label whole."""
_ROOMS = (_WHOLE, 40, 30, 24)
"""Cells that labels may take, tried in turn until the legend fits."""
_SHORT_ROOMS = (18, 14)
"""The same where it does not fit without its last entry either."""
_TIGHT_ROOMS = (10, 7, 4)
"""The same where even two curves do not fit; here labels are hard to read."""
_GAP = 2
_BAR_SAMPLE = 3
BAR_INK: Ink = "note"


class Entry(NamedTuple):
    """A sample, what it is a sample of, and other names for that, each shorter than the one before."""

    sample: str
    ink: Ink
    label: str
    briefs: Sequence[str] = ()
    is_area: bool = False
    """What is shaded lies around its curve and is not mistaken for one."""


class _Attempt(NamedTuple):
    brevity: int
    """Which of a curve's names: 0 for its label, then its briefs."""
    curves: int
    """How many to explain."""
    room: int
    """Cells for each name."""
    extra: int = 0
    """Rows beyond what the legend may take."""


def entries_of(curves: Sequence[Curve], bands: Sequence[Band], bar: Bar | None, charset: Charset) -> list[Entry]:
    """What has a label, bands last."""
    lines = [Entry(charset.sample(each.stroke), each.ink, each.label, each.briefs) for each in curves if each.label]
    lines += [Entry(charset.bar * _BAR_SAMPLE, BAR_INK, bar.label)] if bar else []
    return lines + [Entry(charset.fill, each.ink, each.label, is_area=True) for each in bands if each.label]


def legend_rows(
    labelled: Sequence[Entry], width: int, most: int, charset: Charset, hints: Sequence[Row] = ()
) -> tuple[Row, ...]:
    """Rows of at most `width` cells, `most` of them or fewer; no entries unless there are two to tell apart.

    The hints stand last; they are left out before a name is cut.

    Names give way to shorter ones before any is cut; then the last curves are left out, down to two. Curves that have
    shorter names are there to be compared: before one of them is left out, the legend takes a row more than it may.
    Two curves that are explained are never explained by the same words.
    """
    if len(labelled) < 2:
        candidates = (_packed(hints[:count], width) for count in range(len(hints), 0, -1))
        return next((rows for rows in candidates if _fits(rows, width, most)), ())
    for attempt in _attempts(labelled):
        names = [_name(entry, attempt, charset) for entry in labelled[: attempt.curves]]
        entries = [
            row(Span(entry.sample, entry.ink), Span(f" {name}", "tick"))
            for entry, name in zip(labelled, names, strict=False)
        ]
        for last in (hints, ()):
            rows = _packed([*entries, *last], width)
            if _fits(rows, width, most + attempt.extra) and len(set(names)) == len(names):
                return rows
    return ()


def _fits(rows: Sequence[Row], width: int, most: int) -> bool:
    return len(rows) <= most and all(_length(each) <= width for each in rows)


def _attempts(curves: Sequence[Entry]) -> Iterator[_Attempt]:
    """The best first."""
    count, briefest = len(curves), max(len(curve.briefs) for curve in curves)
    if briefest:
        compared = max(sum(bool(curve.briefs) for curve in curves), 2)
        yield from (_Attempt(0, fewer, _WHOLE) for fewer in (count, max(count - 1, compared)))
        for brevity in range(1, briefest + 1):
            yield from (_Attempt(brevity, fewer, _WHOLE) for fewer in range(count, compared - 1, -1))
        yield from (_Attempt(brevity, compared, _WHOLE, extra=1) for brevity in range(briefest + 1))
    yield from (_Attempt(briefest, count, room) for room in _ROOMS)
    yield _Attempt(briefest, max(count - 1, 2), _ROOMS[-1])
    yield from (_Attempt(briefest, count, room) for room in _SHORT_ROOMS)
    yield from (_Attempt(briefest, fewer, _SHORT_ROOMS[-1]) for fewer in range(count - 1, 1, -1))
    if curves[1].is_area:
        yield _Attempt(briefest, 1, _WHOLE)
    else:
        yield from (_Attempt(briefest, 2, room) for room in _TIGHT_ROOMS)


def _name(curve: Entry, attempt: _Attempt, charset: Charset) -> str:
    names = (curve.label, *curve.briefs)
    return charset.shortened(charset.words(names[min(attempt.brevity, len(names) - 1)]), attempt.room)


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
