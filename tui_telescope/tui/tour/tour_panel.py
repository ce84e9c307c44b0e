"""The tour's words over the live telescope, which stays in the user's hands."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

MARGIN = 1
HINTS = ("Tab {next}  Shift+Tab back  Escape end", "Tab {next}  Escape end", "Tab {next}")
"""The keys that lead on: as many as there is room for."""
MORE = "more"
"""What Tab gives while the text goes on below."""


class Paragraph(NamedTuple):
    """A piece of text in one ink."""

    text: str
    ink: str = ""


class Page(NamedTuple):
    """What the panel says at one time."""

    heading: str
    body: Sequence[Paragraph]
    """Scrolls where there is not enough room."""
    question: str
    """Stands below it, always whole."""
    next: str
    """What Tab leads to."""


class TourPanel(Canvas):
    """A page: its heading, its text, its question, and the keys that lead on. Its height follows its words."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page("", (), "", "")
        self._first = 0
        """The number of text lines that were scrolled away."""
        self.display = False

    @property
    def is_on(self) -> bool:
        return bool(self.display)

    def show(self, page: Page) -> None:
        """Another page, from its beginning."""
        self.page, self._first = page, 0
        self.display = True
        self._fit()

    def update_page(self, page: Page) -> None:
        """The same page with other words, as far as it was read."""
        self.page = page
        self._fit()

    def turn(self) -> bool:
        """Scroll on by what there is room for; tells whether there was more."""
        if not self._is_more:
            return False
        self.scroll_rows(self._body_rows)
        return True

    def scroll_rows(self, rows: int) -> None:
        self._first += rows
        self.redraw()

    def close(self) -> None:
        self.display = False

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Take as many rows as the words need, but leave the chart half of the screen, as far as questions allow."""
        if not self.is_on:
            return
        width, height = self.app.size
        fixed = 1 + len(self._question(width))
        wanted = fixed + len(self._body(width))
        self.styles.height = min(wanted, max(height // 2, fixed + 1))
        self.redraw()

    @property
    def _body_rows(self) -> int:
        """Room for the text."""
        width, height = self.size
        return max(int(height) - 1 - len(self._question(int(width))), 1)

    @property
    def _is_more(self) -> bool:
        return self._first + self._body_rows < len(self._body(int(self.size.width)))

    def draw(self, width: int, height: int) -> Sequence[Line]:
        body = self._body(width)
        rows = max(height - 1 - len(self._question(width)), 1)
        self._first = max(0, min(self._first, len(body) - rows))
        shown = body[self._first : self._first + rows]
        shown += [Word("")] * (rows - len(shown))
        lines = [*shown, *self._question(width)]
        return [self._heading(width, self._first + rows < len(body)), *((Word(" " * MARGIN), each) for each in lines)]

    def _heading(self, width: int, is_more: bool) -> Line:
        room = _room(width)
        heading = self.page.heading[:room]
        hints = (hint.format(next=MORE if is_more else self.page.next) for hint in HINTS)
        hint = next((each for each in hints if len(heading) + len(each) + 3 <= room), "")
        gap = " " * (room - len(heading) - len(hint))
        return (Word(" " * MARGIN), Word(heading, "title"), Word(gap), Word(hint, "muted"))

    def _body(self, width: int) -> list[Word]:
        return [
            Word(line, paragraph.ink)
            for paragraph in self.page.body
            for line in textwrap.wrap(paragraph.text, _room(width), break_on_hyphens=False)
        ]

    def _question(self, width: int) -> list[Word]:
        return [Word(line, "title") for line in textwrap.wrap(self.page.question, _room(width))]

    async def on_mouse_scroll_down(self) -> None:
        self.scroll_rows(1)

    async def on_mouse_scroll_up(self) -> None:
        self.scroll_rows(-1)


def _room(width: int) -> int:
    """Cells for words."""
    return max(width - 2 * MARGIN, 1)
