"""One training run, read by a thread while the screen asks what was read."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui_telescope.runs.reading.follower import Refused
from tui_telescope.runs.reading.observing import Course, course_of, with_band
from tui_telescope.runs.reading.opening import choose_run, has_ranks, open_run
from tui_telescope.runs.reading.over_steps import OverSteps, over_steps
from tui_telescope.runs.reading.records import Record, clean

if TYPE_CHECKING:
    from tui_telescope.observations.observation import Observation
    from tui_telescope.runs.reading.run import Run

BAND_RECORDS = 20
"""Over how many of the last records the band reaches."""


class _Told(NamedTuple):
    """What has been read, as one thread leaves it to the other: never changed, only replaced."""

    records: tuple[Record, ...] = ()
    """Those with readings, in the order in which they were written."""
    newest: Record | None = None
    """The one that is shown while the run is followed."""


class FollowedRun:
    """The run at a path; of several in a folder the one that was written last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """The run's own, once it is known: of a folder the run in it that is followed."""
        self.is_read = False
        """Whether its files have been looked at."""
        self._is_file = path.is_file()
        self._is_ours = False
        self._run: Run | None = None
        self._told = _Told()
        self._trouble = ""
        self._lock = threading.Lock()
        """Held by whoever reads the files, or what was read of them."""

    def poll(self) -> bool:
        """Read what is new; tells whether there was anything. A file that is away, or no log for now, may come back."""
        with self._lock:
            try:
                is_new = self._run is None or self._is_overtaken()
                if self._run is None or is_new:
                    path = choose_run(self.path)
                    self._run, self.path, self._is_file = open_run(path), path, path.is_file()
                    self._is_ours = has_ranks(path)
                has_news = self._run.poll() or is_new
                trouble = "" if os.path.exists(self.path) else f"The {'file' if self._is_file else 'folder'} is gone"
            except Refused as refusal:
                has_news, trouble = False, str(refusal).replace(f"{self.path}/", "")
            has_news = has_news or trouble != self._trouble or not self.is_read
            self._trouble, self.is_read = trouble, True
            if has_news and self._run:
                records = tuple(record for record in self._run.records if record.readings)
                self._told = _Told(records, self._run.record_at() if records else None)
        return has_news

    def _is_overtaken(self) -> bool:
        """Whether it is a log that has told nothing, beside which our recorder has begun to write."""
        return not (self._told.records or self._is_ours) and has_ranks(self.path)

    @property
    def name(self) -> str:
        """Its folder's; of a file what it says of itself."""
        return self._run.name if self._run and self._is_file else clean(self.path.resolve().name)

    @property
    def layers(self) -> tuple[str, ...]:
        return self._run.layers if self._run else ()

    @property
    def roles(self) -> tuple[str, ...]:
        return self._run.roles if self._run else ()

    def layers_of(self, role: str) -> tuple[str, ...]:
        """The names of the layers of this role; of all where it is empty."""
        places = self._run.places(role) if self._run else None
        return self.layers if places is None else tuple(self.layers[place] for place in places)

    @property
    def note(self) -> str:
        return self._run.note if self._run else ""

    @property
    def newest(self) -> Record | None:
        return self._told.newest

    def age_seconds(self) -> float | None:
        """Of the last record that was written."""
        return self._run.age_seconds() if self._run else None

    def usual_gap(self) -> float | None:
        """How far apart its newest records are, in seconds; None where that is not known."""
        return self._run.usual_gap() if self._run else None

    def neighbour(self, record: Record | None, distance: int) -> Record | None:
        """The record so many places behind this one in the file, or before it; the first or the last beyond them."""
        records = self._told.records
        if not records:
            return None
        place = self._place(record)
        return records[min(max(place + distance, 0), len(records) - 1)]

    def end(self, index: int) -> Record | None:
        """The first record (0), or the newest (-1)."""
        records = self._told.records
        return (records[0] if index == 0 else self.newest) if records else None

    def at_step(self, step: int) -> Record | None:
        """The newest record of this step or of one before; the first where all are later."""
        records = self._told.records
        found = (record for record in reversed(records) if record.step <= step)
        return next(found, records[0] if records else None)

    def _place(self, record: Record | None) -> int:
        """Of a record that was thinned out since, that of the next one that was not."""
        records = self._told.records
        if record is None:
            return len(records) - 1
        at = (record.segment, record.step)
        return next((place for place, each in enumerate(records) if (each.segment, each.step) >= at), len(records) - 1)

    def observe(self, record: Record, role: str) -> tuple[Observation, Course] | None:
        """What the record reads of the layers of this role, and what those up to it tell; None where it has nothing to
        judge."""
        if self._run is None:
            return None
        with self._lock:
            layers, among = self._run.layers, self._run.places(role)
            observation = self._run.observation_of(record, role)
            past = self._told.records[: self._place(record) + 1] or (record,)
        if observation is None:
            return None
        course = course_of(past, layers, observation.verdict.state, among)
        return with_band(observation, past[-BAND_RECORDS:], layers), course

    def over_steps(self, record: Record, role: str) -> OverSteps | None:
        """The layers of the role over the steps of the start that this record is of, and of those that led to it."""
        if self._run is None:
            return None
        records = [each for each in self._told.records if each.segment <= record.segment]
        return over_steps(records, self._run.layers, self._run.places(role))

    def waiting(self) -> str:
        """What it is that there is nothing to show, in a sentence."""
        if not self.is_read:
            return f"Reading {clean(self.path)}."
        trouble = self._trouble.removeprefix(f"{self.path}: ") or (self._run.lack if self._run else "")
        return (
            f"Waiting for the first record of {clean(self.path)}{': ' if trouble else ''}{trouble}. "
            "It is shown as soon as it is there."
        )

    @property
    def trouble(self) -> str:
        """What keeps it from reading on, in a sentence; empty where nothing does."""
        return f"{self._trouble}: what is shown was read before." if self._trouble else ""
