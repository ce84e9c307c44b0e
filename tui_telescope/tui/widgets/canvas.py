"""Where everything on the screen is drawn: rows of words in named inks, of which only what changed is sent."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui_telescope.tui.widgets.inks import INKS, ink_style


class Word(NamedTuple):
    """Text in one ink, each character one cell wide. The ink "" is the terminal's plain text."""

    text: str
    ink: str = ""
    call: str = ""
    """The app's action that a click on it runs, so that the mouse goes the way of the keys."""


Line = Sequence[Word]
STRETCH_CELLS = 31
"""The first stretch ends where the labels of the y axis mostly do. Narrower ones cost more than they save."""
_LETTERS = {ink: chr(number) for number, ink in enumerate(INKS)}


class Canvas(Widget):
    """A widget of lines that compares what it showed with what it shows, and refreshes the difference alone.

    Textual's own refresh sends a widget's whole region even where nothing changed, which over SSH is most of the
    bytes of a key.
    """

    has_seams = False
    """Whether it lies over `Seams`, and parts of its rows are compared and sent by themselves."""
    ascii_only = False
    """Whether the characters from space to tilde are all that is drawn with."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._lines: list[Line] = []
        self._drawn_for: Size | None = None
        self._strips: dict[int, Strip] = {}
        """Rendered rows, as long as they stay as they are."""
        self._styles_by_ink: dict[str, Style | None] = {}

    @abstractmethod
    def draw(self, width: int, height: int) -> Sequence[Line]:
        """The lines from the top, at most `height` of them, none wider than `width` cells."""

    def redraw(self) -> None:
        """Bring the screen up to date with what `draw` gives now."""
        if self._drawn_for != self.size:
            self._drawn_for = None  # hidden, or about to be repainted at a new size: `render_lines` will draw
            return
        before, self._lines = self._lines, self._drawn_lines()
        if changed := changed_regions(before, self._lines, self.size.width, self.seams):
            for y in {y for region in changed for y in region.line_range}:
                self._strips.pop(y, None)
            self.refresh(*changed)

    @property
    def seams(self) -> Sequence[int]:
        """Its columns at which Textual can begin to send a row; elsewhere it sends from the row's left."""
        if not self.has_seams:
            return ()
        left, right = self.region.column_span
        return [seam - left for seam in range(STRETCH_CELLS, right, STRETCH_CELLS) if seam > left]

    def _drawn_lines(self) -> list[Line]:
        width, height = self._drawn_for = self.size
        lines = [fit(line, width) for line in self.draw(width, height)[:height]]
        return lines + [fit((), width)] * (height - len(lines))

    def notify_style_update(self) -> None:
        """A new theme: forget the styles of the old one."""
        self._styles_by_ink.clear()
        self._strips.clear()
        super().notify_style_update()

    async def on_click(self, event: events.Click) -> None:
        if word := self._word_at(event.x, event.y):
            await self.app.run_action(word.call)

    def _word_at(self, x: int, y: int) -> Word | None:
        """The word that a click on this cell runs, if it runs one."""
        for word in self._lines[y] if 0 <= y < len(self._lines) else ():
            if x < len(word.text):
                return word if word.call else None
            x -= len(word.text)
        return None

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows within a region, straight from the lines: a canvas has no border and no padding to be added."""
        size = self.size
        if self._drawn_for != size:
            self._lines = self._drawn_lines()
            self._strips.clear()
        strips = [self._strip(y) for y in crop.line_range]
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, self.background_colors[1]) for strip in strips]
        if crop.column_span == (0, size.width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def _strip(self, y: int) -> Strip:
        if y not in self._strips:
            self._strips[y] = self.render_line(y)
        return self._strips[y]

    def render_line(self, y: int) -> Strip:
        line = self._lines[y]
        return Strip([Segment(word.text, self._style(word.ink)) for word in line], sum(len(word.text) for word in line))

    def _style(self, ink: str) -> Style | None:
        if ink not in self._styles_by_ink:
            style = self.rich_style + ink_style(ink, self.app.theme_variables)
            self._styles_by_ink[ink] = without_default_colors(style)
        return self._styles_by_ink[ink]


class Hidden(Widget):
    """A widget that others cover wholly: it has a place, and no rows for Textual to cut into pieces at every update."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return []


class Stretch(Hidden):
    """Nothing but its two edges."""


class Seams(Hidden):
    """Lies under the whole screen, out of sight: where its stretches meet, Textual can begin to send a row.

    Without them it sends each changed row from its widget's left edge, for a curve mostly blanks. What is not mounted
    yet costs bytes and nothing else.
    """

    def on_resize(self, event: events.Resize) -> None:
        if not self.is_attached:  # the app is ending
            return
        for _ in range(1 + event.size.width // STRETCH_CELLS - len(self.children)):
            stretch = Stretch()
            stretch.styles.width = STRETCH_CELLS
            self.mount(stretch)


def without_default_colors(style: Style) -> Style | None:
    """The same look without codes that set the terminal's own colours: plain text then costs no codes at all."""
    color = style.color if style.color and not style.color.is_default else None
    bgcolor = style.bgcolor if style.bgcolor and not style.bgcolor.is_default else None
    lean = style.without_color + Style.from_color(color, bgcolor)
    return None if lean == Style.null() else lean


def fit(line: Line, width: int) -> Line:
    """The line in exactly `width` cells, cut or filled at its right end."""
    fitted: list[Word] = []
    room = width
    for word in line:
        if room <= 0:
            break
        fitted.append(word if len(word.text) <= room else word._replace(text=word.text[:room]))
        room -= len(word.text)
    if room > 0:
        fitted.append(Word(" " * room))
    return tuple(fitted)


def changed_regions(
    before: Sequence[Line], after: Sequence[Line], width: int, seams: Sequence[int] = ()
) -> list[Region]:
    """For each row that differs one region a stretch between seams, from its first changed cell to its last."""
    if len(before) != len(after):
        return [Region(0, 0, width, len(after))]
    return [
        Region(start, y, end - start, 1)
        for y, (old, new) in enumerate(zip(before, after, strict=True))
        if old != new
        for start, end in _changed_spans(old, new, seams)
    ]


def _changed_spans(old: Line, new: Line, seams: Sequence[int]) -> Iterator[tuple[int, int]]:
    (text_before, inks_before), (text_after, inks_after) = _text_and_inks(old), _text_and_inks(new)
    width = len(text_after)
    if len(text_before) != width:
        yield 0, width
        return
    for start, end in pairwise((0, *(seam for seam in seams if seam < width), width)):
        if text_before[start:end] == text_after[start:end] and inks_before[start:end] == inks_after[start:end]:
            continue
        changed = [x for x in range(start, end) if text_before[x] != text_after[x] or inks_before[x] != inks_after[x]]
        yield changed[0], changed[-1] + 1


def _text_and_inks(line: Line) -> tuple[str, str]:
    """A character for each cell and a letter for its ink."""
    return "".join([word.text for word in line]), "".join([_LETTERS[word.ink] * len(word.text) for word in line])
