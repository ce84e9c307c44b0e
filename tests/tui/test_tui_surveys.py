"""The depth view and the map on the screen, and the theory over the measurement."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from time import sleep

import pytest
from exploring import exploring

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.elements import Axis
from tui_telescope.charts.surveys.surveys import DepthSurvey, Finding, Instruments
from tui_telescope.charts.views import VIEWS
from tui_telescope.engine.learning.trainability import TrainabilityMemory
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.sweep import MapMemory
from tui_telescope.engine.telescope import Telescope
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import Settings
from tui_telescope.tui.messages import Surveyed
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.status_line import StatusLine

SMALL = Settings(depth=12, width=2, samples=2)


async def test_the_depth_view_shows_both_sides_of_the_residual_connection() -> None:
    async with exploring(SMALL) as explorer:
        await explorer.press("4")
        await explorer.until(lambda: "residual on" in explorer.text(ChartView))
        text = explorer.text(ChartView)
        assert "residual off" in text
        assert "layer 1, residual on" in text
        assert "depth 1" in text


async def test_the_depth_views_axis_stays_through_a_change_that_it_has_room_for() -> None:
    async with exploring(SMALL) as explorer:
        await explorer.press("4")
        axes = []
        for key in ("", "space"):
            await explorer.press(*key.split())
            await explorer.until(lambda: explorer.app._surveyor.work is None)
            await explorer.pilot.pause()
            chart = explorer.app.chart_view.chart
            assert isinstance(chart, Chart)
            assert len(chart.curves) == 2
            axes.append(chart.y_axis)
        assert axes[0] is axes[1]


async def test_the_map_shows_its_regions_and_the_cursor() -> None:
    async with exploring(SMALL) as explorer:
        await explorer.press("5")
        await explorer.until(lambda: "◆" in explorer.text(ChartView))
        assert all(
            word in explorer.text(ChartView)
            for word in ("vanishing", "healthy", "exploding", "you", "ratio 1", "theory")
        )
        assert "scale" in explorer.text(ChartView)


async def test_on_the_map_the_arrows_move_scale_and_depth_and_the_other_views_follow() -> None:
    async with exploring(SMALL) as explorer:
        explorer.send("5", "right", "up")
        await explorer.until(lambda: explorer.app.settings == SMALL.replace(scale=2.5, depth=15))
        explorer.send("left", "down", "1")
        await explorer.until(lambda: explorer.app.settings == SMALL and "10-90%" in explorer.text(ChartView))


async def test_a_late_survey_does_not_land_in_another_view() -> None:
    async with exploring(SMALL) as explorer:
        await explorer.press("5", "1")
        await explorer.pilot.pause(0.3)
        assert "◆" not in explorer.text(ChartView)


@pytest.mark.parametrize(
    ("view", "key"), [("map", "s"), ("map", "right"), ("map", "1"), ("depth", "r"), ("depth", "space")]
)
async def test_a_change_cancels_the_survey_that_runs(view: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Settings] = []
    cancelled: list[Settings] = []

    class Endless(DepthSurvey):
        def findings(self, instruments: Instruments, progress: Progress, previous: Axis | None) -> Iterator[Finding]:
            begun.append(self.settings)
            yield from islice(super().findings(instruments, progress, previous), 1)
            while not progress.should_stop():
                sleep(0.001)
            cancelled.append(self.settings)
            raise Stopped

    monkeypatch.setitem(VIEWS, view, VIEWS[view]._replace(survey=Endless))
    async with exploring(SMALL) as explorer:
        await explorer.press("5" if view == "map" else "4")
        await explorer.until(lambda: begun)
        await explorer.press(key)
        await explorer.until(lambda: cancelled)
        assert cancelled == [SMALL]
        if key != "1":
            await explorer.until(lambda: len(begun) == 2)
            assert begun[1] == explorer.app.settings


async def test_a_late_map_of_settings_left_behind_is_not_drawn() -> None:
    async with exploring(SMALL) as explorer:
        await explorer.press("5")
        await explorer.until(lambda: "◆" in explorer.text(ChartView))
        before = explorer.text(ChartView)
        findings = DepthSurvey(SMALL).findings(
            Instruments(Telescope(), MapMemory(), TrainabilityMemory()), Progress(), None
        )
        explorer.app.post_message(Surveyed(0, "map", next(findings)))
        await explorer.pilot.pause(0.1)
        assert "layer 1, residual" not in explorer.text(ChartView)
        assert "◆" in before


async def test_the_spectrum_shows_how_each_direction_passes_and_what_that_amounts_to() -> None:
    linear = SMALL.replace(width=8, activation="linear", initializer="orthogonal", scale=1.0)
    async with exploring(linear) as explorer:
        await explorer.press("8")
        await explorer.until(lambda: "Every direction passes at 1.00:" in explorer.text(ChartView))
        assert "dynamical isometry." in explorer.text(ChartView)
        assert "direction 1" in explorer.text(ChartView)
        await explorer.press("s")
        await explorer.until(lambda: "isometry but for its size" in explorer.text(ChartView))


async def test_where_a_sample_has_no_jacobian_of_its_own_it_is_said() -> None:
    async with exploring(SMALL.replace(norm="batch")) as explorer:
        await explorer.press("8")
        await explorer.until(lambda: "No spectrum here: with batch norm" in explorer.text(ChartView))
        await explorer.press("n")
        await explorer.until(lambda: "of 2 directions passes at" in explorer.text(ChartView))


async def test_o_lays_the_theory_over_the_measurement_and_says_for_which_width() -> None:
    async with exploring() as explorer:
        await explorer.press("o")
        assert "theory: infinite width" in explorer.text(ChartView)
        await explorer.press("o")
        assert "theory" not in explorer.text(ChartView)


@pytest.mark.parametrize("change", [{"norm": "layer", "initializer": "identity"}, {"norm": "batch", "samples": 5}])
async def test_where_there_is_no_theory_it_is_said_and_nothing_is_drawn(change: dict[str, str]) -> None:
    async with exploring(Settings(**change)) as explorer:  # type: ignore[arg-type]
        await explorer.press("o")
        assert "No theory here" in explorer.text(StatusLine)
        assert "theory" not in explorer.text(ChartView)


@pytest.mark.parametrize("change", [{"cell": "lstm", "depth": 20}, {"initializer": "identity"}])
async def test_theory_that_takes_long_joins_the_chart_with_its_depth_scale(change: dict[str, str]) -> None:
    async with exploring(Settings(**change)) as explorer:  # type: ignore[arg-type]
        await explorer.press("o")
        await explorer.until(lambda: "depth scale" in explorer.text(ChartView))
        assert "theory" in explorer.text(ChartView)


async def test_the_map_of_what_can_be_trained_is_refined_and_the_arrows_move_your_network_on_it() -> None:
    async with exploring(SMALL, size=(100, 30)) as explorer:
        await explorer.press("7")
        await explorer.until(lambda: "accuracy ·20%░40%▒60%▓80%█" in explorer.text(ChartView))
        assert "◆ you" in explorer.text(ChartView)
        assert "Computing networks that learn: " in explorer.text(StatusLine)
        explorer.send("right", "up")
        await explorer.until(lambda: explorer.app.settings == SMALL.replace(scale=2.5, depth=15))
        explorer.app.action_select_setting("optimizer")
        await explorer.until(lambda: "learns with momentum: optimizer changes nothing here." in explorer.said())
        explorer.send("1")
        await explorer.until(lambda: explorer.app._surveyor.work is None)
