"""The command palette: everything that a key does, and every preset, setting and theme, by name."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Label

from tui_telescope.presets import PRESETS
from tui_telescope.settings import REGISTRY
from tui_telescope.tui.actions import EXPLORING, Keys
from tui_telescope.tui.screens.glossary import meanings
from tui_telescope.tui.screens.synonyms import synonyms
from tui_telescope.tui.style_sheets import style_sheet
from tui_telescope.tui.widgets.canvas import Canvas, Line, Word
from tui_telescope.tui.widgets.status_line import ending_in_ellipsis
from tui_telescope.tui.widgets.text_field import TextField
from tui_telescope.tui.widgets.themes import OFFERED

NOT_LISTED = ("show_palette",)
"""What would lead nowhere from here."""

DETAIL_ROWS = 3
"""For the selected entry, whole."""
LEAST_LIST_ROWS = 3
"""What the list needs before there is room for anything else."""

LONGEST_QUERY = 80
"""Characters: each one typed searches all entries for every word."""

SHORTEST_WITHIN = 3
"""Characters of a word that is looked for within others too: shorter ones are within too many."""


class Entry(NamedTuple):
    title: str
    call: str
    """The app's action that it runs."""
    help: str
    also: str = ""
    """Words by which it is found besides, which are not shown."""
    text: str = ""
    """What it leads to, by whose words it is found behind all others."""


class Pattern(NamedTuple):
    """Regular expressions for a word that is looked for, in lower case: alone, where a word begins so, anywhere."""

    alone: str
    beginning: str
    anywhere: str


def entries(keys: Keys = EXPLORING) -> Iterator[Entry]:
    """All that the palette offers, presets first."""
    for preset in PRESETS.values() if keys.has_settings else ():
        yield Entry(
            f"Preset {preset.name}: {preset.title}", f"show_preset('{preset.name}')", f"{preset.line} ({preset.topic})"
        )
    if keys.has_settings:
        yield from _lessons()
    seen = set(NOT_LISTED)
    for action in keys.all_actions:
        if action.call not in seen:
            seen.add(action.call)
            yield Entry(action.help[0].upper() + action.help[1:], action.call, f"key: {action.written}")
    for setting in REGISTRY.values() if keys.has_settings else ():
        title, call = f"Select setting: {setting.label}", f"select_setting('{setting.name}')"
        yield Entry(title, call, setting.help, setting.allowed)
    for meaning in meanings(of_runs=not keys.has_settings):
        yield Entry(f"Help: {meaning.term}", f"show_help({meaning.term!r})", "what it means", text=meaning.text)
    for theme, look in OFFERED.items():
        yield Entry(f"Theme: {theme}", f"use_theme('{theme}')", look)
    yield Entry("ASCII: plain characters, on or off", "toggle_ascii", "for terminals without braille and box drawing")


def _lessons() -> Iterator[Entry]:
    """The steps of the tour, which the words that they explain find, and those of their texts; and the quiz."""
    from tui_telescope.lessons.tour import STEPS  # brings the engine, which the first screen does not wait for

    for number, step in enumerate(STEPS):
        told = re.sub(r"{\w+}", "", f"{step.text} {step.question} {step.answer}")  # without the gaps for numbers
        text = " ".join((told, *step.explanations))
        yield Entry(f"Tour {number + 1}: {step.title}", f"show_step({number})", step.shows, str(step.explains), text)
    yield Entry("Quiz: eight questions, answered by playing", "show_quiz", "also: tui-telescope tour --quiz")


def matching(query: str, offered: Sequence[Entry]) -> list[Entry]:
    """The entries that hold every word of the query; first where these are words of the title or begin so, then where
    the help has them, or what they may mean besides, last where the text alone has them."""
    words = [(_pattern(word), synonyms(word)) for word in dict.fromkeys(query.lower().split())]
    ranked = [(sum(_distance(*word, entry) for word in words), entry) for entry in offered]
    return [entry for rank, entry in sorted(ranked, key=lambda pair: pair[0]) if rank < math.inf]


def _pattern(word: str) -> Pattern:
    """A number is found as a whole alone: 6 is no part of 4096, nor of 0.6."""
    if re.fullmatch(r"\d+(\.\d+)?", word):
        return Pattern(*[rf"(?<!\d)(?<!\d\.){re.escape(word)}(?!\.?\d)"] * 3)
    beginning = rf"\b{re.escape(word)}"
    return Pattern(rf"{beginning}\b", beginning, re.escape(word) if len(word) >= SHORTEST_WITHIN else beginning)


def _distance(pattern: Pattern, meant: Sequence[str], entry: Entry) -> float:
    """How far from the title's own words an entry is found; infinite where it is not."""
    title, help_ = entry.title.lower(), f"{entry.help} {entry.also}".lower()
    places = (
        (pattern.alone, title),
        (pattern.beginning, title),
        (pattern.anywhere, title),
        ("|".join((pattern.anywhere, *map(re.escape, meant))), f"{title} {help_}"),
        (pattern.beginning, entry.text.lower()),
    )
    return next((float(distance) for distance, place in enumerate(places) if re.search(*place)), math.inf)


