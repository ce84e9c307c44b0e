"""Runs side by side: what a list says of each, without keeping what was read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from tui_telescope.observations.description import words_of
from tui_telescope.runs.reading.follower import Refused, refusing
from tui_telescope.runs.reading.opening import find_runs, open_run, written_at


class Glance(NamedTuple):
    """One line of the list."""

    path: Path
    written: float
    """When, in seconds since 1970."""
    step: int | None = None
    """The newest one; None where there is none, or it has not been looked for yet."""
    headline: str = ""
    """The verdict's; or in small letters why there is none."""

    def age_seconds(self) -> float:
        return max(0.0, time.time() - self.written)


class Listing:
    """The runs of a folder, by their folders' names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, Glance] = {}

    def names(self) -> list[Glance]:
        """All of them, with what is known by now. Raises `Refused`."""
        with refusing(self._folder):
            found = [(path, written_at(path)) for path in find_runs(self._folder)]
        return [self._known.get(path, Glance(path, written))._replace(written=written) for path, written in found]

    def outdated(self) -> list[Glance]:
        """Those that were written to since they were looked at, the newest first."""
        changed = [each for each in self.names() if each.written != self._seen_at(each.path)]
        return sorted(changed, key=lambda each: -each.written)

    def _seen_at(self, path: Path) -> float | None:
        known = self._known.get(path)
        return known.written if known else None

    def look(self, each: Glance) -> None:
        """Read the run, and keep the line alone."""
        try:
            run = open_run(each.path)
            record, observation = run.record_at(), run.observation()
        except Refused:
            self._known[each.path] = each._replace(headline="unreadable")
            return
        headline = words_of(observation).headline if observation else ""
        lacks = "no gradient" if observation else "no records"
        self._known[each.path] = each._replace(step=record.step if record else None, headline=headline or lacks)
