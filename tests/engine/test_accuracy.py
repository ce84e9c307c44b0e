"""The gradient against high-precision references that share no code with the engine, where the network is ordered.

Chaos amplifies the last bit of any implementation, so the settings keep to small scales, small biases and few units.
"""

from __future__ import annotations

import itertools

import pytest
from mpmath import mp, mpf
from reference_network import CURVES, LOSSES, NORMS
from reference_readings import (
    assert_agrees,
    exact,
    expected_reading,
    log10,
    log10_agree,
    networks,
    single_unit_gradients,
)

from tui_telescope import Settings, Telescope
from tui_telescope.settings import REGISTRY

ACTIVATIONS, INITIALIZERS, LOSS_NAMES = (REGISTRY[name].values for name in ("activation", "initializer", "loss"))
SCALES = {"gaussian": 0.5, "xavier": 0.9, "lecun": 0.9, "he": 0.6, "torch": 1.6, "orthogonal": 0.9, "identity": 0.9}

every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
every_initializer_and_loss = pytest.mark.parametrize(
    ("initializer", "loss"), list(zip(INITIALIZERS, itertools.cycle(LOSS_NAMES), strict=False))
)
every_loss = pytest.mark.parametrize("loss", LOSS_NAMES)
with_and_without_residual = pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])


def assert_the_engine_reads_what_the_reference_says(settings: Settings, tolerance: float, **how) -> None:
    telescope = Telescope()
    expected = expected_reading(settings, telescope.draw(settings), **how)
    assert_agrees(telescope.observe(settings).gradient, expected, tolerance)


def test_the_reference_knows_every_activation_and_every_loss():
    assert set(CURVES) == set(ACTIVATIONS)
    assert set(LOSSES) == set(LOSS_NAMES)
    assert set(NORMS) == set(REGISTRY["norm"].values)


@every_activation
@every_loss
@with_and_without_residual
def test_the_references_reverse_pass_agrees_with_its_own_finite_differences(activation, loss, residual):
    settings = Settings(
        depth=4, width=3, samples=1, bias=0.5, activation=activation, residual=residual, branch_scale=0.3
    )
    draw = Telescope().draw(settings)
    with mp.workdps(75):
        (network,) = networks(draw, settings)
        value, error = LOSSES[loss](exact(draw.targets))
        reverse = network.gradients_by_reverse(exact(draw.inputs), error)
        differences = network.gradients_by_differences(exact(draw.inputs), value, mpf("1e-35"))
        for (one,), (other,) in zip(reverse, differences, strict=True):
            assert mp.norm([x - y for x, y in zip(one, other, strict=True)]) <= mpf("1e-30") * (1 + mp.norm(other))


@every_activation
@with_and_without_residual
@every_initializer_and_loss
def test_the_gradient_is_the_slope_that_finite_differences_measure(activation, residual, loss, initializer):
    settings = Settings(
        depth=4, width=3, scale=0.8, samples=2, bias=0.3, seed=5,
        activation=activation, residual=residual, loss=loss, initializer=initializer,
    )  # fmt: skip
    assert_the_engine_reads_what_the_reference_says(settings, 1e-12, digits=75, differences=True)


@every_activation
@with_and_without_residual
@every_initializer_and_loss
def test_at_depth_50_the_log_of_the_gradient_is_right_to_twelve_digits(activation, residual, loss, initializer):
    settings = Settings(
        depth=50, width=3, scale=SCALES[initializer], samples=1, bias=0.1, seed=5,
        activation=activation, residual=residual, loss=loss, initializer=initializer,
    )  # fmt: skip
    assert_the_engine_reads_what_the_reference_says(settings, 1e-12)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu"])
@pytest.mark.parametrize("generator", ["python", "numpy"])
def test_the_draw_holds_the_very_numbers_that_either_generator_used(activation, generator):
    settings = Settings(
        depth=6, width=4, scale=0.5, samples=3, networks=3, bias=0.2, activation=activation, generator=generator
    )
    assert_the_engine_reads_what_the_reference_says(settings, 1e-13)


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu"])
@pytest.mark.parametrize(("residual", "scale"), [(False, 0.5), (True, 0.1)], ids=["no residual", "residual"])
def test_a_thousand_layers_lose_no_digits(activation, residual, scale):
    settings = Settings(
        depth=1000, width=2, initializer="xavier", scale=scale, samples=1, activation=activation, residual=residual
    )
    assert_the_engine_reads_what_the_reference_says(settings, 1e-12)


@every_activation
@with_and_without_residual
def test_the_reference_for_one_unit_is_the_reference_for_many(activation, residual):
    settings = Settings(
        depth=20, width=1, samples=1, bias=0.2, branch_scale=0.7, activation=activation, residual=residual
    )
    draw = Telescope().draw(settings)
    one = single_unit_gradients(settings, draw, digits=30)
    assert [log10(gradient) for gradient in one] == pytest.approx(expected_reading(settings, draw, digits=30).mean)


def assert_ten_thousand_layers_lose_no_digits(**chosen) -> float:
    """A single unit that hears a single sample; the log10 of the gradient at layer 1."""
    settings = Settings(depth=10_000, width=1, samples=1, sample_seed=3, **chosen)
    telescope = Telescope()
    draw = telescope.draw(settings)
    seen = telescope.observe(settings, readings=("gradient",)).gradient.log10_mean
    some = slice(None, None, 303)  # from layer 1 to layer 10,000
    expected = [log10(gradient) for gradient in single_unit_gradients(settings, draw)[some]]
    log10_agree(seen[some], expected, 1e-10, "gradient")
    return float(seen[0])


ONE_OF_EACH_KIND = ("sigmoid", "tanh", "leaky_relu", "elu", "gelu")
"""Bounded activations, one with a kink, one with two pieces, a smooth one: depth is what is new, not the formula."""


@pytest.mark.parametrize("activation", ONE_OF_EACH_KIND)
def test_ten_thousand_layers_lose_no_digits(activation):
    """The weights shrink on average, and the biases keep the signal alive while the gradient fades."""
    assert assert_ten_thousand_layers_lose_no_digits(activation=activation, scale=0.6, bias=0.3) < -1000


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu", "gelu"])
def test_ten_thousand_layers_lose_no_digits_beside_a_residual_connection(activation):
    assert_ten_thousand_layers_lose_no_digits(
        activation=activation, scale=0.6, bias=0.3, residual=True, branch_scale="1/sqrt(L)"
    )


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_ten_thousand_layers_lose_no_digits_where_the_signal_fades_with_the_gradient(activation):
    """ReLU hears itself from an input above zero: a single one would die at its first negative weight."""
    assert_ten_thousand_layers_lose_no_digits(activation=activation, scale=0.6, initializer="identity")
