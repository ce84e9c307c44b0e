"""View 6: the network on the screen learns, and every key does what it says."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from exploring import Explorer, exploring

from tui_telescope import Telescope
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.steps.loss_and_layers import LossAndLayers
from tui_telescope.settings import Settings
from tui_telescope.tui.learning import trainer
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.panels import Panels

SIGMOIDS = Settings(
    depth=16, width=8, initializer="xavier", scale=1.0, loss="probe", task="glyphs", batch=64, optimizer="momentum"
)
LONG = SIGMOIDS.replace(width=64, batch=512)
"""Takes many seconds to play."""
FEW = 60
"""Steps after which the curves can be told apart."""


@pytest.fixture
def rests_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "USUAL_STEPS", FEW)


def shown(explorer: Explorer) -> LossAndLayers:
    chart = explorer.app.chart_view.chart
    assert isinstance(chart, LossAndLayers)
    return chart


def step(explorer: Explorer) -> int:
    history = explorer.app.learning.history
    return history.latest.step if history else -1


def learning(explorer: Explorer) -> Settings | None:
    """What the network that learns was made from."""
    history = explorer.app.learning.history
    return history.settings if history else None


async def begin(explorer: Explorer) -> None:
    await explorer.press("6")
    await explorer.until(lambda: step(explorer) == 0 and isinstance(explorer.app.chart_view.chart, LossAndLayers))


async def until_it_rests(explorer: Explorer, at_step: int) -> None:
    await explorer.until(lambda: step(explorer) == at_step and not explorer.app.learning.is_playing)
    await explorer.pilot.pause()


async def test_space_plays_until_it_rests_and_what_came_of_it_is_said_and_true() -> None:
    async with exploring(SIGMOIDS) as explorer:
        await begin(explorer)
        assert explorer.said().startswith("Before the first step the loss is ")
        await explorer.press("space")
        await until_it_rests(explorer, 600)
        *_, expected = Telescope().learn(SIGMOIDS, 600, every=600)
        count = int(expected.unchanged.sum())
        assert 1 < count < 16
        assert f"{count} of 16 layers are what they were, bit for bit." in explorer.said()
        assert shown(explorer).loss.curves[0].y[-1] == expected.loss
        assert "VANISHING" in "".join(explorer.screen_rows())
        await explorer.press("space")
        await explorer.until(lambda: step(explorer) > 600)


async def test_a_second_press_pauses() -> None:
    async with exploring(LONG) as explorer:
        await begin(explorer)
        explorer.send("space")
        await explorer.until(lambda: step(explorer) > 0)
        await explorer.until(lambda: "Space pauses." in explorer.said())
        explorer.send("space")
        await explorer.until(lambda: not explorer.app.learning.is_playing)
        await explorer.pilot.pause(0.2)
        rested = step(explorer)
        assert 0 < rested < 600
        assert "Space goes on" in explorer.said()
        await explorer.pilot.pause(0.2)
        assert step(explorer) == rested


async def test_a_full_stop_takes_one_step_and_a_comma_goes_back_to_the_network_before_the_first() -> None:
    async with exploring(SIGMOIDS) as explorer:
        await begin(explorer)
        first = explorer.app.learning.history
        for number in (1, 2):
            await explorer.press("full_stop")
            await until_it_rests(explorer, number)
        assert shown(explorer).layers.steps.tolist() == [0, 1, 2]
        await explorer.press("comma")
        await until_it_rests(explorer, 0)
        again = explorer.app.learning.history
        assert first is not None
        assert again is not None
        assert again.latest.loss == first.latest.loss
        assert len(again.moments) == 1


async def test_v_goes_through_what_the_layers_are_shown_by() -> None:
    async with exploring(SIGMOIDS, size=(100, 30)) as explorer:
        await begin(explorer)
        for name in ("gradient", "change", "update"):
            await explorer.press("v")
            assert f"log10 {name} " in explorer.text(ChartView)


async def test_a_changed_setting_begins_anew_and_goes_on_where_it_was_playing() -> None:
    async with exploring(LONG) as explorer:
        await begin(explorer)
        explorer.send("space")
        await explorer.until(lambda: step(explorer) > 0)
        explorer.app.action_step("learning_rate", 1)
        changed = LONG.stepped("learning_rate", 1)
        await explorer.until(lambda: learning(explorer) == changed and step(explorer) > 0)
        history = explorer.app.learning.history
        assert history is not None
        assert history.moments[0].step == 0
        assert explorer.app.learning.is_playing
        explorer.send("space")
        await explorer.until(lambda: not explorer.app.learning.is_playing)
        await explorer.press("z")
        await until_it_rests(explorer, 0)
        assert explorer.app.learning.history is not None
        assert explorer.app.learning.history.settings == explorer.app.settings == LONG


@pytest.mark.usefixtures("rests_soon")
async def test_the_views_of_layers_show_the_network_as_it_is_now() -> None:
    async with exploring(SIGMOIDS) as explorer:
        await begin(explorer)
        await explorer.press("space")
        await until_it_rests(explorer, FEW)
        *_, expected = Telescope().learn(SIGMOIDS, FEW, every=FEW)
        await explorer.press("1")
        chart = explorer.app.chart_view.chart
        assert isinstance(chart, Chart)
        assert expected.observation.gradient
        np.testing.assert_array_equal(chart.curves[0].y, expected.observation.gradient.log10_mean)
        assert explorer.said().startswith(f"After {FEW} steps layer 1 receives ")
        await explorer.press("s")
        assert not explorer.said().startswith("After")
        assert explorer.app.shown
        assert explorer.app.seen is explorer.app.shown


async def test_while_it_learns_the_views_of_layers_follow() -> None:
    async with exploring(LONG) as explorer:
        await begin(explorer)
        explorer.send("space", "1")
        await explorer.until(lambda: explorer.said().startswith("After"))
        said = explorer.said()
        await explorer.until(lambda: explorer.said() != said)
        assert explorer.app.learning.is_playing


@pytest.mark.usefixtures("rests_soon")
async def test_the_ghost_learns_beside_it_and_makes_up_for_what_it_missed() -> None:
    async with exploring(SIGMOIDS, size=(100, 30)) as explorer:
        await begin(explorer)
        await explorer.press("space")
        await until_it_rests(explorer, FEW)
        await explorer.press("g")
        await explorer.until(lambda: len(shown(explorer).loss.curves) == 3)
        *_, expected = Telescope().learn(SIGMOIDS.replace(residual=True), FEW, every=FEW)
        await explorer.until(lambda: shown(explorer).loss.curves[1].y[-1] == expected.loss)
        assert "ghost: residual on" in explorer.text(ChartView)
        await explorer.press("full_stop")
        await until_it_rests(explorer, FEW + 1)
        live, ghost, _ = shown(explorer).loss.curves
        assert (live.x[-1], ghost.x[-1]) == (FEW + 1, FEW + 1)


@pytest.mark.usefixtures("rests_soon")
async def test_a_pin_keeps_its_loss_curve() -> None:
    async with exploring(SIGMOIDS, size=(100, 30)) as explorer:
        await begin(explorer)
        await explorer.press("space")
        await until_it_rests(explorer, FEW)
        before = shown(explorer).loss.curves[0]
        await explorer.press("p", "r")
        await until_it_rests(explorer, 0)
        live, pin, _ = shown(explorer).loss.curves
        np.testing.assert_array_equal(pin.y, before.y)
        assert (len(live.x), pin.label) == (1, "residual off")
        assert live.label == f"residual on, up to {live.y[0]:.3g}", "its axis is cut where wild networks would go"


async def test_what_was_learned_is_taken_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with exploring(SIGMOIDS) as explorer:
        await begin(explorer)
        await explorer.press("full_stop")
        await until_it_rests(explorer, 1)
        await explorer.press("y")
        assert explorer.app.clipboard.endswith("--view learn")
        await explorer.press("e")
    rows = list(csv.DictReader((tmp_path / "gradient-telescope-1.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["0"] * 16 + ["1"] * 16
    *_, expected = Telescope().learn(SIGMOIDS, 1)
    assert float(rows[-1]["log10_change"]) == expected.log10_change[-1]
    assert "accuracy" in (tmp_path / "gradient-telescope-1.svg").read_text()


async def test_a_divergence_is_said_with_its_step_and_its_layer_and_ends_the_play() -> None:
    wild = SIGMOIDS.replace(activation="linear", scale=3.0, learning_rate=10.0)
    async with exploring(wild) as explorer:
        await begin(explorer)
        await explorer.press("space")
        await explorer.until(lambda: "It diverged at step" in explorer.said())
        await explorer.until(lambda: not explorer.app.learning.is_playing)
        *_, expected = Telescope().learn(wild, 600, every=1)
        assert expected.diverged
        where = f"layer {expected.diverged.layer}" if expected.diverged.layer else "the head"
        assert f"diverged at step {expected.diverged.step}: {where} was the first" in explorer.said()


async def test_a_ghost_that_diverges_is_said_to_while_the_live_network_goes_on() -> None:
    """Forty orthogonal layers keep a signal; beside a residual connection each of them may double it."""
    live = Settings(activation="linear", initializer="orthogonal", scale=1.0, depth=40, width=8, batch=8)
    async with exploring(live, size=(100, 30)) as explorer:
        await begin(explorer)
        explorer.send("g", "space")
        await explorer.until(lambda: "The ghost diverged at step" in explorer.said())
        *_, expected = Telescope().learn(live.replace(residual=True), 600, every=1)
        assert expected.diverged
        assert f"The ghost diverged at step {expected.diverged.step}: " in explorer.said()
        assert explorer.app.learning.history is not None
        assert explorer.app.learning.history.latest.diverged is None


async def test_settings_of_learning_have_rows_where_they_make_a_difference_and_others_say_why_they_make_none() -> None:
    async with exploring(SIGMOIDS, size=(80, 50)) as explorer:
        assert "LEARNING" not in explorer.text(Panels)
        explorer.app.action_select_setting("optimizer")
        await explorer.pilot.pause()
        assert explorer.said() == "Nothing learns in this view, but in 6 and 7: optimizer changes nothing here."
        await begin(explorer)
        assert all(word in explorer.text(Panels) for word in ("LEARNING", "Task", "Optimizer", "Batch"))
        assert not any(word in explorer.text(Panels) for word in ("Samples", "Networks", "Loss"))
        await explorer.press("l")
        assert "the cross-entropy: loss changes nothing here." in explorer.said()
        explorer.app.action_select_setting("batch")
        await explorer.press("right")
        assert explorer.app.settings.batch == 96
        await explorer.press("1")
        assert explorer.app.selected not in ("task", "optimizer", "learning_rate", "batch")


@pytest.mark.parametrize("key", ["full_stop", "comma"])
async def test_elsewhere_the_keys_of_learning_say_where_they_belong(key: str) -> None:
    async with exploring(SIGMOIDS) as explorer:
        await explorer.press(key)
        assert explorer.said() == "That is for the network that learns, in view 6."


async def test_what_does_not_fit_into_memory_to_learn_is_refused() -> None:
    async with exploring(Settings(depth=100, width=1024, samples=2, initializer="identity")) as explorer:
        await explorer.press("6")
        refused = "memory: learning with these settings takes"
        await explorer.until(lambda: refused in explorer.said())
        await explorer.press("space")
        await explorer.until(lambda: refused in explorer.said())
        assert not explorer.app.learning.is_playing
        assert explorer.app.learning.trainer.work is None


async def test_no_layer_is_read_off_where_columns_are_steps() -> None:
    async with exploring(SIGMOIDS) as explorer:
        await begin(explorer)
        await explorer.press("greater_than_sign")
        assert explorer.said() == "To read off a layer's numbers press 1 or 2 or 3 first."
        assert explorer.app.reading_off.layer is None


async def test_a_network_that_is_not_looked_at_and_has_not_begun_is_let_go_of() -> None:
    async with exploring(SIGMOIDS) as explorer:
        await begin(explorer)
        await explorer.press("1")
        assert explorer.app.learning.history is None
        assert explorer.app.learning.trainer.work is None


async def test_quitting_while_it_plays_ends_at_once() -> None:
    async with exploring(LONG) as explorer:
        await begin(explorer)
        explorer.send("space")
        await explorer.until(lambda: step(explorer) > 0)
        explorer.send("q")
        await explorer.until(lambda: not explorer.app.is_running or explorer.app._exit)
        thread = explorer.app.learning.trainer._thread
        assert thread
    thread.join(5)
    assert not thread.is_alive()
