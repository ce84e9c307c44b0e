"""The gradient against high-precision references that share no code with the engine, where the network is ordered.

Chaos amplifies the last bit of any implementation, so the settings keep to small scales, small biases and few units.
"""

from __future__ import annotations

import itertools

import pytest
from mpmath import mp, mpf
from reference_network import CURVES, LOSSES, ReferenceNetwork, assert_agrees, expected_reading

from tui_telescope import Settings, Telescope
from tui_telescope.settings import REGISTRY

ACTIVATIONS, INITIALIZERS, LOSS_NAMES = (REGISTRY[name].values for name in ("activation", "initializer", "loss"))
SCALES = {"gaussian": 0.5, "xavier": 0.9, "he": 0.6, "orthogonal": 0.9, "identity": 0.9}

every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
every_initializer = pytest.mark.parametrize("initializer", INITIALIZERS)
every_loss = pytest.mark.parametrize("loss", LOSS_NAMES)
with_and_without_residual = pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])


def assert_the_engine_reads_what_the_reference_says(settings: Settings, tolerance: float, **how) -> None:
    telescope = Telescope()
    expected = expected_reading(settings, telescope.draw(settings), **how)
    assert_agrees(telescope.observe(settings).gradient, expected, tolerance)


def test_the_reference_knows_every_activation_and_every_loss():
    assert set(CURVES) == set(ACTIVATIONS)
    assert set(LOSSES) == set(LOSS_NAMES)


@every_activation
@every_loss
@with_and_without_residual
def test_the_references_reverse_pass_agrees_with_its_own_finite_differences(activation, loss, residual):
    draw = Telescope().draw(Settings(depth=4, width=3, samples=1, bias=0.5))
    with mp.workdps(60):
        network = ReferenceNetwork(draw.weights[0], draw.biases[0], activation, residual)
        a, t = ([mpf(float(x)) for x in vector] for vector in (draw.inputs[0], draw.targets[0]))
        value, error = LOSSES[loss](t)
        reverse = network.gradients_by_reverse(a, error)
        differences = network.gradients_by_differences(a, value, mpf("1e-20"))
        for one, other in zip(itertools.chain(*reverse), itertools.chain(*differences), strict=True):
            assert abs(one - other) <= mpf("1e-30") * (1 + abs(other))


@every_activation
@with_and_without_residual
@every_loss
@every_initializer
def test_the_gradient_is_the_slope_that_finite_differences_measure(activation, residual, loss, initializer):
    settings = Settings(
        depth=4, width=3, scale=0.8, samples=2, networks=2, bias=0.3, seed=5,
        activation=activation, residual=residual, loss=loss, initializer=initializer,
    )  # fmt: skip
    assert_the_engine_reads_what_the_reference_says(settings, 1e-12, digits=75, differences=True)


@every_activation
@with_and_without_residual
@pytest.mark.parametrize(("initializer", "loss"), list(zip(INITIALIZERS, itertools.cycle(LOSS_NAMES), strict=False)))
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
@pytest.mark.parametrize(("residual", "scale"), [(False, 0.5), (True, 0.1)], ids=["plain", "residual"])
def test_a_thousand_layers_lose_no_digits(activation, residual, scale):
    settings = Settings(
        depth=1000, width=2, initializer="xavier", scale=scale, samples=1, activation=activation, residual=residual
    )
    assert_the_engine_reads_what_the_reference_says(settings, 1e-12)
