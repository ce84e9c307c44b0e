"""Who looks through the telescope: at once where that is quick, in one background thread where it is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.work.loading import load_telescope
from tui_telescope.tui.work.lru_cache import LruCache
from tui_telescope.tui.work.progress import Work, size_of

if TYPE_CHECKING:
    from tui_telescope.engine.telescope import Telescope
    from tui_telescope.observations.observation import Observation

INLINE_SECONDS = 0.015
"""What a key may wait for: a worker thread costs one to two frames of its own."""
MOST_INLINE_SECONDS = 0.06
"""What it may wait for where a forecast was wrong."""
ShouldStop = Callable[[], bool]
Tell = Callable[[float], object]

CALM_SECONDS = 0.05
"""Without a key for so long, the observer looks for a remedy; a held key comes every 33 ms."""
ADVICE_TRIALS = 3
"""Observations that finding a remedy usually takes."""
NOT_ENOUGH_MEMORY = "not enough memory: lower width, depth or samples"
REMEMBERED = 64
"""Observations, of half a megabyte each for ten thousand layers."""


def _nobody(share: float) -> None:
    pass


@dataclass(frozen=True, eq=False)
class Observed:
    """Settings were observed.

    `remedy` is empty until the engine has found one, and where it finds none. `companion` is what the settings to
    compare with were observed as, None until then and where none were given.
    """

    generation: int
    settings: Settings
    observation: Observation
    description: str
    remedy: str = ""
    companion: Observation | None = None

    def looks_like(self, other: Observed) -> bool:
        """Whether the same curves come of both."""
        return self.observation is other.observation and self.companion is other.companion


class Refused(NamedTuple):
    """Settings could not be observed, for a reason that the user can mend."""

    generation: int
    settings: Settings
    reason: str


Outcome = Observed | Refused


class Answered(Message):
    """The background thread has an outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Declined(Message):
    """Work in the background met settings that are not allowed, for a reason that the user can mend."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Failed(Message):
    """Observing ended in an error of the program's own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Request(NamedTuple):
    generation: int
    settings: Settings
    companion: Settings | None = None
    """Settings to compare with, as long as they are to be observed."""
    observed: Observed | None = None
    """What is known already: then the companion and advice are wanted."""


