"""Verdicts on profiles made by hand, and the statistics of the gradient that they are judged beside."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hand_made_observations import judged, ramp
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tui_telescope import Settings, Telescope, observe
from tui_telescope.observations.observation import Carriers, Steepest

FLOAT32_EPSILON = math.log10(2**-23)


@pytest.mark.parametrize(
    ("curve", "state"),
    [
        (ramp(50, -18), "vanishing"), (ramp(50, -2.01), "vanishing"), (ramp(3, -5000), "vanishing"),
        (ramp(50, 18), "exploding"), (ramp(50, 2.01), "exploding"), (ramp(3, 5000), "exploding"),
        (ramp(50, 0), "healthy"), (ramp(50, -1.99), "healthy"), (ramp(50, 1.99), "healthy"), ([3.0], "healthy"),
        ([-math.inf, -math.inf, 0.0], "dead"), ([-math.inf] * 4, "dead"), ([-math.inf], "dead"),
    ],
)  # fmt: skip
def test_the_state_follows_from_how_far_the_ends_lie_apart(curve, state):
    assert judged(curve).state == state


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("jump", [2.5, 30.0])
def test_a_jump_at_the_last_layer_is_no_verdict_while_the_fitted_line_moves_by_less_than_a_decade(sign, jump):
    # the line through 400 level layers and one that jumps falls by 6 jump / 401
    level = judged([sign * jump] * 400 + [0.0])
    fitted = level.decades_per_layer * 400
    assert fitted * sign == pytest.approx(6 * jump / 402, rel=0.01)
    assert level.state == "healthy"
    assert level.steepest == Steepest(401, sign * jump)
    steeper = judged([sign * jump] * 10 + [0.0])
    assert abs(steeper.decades_per_layer * 10) > 1
    assert steeper.state == ("exploding" if sign > 0 else "vanishing")


def test_a_jump_at_the_last_layer_is_no_verdict_where_the_slope_contradicts_it():
    for sign in (1.0, -1.0):
        verdict = judged([*(sign * ramp(49, 2.0)), sign * 5.0])
        assert verdict.end_to_end == pytest.approx(-3 * sign)
        assert verdict.decades_per_layer * sign > 0
        assert verdict.state == "healthy"


@hypothesis_settings(deadline=None)
@given(st.floats(-5000, 5000), st.floats(-30, 30), st.integers(2, 60))
def test_the_verdict_judges_ratios_and_never_absolute_gradients(offset, first, depth):
    # steps of 2^-10 so that the offset shifts the curve without rounding it
    curve = np.round(ramp(depth, first) * 1024) / 1024
    shift = round(offset * 1024) / 1024
    here, there = judged(curve), judged(curve + shift)
    assert here.state == there.state
    assert here.decades_per_layer == pytest.approx(there.decades_per_layer, abs=1e-9)


@pytest.mark.parametrize(("first", "state"), [(-18.0, "vanishing"), (18.0, "exploding")])
def test_decades_per_layer_are_counted_on_the_way_down_to_layer_1(first, state):
    verdict = judged(ramp(51, first))
    assert verdict.state == state
    assert verdict.decades_per_layer == pytest.approx(first / 50)
    assert verdict.end_to_end == first


def test_decades_per_layer_are_the_least_squares_slope():
    curve = np.random.default_rng(3).normal(size=40).cumsum()
    slope, _ = np.polyfit(np.arange(40), curve, 1)
    assert judged(curve).decades_per_layer == pytest.approx(-slope)


@pytest.mark.parametrize("dead", [1, 2, 5])
def test_a_dead_network_keeps_a_finite_slope(dead):
    verdict = judged([-math.inf] * dead + [0.0] * (5 - dead))
    assert (verdict.state, verdict.end_to_end, verdict.dead_networks) == ("dead", -math.inf, 1)
    assert math.isfinite(verdict.decades_per_layer)


@pytest.mark.parametrize(
    ("curve", "steepest"),
    [
        ([-5.0, -5.0, -5.0, 0.0], (4, -5.0)),
        ([-5.0, 0.0, 0.0, 0.0], (2, -5.0)),
        ([5.0, 5.0, 0.0, 0.0], (3, 5.0)),
        ([-4.0, -2.0, 0.0], None),  # half, and not more
        ([-4.1, -2.0, 0.0], (2, -2.1)),
        ([-0.9, 0.0, 0.0], None),  # less than a decade
        ([0.5, -1.0, 0.0], (2, 1.5)),  # more than what is left of all in the end
        ([0.0, -3.0, 0.0], None),
        ([-math.inf, -3.0, 0.0], None),
        ([1.0], None),
    ],
)
def test_the_layer_that_accounts_for_more_than_half_of_all_decades_is_named(curve, steepest):
    assert judged(curve).steepest == (None if steepest is None else pytest.approx(steepest))


@pytest.mark.parametrize(
    ("changes", "frozen"),
    [
        ([-7, -6.9, 0], 1),
        ([-20, -10, -7, -6.9, -3, 0], 3),
        ([0, -20, -30], 2),
        ([0, 0, 0], 0),
        ([-math.inf, -1, 0], 1),
        ([FLOAT32_EPSILON - 0.001, FLOAT32_EPSILON + 0.001, 0], 1),
    ],
)
def test_frozen_layers_are_those_whose_weights_change_by_less_than_float32s_epsilon(changes, frozen):
    assert judged(ramp(len(changes), 0), changes=[changes]).frozen_layers == frozen


def test_steps_that_share_their_weights_are_unheard_below_half_an_epsilon():
    changes = [[-math.inf, -7.3, -7.2, 0.0]]
    assert judged(ramp(4, 0), changes=changes, shares_weights=True).frozen_layers == 2
    assert judged(ramp(4, 0), changes=changes).frozen_layers == 3


def test_without_weight_gradients_nothing_is_said_of_what_is_frozen():
    assert judged(ramp(50, -18)).frozen_layers is None


def test_where_every_weight_gradient_is_zero_every_layer_is_frozen_and_the_network_still():
    verdict = judged(ramp(4, 0), changes=[[-math.inf] * 4])
    assert (verdict.frozen_layers, verdict.still_networks) == (4, 1)


def test_one_loud_network_among_many_does_not_decide():
    quiet, loud = list(ramp(20, -9)), list(ramp(20, 40))
    verdict = judged(*[quiet] * 7, loud, *[quiet] * 4)
    assert verdict.state == "vanishing"
    assert verdict.end_to_end == pytest.approx(-9)
    assert verdict.carriers == Carriers("network", 1, 12)


@pytest.mark.parametrize(("dead", "state"), [(0, "healthy"), (1, "healthy"), (2, "dead"), (4, "dead")])
def test_dead_networks_are_counted_and_decide_from_half_of_them_on(dead, state):
    curves = [[-math.inf, -math.inf, 0.0]] * dead + [[0.5, 0.2, 0.0]] * (4 - dead)
    verdict = judged(*curves)
    assert (verdict.state, verdict.dead_networks) == (state, dead)


def test_a_mean_within_its_band_has_no_carriers():
    assert judged([-1.0, 0.0], [-1.1, 0.0], [-0.9, 0.0]).carriers is None


def chain_norms(settings: Settings) -> np.ndarray:
    """Gradients of a linear chain of single units, by hand: shape (depth, networks * samples)."""
    draw = Telescope().draw(settings)
    weights = np.abs(draw.weights[:, :, 0, 0])
    below = [np.prod(weights[:, layer + 1 :], axis=1) for layer in range(settings.depth)]
    return np.array([np.outer(product, np.abs(draw.targets[:, 0])).ravel() for product in below])


CHAIN = Settings(depth=6, width=1, activation="linear", loss="probe", samples=7, networks=5, scale=3.0)


def test_the_headline_is_the_mean_of_the_norms_and_not_of_their_logarithms():
    norms = chain_norms(CHAIN)
    mean = observe(CHAIN).gradient.log10_mean
    np.testing.assert_allclose(mean, np.log10(norms.mean(axis=1)), rtol=0, atol=1e-13)
    assert mean[0] > np.log10(norms[0]).mean() + 0.5


def test_the_band_and_the_median_are_quantiles_over_samples_and_networks():
    norms = chain_norms(CHAIN)
    gradient = observe(CHAIN).gradient
    np.testing.assert_allclose(gradient.log10_low, np.log10(np.quantile(norms, 0.1, axis=1)), rtol=0, atol=1e-13)
    np.testing.assert_allclose(gradient.log10_median, np.log10(np.quantile(norms, 0.5, axis=1)), rtol=0, atol=1e-13)
    np.testing.assert_allclose(gradient.log10_high, np.log10(np.quantile(norms, 0.9, axis=1)), rtol=0, atol=1e-13)


def test_one_sample_of_one_network_is_its_own_mean_and_band():
    gradient = observe(Settings(samples=1)).gradient
    np.testing.assert_array_equal(gradient.log10_low, gradient.log10_high)
    np.testing.assert_allclose(gradient.log10_mean, gradient.log10_low, rtol=1e-15)


def test_samples_whose_gradient_is_zero_count_as_zeros_in_the_mean():
    settings = Settings(
        depth=2, width=1, activation="relu", loss="probe", samples=40, initializer="identity", scale=2.0
    )
    draw = Telescope().draw(settings)
    errors = np.abs(draw.targets[:, 0])
    arrives = np.where(draw.inputs[:, 0] > 0, 2 * errors, 0.0)
    assert 0 < np.count_nonzero(arrives) < 40
    gradient = observe(settings).gradient
    np.testing.assert_allclose(gradient.log10_mean, np.log10([arrives.mean(), errors.mean()]), rtol=0, atol=1e-14)
    assert gradient.log10_low[0] == -math.inf
    assert gradient.log10_high[0] == pytest.approx(math.log10(np.quantile(arrives, 0.9)), abs=1e-14)
