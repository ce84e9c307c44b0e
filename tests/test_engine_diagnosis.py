"""Verdicts from readings made by hand, what they say in words, and remedies that really help."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tui_telescope import Settings, Telescope, observe
from tui_telescope.engine.diagnosis import describe, diagnose
from tui_telescope.engine.observation import GradientReading
from tui_telescope.notation import scientific

FLOAT32_EPSILON = math.log10(2**-23)


def judged(log10_mean):
    """The verdict on a curve given from layer 1 to layer L."""
    curve = np.asarray(log10_mean, dtype=np.float64)
    return diagnose(GradientReading(curve, curve, curve))


def ramp(depth: int, first: float, last: float = 0.0) -> np.ndarray:
    return np.linspace(first, last, depth)


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


@hypothesis_settings(deadline=None)
@given(st.floats(-5000, 5000), st.floats(-30, 30), st.integers(2, 60))
def test_the_verdict_judges_ratios_and_never_absolute_gradients(offset, first, depth):
    # steps of 2^-10 so that the offset shifts the curve without rounding it
    curve = np.round(ramp(depth, first) * 1024) / 1024
    shift = round(offset * 1024) / 1024
    here, there = judged(curve), judged(curve + shift)
    assert (here.state, here.frozen_layers) == (there.state, there.frozen_layers)
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


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_jump_at_the_last_layer_is_no_verdict_where_the_slope_contradicts_it(sign):
    verdict = judged([*(sign * ramp(49, 2.0)), sign * 5.0])
    assert verdict.end_to_end == pytest.approx(-3 * sign)
    assert verdict.decades_per_layer * sign > 0
    assert verdict.state == "healthy"


@pytest.mark.parametrize(
    ("curve", "frozen"),
    [
        ([-7, -6.9, 0], 1),
        ([-20, -10, -7, -6.9, -3, 0], 3),
        ([30, 20, 10], 2),
        ([0, 0, 0], 0),
        ([-math.inf, -1, 0], 1),
        ([5000 + FLOAT32_EPSILON - 0.001, 5000 + FLOAT32_EPSILON + 0.001, 5000], 1),
    ],
)
def test_frozen_layers_are_those_below_float32s_epsilon_of_the_largest(curve, frozen):
    assert judged(curve).frozen_layers == frozen


@pytest.mark.parametrize("dead", [1, 2, 5])
def test_a_dead_network_says_up_to_which_layer_nothing_arrives(dead):
    verdict = judged([-math.inf] * dead + [0.0] * (5 - dead))
    assert (verdict.state, verdict.dead_below, verdict.end_to_end) == ("dead", dead, -math.inf)
    assert math.isfinite(verdict.decades_per_layer)


def test_the_start_settings_freeze_33_of_50_layers_and_the_line_says_so():
    observation = observe(Settings())
    assert (observation.verdict.state, observation.verdict.frozen_layers) == ("vanishing", 33)
    assert describe(observation) == (
        "Layer 1 receives 2.51e-18 (factor 0.43 a layer, -0.37 decades). "
        "VANISHING: 33 of 50 layers are frozen in float32."
    )


def test_the_start_settings_are_told_of_the_residual_road_and_what_it_brings():
    telescope, settings = Telescope(), Settings()
    remedy = telescope.advise(settings, telescope.observe(settings))
    assert dict(remedy.changes) == {"residual": True}
    assert remedy.text == "Try r: the residual road brings 8.39e+01."


def line_of(log10_mean) -> str:
    """What is said of a hand-made curve."""
    curve = np.asarray(log10_mean, dtype=np.float64)
    reading = GradientReading(curve, curve, curve)
    real = observe(Settings(depth=len(curve)))
    return describe(dataclasses.replace(real, gradient=reading, verdict=diagnose(reading)))


@pytest.mark.parametrize(
    ("curve", "line"),
    [
        (ramp(11, 20.0), "Layer 1 receives 1.00e+20 (factor 100.00 a layer, +2.00 decades). "
         "EXPLODING: 7 of 11 layers are frozen in float32."),
        (ramp(11, -60.0), "Layer 1 receives 1.00e-60 (factor 1.00e-06 a layer, -6.00 decades). "
         "VANISHING: 9 of 11 layers are frozen in float32."),
        ([-7.0, 0.0], "Layer 1 receives 1.00e-07 (factor 1.00e-07 a layer, -7.00 decades). "
         "VANISHING: 1 of 2 layers is frozen in float32."),
        ([0.0, 0.0], "Layer 1 receives 1.00e+00 (factor 1.00 a layer, +0.00 decades). "
         "HEALTHY: none of 2 layers are frozen in float32."),
        ([-math.inf, 0.0], "Layer 1 receives exactly 0. DEAD: nothing at all reaches layer 1."),
        ([-math.inf, -math.inf, 0.0], "Layer 1 receives exactly 0. DEAD: nothing at all reaches layers 1 to 2."),
    ],
)  # fmt: skip
def test_the_reading_in_words(curve, line):
    assert line_of(curve) == line


def test_a_single_layer_has_no_pace():
    line = line_of([0.0])
    assert line.startswith("Layer 1 receives 1.00e+00. HEALTHY: none of 1 layer ")


def test_a_network_of_dying_relus_is_dead_in_its_readings_and_in_words():
    observation = observe(Settings(activation="relu", width=1, depth=60, seed=1))
    mean = observation.gradient.log10_mean
    dead = int(np.count_nonzero(np.isneginf(mean)))
    assert 1 < dead < 60
    assert np.isneginf(mean[:dead]).all()
    assert np.isfinite(mean[dead:]).all()
    assert np.isneginf(observation.log10_factor[:dead]).all()
    assert np.isfinite(observation.log10_factor[dead:]).all()
    assert observation.verdict.dead_below == dead
    assert describe(observation).endswith(f"DEAD: nothing at all reaches layers 1 to {dead}.")


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "selu", "gelu", "softplus", "linear"])
def test_whatever_is_advised_is_healthy_when_it_is_done_and_brings_what_it_says(activation):
    telescope, fresh, advised = Telescope(), Telescope(), 0
    for initializer, scale in itertools.product(("gaussian", "xavier", "orthogonal", "identity"), (0.1, 10.0)):
        settings = Settings(activation=activation, initializer=initializer, scale=scale)
        observation = telescope.observe(settings)
        remedy = telescope.advise(settings, observation)
        if observation.verdict.state == "healthy":
            assert remedy is None
            continue
        assert remedy is not None, f"no remedy for {settings}"
        mended = settings.replace(**remedy.changes)
        after = fresh.observe(mended)
        assert mended != settings
        assert after.verdict.state == "healthy"
        assert f"brings {scientific(float(after.gradient.log10_mean[0]))}." in remedy.text
        advised += 1
    assert advised > 2


def test_a_healthy_network_gets_no_advice():
    telescope, settings = Telescope(), Settings(residual=True)
    assert telescope.advise(settings, telescope.observe(settings)) is None


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


def test_the_band_is_the_10_and_90_percent_quantile_over_samples_and_networks():
    norms = chain_norms(CHAIN)
    gradient = observe(CHAIN).gradient
    np.testing.assert_allclose(gradient.log10_low, np.log10(np.quantile(norms, 0.1, axis=1)), rtol=0, atol=1e-13)
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
