"""A run as those who show it see it: `poll`, and then ask."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median
from typing import Protocol

from tui_telescope.observations.observation import Observation
from tui_telescope.runs.reading.follower import Refused
from tui_telescope.runs.reading.history import History
from tui_telescope.runs.reading.observing import Course, course_of, observation_of
from tui_telescope.runs.reading.over_steps import OverSteps, over_steps
from tui_telescope.runs.reading.records import Header, Record

_USUAL_RECORDS = 20
"""So many of the newest show how far apart they usually are."""


class Source(Protocol):
    """A file that records are read from."""

    @property
    def history(self) -> History: ...

    @property
    def header(self) -> Header | None: ...

    @property
    def note(self) -> str:
        """What there is to be known of a log that others wrote, in a sentence."""

    @property
    def modified(self) -> float:
        """When it was written last, in seconds since 1970."""

    @property
    def skipped_lines(self) -> int: ...

    def poll(self) -> bool:
        """Read what is new; tells whether there was anything. Raises `Refused`."""


class Run:
    """The records of one run. Its ranks' files are read together; the first one's records are the run's."""

    def __init__(self, name: str, sources: Callable[[], Sequence[Source]]) -> None:
        self._name = name
        self._look = sources
        self._sources: Sequence[Source] = ()

    def poll(self) -> bool:
        """Read what was written since the last poll; tells whether there was anything. Raises `Refused`."""
        self._sources = self._look()
        return bool(sum(source.poll() for source in self._sources))

    @property
    def name(self) -> str:
        header = self._header
        return (header.run if header else "") or self._name

    @property
    def layers(self) -> tuple[str, ...]:
        """Their names, from the input to the output."""
        return self._header.layers if self._header else ()

    @property
    def note(self) -> str:
        """What there is to be known of it, in a sentence."""
        return self._sources[0].note if self._sources else ""

    @property
    def lack(self) -> str:
        """Why there is nothing to show, in a clause; empty where there just is no record yet, or there is something."""
        if any(record.readings for record in self.records):
            return ""
        return "no record holds a reading of any layer" if self.records else self.note.removesuffix(".")

    @property
    def order(self) -> str:
        """Where the layers' order is from: `execution`, or `guessed`."""
        return self._header.order if self._header else "guessed"

    @property
    def records(self) -> Sequence[Record]:
        """The newest all, the older ones thinned out, and the first."""
        return self._sources[0].history.records if self._sources else ()

    @property
    def count(self) -> int:
        """How many records were read."""
        return sum(source.history.count for source in self._sources)

    @property
    def skipped_lines(self) -> int:
        """How many lines were cut, or no records."""
        return sum(source.skipped_lines for source in self._sources)

    def age_seconds(self, now: float | None = None) -> float | None:
        """Since the last record was written; None before the first."""
        if not self.records:
            return None
        told = self.records[-1].time
        written = told if told is not None and math.isfinite(told) else self._sources[0].modified
        return max(0.0, (time.time() if now is None else now) - written)

    def usual_gap(self) -> float | None:
        """Seconds between the newest records, their median; None where they are too few, or do not tell when."""
        newest = self.records[-_USUAL_RECORDS:]
        times = [record.time for record in newest if record.segment == newest[-1].segment and record.time is not None]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        usual = median(gaps) if len(gaps) > 1 else 0.0
        return usual if 0 < usual < math.inf else None

    def record_at(self, step: int | None = None) -> Record | None:
        """The newest with readings whose step is this or before; without a step the newest that the optimizer made, if
        any was."""
        told = [record for record in self.records if record.readings and (step is None or record.step <= step)]
        made = [record for record in told if step is not None or not record.skipped] or told
        return made[-1] if made else None

    def observation(self, step: int | None = None) -> Observation | None:
        """Of the record at the step (see `record_at`); None where there is none that can be judged."""
        record = self.record_at(step)
        return None if record is None else self.observation_of(record)

    def observation_of(self, record: Record, role: str = "") -> Observation | None:
        """Of one of the records, and what other ranks told of its step; None where it cannot be judged."""
        return observation_of([record, *self._of_other_ranks(record)], self.layers, self.places(role))

    def course(self) -> Course:
        """What the records up to the newest tell beside it. Raises `Refused` where there are none."""
        if not self.records:
            raise Refused(f"{self.name}: no records")
        observation = self.observation()
        return course_of(self.records, self.layers, observation.verdict.state if observation else None)

    def over_steps(self, role: str = "") -> OverSteps | None:
        """The layers of the role over the steps; None where no record holds a gradient."""
        return over_steps(self.records, self.layers, self.places(role))

    @property
    def roles(self) -> tuple[str, ...]:
        """Those that several layers share, while others have another one."""
        counts = Counter(self._header.roles if self._header else ())
        return tuple(role for role, count in counts.items() if 1 < count < len(self.layers))

    def places(self, role: str) -> list[int] | None:
        """The indices of the layers that have it; None for all, where it is empty."""
        if not role or not self._header:
            return None
        return [index for index, each in enumerate(self._header.roles) if each == role]

    @property
    def _header(self) -> Header | None:
        return self._sources[0].header if self._sources else None

    def _of_other_ranks(self, record: Record) -> list[Record]:
        """What they told of the same step; their files may be a little behind."""
        newest = [source.history.records[-8:] for source in self._sources[1:] if source.header == self._header]
        return [
            each for records in newest for each in records if (each.step, each.segment) == (record.step, record.segment)
        ]