class Observer:
    """Observes the latest settings asked for.

    Work under `INLINE_SECONDS` is done in `observe` itself and returned. Longer work goes to one thread with one
    slot: a newer request takes the place of a waiting one, and every outcome is posted with its generation. The
    telescope is used by one thread at a time, for work is done inline only while the thread has none. Settings that
    were observed and advised on lately are not observed again.
    """

    def __init__(self, post: Callable[[Message], object], load: Callable[[], Telescope] | None = None) -> None:
        self.generation = 0
        """The number of the latest request."""
        self.work: Work | None = None
        """What the thread is at."""
        self._post = post
        self._load = load or load_telescope
        self._telescope: Telescope | None = None
        self._thread: threading.Thread | None = None
        self._change = threading.Condition()
        self._slot: Request | None = None
        self._working = False
        self._running = 0
        """The generation of the request that the thread works on."""
        self._closed = False
        self._stopped = 0
        """The generation up to which all work is unwanted."""
        self._cache: LruCache[Settings, Observed] = LruCache(REMEMBERED)
        self._landed = 0
        """The generation of the latest outcome."""
        self._unanswered_since = 0.0

    def observe(
        self, settings: Settings, companion: Settings | None = None, known: Observed | None = None
    ) -> Outcome | None:
        """The outcome, where it is quick to have; else None, and messages follow.

        `known` is an observation of these very settings, which spares observing them again.
        """
        if self._landed == self.generation:
            self._unanswered_since = monotonic()
        self.generation += 1
        with self._change:
            remembered = self._cache.get(settings)
            partner = self._cache.get(companion) if companion else None
        if seen := remembered or known:
            known = replace(seen, generation=self.generation, companion=partner.observation if partner else None)
            self._landed = self.generation
        if remembered and (partner or companion is None):
            self._drop_work()
            return known
        request = Request(self.generation, settings, None if known and partner else companion, known)
        with self._change:
            if not self._can_observe_inline(request) or self._telescope is None:
                self._hand_over(request)
                return known
            self._slot = None
        return self._observe_inline(request, self._telescope)

    def prefetch(self, settings: Settings, companion: Settings | None = None) -> Observed | None:
        """What these settings will be observed as once they are asked for, where that is quick to have by now."""
        prefetched = self._prefetched(settings)
        if prefetched and companion and (partner := self._prefetched(companion)):
            return replace(prefetched, companion=partner.observation)
        return None if companion else prefetched

    def _prefetched(self, settings: Settings) -> Observed | None:
        from tui_telescope.engine.passes.measurement import Stopped

        with self._change:
            remembered = self._cache.get(settings)
        if remembered or not self.is_free or self._telescope is None:
            return remembered
        if self._telescope.expected_seconds(settings) * (1 + ADVICE_TRIALS) > INLINE_SECONDS:
            return None
        try:
            outcome = observed(self._telescope, Request(0, settings), stop_after(INLINE_SECONDS))
            if isinstance(outcome, Refused):
                return None
            return self._advised(outcome, self._telescope, stop_after(INLINE_SECONDS))
        except Stopped:
            return None

    @property
    def is_free(self) -> bool:
        """Whether nothing is being observed, and nothing waits to be."""
        with self._change:
            return not self._working and self._slot is None

    def expected_seconds(self, settings: Settings) -> float | None:
        """How long observing takes, roughly; None before the engine is loaded."""
        return self._telescope.expected_seconds(settings) if self._telescope else None

    def stop(self) -> None:
        """Let go of all that was asked for until now."""
        with self._change:
            self._stopped = self._landed = self.generation
            self._drop_work()

    def close(self) -> None:
        """Let go of all work: what runs stops between two layers, and nobody waits for it."""
        with self._change:
            self._closed = True
            self._drop_work()

    def _drop_work(self) -> None:
        """What waits and what runs is not wanted any more."""
        with self._change:
            self._slot = None
            self._change.notify()

    def _can_observe_inline(self, request: Request) -> bool:
        expected = self.expected_seconds(request.settings)
        is_free = not self._working and (self._slot is None or self._slot.observed is not None)
        return is_free and expected is not None and expected < INLINE_SECONDS

    def _observe_inline(self, request: Request, telescope: Telescope) -> Outcome | None:
        """What can be had at once; whatever takes much longer than its forecast is begun anew in the thread."""
        from tui_telescope.engine.passes.measurement import Stopped

        try:
            outcome = request.observed or observed(telescope, request, stop_after(MOST_INLINE_SECONDS))
            self._landed = outcome.generation
            if isinstance(outcome, Refused):
                return outcome
            request = request._replace(observed=outcome)
            if request.companion and telescope.expected_seconds(request.companion) < INLINE_SECONDS:
                outcome = self._accompanied(outcome, request.companion, telescope, stop_after(MOST_INLINE_SECONDS))
                request = request._replace(observed=outcome, companion=None)
            if not request.companion and self._is_advice_quick(outcome, telescope):
                return self._advised(outcome, telescope, stop_after(INLINE_SECONDS))
        except Stopped:
            pass  # between two layers: the thread begins anew with what is still wanted
        with self._change:
            self._hand_over(request)
        return request.observed

    def _is_advice_quick(self, outcome: Observed, telescope: Telescope) -> bool:
        """Whether a remedy may come with the observation: a second update of the screen would come a frame later."""
        is_sick = outcome.observation.verdict.state != "healthy"
        return not is_sick or telescope.expected_seconds(outcome.settings) * ADVICE_TRIALS < INLINE_SECONDS

    def _accompanied(
        self,
        outcome: Observed,
        companion: Settings,
        telescope: Telescope,
        should_stop: ShouldStop,
        progress: Tell = _nobody,
    ) -> Observed:
        with self._change:
            partner = self._cache.get(companion)
        if partner:
            return replace(outcome, companion=partner.observation)
        return accompanied(telescope, outcome, companion, should_stop, progress)

    def _advised(self, outcome: Observed, telescope: Telescope, should_stop: ShouldStop) -> Observed:
        with self._change:
            if remembered := self._cache.get(outcome.settings):
                return replace(outcome, remedy=remembered.remedy)
        outcome = advised(telescope, outcome, should_stop)
        with self._change:
            self._cache.put(outcome.settings, outcome)
        return outcome

    def _hand_over(self, request: Request) -> None:
        self._slot = request
        if self._thread is None:
            # A daemon: quitting must not wait for a matrix product.
            self._thread = threading.Thread(target=self._work, name="telescope-observer", daemon=True)
            self._thread.start()
        self._change.notify()

    def _work(self) -> None:
        try:
            telescope = self._telescope = self._load()
            while request := self._next_request():
                self._answer(request, telescope)
        except Exception as error:
            self._post(Failed(error))

    def _next_request(self) -> Request | None:
        with self._change:
            self._working = False
            self.work = None
            while not self._closed:
                request = self._slot
                if request is None:
                    self._change.wait()
                elif not (request.observed and self._is_replaced_soon(request)):
                    self._slot = None
                    self._working = True
                    self._running = request.generation
                    return request
            return None

    def _is_replaced_soon(self, request: Request) -> bool:
        """Advice lets the screen be painted first, and does not begin while a key is held."""
        return self._change.wait_for(lambda: self._slot is not request or self._closed, CALM_SECONDS)

    def _answer(self, request: Request, telescope: Telescope) -> None:
        from tui_telescope.engine.passes.measurement import Stopped

        self.work = self._begun(request, telescope)
        try:
            if request.observed and request.companion:
                outcome: Outcome = self._accompanied(
                    request.observed, request.companion, telescope, self._is_superseded, self._note_share
                )
                request = request._replace(companion=None)
            elif request.observed:
                self._land(self._advised(request.observed, telescope, self._is_superseded))
                return
            else:
                outcome = observed(telescope, request, self._not_worth_finishing(request, telescope), self._note_share)
        except Stopped:
            return
        self._land(outcome)
        with self._change:
            if isinstance(outcome, Observed) and not self._is_superseded():
                self._slot = request._replace(observed=outcome)

    @staticmethod
    def _begun(request: Request, telescope: Telescope) -> Work:
        """What the request asks the thread for."""
        settings, companion = request.settings, request.companion if request.observed else None
        seconds = telescope.expected_seconds(companion or settings)
        if companion:
            return Work(request.generation, "Computing the ghost", monotonic(), seconds)
        if request.observed:
            return Work(request.generation, "Looking for a remedy", monotonic(), ADVICE_TRIALS * seconds)
        return Work(request.generation, f"Computing {size_of(settings)}", monotonic(), seconds)

    def _note_share(self, share: float) -> None:
        if self.work:
            self.work = self.work._replace(share=share)

    def _land(self, outcome: Outcome) -> None:
        self._post(Answered(outcome))
        self._landed = max(self._landed, outcome.generation)
        self._unanswered_since = monotonic()

    def _is_superseded(self) -> bool:
        return self._is_unwanted() or self._slot is not None or self._running != self.generation

    def _is_unwanted(self) -> bool:
        return self._closed or self._running <= self._stopped

    def _not_worth_finishing(self, request: Request, telescope: Telescope) -> ShouldStop:
        """Stop superseded work, unless it needs no longer than the screen has waited for any result at all.

        Always stopping would freeze the chart for as long as a key is held; never stopping would let work of ten
        seconds hold up the settings that the user means.
        """
        end = monotonic() + telescope.expected_seconds(request.settings)

        def should_stop() -> bool:
            if not self._is_superseded():
                return False
            now = monotonic()
            return self._is_unwanted() or end - now > now - self._unanswered_since

        return should_stop


