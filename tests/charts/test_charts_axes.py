import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_telescope.charts.axes import extent, factor_axis, gradient_axis, layer_axis
from tui_telescope.charts.elements import Axis

START = (-18.6, 0.49)
"""log10 gradients of the starting preset, band included."""
RESIDUAL = (1.68, 1.98)
"""The same network with residual roads."""

decades = st.floats(-1e14, 1e14)


def labels(axis: Axis, choice: int) -> list[str]:
    return [tick.label for tick in axis.tick_choices[choice]]


def test_the_starting_preset_gets_round_limits_with_room_for_a_step():
    axis = gradient_axis(START)
    assert (axis.low, axis.high) == (-20, 5)
    assert gradient_axis((-14.0, 0.49), axis) is axis


def test_the_axis_moves_when_the_curve_leaves_it():
    assert gradient_axis((-36.0, 0.49), gradient_axis(START)) == gradient_axis((-36.0, 0.49))


@pytest.mark.parametrize(("low", "stays"), [(-12.1, True), (-11.9, False)])
def test_the_axis_is_fitted_anew_once_the_curve_uses_less_than_half_of_it(low, stays):
    axis, shown = gradient_axis(START), (low, 0.49)
    assert gradient_axis(shown, axis) == (axis if stays else gradient_axis(shown))
    assert (gradient_axis(shown) == axis) is False


def test_a_level_curve_cannot_use_half_of_any_axis_and_keeps_the_narrowest():
    axis = gradient_axis(RESIDUAL)
    assert axis.high - axis.low == 3
    assert gradient_axis((1.2, 1.3), axis) is axis
    assert gradient_axis(RESIDUAL, gradient_axis(START)) == axis


@given(st.tuples(st.floats(-400, 400), st.floats(3, 800)))
def test_a_fitted_axis_is_used_by_half(bounds):
    low, extent = bounds
    axis = gradient_axis((low, low + extent))
    assert extent >= 0.5 * (axis.high - axis.low)


@given(st.tuples(st.floats(-9, 9), st.floats(-9, 9)).map(sorted))
def test_a_factor_axis_holds_its_curve_and_the_factor_one_and_little_else(bounds):
    axis = factor_axis((bounds[0], bounds[1]))
    low, high = min(bounds[0], 0), max(bounds[1], 0)
    assert axis.low < low <= high < axis.high
    assert axis.high - axis.low <= max(1.8 * (high - low), high - low + 2)
    assert len(axis.tick_choices[0]) >= 3


@given(st.tuples(decades, decades).map(sorted))
def test_an_axis_holds_its_data_and_all_its_ticks_whatever_the_data(bounds):
    low, high = bounds
    axis = gradient_axis((low, high))
    assert axis.low <= low <= high <= axis.high
    assert axis.high - axis.low >= 3
    for choice in axis.tick_choices:
        assert all(axis.low <= tick.position <= axis.high for tick in choice)
    assert 2 <= len(axis.tick_choices[-1]) <= 6


@given(st.tuples(decades, decades).map(sorted))
def test_an_axis_made_for_data_stays_for_that_data(bounds):
    shown = (bounds[0], bounds[1])
    axis = gradient_axis(shown)
    assert gradient_axis(shown, axis) is axis


@given(st.lists(st.floats(), max_size=6))
def test_any_readings_at_all_give_a_finite_axis(values):
    axis = gradient_axis(extent(np.array(values, dtype=np.float64)))
    assert math.isfinite(axis.low)
    assert math.isfinite(axis.high)
    assert axis.low < axis.high


def test_constant_data_lie_well_inside_their_axis():
    axis = gradient_axis((-7.0, -7.0))
    assert axis.low < -7 < axis.high


def test_without_data_the_axis_stays_or_is_an_ordinary_one():
    previous = gradient_axis(START)
    assert gradient_axis(None, previous) is previous
    assert gradient_axis(None).low < 0 < gradient_axis(None).high


def test_ticks_are_written_as_decades():
    assert "1e-18" in labels(gradient_axis(START), 1)
    assert "1e+04" in labels(gradient_axis(START), 0)
    assert "1e-1000" in labels(gradient_axis((-1234.0, 0.0)), -1)


def test_limits_are_multiples_of_a_round_step():
    axis = gradient_axis((-1234.0, 0.0))
    assert (axis.low, axis.high) == (-1500, 500)


def test_extent_looks_past_everything_that_is_not_finite():
    assert extent(np.array([np.nan, -3.0, np.inf]), np.array([2.0, -np.inf])) == (-3.0, 2.0)
    assert extent(np.array([-np.inf, np.nan]), np.array([])) is None


def test_the_factor_axis_always_shows_the_factor_one():
    assert factor_axis((-0.8, -0.3)).high > 0
    assert factor_axis((0.3, 0.8)).low < 0
    assert factor_axis(None).low < 0 < factor_axis(None).high


def test_factors_are_written_as_plain_numbers_at_their_logarithms():
    axis = factor_axis((-0.8, 0.3))
    assert {tick.label: tick.position for tick in axis.tick_choices[0]} == pytest.approx(
        {
            "0.1": -1,
            "0.2": math.log10(0.2),
            "0.5": math.log10(0.5),
            "1": 0,
            "2": math.log10(2),
            "5": math.log10(5),
        }
    )
    assert "1e-05" in labels(factor_axis((-6.0, 0.3)), -1)


def test_layers_run_from_the_first_to_the_last_with_round_numbers_between():
    axis = layer_axis(50)
    assert (axis.low, axis.high) == (1, 50)
    assert ["1", "10", "20", "30", "40", "50"] in [labels(axis, choice) for choice in range(len(axis.tick_choices))]
    assert labels(layer_axis(10_000), -1) == ["1", "10000"]


def test_a_single_layer_stands_in_the_middle():
    axis = layer_axis(1)
    assert axis.fraction(1.0) == 0.5
    assert labels(axis, 0) == ["1"]


@given(st.integers(1, 10_000))
def test_every_choice_of_layer_ticks_ascends_from_the_first_to_the_last_layer(depth):
    for choice in layer_axis(depth).tick_choices:
        positions = [tick.position for tick in choice]
        assert positions == sorted(set(positions))
        assert (positions[0], positions[-1]) == (1, depth)


@pytest.mark.parametrize("limits", [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.inf), (-1.7e308, 1.7e308)])
def test_an_axis_refuses_limits_that_hold_nothing(limits):
    with pytest.raises(ValueError, match="low < high"):
        Axis(*limits)
