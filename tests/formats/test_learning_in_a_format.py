"""Networks that learn in a number format, with and without float32 master weights."""

from __future__ import annotations

import numpy as np
import pytest
from rounded_reference import cast

from tui_telescope import Settings, Telescope
from tui_telescope.charts.effect import why_without_effect
from tui_telescope.engine.learning.course.moments import moments_of
from tui_telescope.presets import PRESETS

NETWORK = Settings(
    depth=4, width=12, initializer="he", scale=1, activation="relu", task="glyphs", batch=16, learning_rate=0.03
)
KINDS = [
    {"activation": "tanh", "bias": 0.2},
    {"residual": True, "norm": "layer", "norm_place": "pre", "final_norm": True, "activation": "gelu"},
    {"norm": "batch", "activation": "sigmoid"},
    {"norm": "rms", "norm_place": "post", "residual": True, "branch_scale": 0.5},
    {"form": "mlp", "expansion": 2, "residual": True, "bias": 0.1},
    {"form": "pre-activation", "activation": "silu", "residual": True},
    {"cell": "rnn", "activation": "tanh", "depth": 10, "initializer": "orthogonal"},
    {"cell": "lstm", "depth": 9, "initializer": "xavier"},
    {"cell": "gru", "depth": 9, "initializer": "xavier", "residual": True},
]


def parameters_after(steps: int, network: Settings, **options) -> dict[str, np.ndarray]:
    learner = Telescope().learner(network, **options)
    for _ in range(steps):
        learner.step()
    return {name: array.copy() for name, array in learner.parameters.items()}


@pytest.mark.parametrize("kind", KINDS, ids=[" ".join(map(str, kind.values())) for kind in KINDS])
def test_in_float32_it_learns_what_the_in_place_calls_learn(kind):
    network = NETWORK.replace(**kind)
    expected, got = (parameters_after(5, network.replace(precision=each)) for each in ("exact", "float32"))
    start = parameters_after(0, network)
    for name, array in expected.items():
        moved = np.abs(array - start[name]).max()
        np.testing.assert_allclose(got[name], array, atol=2e-3 * moved)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_its_gradients_are_the_exact_ones_but_for_the_formats_digits(precision):
    learners = [Telescope().learner(NETWORK.replace(precision=each, loss_scale=2**6)) for each in ("exact", precision)]
    exact, rounded = (learner.gradients(*learner.batch(0)) for learner in learners)
    for name, gradient in exact.items():
        assert np.linalg.norm(rounded[name] - gradient) < 0.05 * np.linalg.norm(gradient), name
    assert np.array_equal(cast(rounded["weights"] * 2**6, precision), rounded["weights"] * 2**6)
    assert not np.array_equal(rounded["weights"], exact["weights"])


def test_updates_below_2_to_the_minus_9_of_a_bfloat16_weight_are_lost():
    """Numbers of 8 bits are 2^-7 to 2^-8 of their size apart, and half of that is rounded away."""
    learner = Telescope().learner(NETWORK.replace(precision="bfloat16", master_weights=False, learning_rate=0.1))
    before = learner.parameters["weights"].copy()
    update = 0.1 * np.abs(learner.gradients(*learner.batch(0))["weights"]) / np.abs(before)
    learner.step()
    moved = learner.parameters["weights"] != before
    assert not moved[update < 2.0**-9].any()
    assert moved[update > 2.0**-8].all()
    lost = (update > 0) & (update < 2.0**-9)
    assert lost.mean() > 0.1


def test_master_weights_keep_what_the_format_would_lose():
    network = NETWORK.replace(precision="bfloat16", learning_rate=0.003)
    with_copy, without = (parameters_after(20, network.replace(master_weights=keeps)) for keeps in (True, False))
    start = parameters_after(0, network)["weights"]
    assert (with_copy["weights"] == start).mean() < 0.2
    kept = cast(start, "bfloat16")
    assert (without["weights"] == kept).mean() > 0.5


def test_parameters_without_master_weights_are_numbers_of_the_format_from_the_first_step_on():
    network = NETWORK.replace(precision="float8_e4m3", master_weights=False)
    for steps in (0, 3):
        for name, array in parameters_after(steps, network).items():
            assert np.array_equal(cast(array, "float8_e4m3"), array), name


def test_a_moment_tells_of_the_format():
    network = NETWORK.replace(precision="float16", activation="sigmoid", initializer="xavier", depth=14)
    moment, *_ = moments_of(Telescope().learner(network), 1, 1)
    exact, *_ = moments_of(Telescope().learner(network.replace(precision="exact")), 1, 1)
    assert moment.observation.rounding.format == "float16"
    assert moment.observation.rounding.zero[0] > 0.9
    assert np.isfinite(exact.observation.gradient.log10_mean).all()
    assert exact.observation.rounding is None
    assert moment.observation.verdict.frozen_in == "float32"
    bare, *_ = moments_of(Telescope().learner(network.replace(master_weights=False)), 1, 1)
    assert bare.observation.verdict.frozen_in == "float16"


def test_a_loss_scale_that_overflows_stops_it_and_says_where():
    network = NETWORK.replace(precision="float8_e5m2", loss_scale=2**24)
    learner = Telescope().learner(network)
    learner.step()
    assert learner.diverged == (0, 4)


def test_the_preset_shows_what_a_missing_copy_costs():
    """After 600 steps 62% are right with the copy, 26% without; here the loss after 200 steps."""
    network = PRESETS["lost-updates"].settings
    losses = []
    for keeps in (True, False):
        learner = Telescope().learner(network.replace(master_weights=keeps))
        for _ in range(200):
            learner.step()
        losses.append(learner.evaluate()[0])
    assert losses[1] - losses[0] > 0.03


@pytest.mark.parametrize("name", ["precision", "loss_scale", "master_weights"])
def test_the_trainable_map_learns_in_float32(name):
    assert why_without_effect(name, NETWORK.replace(precision="bfloat16"), "trainable") == (
        "every network of the map learns in float32"
    )
    assert why_without_effect(name, NETWORK.replace(precision="bfloat16"), "learn") == ""


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_gradients_of_a_cell_are_the_exact_ones_but_for_the_formats_digits(cell):
    network = NETWORK.replace(cell=cell, activation="tanh", initializer="xavier", depth=9, loss_scale=2**6)
    learners = [Telescope().learner(network.replace(precision=each)) for each in ("exact", "float16")]
    exact, rounded = (learner.gradients(*learner.batch(0)) for learner in learners)
    for name, gradient in exact.items():
        assert np.linalg.norm(rounded[name] - gradient) < 0.02 * np.linalg.norm(gradient), name
    for name in ("weights", "input_weights", "biases"):
        assert np.array_equal(cast(rounded[name] * 2**6, "float16"), rounded[name] * 2**6), name
