import subprocess
import sys

import numpy as np
import pytest

from tui_telescope.charts.frame import draw
from tui_telescope.charts.views import VIEWS, Trace
from tui_telescope.engine.observation import GradientReading, Observation, Verdict

WHISPER = np.linspace(-17.6, 0.35, 50)
RESIDUAL = np.linspace(1.92, 1.70, 50)


def observation(log10_mean, spread=0.0, dead_below=0):
    """Readings as an engine would give them; the verdict's numbers are of no concern here."""
    mean = np.asarray(log10_mean, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        factor = mean[:-1] - mean[1:]
    gradient = GradientReading(mean, mean - spread, mean + spread)
    return Observation(gradient, factor, Verdict("vanishing", -0.37, -17.9, 33, dead_below))


def trace(log10_mean, label="now", **readings):
    return Trace(label, observation(log10_mean, **readings))


def chart(view, *traces, previous=None):
    return VIEWS[view].chart(traces, previous)


def dead_up_to(layer, depth=50):
    gradient = np.linspace(-3.0, 0.0, depth)
    gradient[:layer] = -np.inf
    return trace(gradient, dead_below=layer)


def test_views_are_called_by_name_and_numbered_in_order():
    assert [(view.name, view.key) for view in VIEWS.values()] == [("gradient", "1"), ("factor", "2")]
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
    mean, high, low = chart("gradient", trace(WHISPER, spread=0.5)).curves
    assert np.array_equal(high.y, WHISPER + 0.5)
    assert np.array_equal(low.y, WHISPER - 0.5)
    assert (high.ink, high.stroke) == (low.ink, low.stroke) == ("band", "dotted")
    assert [bool(curve.label) for curve in (mean, high, low)] == [True, True, False]


def test_the_band_is_within_the_axis():
    axis = chart("gradient", trace(WHISPER, spread=8.0)).y_axis
    assert axis.low <= -17.6 - 8.0
    assert axis.high >= 0.35 + 8.0


@pytest.mark.parametrize("view", VIEWS)
def test_curves_to_compare_differ_in_ink_and_in_stroke(view):
    curves = chart(view, *(trace(WHISPER + lift, f"pin {lift}") for lift in range(5))).curves
    assert len({curve.ink for curve in curves}) == 5
    assert len({curve.stroke for curve in curves}) == 5
    assert "dotted" not in {curve.stroke for curve in curves}
    assert [curve.label for curve in curves] == [f"pin {lift}" for lift in range(5)]


@pytest.mark.parametrize("view", VIEWS)
def test_any_number_of_pins_can_be_drawn(view):
    assert len(chart(view, *(trace(WHISPER, "pin") for _ in range(9))).curves) == 9


def test_pressing_r_on_the_starting_preset_leaves_the_axis_where_it_is():
    axis = chart("gradient", trace(WHISPER, spread=0.5)).y_axis
    assert chart("gradient", trace(RESIDUAL, spread=0.2), previous=axis).y_axis is axis
    assert chart("gradient", trace(RESIDUAL), trace(WHISPER, "before"), previous=axis).y_axis is axis


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


@pytest.mark.parametrize("view", VIEWS)
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
    ],
    ids=["one layer", "constant", "huge decades", "10,000 layers", "not finite", "dead 1", "dead 49", "all dead"],
)
def test_every_view_draws_whatever_was_observed(view, size, live):
    for ascii_only in (False, True):
        picture = draw(chart(view, live, trace(WHISPER, "pin")), *size, ascii_only=ascii_only)
        assert [sum(len(span.text) for span in row) for row in picture.rows] == [size[0]] * size[1]
