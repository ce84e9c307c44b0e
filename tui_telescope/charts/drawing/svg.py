"""A picture as SVG for a page: dark on white, with the words that belong to it below.

Dots and shades are drawn, for fonts differ in them; all other characters are text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from xml.sax.saxutils import escape

import numpy as np

from tui_telescope.charts.drawable import Drawable
from tui_telescope.charts.drawing.picture import Row, Span
from tui_telescope.charts.drawing.raster import BLANK_BRAILLE, BRAILLE_BITS
from tui_telescope.charts.elements import Ink

COLORS: Mapping[Ink, str] = {
    "": "#1f2328",
    "curve-1": "#0550ae",
    "curve-2": "#bc4c00",
    "curve-3": "#116329",
    "curve-4": "#cf222e",
    "curve-5": "#8250df",
    "curve-6": "#57606a",
    "band": "#a5c8f0",
    "rule": "#57606a",
    "frame": "#8c959f",
    "tick": "#424a53",
    "note": "#000000",
    "grid": "#d0d7de",
    "shade": "#dcc48a",
    "cursor": "#000000",
    "learns": "#116329",
    "frozen": "#bc4c00",
    "dead": "#cf222e",
}
"""On white."""

_COLUMNS, _ROWS = 100, 30
"""Of the chart, whatever the terminal's size."""

_ACROSS, _DOWN = 10, 20
"""Of a cell, in units of the drawing."""
_MARGIN = 15
_FONT = 'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="16.5"'
_BASELINE = 15
_SPACE = "\u00a0"
"""One that is kept, whatever stands beside it."""
_DOT = 4
_SHADES = {"░": 0.3, "▒": 0.55, "▓": 0.8, "█": 1.0}
"""How strongly each of these fills its cell."""


def svg(chart: Drawable, *paragraphs: str, ascii_only: bool = False) -> str:
    """The chart in a picture of one size, with the paragraphs below it, those that are empty left out."""
    lines = list(chart.draw(_COLUMNS, _ROWS, ascii_only=ascii_only).rows)
    for paragraph in filter(None, paragraphs):
        lines += [(), *((Span(line, "tick"),) for line in textwrap.wrap(paragraph, _COLUMNS))]
    width, height = _COLUMNS * _ACROSS + 2 * _MARGIN, len(lines) * _DOWN + 2 * _MARGIN
    size = f'width="{width}" height="{height}"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}">',
            f'<rect {size} fill="#ffffff"/>',
            f'<g transform="translate({_MARGIN} {_MARGIN})" {_FONT}>',
            *(element for number, line in enumerate(lines) for element in _elements(line, number * _DOWN)),
            "</g>",
            "</svg>\n",
        )
    )


def _elements(line: Row, top: int) -> Iterator[str]:
    """What draws a row, whose upper edge is at `top`."""
    left = 0
    for text, ink in line:
        fill = f'fill="{COLORS[ink]}"'
        words = "".join(" " if each in _SHADES or _braille_bits(each) else each for each in text)
        if words.strip():
            size = f'textLength="{len(text) * _ACROSS}" lengthAdjust="spacingAndGlyphs"'
            yield f'<text x="{left}" y="{top + _BASELINE}" {size} {fill}>{escape(words).replace(" ", _SPACE)}</text>'
        if dots := "".join(_dots(each, column, top) for column, each in enumerate(text, left // _ACROSS)):
            yield f'<path d="{dots}" {fill}/>'
        for character, run in groupby(text):
            width = len(list(run)) * _ACROSS
            if share := _SHADES.get(character):
                size = f'width="{width}" height="{_DOWN}"'
                yield f'<rect x="{left}" y="{top}" {size} {fill} fill-opacity="{share}"/>'
            left += width


def _braille_bits(character: str) -> int:
    """The dots of a braille character; 0 for any other, and for the one without a dot."""
    bits = ord(character) - BLANK_BRAILLE
    return bits if 0 < bits < 256 else 0


def _dots(character: str, column: int, top: int) -> str:
    """The dots of a braille character in this column as squares of a path; empty for any other."""
    squares = np.argwhere(_braille_bits(character) & BRAILLE_BITS) * (_DOWN // 4, _ACROSS // 2)
    return "".join(f"M{column * _ACROSS + x} {top + y}h{_DOT}v{_DOT}h-{_DOT}z" for y, x in squares.tolist())
