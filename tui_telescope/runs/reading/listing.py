"""Runs side by side: what a list says of each, without keeping what was read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from tui_telescope.observations.description import words_of
from tui_telescope.runs.reading.follower import Refused, refusing
from tui_telescope.runs.reading.opening import find_runs, open_run, written_at

LOOK_SECONDS = 2.0
"""How often it is looked whether there is anything new."""
MOST_LOOKING = 0.01
"""Of the time, at most."""


def rest_after(seconds: float) -> float:
    """For how many seconds to leave a folder alone after a look at it that took so many."""
    return max(LOOK_SECONDS, seconds / MOST_LOOKING)


class Glance(NamedTuple):
    """One line of the list."""

    path: Path
    written: float
    """When, in seconds since 1970."""
    step: int | None = None
    """The newest one."""
    headline: str = ""
    """The verdict's; in small letters why there is none; empty where it has not been looked for yet."""

    def age_seconds(self) -> float:
        return max(0.0, time.time() - self.written)


class Listing:
    """The runs of a folder, by their folders' names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._glances: dict[Path, Glance] = {}

    @property
    def glances(self) -> list[Glance]:
        """All that were found, with what is known of them by now."""
        return list(self._glances.values())

    def find(self) -> list[Glance]:
        """Look which runs there are; gives those that were written to since they were looked at, the newest first.

        Raises `Refused`.
        """
        with refusing(self._folder):
            found = {path: written_at(path) for path in find_runs(self._folder)}
        before = self._glances
        self._glances = {path: before.get(path) or Glance(path, written) for path, written in found.items()}
        changed = [
            each._replace(written=found[path])
            for path, each in self._glances.items()
            if not each.headline or each.written != found[path]
        ]
        return sorted(changed, key=lambda each: -each.written)

    def look(self, each: Glance) -> None:
        """Read the run, and keep the line alone."""
        try:
            run = open_run(each.path)
            record, observation = run.record_at(), run.observation()
        except Refused:
            self._glances[each.path] = each._replace(headline="unreadable")
            return
        headline = words_of(observation).headline if observation else ""
        lacks = "no gradient" if observation else "no records"
        step = record.step if record else None
        self._glances[each.path] = each._replace(step=step, headline=headline or lacks)
