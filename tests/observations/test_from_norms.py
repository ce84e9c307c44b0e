"""Observations of plain numbers, such as a training run logs: names, readings that are absent, NaN and infinity."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from observed_numbers import numbers_of

from tui_telescope import Settings, Telescope
from tui_telescope.charts.layers.floors import beyond_ends
from tui_telescope.charts.layers.layer_charts import factor_chart, gradient_chart, signal_chart
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.observations.description import describe
from tui_telescope.observations.from_norms import from_log10_norms
from tui_telescope.observations.observation import measured
from tui_telescope.printing.machine_readable import reading_as_csv, reading_as_json
from tui_telescope.printing.text import table

NAMES = ("embed", "blocks.0.mlp", "blocks.1.attention", "head")
GRADIENT = [-9.0, -8.0, -1.0, 0.0]


def of_weights_alone(**others):
    return from_log10_norms(weight_gradient=[-9.0, -1.0, 0.0, 0.0], weights=[0.0, 1.0, 1.0, 0.0], **others)


def test_norms_are_read_as_a_telescope_reads_its_own():
    telescope, settings = Telescope(), Settings(depth=12, activation="tanh", samples=1)
    seen = telescope.observe(settings)
    weights = np.log10(np.linalg.norm(telescope.draw(settings).weights[0], axis=(1, 2)))
    again = from_log10_norms(
        seen.gradient.log10_mean, weight_gradient=seen.weight_gradient.log10, weights=weights, rms=seen.signal.log10_rms
    )
    assert describe(again) == describe(seen)
    assert again.verdict == seen.verdict
    np.testing.assert_array_equal(again.log10_factor, seen.log10_factor)
    np.testing.assert_array_equal(again.signal.log10_rms, seen.signal.log10_rms)


def test_several_networks_have_a_mean_and_a_band():
    reading = from_log10_norms([[0.0, -math.inf], [1.0, -math.inf], [2.0, 0.0]]).gradient
    np.testing.assert_allclose(10**reading.log10_mean, [37, 1 / 3])
    np.testing.assert_allclose(10**reading.log10_median, [10, 0])
    np.testing.assert_allclose(10**reading.log10_high, [82, 0.8])


def test_layers_are_spoken_of_by_their_names():
    observation = from_log10_norms(GRADIENT, layers=NAMES)
    assert describe(observation) == (
        "VANISHING: layer embed receives 1.00e-09 (factor 1.00e-03 a layer). "
        "7.00 of 9.00 decades are lost at layer blocks.1.attention alone; the other layers' factor averages 0.100."
    )
    dead = from_log10_norms([-math.inf, -math.inf, 0.0, 0.0], layers=NAMES)
    assert describe(dead) == "DEAD: nothing at all reaches layers embed to blocks.0.mlp."
    assert (
        gradient_chart([Trace("", dead)], ChartOptions()).note
        == "the gradient is exactly zero up to layer blocks.0.mlp"
    )
    some = from_log10_norms([[-math.inf, 0.0], [0.0, 0.0], [0.0, 0.0]], layers=("In", "Out"))
    assert "In 1 of 3 networks nothing at all reaches layer In." in describe(some)


@pytest.mark.parametrize(
    ("rms", "dead", "said"),
    [
        ([0.0] * 4, [0.0, 0.0, 1.0, 0.5], "Every unit of layer blocks.1.attention is dead."),
        ([0.0] * 4, [0.0, 1.0, 1.0, 1.0], "Every unit of layers blocks.0.mlp to blocks.1.attention is dead."),
        ([0.0, 0.0, -math.inf, 0.0], None, "The output of layer blocks.1.attention is exactly zero."),
        ([0.0] * 4, [1.0, 1.0, 0.9, 1.0], ""),
        ([0.0, 0.0, math.nan, 0.0], None, ""),
    ],
)
def test_what_passes_nothing_down_is_named_where_the_signal_shows_it(rms, dead, said):
    gradient = [-math.inf, -math.inf, 0.0, 0.0]
    words = describe(from_log10_norms(gradient, rms=rms, dead=dead and np.array(dead), layers=NAMES))
    told = [sentence for sentence in words.split(". ") if "dead" in sentence or "exactly zero" in sentence]
    assert told == ([said] if said else [])


def test_what_passes_nothing_down_is_named_of_no_network_that_receives_something():
    some = from_log10_norms([[-math.inf, 0.0], [-math.inf, 0.0], [0.0, 0.0]], rms=[0.0, 0.0], dead=np.array([0.0, 1.0]))
    assert describe(some).startswith("DEAD: in 2 of 3 networks")
    assert "Every unit" not in describe(some)


def test_of_a_run_nothing_is_said_of_layers_that_are_not_recorded():
    still = from_log10_norms(weight_gradient=[-math.inf] * 2, weights=[0.0, 0.0], layers=("In", "Out"))
    assert describe(still) == "No recorded layer learns: the gradient of every one is exactly 0."


def test_the_table_and_the_machines_have_the_names():
    observation = from_log10_norms(GRADIENT, layers=NAMES)
    header, first, *_ = table(observation, "gradient").splitlines()[1:]
    assert header.startswith("             layer     gradient")
    assert first.startswith("             embed     1.00e-09")
    assert json.loads(reading_as_json(Settings(), observation, None))["layers"] == list(NAMES)
    assert [row.partition(",")[0] for row in reading_as_csv(observation).splitlines()] == ["layer", *NAMES]


def test_a_run_that_logs_its_weights_alone_is_told_what_learns_and_no_more():
    observation = of_weights_alone()
    verdict = observation.verdict
    assert describe(observation) == "1 of 4 layers is frozen in float32."
    assert (verdict.state, verdict.end_to_end, verdict.decades_per_layer, observation.depth) == (None, None, None, 4)
    still = from_log10_norms(weight_gradient=[-math.inf] * 2, weights=[0.0, 0.0])
    assert describe(still) == "No weight learns: the gradient of every one is exactly 0."
    with pytest.raises(LookupError):
        measured(observation.gradient)


def test_weights_that_are_zero_learn_and_freeze_no_other():
    observation = from_log10_norms(weight_gradient=[-3.0, 0.0, -9.0], weights=[-math.inf, 0.0, 0.0])
    assert observation.verdict.frozen_layers == 1


def test_what_was_not_measured_is_drawn_printed_and_written_as_absent():
    observation = of_weights_alone()
    chart = gradient_chart([Trace("", observation)], ChartOptions(weights=True))
    assert [curve.label for curve in chart.curves] == ["weights"]
    assert chart.note == "the one by the outputs was not measured"
    assert not factor_chart([Trace("", observation)], ChartOptions()).curves
    assert beyond_ends(observation, Settings()) == ""
    assert table(observation, "gradient").splitlines()[1:3] == ["  layer      weights", "      1     1.00e-09"]
    document = json.loads(reading_as_json(Settings(), observation, None))
    assert (document["gradient"], document["factor"], document["verdict"]["state"]) == (None, None, None)
    assert reading_as_csv(observation).startswith("layer,log10_weight_gradient\n1,-9.0\n")


def test_a_signal_without_fractions_is_its_size_alone():
    observation = from_log10_norms(rms=[0.0, -1.0])
    assert observation.depth == 2
    assert [curve.label for curve in signal_chart([Trace("", observation)], ChartOptions()).curves] == ["rms"]
    assert table(observation, "signal").splitlines()[1] == "  layer          rms"
    signal = json.loads(reading_as_json(Settings(), observation, None))["signal"]
    assert signal == {"log10_rms": [0.0, -1.0], "saturated": None, "dead": None, "log10_spread": None}


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_told_first_and_kept_from_the_charts(bad):
    observation = from_log10_norms(
        [bad, bad, -1.0, 0.0], weight_gradient=[bad, 0.0, 0.0, 0.0], weights=[0.0] * 4, layers=NAMES
    )
    assert describe(observation) == "NONFINITE: the gradient is NaN or infinite at layer blocks.0.mlp and 1 other."
    assert observation.verdict.state is observation.verdict.frozen_layers is None
    assert [each.layers for each in observation.nonfinite] == [(2, 1), (1,)]
    assert not any(math.isnan(x) or x == math.inf for x in numbers_of(observation))
    note = gradient_chart([Trace("", observation)], ChartOptions()).note
    assert note == "the gradient is NaN or infinite at layer blocks.0.mlp and 1 other"
    rows = table(observation, "gradient").splitlines()[2:]
    assert [row.count("not finite") for row in rows] == [2, 2, 1, 0]


def test_a_signal_that_is_not_finite_is_named_from_below_and_the_gradient_still_judged():
    observation = from_log10_norms(GRADIENT, rms=[0.0, math.inf, math.nan, 0.0])
    assert describe(observation).startswith(
        "NONFINITE: the signal is NaN or infinite at layer 2 and 1 other. VANISHING: layer 1 receives 1.00e-09"
    )
    assert "is NaN or infinite at layer 2" in signal_chart([Trace("", observation)], ChartOptions()).note
