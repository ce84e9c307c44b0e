"""What the next keys are likely to ask for is observed and drawn before they are pressed."""

from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from exploring import Explorer, exploring

from tui_telescope.charts.chart import Chart
from tui_telescope.engine.telescope import Telescope
from tui_telescope.settings import REGISTRY, Settings, SettingsError
from tui_telescope.tui.widgets import chart_view
from tui_telescope.tui.work import observer
from tui_telescope.tui.work.prefetch import LULL, Habits, Prefetcher, Step

SHALLOW = Settings(depth=5)
"""Whatever the next key leads to takes a moment."""


class Work:
    """All that is observed and drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.observed: list[Settings] = []
        self.drawn: list[Chart] = []
        observe, draw = Telescope.observe, Chart.draw

        def observing(telescope: Telescope, settings: Settings, **options: Any) -> Any:
            self.observed.append(settings)
            return observe(telescope, settings, **options)

        def drawing(chart: Chart, *size: int, **options: Any) -> Any:
            self.drawn.append(chart)
            return draw(chart, *size, **options)

        monkeypatch.setattr(Telescope, "observe", observing)
        monkeypatch.setattr(Chart, "draw", drawing)
        chart_view.drawn.cache_clear()

    def forget(self) -> None:
        self.observed.clear()
        self.drawn.clear()

    def was_needed_for(self, explorer: Explorer) -> bool:
        """Whether what is on the screen was observed or drawn since."""
        return explorer.app.settings in self.observed or explorer.app.chart_view.chart in self.drawn


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine, nothing quick is given up for having taken too long."""
    monkeypatch.setattr(observer, "INLINE_SECONDS", 10.0)


async def looked_ahead(explorer: Explorer, work: Work) -> None:
    """Until it has begun, with the likeliest settings, and ended."""
    likeliest, *_ = explorer.app._habits.guesses(explorer.app.settings)
    await explorer.until(lambda: likeliest in work.observed and not explorer.app._prefetcher.is_busy)


def test_what_was_pressed_lately_is_likeliest() -> None:
    habits = Habits()
    start = Settings()
    assert habits.guesses(start)[0] == start.replace(residual=True)
    deeper, quieter = Step("depth", 1, coarse=True), Step("scale", -1)
    for step in (quieter, deeper, quieter):
        habits.note(step)
    guesses = habits.guesses(start)
    assert guesses[:2] == [quieter.from_(start), deeper.from_(start)]
    assert len(guesses) == len(set(guesses))


def test_every_letter_is_guessed_in_the_end() -> None:
    habits, start = Habits(), Settings()
    reached = [*habits.guesses(start), *habits.others(start)]
    assert len(reached) == len(set(reached))
    for name, setting in REGISTRY.items():
        if setting.key:
            assert {start.stepped(name, 1), start.stepped(name, -1)} - {start} <= set(reached)


def test_a_step_that_leads_nowhere_is_no_guess() -> None:
    habits = Habits()
    loudest = Settings(scale=1000.0, width=1024, depth=118, initializer="orthogonal")
    habits.note(Step("depth", 1))
    with pytest.raises(SettingsError):
        loudest.stepped("depth", 1)
    assert habits.guesses(loudest) == [loudest.stepped("residual", 1), loudest.stepped("scale", -1)]


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []

    def wait(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        self.waiting.append(Waiting(self, seconds, callback))
        return cast(TimerHandle, self.waiting[-1])

    def pass_one(self) -> float:
        """Run what waits, which must be one thing; how long it had to wait."""
        (one,) = self.waiting
        one.cancel()
        one.callback()
        return one.seconds


class Waiting:
    def __init__(self, clock: Clock, seconds: float, callback: Callable[[], None]) -> None:
        self.clock, self.seconds, self.callback = clock, seconds, callback

    def cancel(self) -> None:
        if self in self.clock.waiting:
            self.clock.waiting.remove(self)


def test_a_new_change_drops_what_is_left_and_the_unlikelier_keys_come_after_a_rest() -> None:
    seen: list[Settings] = []

    def look_at(settings: Settings) -> Iterator[None]:
        seen.append(settings)
        yield

    clock, habits, start = Clock(), Habits(), Settings()
    prefetcher, later = Prefetcher(habits, look_at, clock.wait), start.replace(scale=5.0)
    prefetcher.look_ahead(start)
    clock.pass_one()
    prefetcher.look_ahead(later)
    pauses = []
    while prefetcher.is_busy:
        pauses.append((clock.pass_one(), len(seen)))
    assert seen == [habits.guesses(start)[0], *habits.guesses(later), *habits.others(later)]
    after_the_rest = [count for pause, count in pauses if pause == LULL]
    assert after_the_rest == [1 + len(habits.guesses(later)) + 1]
    assert clock.waiting == []


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("keys", ["r", "sss", "daad"])
async def test_the_key_pressed_again_finds_its_work_done(
    work: Work, keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Habits, "others", lambda habits, settings: [])
    async with exploring(SHALLOW, looks_ahead=True) as explorer:
        await explorer.press(*keys[:-1])
        await looked_ahead(explorer, work)
        work.forget()
        await explorer.press(keys[-1])
        assert not work.was_needed_for(explorer)
        await explorer.press("n")
        assert work.was_needed_for(explorer), "or this test shows nothing"


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("key", "bDi")
async def test_after_a_pause_any_key_finds_its_work_done(work: Work, key: str) -> None:
    async with exploring(SHALLOW, looks_ahead=True) as explorer:
        await looked_ahead(explorer, work)
        work.forget()
        await explorer.press(key)
        assert not work.was_needed_for(explorer)


@pytest.mark.usefixtures("patience")
async def test_looking_ahead_changes_nothing_on_the_screen(work: Work) -> None:
    async with exploring(SHALLOW, looks_ahead=True) as explorer:
        await explorer.press("s")
        before = explorer.screen_rows()
        await looked_ahead(explorer, work)
        assert explorer.screen_rows() == before
        assert explorer.app.settings.stepped("scale", 1) in work.observed


@pytest.mark.usefixtures("patience")
async def test_the_ghosts_of_the_next_settings_are_prefetched_too(work: Work) -> None:
    async with exploring(SHALLOW, looks_ahead=True) as explorer:
        await explorer.press("s", "g")
        await looked_ahead(explorer, work)
        work.forget()
        await explorer.press("s")
        assert explorer.app.shown
        assert explorer.app.shown.companion
        assert not work.was_needed_for(explorer)
        assert explorer.app.source.ghost(explorer.app.subject).subject not in work.observed


async def test_slow_settings_are_not_looked_at_ahead(work: Work) -> None:
    async with exploring(Settings(width=256, depth=200, generator="numpy"), looks_ahead=True) as explorer:
        await explorer.until(lambda: not explorer.app._prefetcher.is_busy)
        work.forget()
        await explorer.press("s")
        assert work.was_needed_for(explorer)
