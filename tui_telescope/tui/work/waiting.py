"""What the user waits for, of all that is computed in the background, and how it is said."""

from __future__ import annotations

from time import monotonic

from tui_telescope.tui.learning.trainer import Trainer
from tui_telescope.tui.work.observer import Observer
from tui_telescope.tui.work.progress import LONG_SECONDS, Work
from tui_telescope.tui.work.surveyor import Surveyor

PROGRESS_AFTER = 0.15
"""Seconds of waiting before it is said, and between one word and the next: at every key they would be noise."""


class Waiting:
    """Looks at the observer, the surveyor and the trainer; what the view on the screen shows comes first."""

    def __init__(self, observer: Observer, surveyor: Surveyor, trainer: Trainer) -> None:
        self._observer, self._surveyor, self._trainer = observer, surveyor, trainer
        self.is_overdue = False
        """Whether what is wanted has taken so long that it is said."""

    @property
    def is_busy(self) -> bool:
        """Whether anything runs or waits."""
        return self.for_view or not self._observer.is_free

    @property
    def for_view(self) -> bool:
        """Whether something is made for the view that is more than an observation."""
        return self._source is not self._observer

    @property
    def _source(self) -> Observer | Surveyor | Trainer:
        return next((each for each in (self._surveyor, self._trainer) if each.work), self._observer)

    @property
    def work(self) -> Work | None:
        """The work that was asked for last; None while the thread is still at something older."""
        source = self._source
        return source.work if source.work and source.work.generation == source.generation else None

    def look(self) -> None:
        """Time has passed. What has just begun in the place of what was overdue is so too."""
        work = self.work
        has_taken_long = work is not None and monotonic() - work.began > PROGRESS_AFTER / 2
        self.is_overdue = work is not None and (self.is_overdue or has_taken_long)

    def banner(self) -> str:
        """What stands where the result will be; empty while nothing is overdue."""
        work = self.work if self.is_overdue else None
        return work.standing(monotonic()) or "computing" if work else ""

    def report(self, *, is_read: bool, is_outdated: bool) -> str:
        """What is computed and how far it is; nothing of what keeps nobody from reading and is soon done.

        `is_read` says that the reading is that of the settings, `is_outdated` that the chart is one of others.
        """
        work = self.work if self.is_overdue else None
        if work is None or (is_read and not self.for_view and work.seconds_left(monotonic()) < LONG_SECONDS):
            return ""
        before = "the chart still shows the settings before" if is_outdated and not self.for_view else ""
        standing = "; ".join(filter(None, (work.standing(monotonic()), before)))
        return f"{work.what}{': ' if standing else ''}{standing}. Escape stops it."

    def stop(self) -> None:
        """Let go of what is waited for."""
        self.is_overdue = False
        self._source.stop()
