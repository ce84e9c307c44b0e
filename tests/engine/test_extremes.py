"""Where float64 itself ends: saturation thousands of decades deep, signals beyond 1e308, a single unit."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from reference_readings import assert_agrees, expected_reading

from tui_telescope import Settings, Telescope
from tui_telescope.settings import REGISTRY

ACTIVATIONS = REGISTRY["activation"].values
GROWING = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "linear")
residual_off_and_on = pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])


def assert_exact(settings: Settings, tolerance: float = 1e-12, digits: int = 50) -> np.ndarray:
    """Compare with the reference, every numpy error raised; returns the log10 of the mean gradient."""
    telescope = Telescope()
    with np.errstate(all="raise", under="ignore"):
        gradient = telescope.observe(settings).gradient
    assert_agrees(gradient, expected_reading(settings, telescope.draw(settings), digits=digits), tolerance)
    return gradient.log10_mean


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize("width", [1, 2, 3])
@residual_off_and_on
def test_saturated_units_pass_on_what_little_they_have(activation, width, residual):
    mean = assert_exact(
        Settings(depth=8, width=width, scale=1000.0, samples=3, activation=activation, residual=residual)
    )
    if not residual and width > 1:
        assert mean[0] < -308


@pytest.mark.parametrize("activation", GROWING)
@pytest.mark.parametrize("initializer", ["gaussian", "identity"])
@residual_off_and_on
def test_a_signal_that_outgrows_float64_still_has_an_exact_gradient(activation, initializer, residual):
    settings = Settings(
        depth=150, width=2, scale=1000.0, samples=2,
        activation=activation, initializer=initializer, residual=residual,
    )  # fmt: skip
    assert_exact(settings)


@residual_off_and_on
def test_a_linear_network_of_300_layers_at_scale_1000_passes_1e900_forward_and_backward(residual):
    mean = assert_exact(Settings(depth=300, width=2, scale=1000.0, samples=2, activation="linear", residual=residual))
    assert mean[0] > 1700


@pytest.mark.parametrize("activation", ["elu", "selu", "gelu", "silu", "softplus"])
@pytest.mark.parametrize("seed", range(6))
def test_a_tail_of_exp_of_minus_1e20_and_beyond_is_no_overflow_and_no_zero(activation, seed):
    assert_exact(Settings(depth=20, width=2, scale=1000.0, samples=1, seed=seed, activation=activation, residual=True))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@residual_off_and_on
def test_a_signal_that_fades_below_float64_still_has_an_exact_gradient(activation, residual):
    assert_exact(Settings(depth=150, width=2, scale=0.001, samples=2, activation=activation, residual=residual))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("initializer", ["gaussian", "identity"])
@residual_off_and_on
def test_a_single_unit_is_a_network_too(activation, initializer, residual):
    settings = Settings(
        depth=30, width=1, scale=0.9, bias=0.5, samples=3,
        activation=activation, initializer=initializer, residual=residual,
    )  # fmt: skip
    assert_exact(settings)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_units_that_hear_only_themselves_saturate_one_by_one(activation):
    """With the identity every unit is a chain of its own: one may be dead or at 1e-300 while another is at 1."""
    assert_exact(Settings(depth=40, width=4, scale=3.0, samples=2, initializer="identity", activation=activation))


@residual_off_and_on
def test_a_dead_unit_does_not_hide_a_living_one_700_decades_down(residual):
    settings = Settings(
        depth=250, width=4, scale=0.001, samples=3, activation="relu", initializer="identity", residual=residual
    )
    first = Telescope().draw(settings).inputs[0]
    assert min(first) < 0 < max(first)
    mean = assert_exact(settings)
    assert mean[0] < -700 or residual


def test_a_weight_of_minus_one_cancels_the_residual_connection_exactly_where_phi_is_linear():
    mean = assert_exact(
        Settings(depth=6, width=1, scale=1.0, initializer="orthogonal", residual=True, activation="linear")
    )
    assert np.isneginf(mean[:-1]).all()


@pytest.mark.parametrize(("activation", "scale"), [("tanh", 1.0), ("elu", 1.0), ("gelu", 2.0), ("silu", 2.0)])
@pytest.mark.parametrize("seed", range(3))
def test_a_weight_that_cancels_the_residual_connection_leaves_phi_a_power_of_its_argument(activation, scale, seed):
    settings = Settings(
        depth=6, width=1, scale=scale, initializer="orthogonal", residual=True, activation=activation, samples=2,
        seed=seed,
    )  # fmt: skip
    mean = assert_exact(settings, 1e-11, digits=1500)
    assert np.isfinite(mean).all() or activation == "elu"


def test_a_signal_that_fades_like_its_own_cube_fades_beyond_any_logarithm_in_the_end():
    settings = Settings(
        depth=2000, width=1, scale=1.0, initializer="orthogonal", residual=True, activation="tanh", samples=1
    )
    with np.errstate(all="raise", under="ignore"):
        observation = Telescope().observe(settings)
    assert not np.isnan(observation.gradient.log10_mean).any()
    assert np.isfinite(observation.gradient.log10_mean[-1])


def test_a_single_layer_receives_the_losss_own_gradient():
    telescope, settings = Telescope(), Settings(depth=1, width=5, samples=4, loss="probe")
    errors = telescope.draw(settings).targets
    mean = sum(math.hypot(*error) for error in errors) / 4
    observation = telescope.observe(settings)
    assert observation.gradient.log10_mean == pytest.approx([math.log10(mean)], abs=1e-14)
    assert observation.log10_factor.shape == (0,)


@pytest.mark.parametrize("depth", [2, 50, 1000])
@pytest.mark.parametrize("scale", [0.001, 0.7, 1000.0])
def test_orthogonal_linear_layers_multiply_the_gradient_by_exactly_the_scale(depth, scale):
    settings = Settings(
        depth=depth, width=3, scale=scale, samples=1, activation="linear", initializer="orthogonal", loss="probe"
    )
    observation = Telescope().observe(settings)
    decades = (depth - 1) * math.log10(scale)
    assert observation.verdict.end_to_end == pytest.approx(decades, rel=1e-12)
    np.testing.assert_allclose(observation.log10_factor, math.log10(scale), rtol=0, atol=1e-10)


def test_the_factor_is_the_ratio_of_neighbouring_gradients():
    observation = Telescope().observe(Settings(depth=30))
    mean = observation.gradient.log10_mean
    ratios = [below - above for below, above in itertools.pairwise(mean)]
    np.testing.assert_allclose(observation.log10_factor, ratios, rtol=0, atol=1e-13)
