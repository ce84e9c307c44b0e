"""The work of observing itself: what is asked of the source, and what it has shown lately."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_telescope.tui.messages import Observed, Outcome, Refused
from tui_telescope.tui.sources.source import Source, SourceError, Tell, nobody
from tui_telescope.tui.work.lru_cache import LruCache
from tui_telescope.tui.work.progress import Work

if TYPE_CHECKING:
    from tui_telescope.observations.interruption import ShouldStop

CAPACITY = 64
"""Observations that are kept, of half a megabyte each for ten thousand layers."""
ADVICE_TRIALS = 3
"""Observations that finding a remedy usually takes."""


class Request(NamedTuple):
    generation: int
    subject: Hashable
    companion: Hashable | None = None
    """A subject to compare with, as long as it is to be observed."""
    observed: Observed | None = None
    """What is known already: then the companion and advice are wanted."""


class CachedSource:
    """A source, and the subjects that were observed and advised on lately, which are not observed again."""

    def __init__(self, source: Source[Any]) -> None:
        self._source = source
        self._cache: LruCache[Hashable, Observed] = LruCache(CAPACITY)
        self.is_loaded = False

    def load(self) -> None:
        self._source.load()
        self.is_loaded = True

    def expected_seconds(self, subject: Hashable) -> float:
        """How long observing takes, roughly; asked once it is loaded."""
        return self._source.expected_seconds(subject)

    def cached(self, subject: Hashable) -> Observed | None:
        """What the subject was observed as, with advice, if that is not long ago."""
        return self._cache.get(subject)

    def observed(self, request: Request, should_stop: ShouldStop, progress: Tell = nobody) -> Outcome:
        """What the source reads, or why it cannot. Raises `Stopped`, as the next two do."""
        from tui_telescope.observations.description import words_of

        try:
            observation = self._source.observe(request.subject, should_stop=should_stop, progress=progress)
        except SourceError as refusal:
            return Refused(request.generation, request.subject, str(refusal))
        return Observed(request.generation, request.subject, observation, words_of(observation))

    def accompanied(
        self, outcome: Observed, companion: Hashable, should_stop: ShouldStop, progress: Tell = nobody
    ) -> Observed:
        """The same with the subject to compare with observed too, where that is possible."""
        if partner := self._cache.get(companion):
            return replace(outcome, companion=partner.observation)
        try:
            observation = self._source.observe(companion, should_stop=should_stop, progress=progress)
        except SourceError:  # said once somebody asks for it by itself
            return outcome
        return replace(outcome, companion=observation)

    def advised(self, outcome: Observed, should_stop: ShouldStop) -> Observed:
        """The same with the remedy that the source has found, if it found one."""
        if cached := self._cache.get(outcome.subject):
            return replace(outcome, remedy=cached.remedy)
        remedy = self._source.remedy(outcome.subject, outcome.observation, should_stop=should_stop)
        outcome = replace(outcome, remedy=remedy)
        self._cache.put(outcome.subject, outcome)
        return outcome

    def work_of(self, request: Request) -> Work:
        """What the request asks for, beginning now."""
        companion = request.companion if request.observed else None
        seconds = self.expected_seconds(request.subject if companion is None else companion)
        if companion is not None:
            return Work(request.generation, "Computing the ghost", monotonic(), seconds)
        if request.observed:
            return Work(request.generation, "Looking for a remedy", monotonic(), ADVICE_TRIALS * seconds)
        return Work(request.generation, f"Computing {self._source.size(request.subject)}", monotonic(), seconds)
