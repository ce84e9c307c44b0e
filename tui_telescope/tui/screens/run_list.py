"""The runs of a folder, to choose one to watch or one to compare it with."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen

from tui_telescope.runs.reading.follower import Refused
from tui_telescope.runs.reading.listing import Glance, Listing, rest_after
from tui_telescope.runs.reading.records import clean
from tui_telescope.runs.reading.telling import age_in_words
from tui_telescope.tui.screens.help_screen import HelpScreen
from tui_telescope.tui.watching.keys import WATCHING
from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

_WIDE = 60
"""From so many cells on there is room for the age too."""


class Chosen(NamedTuple):
    """What the list was left with."""

    path: Path
    compares: bool
    """Whether it is the one to compare with."""


class Listed(Message):
    """The runs have been looked at, or one more of them."""

    def __init__(self, runs: Sequence[Glance], trouble: str = "") -> None:
        super().__init__()
        self.runs = runs
        self.trouble = trouble


class RunList(ModalScreen[Chosen | None]):
    """Covers the telescope until a run is chosen, which is the result, or Escape. A thread reads what it says."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,l", "leave", "close"),
        Binding("q", "app.quit", "quit"),
        Binding("question_mark,f1", "show_help", "help"),
        Binding("enter,space", "choose(False)", "watch"),
        Binding("c", "choose(True)", "compare"),
        Binding("down,j", "move(1)"),
        Binding("up,k", "move(-1)"),
        Binding("pagedown", "move_page(1)"),
        Binding("pageup", "move_page(-1)"),
        Binding("home", "move(-9999)"),
        Binding("end", "move(9999)"),
    ]

    def __init__(self, folder: Path, watched: Path, compared: Path | None) -> None:
        super().__init__()
        self._listing = Listing(folder)
        self._rows = RunRows(watched, compared)
        self._is_closed = threading.Event()

    def compose(self) -> ComposeResult:
        yield self._rows

    def on_mount(self) -> None:
        self._rows.ascii_only = getattr(self.app, "ascii_only", False)
        threading.Thread(target=self._look, name="telescope-runs", daemon=True).start()

    def on_unmount(self) -> None:
        self._is_closed.set()

    def _look(self) -> None:
        rest = 0.0
        while not self._is_closed.wait(rest):
            began = time.monotonic()
            try:
                changed = self._listing.find()
            except Refused as refusal:
                changed, trouble = [], str(refusal)
            else:
                trouble = ""
            self.post_message(Listed(self._listing.glances, trouble))
            rest = rest_after(time.monotonic() - began)
            for each in changed:
                if self._is_closed.is_set():
                    return
                self._listing.look(each)
                self.post_message(Listed(self._listing.glances))

    def on_listed(self, message: Listed) -> None:
        self._rows.show(message.runs, message.trouble)

    def action_move(self, rows: int) -> None:
        self._rows.move(rows)

    def action_move_page(self, direction: int) -> None:
        self._rows.move(direction * self._rows.page)

    def action_choose(self, compares: bool) -> None:
        if path := self._rows.selected:
            self._finish(Chosen(path, compares))

    def action_run(self, number: int) -> None:
        """Choose the run of a row, counted from 0."""
        self._finish(Chosen(self._rows.runs[number].path, compares=False))

    def action_show_help(self) -> None:
        self.app.push_screen(HelpScreen("", WATCHING, "runs"))

    def action_leave(self) -> None:
        self._finish(None)

    def _finish(self, result: Chosen | None) -> None:
        """Close, once: a second key may come before the first has closed it."""
        if self.is_current:
            self.dismiss(result)


class RunRows(Canvas):
    """One run a row; `>` and bold mark the selected one, `*` the one that is watched, `+` the one compared with it."""

    def __init__(self, watched: Path, compared: Path | None) -> None:
        super().__init__()
        self.runs: Sequence[Glance] = ()
        self.selected: Path | None = watched
        self._marks = {compared: "+", watched: "*"}
        self._trouble = ""
        self._first_row = 0

    @property
    def page(self) -> int:
        """Rows that the list has, between the title and the keys."""
        return max(int(self.size.height) - 2, 1)

    @property
    def _row(self) -> int:
        return next((number for number, each in enumerate(self.runs) if each.path == self.selected), 0)

    def show(self, runs: Sequence[Glance], trouble: str) -> None:
        """The selected one stays so, wherever its row is now."""
        self.runs, self._trouble = runs, trouble
        self.redraw()

    def move(self, rows: int) -> None:
        if self.runs:
            self.selected = self.runs[max(0, min(self._row + rows, len(self.runs) - 1))].path
            self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        first = min(max(self._first_row, self._row - self.page + 1), self._row)
        self._first_row = max(0, min(first, len(self.runs) - self.page))
        numbers = range(self._first_row, min(self._first_row + self.page, len(self.runs)))
        lines = [self._run_row(number, width) for number in numbers]
        lines += [()] * (self.page - len(lines))
        return [self._title(width), *lines, self._keys(width)]

    def _title(self, width: int) -> Line:
        if self._trouble:
            return (Word(f" {self._trouble}", "refusal"),)
        title = f" {len(self.runs)} runs" if self.runs else " Looking for runs"
        columns = _columns("step", "last record", "verdict", width)
        return (Word(title.ljust(width - len(columns)), "title"), Word(columns, "muted"))

    def _run_row(self, number: int, width: int) -> Line:
        each = self.runs[number]
        is_selected = each.path == self.selected
        call = f"screen.run({number})"
        step = "" if each.step is None else str(each.step)
        columns = _columns(step, age_in_words(each.age_seconds()), each.headline or "reading", width)
        room = max(width - 4 - len(columns), 2)
        name = clean(each.path.name)
        name = name if len(name) <= room else f"{name[: room - 2]}.."
        return (
            Word("> " if is_selected else "  ", "selected", call),
            Word(f"{self._marks.get(each.path, ' ')} ", "key", call),
            Word(f"{name:<{room}}", "selected" if is_selected else "", call),
            Word(columns, "", call),
        )

    def _keys(self, width: int) -> Line:
        keys = [
            ("Enter", "watch", "screen.choose(False)"), ("c", "compare", "screen.choose(True)"),
            ("Esc", "close", "screen.leave"), ("q", "quit", "app.quit"), ("?", "help", "screen.show_help"),
        ]  # fmt: skip
        words: list[Word] = []
        for key, what, call in keys:
            entry = (Word(f" {key}", "key", call), Word(f" {what} ", "", call))
            if sum(len(word.text) for word in (*words, *entry)) <= width:
                words += entry
        return words

    async def on_mouse_scroll_down(self) -> None:
        self.move(1)

    async def on_mouse_scroll_up(self) -> None:
        self.move(-1)


def _columns(step: str, age: str, verdict: str, width: int) -> str:
    """What stands beside a run's name, in as many cells whatever it is."""
    return f" {step:>9}  {age:<12}{verdict:<11}" if width >= _WIDE else f" {step:>7} {verdict:<11}"
