"""A network of actual weights: measured as it is, it reads as its settings do, and as it should once it was stepped."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.engine.weights.network import Network
from tui_telescope.networks import NORMS
from tui_telescope.settings import REGISTRY

PLACES = [("none", "activation"), *((norm, place) for norm in NORMS for place in REGISTRY["norm_place"].values)]
SMALL = {"depth": 6, "width": 5, "samples": 4, "bias": 0.3, "clip": 1.0}


def observed_as_it_is(settings: Settings):
    return Telescope().observe_network(Network.drawn(UnitDraws(), settings))


def assert_same_readings(one, other, tolerance=1e-12):
    pairs = [
        *((getattr(one.gradient, name), getattr(other.gradient, name)) for name in vars(one.gradient)),
        (one.weight_gradient.log10, other.weight_gradient.log10),
        (one.weight_gradient.log10_clipped_from or 0.0, other.weight_gradient.log10_clipped_from or 0.0),
        *((getattr(one.signal, name), getattr(other.signal, name)) for name in ("log10_rms", "saturated", "dead")),
    ]
    for left, right in pairs:
        np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)
    assert one.verdict.state == other.verdict.state
    assert one.verdict.frozen_layers == other.verdict.frozen_layers
    assert (one.stage, one.is_settled) == (other.stage, other.is_settled)


@pytest.mark.parametrize("activation", REGISTRY["activation"].values)
@pytest.mark.parametrize(("norm", "place"), PLACES)
@pytest.mark.parametrize("residual", [False, True])
def test_a_drawn_network_reads_as_its_settings_do(activation, norm, place, residual):
    settings = Settings(activation=activation, norm=norm, norm_place=place, residual=residual, **SMALL)
    assert_same_readings(observed_as_it_is(settings), Telescope().observe(settings))


@pytest.mark.parametrize(
    "chosen",
    [
        *({"initializer": name} for name in REGISTRY["initializer"].values),
        *({"cell": cell} for cell in ("rnn", "lstm", "gru")),
        {"cell": "lstm", "initializer": "identity", "bias": 0.0},
        {"bias": 0.0},
        {"width": 64, "depth": 3},
        {"form": "pre-activation", "residual": True},
        {"form": "mlp", "expansion": 2, "residual": True, "norm": "layer"},
        {"form": "mlp", "initializer": "orthogonal"},
        {"width": 1, "initializer": "orthogonal", "scale": 1.0, "activation": "tanh", "residual": True, "bias": 0.0},
        {"scale": 20.0, "width": 4, "bias": 3.0, "seed": 1},  # slopes lose their digits: another pass takes over
        {"activation": "relu", "scale": 0.001, "depth": 80, "bias": 0.0},
    ],
)
def test_so_it_does_whatever_it_is_drawn_as(chosen):
    settings = Settings(**{**SMALL, **chosen})
    assert_same_readings(observed_as_it_is(settings), Telescope().observe(settings))


def loss_of(network: Network, inputs: np.ndarray, targets: np.ndarray) -> float:
    """The mean over samples of 1/2 ||a_L - t||^2 of a tanh network, by its formula."""
    a = inputs
    for weights, bias in zip(network.parameters["weights"], network.parameters["biases"], strict=True):
        a = np.tanh(a @ weights.T + bias)
    return float(np.mean(0.5 * np.sum((a - targets) ** 2, axis=1)))


def test_after_a_step_its_weight_gradients_are_those_of_the_network_it_has_become():
    settings = Settings(activation="tanh", depth=3, width=3, samples=4, bias=0.3, scale=0.7)
    telescope = Telescope()
    draw = telescope.draw(settings)
    network = Network.drawn(UnitDraws(), settings)
    rng = np.random.default_rng(5)
    weights, biases = (network.parameters[name] for name in ("weights", "biases"))
    update, shift = 0.2 * rng.standard_normal(weights.shape), 0.1 * rng.standard_normal(biases.shape)
    network.step(weights=update, biases=shift)
    np.testing.assert_array_equal(weights, draw.weights[0] + update)
    np.testing.assert_array_equal(biases, draw.biases[0] + shift)

    differences = np.empty_like(update)
    for place in np.ndindex(*update.shape):
        nudge = np.zeros_like(update)
        nudge[place] = 1e-5
        network.step(weights=nudge)
        above = loss_of(network, draw.inputs, draw.targets)
        network.step(weights=-2 * nudge)
        below = loss_of(network, draw.inputs, draw.targets)
        network.step(weights=nudge)
        differences[place] = (above - below) / 2e-5
    seen = telescope.observe_network(network)
    np.testing.assert_allclose(10**seen.weight_gradient.log10, np.linalg.norm(differences, axis=(1, 2)), rtol=1e-8)


def test_a_network_stepped_by_its_own_weights_is_the_one_of_twice_the_scale():
    settings = Settings(depth=5, scale=1.5, bias=0.5)
    network = Network.drawn(UnitDraws(), settings)
    network.step(**network.parameters)
    doubled = Telescope().observe(settings.replace(scale=3.0, bias=1.0))
    assert_same_readings(Telescope().observe_network(network), doubled)


def test_a_step_moves_neither_the_unit_draws_nor_another_network():
    units, settings = UnitDraws(), Settings(depth=3, bias=0.5, initializer="identity")
    one, other = (Network.drawn(units, settings) for _ in range(2))
    one.step(**{name: np.ones_like(array) for name, array in one.parameters.items()})
    for again in (other, Network.drawn(units, settings)):
        np.testing.assert_array_equal(again.parameters["weights"], one.parameters["weights"] - 1)
        np.testing.assert_allclose(again.parameters["biases"], one.parameters["biases"] - 1, rtol=0, atol=1e-15)


def test_float32_rounds_away_what_is_too_small_and_float64_does_not():
    for dtype, moves in ((np.float32, False), (np.float64, True)):
        network = Network.drawn(UnitDraws(), Settings(depth=3), dtype=dtype)
        weights = network.parameters["weights"]
        before = weights.copy()
        network.step(weights=1e-9 * before.astype(np.float64))
        assert weights.dtype == dtype
        assert bool((weights != before).any()) is moves


def test_float32_weights_read_as_the_same_numbers_in_float64():
    settings = Settings(depth=4)
    network = Network.drawn(UnitDraws(), settings, dtype=np.float32)
    same = Network(settings, {"weights": network.parameters["weights"].astype(np.float64)})
    telescope = Telescope()
    assert_same_readings(telescope.observe_network(network), telescope.observe_network(same), 0)


def test_an_update_of_what_is_not_there_is_refused_and_nothing_moves():
    network = Network.drawn(UnitDraws(), Settings(depth=2))
    weights = network.parameters["weights"]
    before = weights.copy()
    with pytest.raises(ValueError, match="does not have: biases"):
        network.step(weights=np.ones_like(weights), biases=np.zeros((2, 4)))
    np.testing.assert_array_equal(weights, before)


def test_a_reading_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="not known"):
        Telescope().observe_network(Network.drawn(UnitDraws(), Settings(depth=2)), readings=("noise",))