class Palette(ModalScreen[str]):
    """Covers the telescope until an entry is chosen, whose action is the result, or Escape."""

    CSS = style_sheet("palette")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close"),
        Binding("down", "move(1)"),
        Binding("up", "move(-1)"),
        Binding("pagedown", "move_page(1)"),
        Binding("pageup", "move_page(-1)"),
    ]

    def __init__(self, keys: Keys = EXPLORING) -> None:
        super().__init__()
        examples = "preset, scale, theme" if keys.has_settings else "pin, save, theme"
        self.field = TextField(placeholder=f"type a word, such as {examples}", compact=True, max_length=LONGEST_QUERY)
        self._offered = list(entries(keys))
        self._query = ""
        self._choices = Choices(self._offered)

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label("Search: ")
            yield self.field
        yield self._choices

    def _search(self) -> None:
        """Bring the list up to date with what is typed: a hasty key comes before the field's own message."""
        if self.field.value != self._query:
            self._query = self.field.value
            self._choices.show(matching(self._query, self._offered))

    def on_input_changed(self) -> None:
        self._search()

    def on_input_submitted(self) -> None:
        self._search()
        if self._choices.found:
            self._finish(self._choices.selected.call)

    def action_move(self, rows: int) -> None:
        self._search()
        self._choices.move(rows)

    def action_move_page(self, direction: int) -> None:
        self.action_move(direction * self._choices.page)

    def action_run(self, number: int) -> None:
        """Choose an entry of the list, counted from 0."""
        self._finish(self._choices.found[number].call)

    def action_leave(self) -> None:
        self._finish(None)

    def _finish(self, call: str | None) -> None:
        """Close, once: a second key may come before the first has closed the palette."""
        if self.is_current:
            self.dismiss(call)


class Choices(Canvas):
    """The entries found, one a row; `>` and bold mark the selected one, which stands whole below the list."""

    def __init__(self, found: Sequence[Entry]) -> None:
        super().__init__()
        self.found = found
        self._row = 0
        self._first_row = 0

    @property
    def selected(self) -> Entry:
        return self.found[self._row]

    @property
    def page(self) -> int:
        """Rows that the list has."""
        height = int(self.size.height)
        needed = DETAIL_ROWS + 2  # a blank row above, the keys below
        return height - needed if height - needed >= LEAST_LIST_ROWS else max(height, 1)

    def show(self, found: Sequence[Entry]) -> None:
        """Show other entries, the first of them selected."""
        self.found = found
        self._row = 0
        self.redraw()

    def move(self, rows: int) -> None:
        self._row = max(0, min(self._row + rows, len(self.found) - 1))
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        first = min(max(self._first_row, self._row - self.page + 1), self._row)
        self._first_row = max(0, min(first, len(self.found) - self.page))
        numbers = range(self._first_row, min(self._first_row + self.page, len(self.found)))
        lines = [self._entry_row(number, width) for number in numbers]
        lines += [()] * (self.page - len(lines))
        return [*lines, (), *self._detail(width), self._status_line(width)]

    def _entry_row(self, number: int, width: int) -> Line:
        title, help_ = self.found[number].title, self.found[number].help
        is_selected = number == self._row
        call = f"screen.run({number})"
        room = width - 2
        title = title if len(title) <= room else ending_in_ellipsis(title, room)
        room -= len(title) + 2
        help_ = help_ if len(help_) <= room else ending_in_ellipsis(help_, room) if room >= 10 else ""
        return (
            Word("> " if is_selected else "  ", "selected", call),
            Word(title, "selected" if is_selected else "", call),
            Word(f"  {help_}", "muted", call),
        )

    def _detail(self, width: int) -> list[Line]:
        if not self.found:
            return [(Word("  Nothing here is called that.", "muted"),)] + [()] * (DETAIL_ROWS - 1)
        title, help_ = self.selected.title, self.selected.help
        room = max(width - 3, 1)
        words = [Word(line, "title") for line in textwrap.wrap(title, room)]
        words += [Word(line) for line in textwrap.wrap(help_, room)]
        if len(words) > DETAIL_ROWS:
            last = words[DETAIL_ROWS - 1]
            words[DETAIL_ROWS - 1] = last._replace(text=ending_in_ellipsis(last.text, room))
        lines: list[Line] = [(Word("  "), word) for word in words[:DETAIL_ROWS]]
        return lines + [()] * (DETAIL_ROWS - len(lines))

    def _status_line(self, width: int) -> Line:
        leave = "screen.leave"
        keys = (Word(" Enter", "key"), Word(" run  "), Word("Esc", "key", leave), Word(" close", "", leave))
        where = f"{self._row + 1} of {len(self.found)} " if self.found else "0 of 0 "
        gap = width - sum(len(word.text) for word in keys) - len(where)
        return (*keys, Word(" " * gap), Word(where, "muted"))

    async def on_mouse_scroll_down(self) -> None:
        self.move(1)

    async def on_mouse_scroll_up(self) -> None:
        self.move(-1)
