"""A drawn chart: rows of text in named inks, free of escape codes."""

from __future__ import annotations

from typing import NamedTuple

from tui_telescope.charts.elements import Ink


class Span(NamedTuple):
    """A run of characters, each one terminal cell wide, in one ink."""

    text: str
    ink: Ink = ""


Row = tuple[Span, ...]


class Picture(NamedTuple):
    """`height` rows of exactly `width` cells; two pictures are equal where a user sees no difference."""

    width: int
    height: int
    rows: tuple[Row, ...]

    @property
    def text(self) -> str:
        """The picture without its inks, lines without trailing blanks."""
        return "\n".join("".join(span.text for span in row).rstrip() for row in self.rows)


def row(*spans: Span) -> Row:
    """A row of these spans; neighbours in one ink become one, so that rows that look alike are equal."""
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].ink == span.ink:
            merged[-1] = Span(merged[-1].text + span.text, span.ink)
        elif span.text:
            merged.append(span)
    return tuple(merged)


def row_text(spans: Row) -> str:
    """The characters of a row."""
    return "".join(span.text for span in spans)


def lay_under(spans: Row, under: Row) -> Row:
    """The row with `under` showing where it is blank."""
    pieces: list[Span] = []
    column = 0
    for span in spans:
        end = column + len(span.text)
        pieces += [span] if span.ink else _cut(under, column, end)
        column = end
    return row(*pieces)


def ink_at(spans: Row, column: int) -> Ink:
    """The ink of a cell."""
    return _cut(spans, column, column + 1)[-1].ink


def overwrite(spans: Row, column: int, text: str, ink: Ink) -> Row:
    """The row with `text` written over it from `column` on."""
    return lay_over(spans, column, (Span(text, ink),))


def lay_over(spans: Row, column: int, over: Row) -> Row:
    """The row with another one over it from `column` on."""
    return row(*_cut(spans, 0, column), *over, *_cut(spans, column + len(row_text(over)), None))


def _cut(spans: Row, start: int, stop: int | None) -> list[Span]:
    pieces, begin = [], 0
    for span in spans:
        end = None if stop is None else max(stop - begin, 0)
        pieces.append(Span(span.text[max(start - begin, 0) : end], span.ink))
        begin += len(span.text)
    return pieces
