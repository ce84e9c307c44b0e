"""Number formats on the screen and in print: the ghost, view 3, the rows of the loss, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from exploring import Explorer, exploring

from tui_telescope import Settings, Telescope, observe
from tui_telescope.charts.layers.floors import summary
from tui_telescope.charts.layers.layer_charts import signal_chart
from tui_telescope.charts.layers.layer_readout import layer_readout
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.engine.sweep import MapMemory, each_depth, map_scales_and_depths
from tui_telescope.printing.readings import write_reading
from tui_telescope.tui.comparison.comparison import MOST
from tui_telescope.tui.sources.telescope_source import TelescopeSource
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.status_line import StatusLine

HALVES = Settings(width=16, depth=20, initializer="xavier", scale=1, loss="probe", precision="float16")
OVERFLOWING = HALVES.replace(loss_scale=2**24)


def printed(settings: Settings, form: str, view: str = "gradient") -> str:
    stream = io.StringIO()
    write_reading(stream, settings, form, view, ascii_only=False)
    return stream.getvalue()


# The ghost


def ghosts(explorer: Explorer) -> list[str]:
    return [curve.label for curve in explorer.app.chart_view.chart.curves if curve.label.startswith("ghost")]


async def test_the_exact_network_stands_unasked_beside_one_in_a_format_until_g_puts_it_off() -> None:
    async with exploring(HALVES) as explorer:
        await explorer.until(lambda: ghosts(explorer) == ["ghost: exact"])
        (ghost,) = [each for each in explorer.app.chart_view.chart.curves if each.label == "ghost: exact"]
        np.testing.assert_allclose(ghost.y, observe(HALVES.replace(precision="exact")).gradient.log10_mean)
        await explorer.press("g")
        assert ghosts(explorer) == []
        await explorer.press("g")
        await explorer.until(lambda: ghosts(explorer) == ["ghost: exact"])


async def test_in_exact_arithmetic_the_ghost_is_asked_for_and_has_residual_flipped() -> None:
    async with exploring(HALVES.replace(precision="exact")) as explorer:
        assert ghosts(explorer) == []
        await explorer.press("g")
        await explorer.until(lambda: ghosts(explorer) == ["ghost: residual on"])


async def test_an_unasked_ghost_gives_way_to_pins() -> None:
    async with exploring(HALVES) as explorer:
        for _ in range(MOST):
            await explorer.press("p", "d")
        assert len(explorer.app.comparing.comparison.pins) == MOST
        assert ghosts(explorer) == []
        await explorer.press("g")
        assert "u drops the pins" in explorer.said()


def test_a_gated_cell_has_an_exact_ghost_too() -> None:
    lstm = Settings(cell="lstm", precision="bfloat16")
    assert TelescopeSource().ghost(lstm).subject == lstm.replace(precision="exact")
    assert TelescopeSource().why_no_ghost(lstm) == ""


# The settings


async def test_loss_scale_and_master_weights_have_rows_only_where_something_is_rounded() -> None:
    async with exploring(Settings(), size=(100, 45)) as explorer:
        assert "Precision" in explorer.text(Panels)
        assert "Loss scale" not in explorer.text(Panels)
        explorer.app.action_select_setting("precision")
        await explorer.press("right")
        assert "Loss scale" in explorer.text(Panels)
        assert "Master weights" not in explorer.text(Panels), "float32 weights are their own copy"
        await explorer.press("right")
        assert "Master weights" in explorer.text(Panels)


def test_settings_of_formats_say_why_they_change_nothing() -> None:
    assert Settings().why_ineffective("loss_scale") == "nothing underflows where nothing is rounded"
    assert Settings().why_ineffective("master_weights") == "nothing is rounded"
    assert Settings(precision="float32").why_ineffective("master_weights") == "float32 weights are their own copy"
    assert not Settings(precision="float16").ineffective & {"loss_scale", "master_weights"}


# Charts


def test_view_3_shows_the_shares_of_entries_that_are_zero_and_that_overflow() -> None:
    chart = signal_chart([Trace("", observe(HALVES))], ChartOptions())
    labels = {curve.label: curve for curve in chart.curves}
    assert "overflowed" not in labels
    zero = observe(HALVES).rounding.zero
    heights = labels["gradient zero"].y
    np.testing.assert_allclose((heights - heights.min()) / np.ptp(heights), (zero - zero.min()) / np.ptp(zero))
    assert "overflowed" in {
        curve.label for curve in signal_chart([Trace("", observe(OVERFLOWING))], ChartOptions()).curves
    }
    exact = signal_chart([Trace("", observe(HALVES.replace(precision="exact")))], ChartOptions())
    assert {curve.label for curve in exact.curves} == {"rms", "saturated"}


def test_the_cursor_reads_a_layers_shares() -> None:
    observation = observe(HALVES)
    assert f"zero {observation.rounding.zero[9]:.0%}," in layer_readout(observation, 10)
    assert "overflowed 99%" in layer_readout(observe(OVERFLOWING), 20)
    assert "zero" not in layer_readout(observe(HALVES.replace(precision="exact")), 10)


def test_the_lines_of_f_are_those_of_the_format_and_move_with_the_loss_scale() -> None:
    wide = HALVES.replace(width=64)
    assert summary(wide) == (
        "At loss scale 1 about half of the entries are zero below 5e-07 in float16; entries overflow above 5e+05 in "
        "float16."
    )
    assert summary(wide.replace(loss_scale=2**14)).startswith(
        "At loss scale 2^14 about half of the entries are zero below 3e-11 in float16;"
    )
    assert "bfloat16" in summary(wide.replace(precision="exact"))


async def test_a_network_that_overflows_is_told_of_on_every_view_of_layers() -> None:
    async with exploring(OVERFLOWING) as explorer:
        assert "NONFINITE" in explorer.text(StatusLine)
        assert "The gradient is NaN or infinite at layer 20 and 19 others." in explorer.said()
        assert "NaN or infinite" in explorer.text(ChartView)
        for key in ("2", "3", "o", "f", "v", "x"):
            await explorer.press(key)
            assert explorer.app.shown.subject == OVERFLOWING


def test_surveys_leave_what_overflows_open() -> None:
    *_, sweep = each_depth(Telescope(), OVERFLOWING, (2, 5))
    assert np.isnan(sweep.log10_gradient).all()
    assert sweep.document()["log10_gradient_layer_1"] == [None, None]
    *_, grid = map_scales_and_depths(Telescope(), OVERFLOWING, (0.5, 1.0), (2, 5), memory=MapMemory())
    assert grid.states == ((None, None), (None, None))


# Print


def test_json_tells_of_the_format_and_of_nothing_where_nothing_is_rounded() -> None:
    document, exact = (json.loads(printed(each, "json")) for each in (HALVES, HALVES.replace(precision="exact")))
    rounding = observe(HALVES).rounding
    assert document["rounding"] == {
        "format": "float16",
        "zero": rounding.zero.tolist(),
        "overflowed": [0.0] * 20,
        "silent_layers": rounding.silent_layers,
    }
    assert (exact["rounding"], exact["nonfinite"]) == (None, [])
    assert document["settings"]["precision"] == "float16"


def test_json_and_csv_tell_of_what_is_not_finite_without_a_number_that_is_none() -> None:
    document = json.loads(printed(OVERFLOWING, "json"), parse_constant=pytest.fail)
    assert document["nonfinite"][0] == {"reading": "gradient", "layers": list(range(20, 0, -1))}
    assert document["gradient"]["log10_mean"] == [None] * 20
    assert document["verdict"]["state"] is None
    rows = list(csv.DictReader(io.StringIO(printed(OVERFLOWING, "csv"))))
    assert {row["log10_gradient_mean"] for row in rows} == {"-inf"}
    assert float(rows[-1]["gradient_overflowed"]) > 0.5
    assert "gradient_zero" not in printed(HALVES.replace(precision="exact"), "csv")


def test_what_is_not_finite_is_not_what_was_expected() -> None:
    stream = io.StringIO()
    assert write_reading(stream, OVERFLOWING, "text", "gradient", ascii_only=False) == "not finite"
    assert stream.getvalue().startswith("NONFINITE: ")


def test_the_table_of_view_3_has_the_shares() -> None:
    assert "        zero   overflowed" in printed(HALVES, "text", "signal")
    assert "overflowed" not in printed(HALVES.replace(precision="exact"), "text", "signal")
