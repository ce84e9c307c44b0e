"""Thousands of keys and clicks in any order, at any size: the app lives, its settings are valid and on the screen."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exploring import TIMEOUT, Explorer, exploring
from textual import events

from tui_telescope import observe
from tui_telescope.charts.chart import Chart
from tui_telescope.engine import sweep
from tui_telescope.lessons import tour
from tui_telescope.lessons.step import Step
from tui_telescope.observations.description import words_of
from tui_telescope.presets import PRESETS
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.actions import all_actions
from tui_telescope.tui.screens import palette
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.footer import Footer
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.status_line import sentence

KEPT_OUT = ("quit", "suspend_process", *palette.NOT_LISTED)
"""What ends or suspends the app, by a key or from the palette."""
KEYS = sorted(
    {key for action in all_actions() if action.call not in KEPT_OUT[:2] for key in action.keys}
    | {"9", "full_stop", "backspace"}
)
WAYS_OUT = ["escape"] * 4
"""A key out of sixty would leave the app in the help most of the time."""
MOUSE = (events.MouseScrollDown, events.MouseScrollUp, events.MouseDown)
SMALL = {"depth": 8, "width": 4, "samples": 5, "networks": 1, "tokens": 4}
"""Networks at the start, of the presets and of the tour."""
LARGEST = {"depth": 50, "width": 4, "samples": 20, "networks": 2, "tokens": 16}
"""What steps can make of them; the settings at the start have to stay within."""
SIZES = ((80, 24), (60, 16), (50, 14), (30, 8), (100, 30), (1, 1), (40, 10))
INPUTS = 1000
SEED = 1
CLICKED = 0.05
BATCH = 10
BATCHES_A_SIZE = 10


async def test_any_keys_clicks_and_sizes_leave_the_app_alive_and_true_to_its_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # where saved files go
    monkeypatch.setattr(palette, "NOT_LISTED", KEPT_OUT)
    make_the_engine_quick(monkeypatch)
    dice = random.Random(SEED)
    async with exploring(made_small(Settings()), looks_ahead=True) as explorer:
        app = explorer.app
        for batch in range(INPUTS // BATCH):
            for _ in range(BATCH):
                app.post_message(any_input(dice, app.size.width, app.size.height))
            if batch % BATCHES_A_SIZE == 0:
                await explorer.pilot.resize_terminal(*dice.choice(SIZES))
            await until_taken(explorer)
            assert app.is_running
            assert Settings(**app.settings.as_dict()) == app.settings
        assert any(tmp_path.iterdir()), "nothing was saved: the keys did not arrive"
        await come_to_rest(explorer)
        check_that_the_screen_shows_the_settings(explorer)


def make_the_engine_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys are under test: networks are small, maps are coarse, and the tour's numbers are not measured."""
    for name, preset in PRESETS.items():
        monkeypatch.setitem(PRESETS, name, preset._replace(settings=made_small(preset.settings)))
    monkeypatch.setattr(tour, "STEPS", [replace(step, settings=made_small(step.settings)) for step in tour.STEPS])
    for name, limit in LARGEST.items():
        monkeypatch.setitem(REGISTRY, name, replace(REGISTRY[name], maximum=limit))  # type: ignore[call-arg]
    monkeypatch.setattr(sweep, "MAP_SCALES", 5)
    monkeypatch.setattr(sweep, "swept_depths", lambda deepest: tuple(sorted({1, 2, deepest})))
    monkeypatch.setattr(Step, "told", lambda step, measures: step.text)


def made_small(settings: Settings) -> Settings:
    return settings.replace(**{name: min(getattr(settings, name), limit) for name, limit in SMALL.items()})


def any_input(dice: random.Random, width: int, height: int) -> events.Event:
    """A key, a click or a turn of the wheel, not awaited as the pilot's own are: a hasty user waits for nothing."""
    if dice.random() < CLICKED:
        x, y = dice.randrange(width), dice.randrange(height)
        return dice.choice(MOUSE)(None, x, y, 0, 0, 1, False, False, False, x, y)
    key = dice.choice(KEYS + WAYS_OUT)
    return events.Key(key, key if len(key) == 1 else None)


async def until_taken(explorer: Explorer) -> None:
    """Wait until the app has taken all that was sent to it."""
    taken = asyncio.Event()
    explorer.app.call_later(taken.set)
    await asyncio.wait_for(taken.wait(), TIMEOUT)


async def come_to_rest(explorer: Explorer) -> None:
    """Whatever is open closed, whatever is compared dropped, what was learned forgotten, the gradient on the screen."""
    app = explorer.app
    await explorer.pilot.resize_terminal(80, 24)
    while len(app.screen_stack) > 1 or app.query("ValueEditor"):
        await explorer.pilot.press("escape")
    await explorer.press("escape", "u", "6", "comma")
    await explorer.until(lambda: not app.learning.has_begun)
    await explorer.press("1")
    app.comparing.comparison.wants_ghost = app.comparing.comparison.wants_theory = False
    await explorer.press("r", "r", "9")  # a key without a use takes what was said away


def check_that_the_screen_shows_the_settings(explorer: Explorer) -> None:
    settings = explorer.app.settings
    rows = explorer.lines(Panels)
    name = explorer.app.selected
    (selected,) = (row for row in rows if row.startswith(">"))
    assert f" {REGISTRY[name].label} " in selected
    assert selected.rstrip().rpartition(" ")[2].removeprefix("*") == REGISTRY[name].show(getattr(settings, name))
    observation = observe(settings)
    chart = explorer.app.screen.query_one(ChartView).chart
    assert isinstance(chart, Chart)
    assert np.array_equal(chart.curves[0].y, observation.gradient.log10_mean)
    assert explorer.said().startswith(sentence(words_of(observation).sentences)[:60])
    assert "? help" in explorer.text(Footer)
