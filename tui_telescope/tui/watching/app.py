"""The app over a run that trains elsewhere: it follows the newest record, or stays at one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from tui_telescope.runs.reading.records import Record
from tui_telescope.runs.reading.telling import age_sentence, course_sentences
from tui_telescope.tui.actions import Keys
from tui_telescope.tui.app import TelescopeApp
from tui_telescope.tui.sources.run_source import RunSource
from tui_telescope.tui.terminal.app import go_by_the_window, run_in_terminal
from tui_telescope.tui.watching.keys import WATCHING

_CLOCK_SECONDS = 2.0
"""How often the age of the last record is looked at."""


def watch(source: RunSource, *, view: str = "gradient", ascii_only: bool = False, mouse: bool = True) -> int:
    """Show the run until it is left; returns the exit status."""
    go_by_the_window()
    return run_in_terminal(WatchingApp(source, view=view, ascii_only=ascii_only), mouse=mouse)


class Grown(Message):
    """There is something new in the run's files."""


class WatchingApp(TelescopeApp, inherit_bindings=False):
    """An action for every key that goes along the records. Where one was gone to is no change to be undone."""

    keys: ClassVar[Keys] = WATCHING
    BINDINGS: ClassVar[list[BindingType]] = [*WATCHING.bindings()]

    def __init__(self, source: RunSource, *, view: str = "gradient", ascii_only: bool = False) -> None:
        self._run = source
        self._is_following = True
        super().__init__(source, source.newest, view=view, ascii_only=ascii_only)

    def on_mount(self) -> None:
        self._run.follow(lambda: self.post_message(Grown()))
        self.set_interval(_CLOCK_SECONDS, self.show_words)

    def on_unmount(self) -> None:
        self._run.close()

    def on_grown(self) -> None:
        if self._is_following and self._run.newest is not None:
            self._show(self._run.newest)
        else:
            self.show_subject()
            self.show_words()

    def action_freeze(self) -> None:
        self._is_following = not self._is_following
        if self._is_following:
            self.action_go_to_record(-1)
        else:
            self.say("Frozen at this record: the arrows go to others, Space follows the newest again.")

    def action_scrub(self, distance: int) -> None:
        self._is_following = False
        self._show(self._run.neighbour(self.subject_record, distance))

    def action_go_to_record(self, index: int) -> None:
        self._is_following = index != 0
        self._show(self._run.end(index))

    @property
    def subject_record(self) -> Record | None:
        subject = self.subject
        return subject if isinstance(subject, Record) else None

    def _show(self, record: Record | None) -> None:
        """Quietly: a message stays, undo knows nothing of it, and the axis keeps still while the curves fit."""
        if record is None or record is self.subject:
            self.show_words()
            return
        self.axis.keep()
        self._take(record)
        self.show_subject()
        self._coalescer.ask(self._look)

    def observe(self) -> None:
        if self.subject is None:
            self.show_words()
        else:
            super().observe()

    def _draw_words(self) -> None:
        if self.shown is None and not self._notice.text:
            self.status_line.show("", self._run.waiting() if self.subject is None else "", "muted")
        else:
            super()._draw_words()

    def told(self, verdict: str) -> tuple[str, ...]:
        """Where it ceased to be finite comes first: of what is lost since, the verdict says little."""
        known = self._run.course(self.subject_record)
        course = tuple(course_sentences(*known)) if known else ()
        opening, rest = (course[:1], course[1:]) if known and known[0].nonfinite else ((), course)
        return (*opening, verdict, *rest, *self._circumstances())

    def _circumstances(self) -> Iterator[str]:
        if not self._is_following:
            yield "Frozen here: Space follows."
        age = self._run.age_seconds()
        yield "" if age is None else age_sentence(age)
        yield self._run.trouble
        yield self._run.note
        yield self._run.hint
