"""How much samples still differ, in the view that shows the signal: taken apart, while the screen goes on."""

from __future__ import annotations

import numpy as np
from exploring import exploring

from tui_telescope.charts.layers.layer_charts import signal_chart
from tui_telescope.charts.layers.layer_readout import layer_readout
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.engine.telescope import ALL_READINGS, Telescope
from tui_telescope.observations.description import alike
from tui_telescope.observations.from_norms import from_log10_norms
from tui_telescope.settings import Settings
from tui_telescope.tui.widgets.chart_view import ChartView

SIGMOIDS = Settings(depth=30, width=4)


async def test_the_view_of_the_signal_draws_it_and_the_layer_read_off_tells_it() -> None:
    seen = Telescope().observe(SIGMOIDS, readings=ALL_READINGS)
    async with exploring(SIGMOIDS, size=(100, 30)) as explorer:
        await explorer.press("3")
        await explorer.until(lambda: "spread" in explorer.text(ChartView))
        assert "float32: inputs alike at layer " in explorer.text(ChartView)
        await explorer.press("less_than_sign")
        await explorer.until(lambda: "spread" in explorer.said())
        assert explorer.said().lower() == f"{layer_readout(seen, 30)}."


async def test_nobody_else_waits_for_it_and_a_changed_network_has_one_of_its_own() -> None:
    async with exploring(SIGMOIDS, size=(120, 40)) as explorer:
        await explorer.press("d")
        assert explorer.app.comparing._spread._asked is None
        await explorer.press("3", "s")
        await explorer.until(lambda: "float32: inputs alike at layer " in explorer.text(ChartView))
        assert explorer.app.comparing._spread._asked == explorer.app.settings


async def test_while_it_is_taken_that_is_said_and_another_view_lets_go_of_it() -> None:
    """A network that would take minutes."""
    async with exploring(Settings(depth=10_000, width=8, samples=2), size=(100, 30)) as explorer:
        explorer.send("3")
        await explorer.until(lambda: "spread ..." in explorer.text(ChartView))
        assert explorer.app.comparing._spread.is_awaited
        explorer.send("1")
        await explorer.until(lambda: not explorer.app.comparing._spread.is_awaited)


def seen_with(spread: list[float]):
    zeros = np.zeros(len(spread))
    return from_log10_norms(zeros, rms=zeros, saturated=zeros, spread=np.array(spread))


def test_the_first_layer_that_a_format_leaves_alike_is_named() -> None:
    assert alike(seen_with([0.0, -6.9, -7.0, -9.0])) == "float32 cannot tell the inputs apart at layer 3"
    rules = signal_chart([Trace("", seen_with([0.0, -7.0, -16.0]))], ChartOptions()).rules
    assert [rule.label for rule in rules[1:]] == [
        "float32: inputs alike at layer 2",
        "float64: inputs alike at layer 3",
    ]
    assert alike(seen_with([0.0, -6.9])) == ""
    assert alike(from_log10_norms(np.zeros(2))) == ""


def test_the_axis_waits_with_it() -> None:
    """A key changes the network: until its spread comes the curves above stay where they are."""
    told = seen_with([0.0, -20.0])
    before = signal_chart([Trace("", told)], ChartOptions()).y_axis
    untold = from_log10_norms(np.zeros(2), rms=np.zeros(2), saturated=np.zeros(2))
    assert signal_chart([Trace("", untold)], ChartOptions(previous=before)).y_axis != before
    waiting = signal_chart([Trace("", untold)], ChartOptions(previous=before, awaits_spread=True)).y_axis
    assert (waiting.low, waiting.high) == (before.low, before.high)
