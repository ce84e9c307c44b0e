"""The guided tour on the screen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from exploring import Explorer, exploring

from tui_telescope.lessons.measures import Measures
from tui_telescope.lessons.step import Step
from tui_telescope.lessons.tour import STEPS
from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.tour.tour_panel import TourPanel
from tui_telescope.tui.widgets.status_line import StatusLine


def is_on(explorer: Explorer) -> bool:
    return any(panel.is_on for panel in explorer.app.query(TourPanel))


def words(explorer: Explorer) -> str:
    return " ".join(explorer.text(TourPanel).split())


async def test_t_starts_the_tour_and_its_numbers_are_filled_in() -> None:
    async with exploring() as explorer:
        await explorer.press("t")
        await explorer.until(lambda: "2.51e-18" in words(explorer))
        assert words(explorer).startswith(f"1/{len(STEPS)} The whispering line")
        assert STEPS[0].question in words(explorer)
        assert "{" not in words(explorer)


async def test_tab_leads_through_every_step_and_shows_its_network() -> None:
    async with exploring() as explorer:
        await explorer.press("t")
        for number, step in enumerate(STEPS, 1):
            assert f"{number}/{len(STEPS)} {step.title}" in words(explorer)
            assert explorer.app.settings == step.settings
            assert explorer.app.view == step.view
            await explorer.press("tab")
        assert f"{len(STEPS)}/{len(STEPS)} {STEPS[-1].title}" in words(explorer)
        await explorer.press("shift+tab")
        assert f"{len(STEPS) - 1}/{len(STEPS)} {STEPS[-2].title}" in words(explorer)


async def test_the_keys_still_work_and_t_comes_back_to_the_steps_network() -> None:
    async with exploring() as explorer:
        await explorer.press("t", "r", "d")
        assert explorer.app.settings != STEPS[0].settings
        assert is_on(explorer)
        await explorer.press("t")
        assert explorer.app.settings == STEPS[0].settings


async def test_a_step_is_shown_without_the_users_own_curves_which_come_back_after_the_tour() -> None:
    async with exploring() as explorer:
        await explorer.press("p", "o", "t")
        assert not explorer.app.comparing.comparison.pins
        assert not explorer.app.comparing.comparison.wants_theory
        await explorer.press("s", "p")
        assert len(explorer.app.comparing.comparison.pins) == 1, "the keys still work"
        await explorer.press("tab")
        assert not explorer.app.comparing.comparison.pins
        await explorer.press("escape")
        assert [pin.subject for pin in explorer.app.comparing.comparison.pins] == [Settings()]
        assert explorer.app.comparing.comparison.wants_theory


async def test_escape_ends_the_tour_and_gives_the_chart_its_room_back() -> None:
    async with exploring() as explorer:
        height = explorer.app.query_one("ChartView").size.height
        await explorer.press("t")
        assert explorer.app.query_one("ChartView").size.height < height
        await explorer.press("escape")
        assert not is_on(explorer)
        assert explorer.app.query_one("ChartView").size.height == height


async def test_outside_the_tour_tab_and_escape_do_nothing() -> None:
    async with exploring() as explorer:
        before = explorer.app.settings
        await explorer.press("tab", "shift+tab", "escape")
        assert explorer.app.settings == before
        assert not is_on(explorer)


async def test_a_narrow_window_names_a_key_that_leads_on_and_shows_where_words_are_cut() -> None:
    async with exploring(size=(45, 12)) as explorer:
        await explorer.press("t")
        await explorer.until(lambda: "Measuring" not in words(explorer))
        lines = explorer.lines(TourPanel)
        assert lines[0].rstrip().endswith("Tab next")
        assert lines[-1].rstrip().endswith("...")


async def test_the_tour_does_not_go_on_under_the_help() -> None:
    async with exploring() as explorer:
        await explorer.press("t", "question_mark", "tab")
        await explorer.pilot.press("escape")
        assert f"1/{len(STEPS)} " in words(explorer)


async def test_a_small_window_keeps_half_of_itself_for_the_chart() -> None:
    async with exploring(size=(60, 16)) as explorer:
        await explorer.press("t")
        assert explorer.app.query_one(TourPanel).size.height <= 8


def test_without_a_terminal_the_tour_is_told_as_text() -> None:
    script = Path(sys.executable).with_name("tui-telescope")
    told = subprocess.run(
        [script, "tour"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=True
    )
    assert told.stderr == ""
    assert all(f"{number}. {step.title}\n" in told.stdout for number, step in enumerate(STEPS, 1))
    assert "2.51e-18" in told.stdout


async def test_unattended_the_tour_goes_on_by_itself_and_quits_after_its_last_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui_telescope.tui.tour.guide.AUTOPLAY_SECONDS", 0.05)
    opened: list[int] = []
    open_step = TourPanel.open
    monkeypatch.setattr(TourPanel, "open", lambda self, *step: (opened.append(step[1]), open_step(self, *step))[1])
    async with exploring() as explorer:
        explorer.app.guide.play(unattended=True)
        await explorer.until(lambda: len(opened) == len(STEPS))
        await explorer.until(lambda: not explorer.app.is_running or explorer.app._exit)
    assert opened == list(range(len(STEPS)))


async def test_a_step_that_cannot_be_measured_says_why_in_place_of_the_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told(step: Step, measures: Measures) -> str:
        raise SettingsError("width: too wide to measure")

    monkeypatch.setattr(Step, "told", told)
    async with exploring() as explorer:
        await explorer.press("t")
        await explorer.until(lambda: "too wide to measure" in explorer.text(StatusLine))
        assert is_on(explorer)
