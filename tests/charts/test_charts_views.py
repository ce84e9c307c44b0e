import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.charset import BRAILLE
from tui_telescope.charts.drawing.curves import draw_curves
from tui_telescope.charts.drawing.frame import draw
from tui_telescope.charts.elements import Axis, Curve
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.views import VIEWS
from tui_telescope.observations.observation import (
    GradientReading,
    Observation,
    SignalReading,
    Verdict,
    WeightGradientReading,
)

LAYER_VIEWS = [name for name, view in VIEWS.items() if view.chart]
"""Those that draw observations; the others draw surveys of many networks."""

WHISPER = np.linspace(-17.6, 0.35, 50)
RESIDUAL = np.linspace(1.92, 1.70, 50)


def observation(log10_mean, spread=0.0, weights=None, rms=None, saturated=None, dead=None):
    """Readings as an engine would give them; the verdict's numbers are of no concern here."""
    mean = np.asarray(log10_mean, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        factor = mean[:-1] - mean[1:]
    gradient = GradientReading(mean, mean - spread, mean, mean + spread)
    verdict = Verdict("vanishing", -0.37, -17.9, networks=1, dead_networks=0)
    weight_gradient = None if weights is None else WeightGradientReading(np.asarray(weights, dtype=np.float64))
    return Observation(gradient, factor, verdict, weight_gradient, signal(len(mean), rms, saturated, dead))


def signal(depth, rms, saturated, dead):
    if rms is None:
        return None
    fractions = (np.zeros(depth) if each is None else np.asarray(each, dtype=np.float64) for each in (saturated, dead))
    return SignalReading(np.asarray(rms, dtype=np.float64), *fractions)


def trace(log10_mean, label="now", **readings):
    return Trace(label, observation(log10_mean, **readings))


def chart(view, *traces, **options):
    return VIEWS[view].chart(traces, ChartOptions(**options))


def dead_up_to(layer, depth=50):
    gradient = np.linspace(-3.0, 0.0, depth)
    gradient[:layer] = -np.inf
    return trace(gradient)


def test_views_are_called_by_name_and_numbered_in_order():
    assert [(view.name, view.key) for view in VIEWS.values()] == [
        ("gradient", "1"), ("factor", "2"), ("signal", "3"), ("depth", "4"), ("map", "5"),
        ("learn", "6"), ("trainable", "7"), ("spectrum", "8"),
    ]  # fmt: skip
    assert all(name == view.name for name, view in VIEWS.items())


def test_naming_the_views_waits_for_no_large_library():
    program = "import sys, tui_telescope.charts.views; print({'numpy', 'plotext', 'textual'} & set(sys.modules))"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert finished.stdout == "set()\n"


def test_the_gradient_view_shows_the_mean_of_every_layer():
    (curve,) = chart("gradient", trace(WHISPER)).curves
    assert curve.x.tolist() == list(range(1, 51))
    assert np.array_equal(curve.y, WHISPER)


def test_the_band_appears_where_samples_differ():
    (band,) = chart("gradient", trace(WHISPER, spread=0.5)).bands
    assert np.array_equal(band.high, WHISPER + 0.5)
    assert np.array_equal(band.low, WHISPER - 0.5)
    assert chart("gradient", trace(WHISPER)).bands == ()


def test_the_gradient_by_the_weights_is_a_second_curve_with_a_name_and_a_stroke_of_its_own():
    mean, weights = chart("gradient", trace(WHISPER, "", weights=WHISPER - 1.0), weights=True).curves
    assert weights.x.tolist() == list(range(1, 51))
    assert np.array_equal(weights.y, WHISPER - 1.0)
    assert (mean.label, weights.label) == ("gradient", "weights")
    assert weights.ink != mean.ink
    assert weights.stroke != mean.stroke


def test_a_live_curve_that_has_a_name_keeps_it_beside_the_weights_and_pins_bring_no_weights_of_theirs():
    traces = trace(WHISPER, "now", weights=WHISPER), trace(WHISPER, "pin", weights=WHISPER)
    curves = chart("gradient", *traces, weights=True).curves
    assert [curve.label for curve in curves] == ["now", "pin", "weights"]


def test_the_weights_are_within_the_axis():
    axis = chart("gradient", trace(WHISPER, weights=WHISPER - 40.0), weights=True).y_axis
    assert axis.low <= -57.6


def test_the_legend_of_both_gradients_and_the_band_is_whole_at_80x24():
    text = draw(chart("gradient", trace(WHISPER, "", spread=0.5, weights=WHISPER), weights=True), 56, 20).text
    assert all(word in text.splitlines()[0] for word in (" gradient ", " weights ", " 10-90% "))


def test_the_band_is_within_the_axis():
    axis = chart("gradient", trace(WHISPER, spread=8.0)).y_axis
    assert axis.low <= -17.6 - 8.0
    assert axis.high >= 0.35 + 8.0


@pytest.mark.parametrize("view", LAYER_VIEWS)
def test_curves_to_compare_differ_in_ink_and_in_stroke(view):
    live = trace(WHISPER, "now", spread=0.5, weights=WHISPER - 1, rms=WHISPER, saturated=WHISPER > 0, dead=WHISPER > 0)
    pins = [trace(WHISPER + lift, f"pin {lift}", weights=WHISPER, rms=WHISPER + lift) for lift in range(3)]
    curves = [curve for curve in chart(view, live, *pins, weights=True).curves if curve.label]
    assert len({curve.ink for curve in curves}) == len(curves) == len({curve.stroke for curve in curves})
    assert [curve.label for curve in curves[:4]] == ["now", "pin 0", "pin 1", "pin 2"]
    assert "dotted" not in {curve.stroke for curve in curves[:4]}


@pytest.mark.parametrize("view", LAYER_VIEWS)
def test_any_number_of_pins_can_be_drawn(view):
    assert len(chart(view, *(trace(WHISPER, "pin", rms=WHISPER) for _ in range(9))).curves) >= 9


def test_pressing_r_on_the_starting_preset_fits_the_axis_to_the_curve_that_it_makes():
    axis = chart("gradient", trace(WHISPER, spread=0.5)).y_axis
    residual = trace(RESIDUAL, spread=0.2)
    assert chart("gradient", residual, previous=axis) == chart("gradient", residual)
    assert chart("gradient", trace(RESIDUAL), trace(WHISPER, "before"), previous=axis).y_axis is axis


def test_the_weights_stay_away_until_asked_for_and_the_legend_names_their_key_where_there_are_keys():
    live = trace(WHISPER, "", spread=0.5, weights=WHISPER)
    assert [curve.label for curve in chart("gradient", live).curves] == ["gradient"]
    first_row = [draw(chart("gradient", live, names_keys=keys), 56, 20).text.splitlines()[0] for keys in (True, False)]
    assert ["v weights" in row for row in first_row] == [True, False]
    assert chart("gradient", live, names_keys=True, weights=True).hints == ()
    assert chart("gradient", trace(WHISPER), names_keys=True).hints == ()


def test_the_gradient_is_drawn_twice_as_thick_as_what_it_is_compared_with():
    live, pin = chart("gradient", trace([-2.0] * 50), trace([-1.0] * 50, "pin")).curves
    rows = draw_curves(Chart("", Axis(1, 50), Axis(-3, 0), (live, replace(pin, stroke="solid"))), 30, 9, BRAILLE)
    spans = [span for cells in rows for span in cells]
    thick, thin = (
        sum(f"{ord(each) - 0x2800:b}".count("1") for span in spans if span.ink == ink for each in span.text)
        for ink in ("curve-1", "curve-3")
    )
    assert (thick, thin) == (120, 60)


def test_a_pin_of_a_deeper_network_widens_the_axis_of_layers():
    axis = chart("gradient", trace(WHISPER), trace(np.linspace(-36, 0, 100), "deeper")).x_axis
    assert (axis.low, axis.high) == (1, 100)


def test_a_gradient_that_dies_on_the_way_leaves_a_gap_and_is_said_in_words():
    dead = chart("gradient", dead_up_to(12))
    assert dead.note == "the gradient is exactly zero up to layer 12"
    picture = draw(dead, 80, 20).text
    assert dead.note in picture
    braille = [line for line in picture.splitlines() if any("\u2800" < each <= "\u28ff" for each in line)]
    assert min(line.index(next(each for each in line if "\u2800" < each <= "\u28ff")) for line in braille) > 20


def test_a_gradient_of_zero_everywhere_is_said_in_words_on_a_sane_axis():
    dead = chart("gradient", dead_up_to(50))
    assert dead.note == "the gradient is exactly zero at every layer"
    assert dead.y_axis.low < 0 < dead.y_axis.high
    assert dead.note in draw(dead, 80, 20).text


def test_a_living_gradient_needs_no_words():
    assert chart("gradient", trace(WHISPER)).note == ""


def test_a_factor_stands_at_the_layer_it_belongs_to():
    (curve,) = chart("factor", trace([-3.0, -1.0, 0.0])).curves
    assert curve.x.tolist() == [2, 3]
    assert curve.y.tolist() == [-2, -1]


def test_the_factor_view_has_a_line_at_one():
    factor = chart("factor", trace(WHISPER))
    assert [rule.y for rule in factor.rules] == [0.0]
    line = next(line for line in draw(factor, 80, 24).text.splitlines() if line.lstrip().startswith("1┤"))
    assert "┄ 1:" in line


def test_one_layer_has_no_factor_and_says_so():
    alone = chart("factor", trace([0.3]))
    assert alone.note == "one layer alone has no factor"
    assert alone.note in draw(alone, 80, 20).text


SILENT = {"rms": np.linspace(-3.0, 0.0, 50), "saturated": np.linspace(0.0, 1.0, 50)}


def row_of(picture, label):
    (number,) = [
        number for number, line in enumerate(picture.text.splitlines()) if line.strip().startswith(f"{label}┤")
    ]
    return number


def test_the_signal_view_shows_the_root_mean_square_and_the_saturated_units_of_every_layer():
    rms, saturated = chart("signal", trace(WHISPER, "", **SILENT)).curves
    assert rms.x.tolist() == saturated.x.tolist() == list(range(1, 51))
    assert np.array_equal(rms.y, SILENT["rms"])
    assert (rms.label, saturated.label) == ("rms", "saturated")


def test_dead_units_are_drawn_only_where_there_are_any():
    alive, dying = (chart("signal", trace(WHISPER, dead=dead, **SILENT)) for dead in (np.zeros(50), np.eye(50)[3]))
    assert [curve.label for curve in alive.curves[1:]] == ["saturated"]
    assert [curve.label for curve in dying.curves[1:]] == ["saturated", "dead"]


@pytest.mark.parametrize("size", [(40, 14), (56, 20), (80, 24), (130, 45)])
def test_shares_of_units_run_from_0_to_100_percent_in_a_strip_below_every_decade(size):
    signals = chart("signal", trace(WHISPER, "", **SILENT))
    picture = draw(signals, *size)
    full, zero = row_of(picture, "100%"), row_of(picture, "0%")
    assert all(number < full for number, line in enumerate(picture.text.splitlines()) if line.startswith("1e"))
    assert "share of the units" in picture.text
    positions = {tick.label: tick.position for tick in signals.y_axis.tick_choices[0]}
    assert signals.curves[1].y[[0, -1]] == pytest.approx([positions["0%"], positions["100%"]])
    assert max(signals.curves[1].y) < min(signals.curves[0].y)
    assert zero - full >= 2


def test_the_axis_of_the_signal_stays_while_the_curves_fit_and_widens_when_they_do_not():
    first = chart("signal", trace(WHISPER, **SILENT)).y_axis
    within = chart("signal", trace(WHISPER, rms=np.linspace(-2.9, -0.2, 50)), previous=first).y_axis
    beyond = chart("signal", trace(WHISPER, rms=np.linspace(-90.0, -0.5, 50)), previous=first).y_axis
    assert within == first
    assert beyond.low < -90


def test_a_signal_that_is_exactly_zero_is_said_in_words():
    rms = np.zeros(50)
    rms[29:] = -np.inf
    still = chart("signal", trace(WHISPER, rms=rms))
    assert still.note == "the signal is exactly zero at 21 of 50 layers, first at layer 30"
    assert all(word in draw(still, 80, 20).text for word in still.note.split())
    assert chart("signal", trace(WHISPER, rms=np.full(50, -np.inf))).note == "the signal is exactly zero at every layer"


def test_a_signal_that_nobody_measured_is_said_in_words():
    assert chart("signal", trace(WHISPER)).note == "the signal was not measured"


@pytest.mark.parametrize("view", LAYER_VIEWS)
@pytest.mark.parametrize("size", [(1, 1), (12, 4), (56, 20), (130, 45)])
@pytest.mark.parametrize(
    "live",
    [
        trace([0.3]),
        trace([0.0] * 50),
        trace(np.linspace(-1e11, 0, 50), spread=1e10),
        trace(np.cumsum(np.sin(np.arange(10_000.0))), spread=0.5),
        trace([np.nan, np.inf, -np.inf, 1.0, np.nan]),
        dead_up_to(1),
        dead_up_to(49),
        dead_up_to(50),
        trace([0.3], "", weights=[0.1], rms=[0.0], dead=[1.0], saturated=[1.0]),
        trace(WHISPER, "", weights=WHISPER * 1e9, rms=np.linspace(-1e11, 0, 50), dead=np.eye(50)[3]),
        trace(WHISPER, "", weights=[-np.inf] * 50, rms=[-np.inf] * 50),
    ],
    ids=[
        "one layer",
        "constant",
        "huge decades",
        "10,000 layers",
        "not finite",
        "dead 1",
        "dead 49",
        "all dead",
        "one layer of everything",
        "huge decades of everything",
        "zeros of everything",
    ],
)
def test_every_view_draws_whatever_was_observed(view, size, live):
    for ascii_only in (False, True):
        picture = draw(chart(view, live, trace(WHISPER, "pin"), weights=True, cursor=1), *size, ascii_only=ascii_only)
        assert [sum(len(span.text) for span in row) for row in picture.rows] == [size[0]] * size[1]


def test_charts_are_equal_where_their_pictures_are() -> None:
    def chart(y: Sequence[float] = (0.0, -1.0, np.nan), **look: Any) -> Chart:
        curve = Curve(np.arange(1.0, 4.0), np.array(y), **look)
        return Chart("gradient", Axis(1, 3), Axis(-2, 0), (curve,))

    assert chart() == chart()
    assert hash(chart()) == hash(chart())
    others = (chart((0.0, -1.5, np.nan)), chart(stroke="dashed"), chart(ink="curve-2"), chart(label="now"))
    assert len({chart(), *others}) == 5
