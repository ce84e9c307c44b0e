"""The help: every key, and what every number and every setting means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui_telescope.setting_kinds import Setting
from tui_telescope.settings import REGISTRY
from tui_telescope.tui.actions import EXPLORING, Keys
from tui_telescope.tui.screens.glossary import partitioned
from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

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


class HelpScreen(ModalScreen[None]):
    """Covers the telescope until Escape or ?."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1", "dismiss", "close"),
        Binding("q", "app.quit", "quit"),
        Binding("down,j", "scroll(1)"),
        Binding("up,k", "scroll(-1)"),
        Binding("pagedown,space", "scroll_page(1)"),
        Binding("pageup", "scroll_page(-1)"),
        Binding("home", "scroll(-9999)"),
        Binding("end", "scroll(9999)"),
    ]

    def __init__(self, view: str, keys: Keys = EXPLORING) -> None:
        super().__init__()
        self._text = HelpText(view, keys)

    def compose(self) -> ComposeResult:
        yield self._text

    def action_scroll(self, rows: int) -> None:
        self._text.scroll_rows(rows)

    def action_scroll_page(self, direction: int) -> None:
        self._text.scroll_rows(direction * max(self._text.size.height - 3, 1))


class HelpText(Canvas):
    """Scrolls by lines and says where it is in words, so that it needs neither colour nor a scrollbar."""

    def __init__(self, view: str, keys: Keys = EXPLORING) -> None:
        super().__init__()
        self._view, self._keys = view, keys
        self._first_line = 0

    def scroll_rows(self, rows: int) -> None:
        self._first_line += rows
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        lines = list(help_lines(width, self._view, self._keys))
        shown = height - 1
        self._first_line = max(0, min(self._first_line, len(lines) - shown))
        last = min(self._first_line + shown, len(lines))
        page = lines[self._first_line : last]
        page += [()] * (shown - len(page))
        where = f"lines {self._first_line + 1}-{last} of {len(lines)}"
        return [*page, _status_line(where, width)]

    async def on_mouse_scroll_down(self) -> None:
        self.scroll_rows(3)

    async def on_mouse_scroll_up(self) -> None:
        self.scroll_rows(-3)


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
    return [
        (f"{_letters(setting)} {setting.label}", f"{setting.help} ({setting.allowed})") for setting in REGISTRY.values()
    ]


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


def _status_line(where: str, width: int) -> Line:
    close = Word(" Esc close", "key", "screen.dismiss")
    scroll = Word("  up/down PageUp/PageDown scroll  q quit")
    room = width - len(close.text) - len(where) - 1
    words = (close, scroll) if len(scroll.text) < room else (close,)
    gap = width - sum(len(word.text) for word in words) - len(where) - 1
    return (*words, Word(" " * gap), Word(where, "muted"))
