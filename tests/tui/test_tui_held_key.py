"""A key held down on settings that take a while: the chart ends at the newest, and nothing plays out after it."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from exploring import exploring

from tui_telescope import observe
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawable import Drawable
from tui_telescope.settings import Settings
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.status_line import StatusLine

SLOW = Settings(width=192, depth=60, samples=100, initializer="xavier", generator="numpy")
PRESSES = 30
SECONDS_BETWEEN = 1 / 30


async def test_a_held_key_ends_at_the_newest_settings_without_a_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    charts: list[Drawable] = []
    show = ChartView.show
    monkeypatch.setattr(ChartView, "show", lambda view, chart: (charts.append(chart), show(view, chart)))
    async with exploring(SLOW) as explorer:
        for number in range(PRESSES):
            explorer.app.action_step("scale", -1 if number % 3 else 1)
            await asyncio.sleep(SECONDS_BETWEEN)
        at_release = len(charts)
        newest = explorer.app.settings
        await explorer.until(lambda: explorer.app.shown and explorer.app.shown.remedy)
        assert len(charts) - at_release <= 2, "what was under way, and the newest"
        chart = explorer.app.screen.query_one(ChartView).chart
        assert isinstance(chart, Chart)
        assert np.array_equal(chart.curves[0].y, observe(newest).gradient.log10_mean)
        assert f"*{newest.scale} " in explorer.text(Panels)
        await explorer.until(lambda: "Try " in explorer.text(StatusLine))
