"""A training run as a source: its subjects are its records, and newer ones come while it is shown."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui_telescope.runs.reading.follower import Refused
from tui_telescope.runs.reading.observing import Course, course_of, with_band
from tui_telescope.runs.reading.opening import open_run
from tui_telescope.runs.reading.records import Record, clean
from tui_telescope.tui.sources.source import Ghost, Heading, Labels, Source, SourceError, Tell, nobody
from tui_telescope.tui.work.lru_cache import LruCache
from tui_telescope.tui.work.observing import CAPACITY

if TYPE_CHECKING:
    from tui_telescope.observations.interruption import ShouldStop
    from tui_telescope.observations.observation import Observation
    from tui_telescope.runs.reading.run import Run

POLL_SECONDS = 0.25
BAND_RECORDS = 20
"""Over how many of the last records the band reaches."""
_OBSERVING_SECONDS = 0.05
"""More than a key may wait for: since when a run is not healthy takes a look at hundreds of records."""


class _Told(NamedTuple):
    """What has been read, as one thread leaves it to the other: never changed, only replaced."""

    records: tuple[Record, ...] = ()
    """Those with readings, in the order in which they were written."""
    newest: Record | None = None
    """The one that is shown while the run is followed."""


class RunSource(Source[Record | None]):
    """Reads the run at a path. Before its first record the subject is None, which cannot be observed."""

    def __init__(self, path: Path, hint: str = "") -> None:
        """`hint` is said of the path as long as the run is shown."""
        self.hint = hint
        self._path = path
        self._run: Run | None = None
        self._told = _Told()
        self._trouble = ""
        self._courses: LruCache[Record, tuple[Course, Observation]] = LruCache(2 * CAPACITY)
        self._lock = threading.Lock()
        """Held by whoever reads the files, or what was read of them."""
        self._is_closed = threading.Event()

    def poll(self) -> bool:
        """Read what is new; tells whether there was anything. A file that is away, or no log for now, may come back."""
        with self._lock:
            try:
                is_new = self._run is None
                self._run = self._run or open_run(self._path)
                has_news = self._run.poll() or is_new
                trouble = ""
            except Refused as refusal:
                has_news, trouble = False, str(refusal).replace(f"{self._path}/", "")
            has_news = has_news or trouble != self._trouble
            self._trouble = trouble
            if has_news and self._run:
                records = tuple(record for record in self._run.records if record.readings)
                self._told = _Told(records, self._run.record_at() if records else None)
        return has_news

    def follow(self, tell: Callable[[], object]) -> None:
        """Have `tell` called by a thread whenever there is anything new."""
        threading.Thread(target=self._follow, args=(tell,), name="telescope-run", daemon=True).start()

    def _follow(self, tell: Callable[[], object]) -> None:
        while not self._is_closed.wait(POLL_SECONDS):
            if self.poll():
                tell()

    def close(self) -> None:
        self._is_closed.set()

    @property
    def newest(self) -> Record | None:
        return self._told.newest

    def age_seconds(self) -> float | None:
        """Of the last record that was written."""
        return self._run.age_seconds() if self._run else None

    def neighbour(self, subject: Record | None, distance: int) -> Record | None:
        """The record so many places behind this one in the file, or before it; the first or the last beyond them."""
        records = self._told.records
        if not records:
            return None
        place = self._place(subject)
        return records[min(max(place + distance, 0), len(records) - 1)]

    def end(self, index: int) -> Record | None:
        """The first record (0), or the newest (-1)."""
        records = self._told.records
        return (records[0] if index == 0 else self.newest) if records else None

    def _place(self, subject: Record | None) -> int:
        """Of a record that was thinned out since, that of the next one that was not."""
        records = self._told.records
        if subject is None:
            return len(records) - 1
        at = (subject.segment, subject.step)
        return next((place for place, each in enumerate(records) if (each.segment, each.step) >= at), len(records) - 1)

    def course(self, subject: Record | None) -> tuple[Course, Observation] | None:
        """What the records up to this one tell, and what it was observed as; None where that was not, or long ago."""
        return None if subject is None else self._courses.get(subject)

    def waiting(self) -> str:
        """What it is that there is nothing to show, in a sentence."""
        return (
            f"Waiting for the first record of {clean(self._path)}{': ' if self._trouble else ''}"
            f"{self._trouble.removeprefix(f'{self._path}: ')}. It is shown as soon as it is there."
        )

    @property
    def trouble(self) -> str:
        """What keeps it from reading on, in a sentence; empty where nothing does."""
        return f"{self._trouble}: what is shown was read before." if self._trouble else ""

    @property
    def note(self) -> str:
        return self._run.note if self._run else ""

    # What every source is asked

    def load(self) -> None:
        for module in ("charts.layers.layer_charts", "observations.description"):
            import_module(f"tui_telescope.{module}")
        gc.enable()

    def observe(self, subject: Record | None, *, should_stop: ShouldStop, progress: Tell = nobody) -> Observation:
        if subject is None or self._run is None:
            raise SourceError(self.waiting())
        with self._lock:
            layers, observation = self._run.layers, self._run.observation_of(subject)
            records = self._told.records
        if observation is None:
            raise SourceError(f"Step {subject.step} holds no reading of any layer that could be judged.")
        past = records[: self._place(subject) + 1] or (subject,)
        self._courses.put(subject, (course_of(past, layers, observation.verdict.state), observation))
        return with_band(observation, past[-BAND_RECORDS:], layers)

    def expected_seconds(self, subject: Record | None) -> float:
        return _OBSERVING_SECONDS

    def heading(self, subject: Record | None) -> Heading:
        name = self._run.name if self._run else clean(self._path.resolve().name)
        if subject is None:
            return Heading(name, "no record yet")
        loss = "" if subject.loss is None else f", loss {subject.loss:.4g}"
        return Heading(name, f"step {subject.step}{loss}")

    def size(self, subject: Record | None) -> str:
        return "the run's first record" if subject is None else f"step {subject.step}"

    def arguments(self, subject: Record | None) -> list[str]:
        return ["watch", str(self._path)]

    def labels(self, live: Record | None, pins: Sequence[Record | None]) -> Labels:
        """Steps; where a restart made one twice, the start's number too, and where a file was rewritten, one more."""
        records = list(filter(None, (live, *pins)))
        words = [f"step {each.step}" for each in records]
        if len(set(words)) < len(words):
            words = [f"{word}, start {each.segment + 1}" for word, each in zip(words, records, strict=True)]
        if len(set(records)) == len(records) > len(set(words)):
            words = [f"{word} ({number})" for number, word in enumerate(words, 1)]
        if live in pins:
            words[0] = f"now: {words[0]}"
        return Labels(words, words)

    def ghost(self, subject: Record | None) -> Ghost[Record | None] | None:
        first = self.end(0)
        if first is None or subject is None or first is subject:
            return None
        return Ghost(first, f"step {first.step}, the first record", f"step {subject.step}")

    def why_no_ghost(self, subject: Record | None) -> str:
        return "" if self.ghost(subject) else "This is the run's first record itself."
