"""A run's charts over its steps, and axes that go by names: what they say of numbers made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_telescope.charts.axes import layer_axis, linear_axis, step_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.layers.layer_charts import factor_chart, gradient_chart
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.steps.loss_and_layers import LossAndLayers
from tui_telescope.charts.steps.run_charts import StepOptions, StepTrace, layer_over_steps, layers_by_steps
from tui_telescope.observations.from_norms import from_log10_norms
from tui_telescope.runs.reading.over_steps import OverSteps

NAMES = ("embed", "block", "head")


def over(log10: Any, **others: Any) -> OverSteps:
    found = np.array(log10, dtype=float)
    nothing = np.full(len(found), np.nan)
    options = {"steps": np.arange(1.0, len(found) + 1), "loss": nothing, "learning_rate": nothing} | others
    return OverSteps(
        reading="gradient", layers=others.pop("layers", NAMES), log10=found, lost=np.isnan(found),
        **{name: np.array(options[name], dtype=float) for name in ("steps", "loss", "learning_rate")},
    )  # fmt: skip


def test_the_layer_under_the_cursor_is_drawn_and_where_it_has_no_logarithm_that_is_said():
    chart = layer_over_steps(
        [StepTrace("", over([[0, -1, 0], [0, -np.inf, 0], [0, np.nan, 0]]))], StepOptions(layer="block")
    )
    assert isinstance(chart, Chart), "no loss was told"
    assert chart.curves[0].y[0] == -1
    assert (
        chart.note == "not finite in 1 of 3 records, first at step 3; exactly zero in 1 of 3 records, first at step 2"
    )


def test_without_a_cursor_on_one_of_its_layers_it_is_the_first():
    traces = [StepTrace("", over([[1, 2, 3], [1, 2, 3]]))]
    for cursor, y in ((None, 1), ("head", 3), ("gone", 1)):
        assert layer_over_steps(traces, StepOptions(layer=cursor)).curves[0].y[0] == y


def test_another_run_is_drawn_by_the_layers_name_if_it_has_it():
    other = StepTrace("b", over([[7, 8], [7, 8]], layers=("block", "embed")))
    traces = [StepTrace("a", over([[1, 2, 3], [1, 2, 3]])), other]
    assert [curve.y[0] for curve in layer_over_steps(traces, StepOptions(layer="embed")).curves] == [1, 8]
    assert [curve.label for curve in layer_over_steps(traces, StepOptions(layer="head")).curves] == ["a"]


@pytest.mark.parametrize("make", [layer_over_steps, layers_by_steps])
def test_loss_and_learning_rate_stand_above_each_on_its_own_scale(make):
    shown = make([StepTrace("", over([[0] * 3] * 3, loss=[3, 2, 1], learning_rate=[0.0, 0.1, 0.05]))], StepOptions())
    assert isinstance(shown, LossAndLayers)
    loss, rate = shown.loss.curves
    assert loss.y.tolist() == [3, 2, 1]
    assert ((rate.y - shown.loss.y_axis.low) / (shown.loss.y_axis.high - shown.loss.y_axis.low)).tolist() == [0, 1, 0.5]
    assert "0.1 at the top" in rate.label
    assert shown.loss.x_axis == shown.layers.x_axis


def test_one_wild_loss_leaves_the_others_their_room():
    losses = [2.0] * 9 + [1e13]
    shown = layer_over_steps([StepTrace("", over([[0] * 3] * 10, loss=losses))], StepOptions())
    assert 2 <= shown.loss.y_axis.high <= 30


def test_the_marked_step_and_layer_are_the_cursors():
    found = layers_by_steps([StepTrace("", over([[0] * 3] * 4))], StepOptions(layer="block", step=3))
    assert found.cursor == (3, 2)
    assert layers_by_steps([StepTrace("", over([[0] * 3] * 4))], StepOptions()).cursor is None


def labels(names: tuple[str, ...]) -> list[str]:
    return [tick.label for tick in layer_axis(len(names), names).tick_choices[0]]


def test_ticks_are_names_without_what_all_have_in_common():
    assert labels(tuple(f"model.blocks.{k}.mlp" for k in range(4))) == ["0", "1", "2", "3"]
    assert labels(("0", "1", "2")) == ["0", "1", "2"]
    assert labels(("h.0.attn", "h.0.mlp", "h.1.attn")) == ["0.attn", "0.mlp", "1.attn"]
    assert labels(("embed", "blocks.0", "head")) == ["embed", "blocks.0", "head"]
    assert labels(("same", "same")) == ["same", "same"]
    assert labels(("x" * 40, "y")) == [f"..{'x' * 12}", "y"]
    assert [tick.label for tick in layer_axis(3).tick_choices[0]] == ["1", "2", "3"]


def test_another_runs_layers_stand_above_those_of_the_same_name():
    live = from_log10_norms([-2.0, -1.0, 0.0], layers=("a", "b", "c"))
    other = from_log10_norms([-5.0, -4.0, -3.0, -2.0], layers=("z", "c", "a", "y"))
    traces = [Trace("live", live), Trace("other", other)]
    _, curve = gradient_chart(traces, ChartOptions()).curves
    assert curve.x.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(curve.y, [-3, np.nan, -4])
    _, factors = factor_chart(traces, ChartOptions()).curves
    np.testing.assert_allclose(factors.y, [-1, np.nan, -1])
    assert gradient_chart(traces, ChartOptions()).x_axis.high == 3


@given(first=st.integers(0, 10**7), span=st.integers(0, 10**6))
def test_an_axis_of_steps_holds_the_first_and_the_last_and_leaves_little_else(first, span):
    axis = step_axis(first + span, first)
    assert axis.low <= first
    assert first + span <= axis.high
    assert axis.low == 0 or axis.high - axis.low <= max(3 * span, 25)
    for choice in axis.tick_choices:
        assert all(axis.low <= tick.position <= axis.high for tick in choice)


@given(low=st.floats(-1e9, 1e9), width=st.floats(0, 1e9))
def test_a_linear_axis_holds_zero_and_both_ends(low, width):
    axis = linear_axis(low, low + width)
    assert axis.low <= min(low, 0) + 1e-9 * abs(low)
    assert axis.high >= max(low + width, 0) * (1 - 1e-9)
    assert all(axis.low <= tick.position <= axis.high for choice in axis.tick_choices for tick in choice)
