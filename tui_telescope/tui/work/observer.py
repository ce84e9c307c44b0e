"""When the source is observed: at once where that is quick, in one background thread where it is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual.message import Message

from tui_telescope.observations.interruption import Stopped
from tui_telescope.tui.messages import Answered, Failed, Observed, Outcome, Refused
from tui_telescope.tui.sources.source import Source
from tui_telescope.tui.work.observing import ADVICE_TRIALS, CachedSource, Request
from tui_telescope.tui.work.progress import Work

if TYPE_CHECKING:
    from tui_telescope.observations.interruption import ShouldStop

INLINE_SECONDS = 0.015
"""What a key may wait for: a worker thread costs one to two frames of its own."""
MOST_INLINE_SECONDS = 0.06
"""What it may wait for where a forecast was wrong."""
CALM_SECONDS = 0.05
"""Without a key for so long, the observer looks for a remedy; a held key comes every 33 ms."""


class Observer:
    """Observes the latest subject asked for.

    Work under `INLINE_SECONDS` is done in `observe` itself and returned. Longer work goes to one thread with one
    slot: a newer request takes the place of a waiting one, and every outcome is posted with its generation. The
    source is used by one thread at a time, for work is done inline only while the thread has none.
    """

    def __init__(self, post: Callable[[Message], object], source: Source[Any]) -> None:
        self.generation = 0
        """The number of the latest request."""
        self.work: Work | None = None
        """What the thread is at."""
        self._post = post
        self._source = CachedSource(source)
        self._thread: threading.Thread | None = None
        self._change = threading.Condition()
        self._slot: Request | None = None
        self._working = False
        self._running = 0
        """The generation of the request that the thread works on."""
        self._closed = False
        self._stopped = 0
        """The generation up to which all work is unwanted."""
        self._landed = 0
        """The generation of the latest outcome."""
        self._unanswered_since = 0.0

    def observe(
        self, subject: Hashable, companion: Hashable | None = None, known: Observed | None = None
    ) -> Outcome | None:
        """The outcome, where it is quick to have; else None, and messages follow.

        `known` is an observation of this very subject, which spares observing it again.
        """
        if self._landed == self.generation:
            self._unanswered_since = monotonic()
        self.generation += 1
        cached = self._source.cached(subject)
        partner = None if companion is None else self._source.cached(companion)
        if seen := cached or known:
            known = replace(seen, generation=self.generation, companion=partner.observation if partner else None)
            self._landed = self.generation
        if cached and (partner or companion is None):
            self._drop_work()
            return known
        request = Request(self.generation, subject, None if known and partner else companion, known)
        with self._change:
            if not self._can_observe_inline(request):
                self._hand_over(request)
                return known
            self._slot = None
        return self._observe_inline(request)

    def prefetch(self, subject: Hashable, companion: Hashable | None = None) -> Observed | None:
        """What this subject will be observed as once it is asked for, where that is quick to have by now."""
        prefetched = self._prefetched(subject)
        if prefetched is None or companion is None:
            return prefetched
        partner = self._prefetched(companion)
        return partner and replace(prefetched, companion=partner.observation)

    def _prefetched(self, subject: Hashable) -> Observed | None:
        cached = self._source.cached(subject)
        if cached or not self.is_free or not self._source.is_loaded:
            return cached
        if self._source.expected_seconds(subject) * (1 + ADVICE_TRIALS) > INLINE_SECONDS:
            return None
        try:
            outcome = self._source.observed(Request(0, subject), stop_after(INLINE_SECONDS))
            if isinstance(outcome, Refused):
                return None
            return self._source.advised(outcome, stop_after(INLINE_SECONDS))
        except Stopped:
            return None

    @property
    def is_free(self) -> bool:
        """Whether nothing is being observed, and nothing waits to be."""
        with self._change:
            return not self._working and self._slot is None

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
        """What waits and what runs is not wanted any more. A thread that has nothing to let go of sleeps on."""
        with self._change:
            if self._slot or self._closed:
                self._slot = None
                self._change.notify()

    def _can_observe_inline(self, request: Request) -> bool:
        is_free = not self._working and (self._slot is None or self._slot.observed is not None)
        return is_free and self._source.is_loaded and self._is_quick(request.subject)

    def _is_quick(self, subject: Hashable, times: int = 1) -> bool:
        return self._source.expected_seconds(subject) * times < INLINE_SECONDS

    def _observe_inline(self, request: Request) -> Outcome | None:
        """What can be had at once; whatever takes much longer than its forecast is begun anew in the thread."""
        try:
            outcome = request.observed or self._source.observed(request, stop_after(MOST_INLINE_SECONDS))
            self._landed = outcome.generation
            if isinstance(outcome, Refused):
                return outcome
            request = request._replace(observed=outcome)
            if request.companion is not None and self._is_quick(request.companion):
                outcome = self._source.accompanied(outcome, request.companion, stop_after(MOST_INLINE_SECONDS))
                request = request._replace(observed=outcome, companion=None)
            if request.companion is None and self._is_advice_quick(outcome):
                return self._source.advised(outcome, stop_after(INLINE_SECONDS))
        except Stopped:
            pass  # between two layers: the thread begins anew with what is still wanted
        with self._change:
            self._hand_over(request)
        return request.observed

    def _is_advice_quick(self, outcome: Observed) -> bool:
        """Whether a remedy may come with the observation: a second update of the screen would come a frame later."""
        is_sick = outcome.observation.verdict.state != "healthy"
        return not is_sick or self._is_quick(outcome.subject, ADVICE_TRIALS)

    def _hand_over(self, request: Request) -> None:
        self._slot = request
        if self._thread is None:
            # A daemon: quitting must not wait for a matrix product.
            self._thread = threading.Thread(target=self._work, name="telescope-observer", daemon=True)
            self._thread.start()
        self._change.notify()

    def _work(self) -> None:
        try:
            self._source.load()
            while request := self._next_request():
                self._answer(request)
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

    def _answer(self, request: Request) -> None:
        self.work = self._source.work_of(request)
        try:
            if request.observed and request.companion is not None:
                outcome: Outcome = self._source.accompanied(
                    request.observed, request.companion, self._is_superseded, self._note_share
                )
                request = request._replace(companion=None)
            elif request.observed:
                self._land(self._source.advised(request.observed, self._is_superseded))
                return
            else:
                outcome = self._source.observed(request, self._not_worth_finishing(request), self._note_share)
        except Stopped:
            return
        self._land(outcome)
        with self._change:
            if isinstance(outcome, Observed) and not self._is_superseded():
                self._slot = request._replace(observed=outcome)

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

    def _not_worth_finishing(self, request: Request) -> ShouldStop:
        """Stop superseded work, unless it needs no longer than the screen has waited for any result at all.

        Always stopping would freeze the chart for as long as a key is held; never stopping would let work of ten
        seconds hold up what the user means.
        """
        end = monotonic() + self._source.expected_seconds(request.subject)

        def should_stop() -> bool:
            if not self._is_superseded():
                return False
            now = monotonic()
            return self._is_unwanted() or end - now > now - self._unanswered_since

        return should_stop


def stop_after(seconds: float) -> ShouldStop:
    deadline = monotonic() + seconds
    return lambda: monotonic() > deadline
