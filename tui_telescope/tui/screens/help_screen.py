"""The help: every key, and what every number and every setting means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui_telescope.settings import REGISTRY, meaning_of
from tui_telescope.settings.kinds import Setting
from tui_telescope.tui.actions import EXPLORING, Keys
from tui_telescope.tui.screens.glossary import partitioned
from tui_telescope.tui.screens.page_screen import PageScreen, PageText
from tui_telescope.tui.widgets.canvas import Line, Word

INTRODUCTION = (
    "Describe a deep network with the keys and see how much of the loss's gradient reaches each layer. A letter takes "
    "its setting up, or to the next value; Shift and the letter take it down, or back. A mouse may click settings, "
    "views and the keys of the last line, and scroll; nothing needs one."
)
INTRODUCTION_TO_A_RUN = (
    "A training run, as its recorder or another log tells of it: how much of the loss's gradient reaches each layer at "
    "one recorded step. The newest is followed as it comes. A mouse may click views, layers and the keys of the last "
    "line; nothing needs one."
)


class HelpScreen(PageScreen[None]):
    """Covers the telescope until Escape or ?."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1", "dismiss", "close")]

    def __init__(self, view: str, keys: Keys = EXPLORING, term: str = "") -> None:
        """`term` is the word of the glossary to begin at; without one it is the beginning."""
        super().__init__(HelpText(view, keys, term))


class HelpText(PageText):
    """The help to a view."""

    keys = (Word(" Esc close", "key", "screen.dismiss"),)

    def __init__(self, view: str, keys: Keys = EXPLORING, term: str = "") -> None:
        super().__init__()
        self._view, self._keys = view, keys
        self._sought = term
        """Where it has yet to go."""

    def draw(self, width: int, height: int) -> Sequence[Line]:
        if self._sought:
            terms = [line[0].text.strip() if line else "" for line in self.lines(width)]
            self._first_line, self._sought = terms.index(self._sought), ""
        return super().draw(width, height)

    def lines(self, width: int) -> Sequence[Line]:
        return list(help_lines(width, self._view, self._keys))


def help_lines(width: int, view: str = "", keys: Keys = EXPLORING) -> Iterator[Line]:
    """All of the help, wrapped: what the view on the screen shows comes first."""
    here, elsewhere = partitioned(view, of_runs=not keys.has_settings)
    yield (Word(" Gradient Telescope", "title"),)
    yield from _paragraph(INTRODUCTION if keys.has_settings else INTRODUCTION_TO_A_RUN, width)
    if here:
        yield from _section(
            f"On this view, {keys.views[view].key} {view}", [(each.term, each.text) for each in here], width
        )
    yield from _section("Keys", [(action.written, action.help) for action in keys.actions], width)
    if keys.has_settings:
        yield from _section("Settings", _setting_entries(), width)
    yield from _section("Views", [(f"{view.key} {view.name}", view.title) for view in keys.views.values()], width)
    yield from _section("What the words and numbers mean", [(each.term, each.text) for each in elsewhere], width)


def _setting_entries() -> list[tuple[str, str]]:
    return [(f"{_letters(setting)} {setting.label}", meaning_of(setting)) for setting in REGISTRY.values()]


def _letters(setting: Setting) -> str:
    return f"{setting.key} {setting.key.upper()}" if setting.key else "   "


def _section(title: str, entries: Sequence[tuple[str, str]], width: int) -> Iterator[Line]:
    yield ()
    yield (Word(f" {title}", "title"),)
    column = max(len(term) for term, _ in entries) + 3
    for term, text in entries:
        first, *rest = textwrap.wrap(text, max(width - column - 1, 20))
        yield (Word(f" {term}".ljust(column), "key"), Word(first))
        yield from ((Word(" " * column), Word(line)) for line in rest)


def _paragraph(text: str, width: int) -> Iterator[Line]:
    yield from ((Word(f" {line}"),) for line in textwrap.wrap(text, max(width - 2, 20)))
