"""The characters that a picture is made of: braille and box drawing, or plain ASCII."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from itertools import cycle, islice
from typing import NamedTuple

from tui_telescope.charts.elements import Stroke
from tui_telescope.observations.observation import LayerState

_SAMPLE_CELLS = 5


class Charset(NamedTuple):
    """How a cell is divided into dots, and the characters for everything around the curves."""

    plain: bool
    """Whether the characters from space to tilde are all there is."""
    columns: int
    """Dots across one cell."""
    rows: int
    """Dots down one cell."""
    marks: Mapping[Stroke, str]
    """What a dot of each stroke is drawn with where it is a whole cell."""
    dashes: Mapping[Stroke, str]
    """The dots that each stroke draws (#) and leaves out (.), again and again."""
    lone_point: tuple[tuple[int, int], ...]
    """The dots, relative to it, that make a point without neighbours visible."""
    corners: tuple[str, str, str, str]
    """Top left, top right, bottom left, bottom right."""
    horizontal: str
    vertical: str
    below: str
    """Says that a value lies below the chart."""
    above: str
    """The same of one above it."""
    x_tick: str
    y_tick: str
    rule: str
    """One period of a rule."""
    grid: str
    """One period of a line of the grid."""
    shade: str
    """What shades a cell that is free."""
    fill: str
    """A legend's sample of a band."""
    fill_dots: tuple[int, ...]
    """The same for each cell in turn, as the sum of the bits of its dots."""
    cursor: str
    bar: str
    """What a bar on the x axis is drawn with."""
    states: Mapping[LayerState, str]
    ellipsis: str

    def column(self, fraction: float, width: int) -> int:
        """The cell, from the left, that holds the dot at this fraction of `width` cells."""
        return int(fraction * (width * self.columns - 1) + 0.5) // self.columns

    def fraction(self, column: int, width: int) -> float:
        """What the middle of a cell stands for: `column` gives the cell back."""
        return (column + 0.5 - 0.5 / self.columns) * self.columns / max(width * self.columns - 1, 1)

    def row(self, fraction: float, height: int) -> int:
        """The cell, from the top, that holds the dot at this fraction of `height` cells."""
        return height - 1 - int(fraction * (height * self.rows - 1) + 0.5) // self.rows

    def sample(self, stroke: Stroke) -> str:
        """A few cells of the stroke for a legend, equally many for each."""
        drawn = [dot == "#" for dot in islice(cycle(self.dashes[stroke]), _SAMPLE_CELLS * self.columns)]
        if self.plain:
            return "".join(self.marks[stroke] if dot else " " for dot in drawn)
        # The third of a cell's four rows of dots: 0x04 on its left, 0x20 on its right.
        cells = (0x04 * left + 0x20 * right for left, right in zip(drawn[::2], drawn[1::2], strict=True))
        return "".join(chr(0x2800 + dots) if dots else " " for dots in cells)

    def words(self, text: str) -> str:
        """The text with a `?` in place of each character that is not exactly one cell wide here."""
        return "".join(character if self._is_one_cell(character) else "?" for character in text)

    def shortened(self, text: str, room: int) -> str:
        """The text, cut with an ellipsis where it is longer than `room` cells."""
        if len(text) <= room:
            return text
        return (text[: max(room - len(self.ellipsis), 0)].rstrip() + self.ellipsis)[:room]

    def _is_one_cell(self, character: str) -> bool:
        if self.plain:
            return " " <= character <= "~"
        two_cells = unicodedata.east_asian_width(character) in "WF"
        return character.isprintable() and not two_cells and not unicodedata.combining(character)


_STROKES: Mapping[Stroke, tuple[str, str, str]] = {
    "heavy": ("#", "#", "*"),
    "solid": ("#", "#", "*"),
    "dashed": ("####..", "#", "o"),
    "long-dashed": ("########..", "#", "#"),
    "dash-dotted": ("#####..#..", "#", "x"),
    "dotted": ("#...", "#.", "."),
    "sparse": ("#.......", "#.", "+"),
}
"""Of each stroke its dashes in braille and in ASCII, and its mark.

A dot is a whole cell in ASCII: there the mark tells strokes apart, and gaps would only cost detail.
"""
_MARKS = {stroke: mark for stroke, (_, _, mark) in _STROKES.items()}

BRAILLE = Charset(
    plain=False,
    columns=2,
    rows=4,
    marks=_MARKS,
    dashes={stroke: dash for stroke, (dash, _, _) in _STROKES.items()},
    lone_point=((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)),
    corners=("┌", "┐", "└", "┘"),
    horizontal="─",
    vertical="│",
    below="▾",
    above="▴",
    x_tick="┬",
    y_tick="┤",
    rule="┄",
    grid="┈",
    shade="⠐",
    fill="⡂⠅⡂⠅⡂",
    fill_dots=(0x42, 0x05),
    cursor="│",
    bar="═",
    states={"learns": "━", "frozen": "░", "dead": "×"},
    ellipsis="…",
)

ASCII = Charset(
    plain=True,
    columns=1,
    rows=1,
    marks=_MARKS,
    dashes={stroke: dash for stroke, (_, dash, _) in _STROKES.items()},
    lone_point=((0, 0),),
    corners=("+", "+", "+", "+"),
    horizontal="-",
    vertical="|",
    below="v",
    above="^",
    x_tick="+",
    y_tick="+",
    rule="- ",
    grid=".   ",
    shade=" ",
    fill=":::::",
    fill_dots=(1,),
    cursor="|",
    bar="~",
    states={"learns": "=", "frozen": ":", "dead": "x"},
    ellipsis="...",
)
