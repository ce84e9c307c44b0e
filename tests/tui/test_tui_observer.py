"""Slow work in the background: the latest change wins, and nothing is shown out of turn."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest
from exploring import exploring
from textual.message import Message

from tui_telescope.engine.remedies import Remedy
from tui_telescope.engine.telescope import Telescope
from tui_telescope.observations.interruption import Stopped
from tui_telescope.observations.observation import Observation
from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.messages import Answered, Failed, Observed, Refused
from tui_telescope.tui.sources.source import Tell
from tui_telescope.tui.sources.telescope_source import TelescopeSource
from tui_telescope.tui.widgets.status_line import StatusLine
from tui_telescope.tui.work.loading import load_telescope
from tui_telescope.tui.work.lru_cache import LruCache
from tui_telescope.tui.work.observer import INLINE_SECONDS, Observer

TIMEOUT = 10.0
REAL = Telescope().observe(Settings(depth=2))


class SlowTelescope:
    """Takes until it is released, or as long as it forecasts; `begun`, `ended` and `stopped` keep the depths."""

    def __init__(self, forecast: float, *, takes_as_long: bool = False) -> None:
        self.forecast = forecast
        self.takes_as_long = takes_as_long
        self.released = Event()
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.stopped: list[int] = []

    def expected_seconds(self, settings: Settings) -> float:
        return self.forecast

    def observe(self, settings: Settings, *, should_stop: Callable[[], bool], progress: Tell) -> Observation:
        self.begun.append(settings.depth)
        began = monotonic()
        while not self.released.is_set() and not (self.takes_as_long and monotonic() > began + self.forecast):
            if should_stop():
                self.stopped.append(settings.depth)
                raise Stopped
            sleep(0.001)
        self.ended.append(settings.depth)
        return REAL

    def advise(self, settings: Settings, observation: Observation, *, should_stop: Callable[[], bool]) -> Remedy | None:
        return Remedy({}, 0.0, "", f"Try something for {settings.depth}.")


class Desk:
    """An observer with a telescope, and everything that it posts."""

    def __init__(self, telescope: Any) -> None:
        self.telescope = telescope
        self.posted: list[Message] = []
        self.observer = Observer(self.posted.append, TelescopeSource(lambda: telescope))

    def ask(self, depth: int) -> Observed | Refused | None:
        return self.observer.observe(Settings(depth=depth))

    def landed(self) -> list[int]:
        """Depths in the order in which they landed."""
        outcomes = [message.outcome for message in self.posted if isinstance(message, Answered)]
        return [outcome.subject.depth for outcome in outcomes if not getattr(outcome, "remedy", "")]

    def remedies(self) -> list[str]:
        outcomes = [message.outcome for message in self.posted if isinstance(message, Answered)]
        return [outcome.remedy for outcome in outcomes if isinstance(outcome, Observed) and outcome.remedy]


def wait_until(holds: Callable[[], object]) -> None:
    deadline = monotonic() + TIMEOUT
    while not holds():
        assert monotonic() < deadline, "waited in vain"
        sleep(0.002)


@pytest.fixture
def desk_of() -> Iterator[Callable[[Any], Desk]]:
    desks: list[Desk] = []

    def make(telescope: Any) -> Desk:
        desks.append(Desk(telescope))
        return desks[-1]

    yield make
    for desk in desks:
        desk.observer.close()


DeskOf = Callable[[Any], Desk]


def loaded(desk: Desk) -> Desk:
    """The same once depth 1 is answered and advised on, from when on quick work is done in the call itself."""
    desk.telescope.released.set()
    desk.ask(1)
    wait_until(desk.remedies)
    wait_until(lambda: desk.observer.is_free)
    return desk


def test_quick_work_is_answered_in_the_call_itself_with_its_remedy(desk_of: DeskOf) -> None:
    desk = desk_of(SlowTelescope(0.001))
    desk.telescope.released.set()
    assert desk.ask(1) is None, "the engine is not loaded yet"
    wait_until(desk.remedies)
    outcome = desk.ask(2)
    assert isinstance(outcome, Observed)
    assert outcome.remedy == "Try something for 2."
    assert desk.landed() == [1]


def test_an_observation_that_was_held_up_keeps_its_remedy(desk_of: DeskOf) -> None:
    class HeldUp(SlowTelescope):
        def observe(self, settings: Settings, *, should_stop: Callable[[], bool], progress: Tell) -> Observation:
            sleep(0.01)
            return super().observe(settings, should_stop=should_stop, progress=progress)

    desk = loaded(desk_of(HeldUp(0.001)))
    outcome = desk.ask(2)
    assert isinstance(outcome, Observed)
    assert outcome.remedy == "Try something for 2."


def test_a_remedy_that_takes_longer_than_forecast_is_found_in_the_background(desk_of: DeskOf) -> None:
    class Pensive(SlowTelescope):
        def advise(
            self, settings: Settings, observation: Observation, *, should_stop: Callable[[], bool]
        ) -> Remedy | None:
            sleep(2 * INLINE_SECONDS)
            if should_stop():
                raise Stopped
            return super().advise(settings, observation, should_stop=should_stop)

    desk = loaded(desk_of(Pensive(0.001)))
    outcome = desk.ask(2)
    assert isinstance(outcome, Observed)
    assert outcome.remedy == ""
    wait_until(lambda: desk.remedies()[1:] == ["Try something for 2."])


def test_what_takes_far_longer_than_forecast_is_left_to_the_background(desk_of: DeskOf) -> None:
    desk = loaded(desk_of(SlowTelescope(0.001)))
    desk.telescope.released.clear()
    began = monotonic()
    assert desk.ask(2) is None
    assert monotonic() - began < 5
    assert desk.telescope.stopped == [2]
    desk.telescope.released.set()
    wait_until(lambda: "Try something for 2." in desk.remedies())
    assert desk.landed() == [1, 2]


def test_slow_work_lands_first_and_its_remedy_follows(desk_of: DeskOf) -> None:
    desk = desk_of(SlowTelescope(1.0))
    desk.telescope.released.set()
    assert desk.ask(1) is None
    wait_until(desk.remedies)
    assert desk.landed() == [1]
    assert desk.remedies() == ["Try something for 1."]


def test_of_waiting_changes_only_the_latest_is_observed(desk_of: DeskOf) -> None:
    desk = desk_of(SlowTelescope(0.02))
    desk.ask(1)
    wait_until(lambda: desk.telescope.begun)
    sleep(0.05)
    for depth in (2, 3, 4):
        desk.ask(depth)
    desk.telescope.released.set()
    wait_until(lambda: 4 in desk.landed())
    assert desk.telescope.begun == [1, 4]


def test_superseded_work_with_long_to_go_is_stopped(desk_of: DeskOf) -> None:
    desk = desk_of(SlowTelescope(100.0))
    desk.ask(1)
    wait_until(lambda: desk.telescope.begun == [1])
    desk.ask(2)
    wait_until(lambda: desk.telescope.begun == [1, 2])
    desk.telescope.released.set()
    wait_until(desk.landed)
    assert desk.landed() == [2]
    assert desk.telescope.stopped == [1]


def test_superseded_work_that_is_nearly_done_lands_before_the_newer(desk_of: DeskOf) -> None:
    desk = desk_of(SlowTelescope(0.02))
    desk.ask(1)
    wait_until(lambda: desk.telescope.begun)
    sleep(0.05)
    desk.ask(2)
    sleep(0.05)
    assert desk.telescope.stopped == []
    desk.telescope.released.set()
    wait_until(lambda: desk.landed() == [1, 2])


def test_a_held_key_freezes_nothing_and_leaves_no_backlog(desk_of: DeskOf) -> None:
    desk = desk_of(SlowTelescope(0.15, takes_as_long=True))
    for depth in range(1, 46):
        desk.ask(depth)
        sleep(1 / 30)
    while_held = desk.landed()
    assert len(while_held) >= 2, "the chart moves while the key is held"
    begun = len(desk.telescope.begun)
    wait_until(lambda: 45 in desk.landed())
    assert len(desk.telescope.begun) - begun <= 2, "what was under way, and the newest"
    assert desk.landed() == sorted(desk.landed())


def test_settings_seen_before_are_not_observed_again(desk_of: DeskOf) -> None:
    desk = desk_of(SlowTelescope(1.0))
    desk.telescope.released.set()
    for depth in (1, 2):
        desk.ask(depth)
        wait_until(lambda: f"Try something for {depth}." in desk.remedies())  # noqa: B023
    outcome = desk.ask(1)
    assert isinstance(outcome, Observed)
    assert (outcome.subject.depth, outcome.generation) == (1, desk.observer.generation)
    assert outcome.remedy == "Try something for 1."
    assert desk.telescope.begun == [1, 2]


def test_what_was_prefetched_is_there_at_once_with_its_remedy(desk_of: DeskOf) -> None:
    desk = loaded(desk_of(SlowTelescope(0.001)))
    prefetched = desk.observer.prefetch(Settings(depth=2))
    assert prefetched
    assert desk.observer.generation == 1, "nobody has asked for it yet"
    desk.telescope.forecast = 100.0
    outcome = desk.ask(2)
    assert isinstance(outcome, Observed)
    assert (outcome.observation, outcome.remedy) == (prefetched.observation, "Try something for 2.")
    assert desk.telescope.begun == [1, 2]


def test_a_prefetched_pair_needs_both(desk_of: DeskOf) -> None:
    desk = loaded(desk_of(SlowTelescope(0.001)))
    pair = Settings(depth=2), Settings(depth=3)
    prefetched = desk.observer.prefetch(*pair)
    assert prefetched
    assert prefetched.companion is REAL
    outcome = desk.observer.observe(*pair)
    assert isinstance(outcome, Observed)
    assert outcome.companion is REAL
    assert desk.telescope.begun == [1, 2, 3]
    desk.telescope.forecast = 100.0
    assert desk.observer.prefetch(Settings(depth=2), Settings(depth=4)) is None
    assert desk.telescope.begun == [1, 2, 3]


def test_nothing_slow_is_prefetched_and_nothing_while_the_telescope_is_busy(desk_of: DeskOf) -> None:
    desk = desk_of(SlowTelescope(0.001))
    assert desk.observer.prefetch(Settings(depth=2)) is None, "the engine is not loaded yet"
    loaded(desk)
    desk.telescope.forecast = INLINE_SECONDS
    assert desk.observer.prefetch(Settings(depth=2)) is None
    desk.telescope.released.clear()
    desk.ask(3)
    wait_until(lambda: 3 in desk.telescope.begun)
    desk.telescope.forecast = 0.001
    assert desk.observer.prefetch(Settings(depth=2)) is None
    assert desk.telescope.begun == [1, 3]


def test_what_turns_out_slow_or_refused_is_not_prefetched(desk_of: DeskOf) -> None:
    class Refusing(SlowTelescope):
        def observe(self, settings: Settings, *, should_stop: Callable[[], bool], progress: Tell) -> Observation:
            if settings.depth == 3:
                raise SettingsError("scale: the signal overflows")
            return super().observe(settings, should_stop=should_stop, progress=progress)

    desk = loaded(desk_of(Refusing(0.001)))
    desk.telescope.released.clear()
    assert desk.observer.prefetch(Settings(depth=2)) is None
    assert desk.telescope.stopped == [2]
    assert desk.observer.prefetch(Settings(depth=3)) is None
    assert isinstance(desk.ask(3), Refused)


def test_going_back_to_settings_seen_before_stops_what_runs(desk_of: DeskOf) -> None:
    desk = loaded(desk_of(SlowTelescope(100.0)))
    desk.telescope.released.clear()
    desk.ask(2)
    wait_until(lambda: desk.telescope.begun == [1, 2])
    assert isinstance(desk.ask(1), Observed)
    wait_until(lambda: desk.telescope.stopped == [2])
    assert desk.landed() == [1]


def test_what_was_seen_long_ago_is_forgotten() -> None:
    cache: LruCache[str, int] = LruCache(2)
    for number, letter in enumerate("abac"):
        cache.put(letter, number)
    assert [cache.get(letter) for letter in "abc"] == [2, None, 3]
    cache.get("a")
    cache.put("d", 4)
    assert [cache.get(letter) for letter in "acd"] == [2, None, 4]


def test_the_user_is_told_what_cannot_be_observed(desk_of: DeskOf) -> None:
    class Refusing(SlowTelescope):
        def observe(self, settings: Settings, *, should_stop: Callable[[], bool], progress: Tell) -> Observation:
            raise MemoryError if settings.depth == 1 else SettingsError("scale: the signal overflows")

    desk = desk_of(Refusing(1.0))
    for depth in (1, 2):
        desk.ask(depth)
        wait_until(lambda: len(desk.posted) == depth)  # noqa: B023
    reasons = [message.outcome.reason for message in desk.posted]  # type: ignore[attr-defined]
    assert reasons == ["not enough memory: lower width, depth or samples", "scale: the signal overflows"]


def test_an_error_of_the_program_is_posted_whole(desk_of: DeskOf) -> None:
    class Broken(SlowTelescope):
        def observe(self, settings: Settings, *, should_stop: Callable[[], bool], progress: Tell) -> Observation:
            raise ZeroDivisionError("broken")

    desk = desk_of(Broken(1.0))
    desk.ask(1)
    wait_until(lambda: desk.posted)
    assert isinstance(desk.posted[0], Failed)
    assert isinstance(desk.posted[0].error, ZeroDivisionError)


def test_closing_stops_what_runs(desk_of: DeskOf) -> None:
    desk = desk_of(SlowTelescope(0.0))
    desk.ask(1)
    wait_until(lambda: desk.telescope.begun)
    desk.observer.close()
    wait_until(lambda: desk.telescope.stopped)
    assert desk.landed() == []


async def test_an_older_result_never_lands_on_a_newer_one() -> None:
    async with exploring(Settings(depth=5)) as explorer:
        older = explorer.app.shown
        assert older
        await explorer.press("r")
        newer = explorer.app.shown
        explorer.app.post_message(Answered(older))
        await explorer.pilot.pause()
        assert explorer.app.shown is newer


async def test_settings_that_could_not_be_observed_give_way_to_those_before() -> None:
    async with exploring(Settings(depth=5)) as explorer:
        app = explorer.app
        await explorer.press("r")
        assert app.shown
        refused = Refused(app.shown.generation, Settings(depth=7), "scale: the signal overflows")
        app.subject = refused.subject
        app.post_message(Answered(refused))
        await explorer.settle()
        assert app.settings == Settings(depth=5, residual=True)
        assert "scale: the signal overflows" in explorer.text(StatusLine)


def test_garbage_is_collected_once_the_telescope_is_there():
    gc.disable()
    load_telescope()
    assert gc.isenabled()
    gc.unfreeze()
