"""The page at the end of the tour: what was learned, what each cure does, and where to go."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui_telescope.tui.screens.page_screen import PageScreen, PageText
from tui_telescope.tui.widgets.canvas import Line, Word

Section = tuple[str, tuple[str, ...]]
"""A title, and the lines below it."""


class EndScreen(PageScreen[str]):
    """Its result is `quiz` or `back`; with Escape or Tab there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,tab", "dismiss", "end"),
        Binding("enter", "choose('quiz')", "quiz"),
        Binding("shift+tab", "choose('back')", "back"),
    ]

    def __init__(self, score: str = "") -> None:
        self._told = EndText(score)
        super().__init__(self._told)

    def show(self, sections: Sequence[Section]) -> None:
        """What it says, once that has been measured."""
        self._told.sections = sections
        self._told.redraw()

    def action_choose(self, choice: str) -> None:
        self.dismiss(choice)


class EndText(PageText):
    """Sections below one another."""

    keys = (Word(" Enter quiz", "key", "screen.choose('quiz')"), Word("  Esc end", "key", "screen.dismiss"))
    other_keys = ("Space scroll", "Shift+Tab back")

    def __init__(self, score: str) -> None:
        super().__init__()
        self._score = score
        self.sections: Sequence[Section] = (("The tour is over", ("Measuring what the cures do...",)),)

    def lines(self, width: int) -> Sequence[Line]:
        lines: list[Line] = [(Word(f" {self._score}", "title"),), ()] if self._score else []
        for title, texts in self.sections:
            lines += [(Word(f" {title}", "title"),), *(row for text in texts for row in _wrapped(text, width)), ()]
        return lines[:-1]


def _wrapped(text: str, width: int) -> list[Line]:
    """A line of a table stays one where there is room, for its columns are in the blanks."""
    if len(text) + 2 <= width:
        return [(Word(f" {text}"),)]
    return [(Word(f" {line}"),) for line in textwrap.wrap(text, max(width - 2, 20), subsequent_indent="  ")]
