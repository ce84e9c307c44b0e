"""How much samples differ in the networks of a telescope: taken in the background, for the view that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.message import Message

from tui_telescope.observations.interruption import ShouldStop
from tui_telescope.settings import Settings
from tui_telescope.tui.messages import SpreadTaken
from tui_telescope.tui.work.latest_job import LatestJob
from tui_telescope.tui.work.lru_cache import LruCache

if TYPE_CHECKING:
    from tui_telescope.engine.telescope import Telescope
    from tui_telescope.observations.observation import Array, Observation

CAPACITY = 64


class SpreadTaker:
    """Takes the spread of the latest settings asked for; `SpreadTaken` follows.

    It takes many times as long as all other readings, and so has a telescope of its own, for which no key waits.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._job = LatestJob(post)
        self._asked: Settings | None = None
        self._taken: LruCache[Settings, Array] = LruCache(CAPACITY)
        self._telescope: Telescope | None = None

    def completed(self, settings: Settings, observation: Observation) -> Observation:
        """The same observation with the spread, where that is known by now; where it is not, it is asked for."""
        found = self.known(settings, observation)
        if found.signal and found.signal.log10_spread is None:
            self._begin(settings)
        return found

    def known(self, settings: Settings, observation: Observation) -> Observation:
        """The same observation with the spread, where that is known by now."""
        signal = observation.signal
        if signal is None or signal.log10_spread is not None or (spread := self._taken.get(settings)) is None:
            return observation
        return replace(observation, signal=replace(signal, log10_spread=spread))

    @property
    def is_awaited(self) -> bool:
        """Whether what was asked for last is yet to come."""
        return self._asked is not None and self._taken.get(self._asked) is None

    def take(self, message: SpreadTaken) -> None:
        """Keep it for `completed`."""
        self._taken.put(message.settings, message.log10_spread)

    def drop(self) -> None:
        """What is yet to come is not wanted any more."""
        if self.is_awaited:
            self._job.drop()
            self._asked = None

    def _begin(self, settings: Settings) -> None:
        if settings != self._asked:
            self._asked = settings
            self._job.begin(lambda should_stop: self._spreads(settings, should_stop))

    def _spreads(self, settings: Settings, should_stop: ShouldStop) -> Iterator[Message]:
        from tui_telescope.engine.telescope import Telescope
        from tui_telescope.observations.observation import measured

        self._telescope = self._telescope or Telescope()
        try:
            seen = self._telescope.observe(settings, readings=("gradient", "spread"), should_stop=should_stop)
        except MemoryError:  # the view stays without it
            return
        yield SpreadTaken(settings, measured(measured(seen.signal).log10_spread))
