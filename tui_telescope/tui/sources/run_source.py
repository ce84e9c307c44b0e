"""A training run as a source: its subjects are its records, and newer ones come while it is shown."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui_telescope.runs.reading.follower import Refused, refusing
from tui_telescope.runs.reading.listing import rest_after
from tui_telescope.runs.reading.opening import choose_run, find_runs
from tui_telescope.tui.sources.followed_run import FollowedRun
from tui_telescope.tui.sources.source import Ghost, Heading, Labels, Source, SourceError, Tell, nobody
from tui_telescope.tui.work.lru_cache import LruCache
from tui_telescope.tui.work.observing import CAPACITY

if TYPE_CHECKING:
    from tui_telescope.observations.interruption import ShouldStop
    from tui_telescope.observations.observation import Observation
    from tui_telescope.runs.reading.observing import Course
    from tui_telescope.runs.reading.records import Record

POLL_SECONDS = 0.25
MOST_KEPT = 4
"""Runs whose records stay in memory once they were looked at."""
_OBSERVING_SECONDS = 0.05
"""More than a key may wait for: since when a run is not healthy takes a look at hundreds of records."""


class Shown(NamedTuple):
    """What is looked at: a record of a run, or that there is none yet; and which of its layers."""

    run: FollowedRun
    record: Record | None = None
    role: str = ""
    """What the layers shown have in common (see `Header.roles`); empty for all."""


class RunSource(Source[Shown]):
    """Reads the run that is looked at, and the one that it is compared with."""

    def __init__(self, path: Path) -> None:
        """A run, or a folder of several: of those the one written last comes first. Raises `Refused`."""
        self.folder = path
        self.run = FollowedRun(choose_run(path))
        """The one looked at."""
        self.other: FollowedRun | None = None
        """The one compared with it."""
        self._count = 0
        """How many runs the folder held when it was looked at last."""
        self._counts_again = 0.0
        self._is_chosen = False
        self._kept: LruCache[Path, FollowedRun] = LruCache(MOST_KEPT)
        self._kept.put(self.run.path, self.run)
        self._courses: LruCache[Shown, tuple[Course, Observation]] = LruCache(2 * CAPACITY)
        self._is_wanted = threading.Event()
        self._is_closed = False

    @property
    def has_others(self) -> bool:
        """Whether there are runs to choose from, or something keeps from knowing it, which the list will say."""
        try:
            with refusing(self.folder):
                return len(find_runs(self.folder)) > 1
        except Refused:
            return True

    @property
    def unchosen_of(self) -> int:
        """Of how many runs the one looked at is one that nobody has chosen; 0 where it was, or is the only one."""
        return self._count if self._count > 1 and not self._is_chosen else 0

    def poll(self) -> bool:
        """Read what is new; tells whether there was anything."""
        has_news = [each.poll() for each in (self.run, self.other) if each]
        return any([*has_news, self._counts_others()])

    def _counts_others(self) -> bool:
        """Look now and then how many runs there are, and tell whether that has changed."""
        began, before = time.monotonic(), self.unchosen_of
        if self._is_chosen or began < self._counts_again:
            return False
        try:
            self._count = len(find_runs(self.folder))
        except OSError:  # the list says why
            self._count = 0
        self._counts_again = time.monotonic() + rest_after(time.monotonic() - began)
        return self.unchosen_of != before

    def follow(self, tell: Callable[[], object]) -> None:
        """Have `tell` called by a thread whenever there is anything new."""
        threading.Thread(target=self._follow, args=(tell,), name="telescope-run", daemon=True).start()

    def _follow(self, tell: Callable[[], object]) -> None:
        while not self._is_closed:
            self._is_wanted.clear()
            if self.poll():
                tell()
            self._is_wanted.wait(POLL_SECONDS)

    def close(self) -> None:
        self._is_closed = True
        self._is_wanted.set()

    def choose(self, path: Path) -> None:
        """Look at the run at this path."""
        self._is_chosen = True
        self.run = self._opened(path)
        if self.other is self.run:
            self.other = None
        self._is_wanted.set()

    def compare(self, path: Path | None) -> None:
        """Compare it with the one at this path, or with none; no run is compared with itself."""
        other = self._opened(path) if path else None
        self.other = None if other is self.run else other
        self._is_wanted.set()

    def _opened(self, path: Path) -> FollowedRun:
        """The run looked at may have come to be known since it was kept."""
        run = self.run if path == self.run.path else self._kept.get(path) or FollowedRun(path)
        self._kept.put(path, run)
        return run

    def shown(self, record: Record | None, role: str) -> Shown:
        """A record of the run looked at; of a role that it has not got, all layers."""
        return Shown(self.run, record, role if role in self.run.roles else "")

    def course(self, subject: Shown) -> tuple[Course, Observation] | None:
        """What the records up to this one tell, and what it was observed as; None where that was not, or long ago."""
        return self._courses.get(subject)

    # What every source is asked

    def load(self) -> None:
        for module in ("charts.layers.layer_charts", "charts.steps.run_charts", "observations.description"):
            import_module(f"tui_telescope.{module}")
        gc.enable()

    def observe(self, subject: Shown, *, should_stop: ShouldStop, progress: Tell = nobody) -> Observation:
        run, record, role = subject
        if record is None:
            raise SourceError(run.waiting())
        found = run.observe(record, role)
        if found is None:
            raise SourceError(f"Step {record.step} holds no reading of any layer that could be judged.")
        observation, course = found
        self._courses.put(subject, (course, observation))
        return observation

    def expected_seconds(self, subject: Shown) -> float:
        return _OBSERVING_SECONDS

    def heading(self, subject: Shown) -> Heading:
        run, record, role = subject
        if record is None:
            return Heading(run.name, standing="no record yet")
        loss = "" if record.loss is None else f", loss {record.loss:.4g}"
        return Heading(run.name, role, f"step {record.step}{loss}")

    def size(self, subject: Shown) -> str:
        return "the run's first record" if subject.record is None else f"step {subject.record.step}"

    def arguments(self, subject: Shown) -> list[str]:
        return ["watch", str(subject.run.path)]

    def labels(self, live: Shown, pins: Sequence[Shown]) -> Labels:
        """Steps; where it takes more to tell them apart the runs, the roles and the starts too, and then a number."""
        subjects = [each for each in (live, *pins) if each.record]
        words = [f"step {each.record.step}" for each in subjects if each.record]
        for more in (_run_name, _role, _start):
            if len(set(map(more, subjects))) > 1:
                words = [f"{word}{more(each)}" for word, each in zip(words, subjects, strict=True)]
        if len(set(subjects)) == len(subjects) > len(set(words)):
            words = [f"{word} ({number})" for number, word in enumerate(words, 1)]
        if live in pins:
            words[0] = f"now: {words[0]}"
        return Labels(words, words, words)

    def ghost(self, subject: Shown) -> Ghost[Shown] | None:
        """The run that it is compared with, as it stood at this step; without one the run's own first record."""
        run, record, role = subject
        if record is None:
            return None
        if self.other:
            beside = self.other.at_step(record.step)
            if beside is None:
                return None
            return Ghost(
                Shown(self.other, beside, role if role in self.other.roles else ""),
                f"{self.other.name}, step {beside.step}",
                f"{run.name}, step {record.step}",
            )
        first = run.end(0)
        if first is None or first is record:
            return None
        return Ghost(Shown(run, first, role), f"step {first.step}, the first record", f"step {record.step}")

    def why_no_ghost(self, subject: Shown) -> str:
        if self.ghost(subject):
            return ""
        return self.other.waiting() if self.other else "This is the run's first record itself."


def _run_name(subject: Shown) -> str:
    return f", {subject.run.name}"


def _role(subject: Shown) -> str:
    return f", {subject.role or 'all layers'}"


def _start(subject: Shown) -> str:
    return f", start {subject.record.segment + 1}" if subject.record else ""