def observed(telescope: Telescope, request: Request, should_stop: ShouldStop, progress: Tell = _nobody) -> Outcome:
    """What the telescope reads, or why it cannot."""
    from tui_telescope.observations.description import describe

    try:
        observation = telescope.observe(request.settings, should_stop=should_stop, progress=progress)
    except SettingsError as refusal:
        return Refused(request.generation, request.settings, str(refusal))
    except MemoryError:
        return Refused(request.generation, request.settings, NOT_ENOUGH_MEMORY)
    return Observed(request.generation, request.settings, observation, describe(observation))


def accompanied(
    telescope: Telescope, outcome: Observed, companion: Settings, should_stop: ShouldStop, progress: Tell
) -> Observed:
    """The same with the settings to compare with observed too, where that is possible."""
    try:
        return replace(outcome, companion=telescope.observe(companion, should_stop=should_stop, progress=progress))
    except (SettingsError, MemoryError):
        return outcome


def advised(telescope: Telescope, outcome: Observed, should_stop: ShouldStop) -> Observed:
    """The same with the remedy that the engine has found, if it found one."""
    try:
        remedy = telescope.advise(outcome.settings, outcome.observation, should_stop=should_stop)
    except MemoryError:
        return outcome
    return replace(outcome, remedy=remedy.text if remedy else "")


def stop_after(seconds: float) -> ShouldStop:
    deadline = monotonic() + seconds
    return lambda: monotonic() > deadline
