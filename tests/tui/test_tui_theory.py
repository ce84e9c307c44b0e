"""What the app asks the theory: `x`, which judges before it jumps, and a curve that no key waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import sleep

import pytest
from exploring import Explorer, exploring
from textual.message import Message

from tui_telescope import observe
from tui_telescope.engine.mean_field import theory
from tui_telescope.engine.mean_field.theory import critical_scale, predict
from tui_telescope.engine.mean_field.wide_layers import DEEPEST_QUICK
from tui_telescope.observations.interruption import ShouldStop, Stopped
from tui_telescope.settings import Settings
from tui_telescope.tui.messages import Failed
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.work.latest_job import LatestJob

RELU = Settings(activation="relu", initializer="he", scale=0.5, width=32)


def words(explorer: Explorer) -> str:
    return explorer.said()


async def test_x_says_how_the_scale_stands_and_pressed_again_jumps() -> None:
    async with exploring(RELU) as explorer:
        await explorer.press("x")
        await explorer.until(lambda: "x again" in words(explorer))
        assert words(explorer).startswith("scale 0.5; critical 1.0; chi 0.25: a signal lasts 0.7 layers. Tried at 1.0")
        assert explorer.app.settings == RELU
        await explorer.press("x")
        assert explorer.app.settings == RELU.replace(scale=1.0)
        assert explorer.app.selected == "scale"
        await explorer.press("x")
        await explorer.until(lambda: "scale 1.0 is the critical one" in words(explorer))
        await explorer.press("z", "x")
        await explorer.until(lambda: "x again" in words(explorer))
        assert explorer.app.settings == RELU, "it jumps only from where it has just been judged"


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(activation="tanh", width=128, initializer="xavier", generator="numpy", loss="probe"),
        Settings(activation="relu", width=2, initializer="he", networks=32, samples=2),
    ],
)
async def test_what_x_says_of_the_critical_scale_is_what_is_seen_there(settings: Settings) -> None:
    state = observe(settings.replace(scale=critical_scale(settings))).verdict.state
    async with exploring(settings) as explorer:
        await explorer.press("x")
        await explorer.until(lambda: "x again" in words(explorer))
        assert f"width {settings.width}: {state.upper()}. x again" in words(explorer)
        assert words(explorer).endswith("all the same.") == (state != "healthy")


async def test_x_gives_the_reason_where_there_is_no_critical_scale_and_again() -> None:
    for changes, reason in (({"residual": True}, "residual connection"), ({"cell": "gru"}, "gates decide")):
        settings = RELU.replace(**changes)
        async with exploring(settings) as explorer:
            for _ in range(2):
                await explorer.press("x")
                await explorer.until(lambda: reason in words(explorer))  # noqa: B023
            assert explorer.app.settings == settings


async def test_the_theory_of_deep_networks_joins_its_curve_and_no_key_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[threading.Thread] = []

    def noted(settings: Settings, should_stop: ShouldStop) -> theory.Theory | None:
        threads.append(threading.current_thread())
        return predict(settings, should_stop)

    monkeypatch.setattr(theory, "predict", noted)
    async with exploring(Settings(depth=DEEPEST_QUICK + 50)) as explorer:
        await explorer.press("o")
        await explorer.until(lambda: "theory: infinite width" in explorer.text(ChartView))
        await explorer.press("2", "1", "o", "o")
        assert "theory: infinite width" in explorer.text(ChartView)
        assert len(threads) == 1, "what is known is not worked out again"
        assert threads[0] is not threading.main_thread()


def test_of_jobs_the_latest_counts_one_runs_at_a_time_and_an_error_is_posted() -> None:
    posted: list[object] = []
    released, stopped = threading.Event(), threading.Event()
    job = LatestJob(posted.append)

    def endless(should_stop: Callable[[], bool]) -> Iterator[Message]:
        yield Message()
        while not (should_stop() and released.is_set()):
            sleep(0.001)
        stopped.set()
        raise Stopped

    def faulty(should_stop: Callable[[], bool]) -> Iterator[Message]:
        assert stopped.is_set(), "they ran at the same time"
        raise KeyError("mine")

    job.begin(endless)
    wait_until(lambda: posted)
    job.begin(endless)  # has its turn only once the newer one has been asked for
    job.begin(faulty)
    released.set()
    wait_until(lambda: len(posted) == 2)
    failed = posted[1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, KeyError)


def wait_until(holds: Callable[[], object]) -> None:
    for _ in range(10_000):
        if holds():
            return
        sleep(0.001)
    raise AssertionError("waited in vain")
