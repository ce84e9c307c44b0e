"""Long work says how far it is where its result will be, and Escape stops it."""

from __future__ import annotations

import re

import pytest
from exploring import Explorer, exploring

from tui_telescope.settings import Settings
from tui_telescope.tui.app import TelescopeApp
from tui_telescope.tui.sources.telescope_source import TelescopeSource
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.work.progress import Work

LONG = Settings(depth=10_000, width=24, samples=100, cell="lstm", generator="numpy")
DONE = re.compile(r"\d+% done")


def words(explorer: Explorer) -> str:
    return explorer.said()


def is_computing(explorer: Explorer) -> bool:
    return bool(DONE.search(explorer.text(ChartView)))


async def test_what_takes_long_is_said_on_the_dimmed_chart_until_escape_goes_back_to_it() -> None:
    start = LONG.replace(depth=40)
    async with exploring(start) as explorer:
        app = explorer.app
        chart = explorer.text(ChartView)
        explorer.send("end")
        await explorer.until(lambda: is_computing(explorer) and "left" in words(explorer))
        assert words(explorer).startswith("Computing 10000 steps of width 24: ")
        assert words(explorer).endswith("the chart still shows the settings before. Escape stops it.")
        canvas = app.query_one(ChartView)
        assert {word.ink for line in canvas._lines for word in line} == {"muted", ""}
        await explorer.pilot.press("escape")
        assert explorer.text(ChartView) == chart
        assert app.settings == start
        assert words(explorer).startswith("Stopped: these are the settings of the chart again")
        await explorer.until(lambda: app.observer.is_free)
        explorer.send("z")
        await explorer.until(lambda: is_computing(explorer))
        assert app.settings == LONG
        await explorer.press("home")
        assert app.settings == LONG.replace(depth=1), "a changed setting stops what runs"


@pytest.mark.parametrize(
    ("key", "what", "mark"), [("5", "many scales and depths", "vanishing"), ("4", "many depths", "gradient at step 1")]
)
async def test_a_survey_says_how_far_it_is_shows_what_it_has_and_stops_with_it(key: str, what: str, mark: str) -> None:
    async with exploring(LONG.replace(depth=200)) as explorer:
        app = explorer.app
        explorer.send(key)
        await explorer.until(lambda: mark in explorer.text(ChartView) and what in words(explorer))
        assert DONE.search(words(explorer))
        assert words(explorer).endswith("Escape stops it.")
        assert not is_computing(explorer), "what is there already is not covered"
        await explorer.pilot.press("escape")
        assert words(explorer).startswith(f"Stopped: the picture stays as it is; {key} starts it again.")
        picture = explorer.text(ChartView)
        await explorer.pilot.pause(0.3)
        assert explorer.text(ChartView) == picture
        assert app._surveyor.work is None


@pytest.mark.parametrize(
    ("share", "standing"),
    [
        (None, "about 40 s left"),
        (0.01, "1% done, about 40 s left"),
        (0.25, "25% done, about 30 s left"),
        (0.95, "95% done"),
        (0.05, "5% done, about 3 min left"),
    ],
)
def test_the_time_left_is_told_by_what_is_done_and_before_that_by_the_forecast(
    share: float | None, standing: str
) -> None:
    assert Work(1, "Computing", 100.0, 50.0, share).standing(110.0) == standing


async def test_what_is_stopped_before_the_first_picture_can_be_started_again() -> None:
    app = TelescopeApp(TelescopeSource(), LONG)
    async with app.run_test(size=(80, 24)) as pilot:
        explorer = Explorer(app, pilot)
        await explorer.until(lambda: is_computing(explorer))
        await pilot.press("escape")
        assert words(explorer) == "Stopped; 1 starts it again."
        await explorer.until(lambda: app.observer.is_free)
        explorer.send("1")
        await explorer.until(lambda: is_computing(explorer))
