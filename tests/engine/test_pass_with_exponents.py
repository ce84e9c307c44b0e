"""The float64 pass with exponents: as right as the exact one, far outside of float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_settings import by_magnitude, settings_within
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_readings import assert_agrees, expected_reading, log10, log10_agree, single_unit_gradients
from single_passes import assert_the_same, by_the_exact_pass, by_the_float64_pass, by_the_pass_with_exponents

from tui_telescope import Settings, Telescope
from tui_telescope.engine.passes.choose import PASSES, passes_of
from tui_telescope.engine.passes.exact import extended_range_pass
from tui_telescope.settings import REGISTRY

ACTIVATIONS = REGISTRY["activation"].values
INITIALIZERS = [name for name in REGISTRY["initializer"].values if name != "identity"]
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
residual_off_and_on = pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])

shallow = settings_within(
    cell=st.just("feedforward"),
    depth=st.integers(1, 3),
    width=st.integers(1, 9),
    scale=by_magnitude(REGISTRY["scale"]),
    initializer=st.sampled_from(INITIALIZERS),
    bias=st.just(0.0) | st.floats(0, 10),
    norm=st.just("none"),
    samples=st.integers(1, 12),
    networks=st.just(1),
    clip=st.just("off"),
    generator=st.just("numpy"),
).filter(lambda network: network.width > 1 or network.loss != "unit")
"""Without single units whose errors of norm 1 are +1 and -1: over saturated samples weight gradients cancel wholly."""


@settings(max_examples=150)
@given(shallow)
def test_two_layers_of_anything_read_the_same_by_every_pass(network):
    """Two layers leave chaos no time, so that every disagreement is an error."""
    for quickly in (by_the_float64_pass(network), by_the_pass_with_exponents(network)):
        if quickly is not None:
            assert_the_same(quickly, by_the_exact_pass(network), 1e-9)


@every_activation
@residual_off_and_on
@pytest.mark.parametrize("scale", [0.001, 0.02, 30.0, 1000.0])
def test_the_start_settings_at_either_end_of_the_scale_need_no_exact_pass(monkeypatch, activation, residual, scale):
    monkeypatch.delattr(extended_range_pass, "measure")
    for depth in (50, 300):
        Telescope().observe(Settings(depth=depth, activation=activation, residual=residual, scale=scale))


@every_activation
@residual_off_and_on
@pytest.mark.parametrize("bias", [0.0, 1e-3])
def test_signals_that_fade_for_many_chunks_of_layers_are_read_the_same(activation, residual, bias):
    network = Settings(
        depth=150, width=3, samples=4, scale=0.002, activation=activation, residual=residual, bias=bias, seed=2
    )
    assert_the_same(by_the_pass_with_exponents(network), by_the_exact_pass(network), 1e-11)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "linear"])
@residual_off_and_on
def test_signals_that_grow_for_many_chunks_of_layers_are_read_the_same(activation, residual):
    network = Settings(depth=150, width=3, samples=4, scale=1000.0, activation=activation, residual=residual, seed=2)
    assert_the_same(by_the_pass_with_exponents(network), by_the_exact_pass(network), 1e-11)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "silu"])
def test_samples_hundreds_of_decades_apart_keep_an_exponent_each(activation):
    """Against mpmath: the mean is that of the loudest sample, the low quantile that of the faintest ones."""
    network = Settings(depth=12, width=3, samples=8, scale=1000.0, activation=activation)
    gradient = by_the_pass_with_exponents(network).gradient[0]
    assert gradient.max() - gradient.min() > 300 * math.log2(10)
    telescope = Telescope()
    observed = telescope.observe(network).gradient
    assert_agrees(observed, expected_reading(network, telescope.draw(network)), 1e-12)


@pytest.mark.parametrize("depth", [50, 200], ids=["one chunk", "several chunks"])
def test_exact_slopes_take_over_where_those_that_lose_digits_will_not_do(depth):
    """Sigmoid at scale 6 and width 4 is ordered, and saturated enough for a sample to fade ten thousandfold."""
    network = Settings(depth=depth, scale=6.0, seed=3, samples=8)
    assert by_the_float64_pass(network) is None
    assert_the_same(by_the_pass_with_exponents(network), by_the_exact_pass(network), 1e-11)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_a_single_saturated_layer_has_a_sharp_weight_gradient(activation):
    """No gradient passes through the first layer's slopes, but its weight gradient is made of them."""
    for seed in range(20):
        network = Settings(depth=1, width=2, samples=1, scale=100.0, activation=activation, seed=seed)
        in_float64 = by_the_float64_pass(network)
        if in_float64 is not None:
            assert_the_same(in_float64, by_the_exact_pass(network))
        assert_the_same(by_the_pass_with_exponents(network), by_the_exact_pass(network))


@pytest.mark.parametrize("activation", ["gelu", "silu", "softplus"])
def test_a_signal_that_biases_bring_back_from_below_float64_is_read_all_the_same(activation):
    """Where all units of a sample are far below zero it has next to no signal until the next bias is added."""
    lows = []
    for seed in range(10):
        network = Settings(depth=3, width=1, samples=8, scale=300.0, bias=0.3, activation=activation, seed=seed)
        carefully = by_the_exact_pass(network)
        lows.append(carefully.signal.norms[:-1].min())
        assert_the_same(by_the_pass_with_exponents(network), carefully, 1e-11)
        assert by_the_float64_pass(network) is None or lows[-1] > -1000
    assert min(lows) < -1074


def test_it_is_not_asked_where_a_branch_may_cancel_its_residual_connection():
    """tanh(a) beside a weight of -1: a - tanh(a) is left, and of 1 - tanh' next to no digit."""
    network = Settings(
        depth=5, width=1, scale=1.0, initializer="orthogonal", residual=True, activation="tanh", samples=2, seed=0
    )
    telescope = Telescope()
    draw = telescope.draw(network)
    assert (draw.weights == -1).any()
    assert passes_of(network) == [PASSES["exact"]]
    expected = expected_reading(network, draw, digits=200)
    assert_agrees(telescope.observe(network).gradient, expected, 1e-12)


@pytest.mark.parametrize(("activation", "scale"), [("tanh", 0.01), ("leaky_relu", 30.0), ("softplus", 0.01)])
def test_ten_thousand_layers_add_their_exponents_up_to_ten_digits(activation, scale):
    network = Settings(depth=10_000, width=1, samples=1, scale=scale, activation=activation)
    some = slice(None, None, 303)
    seen = by_the_pass_with_exponents(network).gradient[some, 0] * math.log10(2)
    expected = single_unit_gradients(network, Telescope().draw(network))[some]
    log10_agree(seen, [log10(gradient) for gradient in expected], 1e-10, "gradient")


def test_a_dead_sample_beside_a_living_one_is_an_exact_zero():
    network = Settings(depth=40, width=2, samples=10, scale=100.0, activation="relu", seed=2)
    lifted = by_the_pass_with_exponents(network)
    dead = np.isneginf(lifted.gradient[0])
    assert dead.any()
    assert_the_same(lifted, by_the_exact_pass(network), 1e-12)
