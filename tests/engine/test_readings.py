"""The gradient by the weights, clipping and the signal, against references that share no code with the engine."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from reference_network import STEEPEST
from reference_readings import expected_reading, expected_signal, expected_weight_gradient, log10_agree

from tui_telescope import Settings, Telescope
from tui_telescope.settings import REGISTRY

ACTIVATIONS, INITIALIZERS = REGISTRY["activation"].values, REGISTRY["initializer"].values


@pytest.mark.parametrize("samples", [2, 5], ids=["fewer samples than units", "more samples than units"])
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
@pytest.mark.parametrize(
    ("activation", "initializer"), list(zip(ACTIVATIONS, itertools.cycle(INITIALIZERS), strict=False))
)
def test_every_reading_is_what_the_reference_says(activation, initializer, residual, samples):
    settings = Settings(
        depth=3, width=3, scale=0.9, samples=samples, networks=2, bias=0.3, seed=5, branch_scale=0.7, clip=0.05,
        activation=activation, initializer=initializer, residual=residual,
    )  # fmt: skip
    telescope = Telescope()
    observation, draw = telescope.observe(settings), telescope.draw(settings)
    signal, by_weights = expected_signal(settings, draw), expected_weight_gradient(settings, draw)
    log10_agree(observation.weight_gradient.log10, by_weights.log10, 1e-12, "weight gradient")
    assert observation.weight_gradient.log10_clipped_from == pytest.approx(by_weights.log10_clipped_from, abs=1e-12)
    log10_agree(observation.signal.log10_rms, signal.log10_rms, 1e-12, "rms")
    log10_agree(observation.gradient.log10_mean, expected_reading(settings, draw).mean, 1e-12, "gradient")
    assert observation.signal.saturated.tolist() == pytest.approx(signal.saturated, abs=1e-12)
    assert observation.signal.dead.tolist() == pytest.approx(signal.dead, abs=1e-12)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu", "silu", "elu"])
@pytest.mark.parametrize("initializer", ["gaussian", "identity"])
def test_saturated_and_dead_units_are_counted_where_there_are_many(activation, initializer):
    settings = Settings(
        depth=4, width=6, scale=4.0, samples=3, networks=2, seed=2, activation=activation, initializer=initializer
    )
    telescope = Telescope()
    signal, expected = telescope.observe(settings).signal, expected_signal(settings, telescope.draw(settings))
    assert signal.saturated.tolist() == pytest.approx(expected.saturated, abs=1e-12)
    assert signal.dead.tolist() == pytest.approx(expected.dead, abs=1e-12)
    assert max(expected.saturated) > 0


def test_a_unit_is_dead_only_if_no_sample_wakes_it():
    def dead(samples: int) -> np.ndarray:
        settings = Settings(depth=1, width=400, activation="relu", samples=samples, generator="numpy")
        return Telescope().observe(settings).signal.dead

    # a unit is silent on a sample half the time; 400 units scatter by at most 0.025
    assert dead(1) == pytest.approx([0.5], abs=0.1)
    assert dead(12) < 0.05


def test_only_an_activation_that_is_flat_somewhere_can_be_dead():
    settings = Settings(depth=20, scale=1000.0, samples=2)
    dying = {name for name in ACTIVATIONS if Telescope().observe(settings.replace(activation=name)).signal.dead.any()}
    assert dying == {"relu"}


def test_the_reference_finds_every_steepest_slope():
    assert set(STEEPEST) == set(ACTIVATIONS)


def weight_gradient(**settings) -> np.ndarray:
    return Telescope().observe(Settings(**settings)).weight_gradient.log10


@pytest.mark.parametrize("limit", [1e-6, 0.01, 1.0])
def test_clipping_caps_the_global_norm_and_changes_no_ratio_between_layers(limit):
    free, clipped = (weight_gradient(scale=6.0, residual=True, clip=clip) for clip in ("off", limit))
    assert math.hypot(*10**free) > limit
    assert math.hypot(*10**clipped) == pytest.approx(limit, rel=1e-12)
    assert np.ptp(free - clipped) < 1e-12


def test_each_network_is_clipped_by_its_own_norm_and_the_median_norm_is_told():
    """By their mean norm all three would be scaled alike; by its own, the one within the limit stays as it was."""
    chosen = {"scale": 3.0, "activation": "tanh", "depth": 10}
    alone = [weight_gradient(seed=seed, **chosen) for seed in (42, 43, 44)]
    lowest, median, highest = sorted(math.hypot(*10**each) for each in alone)
    limit = math.sqrt(lowest * median)
    reading = Telescope().observe(Settings(networks=3, clip=limit, **chosen)).weight_gradient
    shares = [10**each * min(1, limit / math.hypot(*10**each)) for each in alone]
    assert lowest < limit < median < highest
    np.testing.assert_allclose(10**reading.log10, np.mean(shares, axis=0), rtol=1e-12)
    assert 10**reading.log10_clipped_from == pytest.approx(median, rel=1e-12)


def test_clipping_leaves_a_gradient_within_the_limit_alone_and_lifts_no_whisper():
    free, capped = (Telescope().observe(Settings(scale=0.5, clip=clip)).weight_gradient for clip in ("off", 1e6))
    np.testing.assert_array_equal(free.log10, capped.log10)
    assert free.log10_clipped_from is None
    assert 10**capped.log10_clipped_from == pytest.approx(math.hypot(*10**free.log10), rel=1e-12)


def test_a_cell_is_clipped_by_the_norm_over_recurrent_and_input_matrices_and_biases():
    settings = Settings(cell="rnn", activation="tanh", scale=0.4, width=32, depth=50, clip=1.0)
    assert 10 ** Telescope().observe(settings).weight_gradient.log10_clipped_from == pytest.approx(3273.3, abs=0.05)


@pytest.mark.parametrize("place", [{}, {"norm_place": "post", "activation": "linear"}], ids=["before phi", "linear"])
def test_biases_that_a_batch_norm_takes_out_have_no_gradient_not_even_one_of_roundings(place):
    """Roundings alone would come to 10^8 times what the weights have, and more."""
    settings = Settings(
        norm="batch", scale=0.001, width=32, bias=0.1, initializer="xavier", generator="numpy", clip=1.0, **place
    )
    reading = Telescope().observe(settings).weight_gradient
    by_weights = math.log10(math.hypot(*10 ** (reading.log10 - reading.log10.max()))) + reading.log10.max()
    assert reading.log10_clipped_from == pytest.approx(by_weights, abs=1e-12)


def test_clipping_changes_nothing_but_the_gradient_by_the_weights():
    free, clipped = (Telescope().observe(Settings(residual=True, clip=clip)) for clip in ("off", 1e-3))
    np.testing.assert_array_equal(free.gradient.log10_mean, clipped.gradient.log10_mean)
    np.testing.assert_array_equal(free.signal.log10_rms, clipped.signal.log10_rms)
    assert free.verdict == dataclasses.replace(clipped.verdict, log10_clipped_from=None, clipped_networks=0)


def test_one_over_the_root_of_the_depth_is_the_branch_scale_of_that_number():
    by_word, by_number = (
        Telescope().observe(Settings(depth=16, residual=True, branch_scale=scale)) for scale in ("1/sqrt(L)", 0.25)
    )
    np.testing.assert_array_equal(by_word.gradient.log10_mean, by_number.gradient.log10_mean)
    np.testing.assert_array_equal(by_word.weight_gradient.log10, by_number.weight_gradient.log10)


def test_without_a_branch_the_skip_carries_everything_and_the_weights_learn_nothing():
    observation = Telescope().observe(Settings(depth=20, residual=True, branch_scale=0.0))
    np.testing.assert_allclose(observation.log10_factor, 0.0, rtol=0, atol=1e-15)
    assert np.isneginf(observation.weight_gradient.log10).all()


def test_without_a_residual_connection_the_branch_scale_means_nothing():
    one, other = (Telescope().observe(Settings(branch_scale=scale)) for scale in (1.0, 0.0))
    np.testing.assert_array_equal(one.gradient.log10_mean, other.gradient.log10_mean)


@pytest.mark.parametrize("norm", ["none", "layer"], ids=["float64 pass", "exact pass"])
@pytest.mark.parametrize("readings", [("gradient",), ("weight_gradient",), ("signal",), ("signal", "weight_gradient")])
def test_a_reading_alone_is_the_same_as_among_the_others_and_what_nobody_wants_is_none(readings, norm):
    settings = Settings(depth=30, networks=2, norm=norm)
    whole, part = Telescope().observe(settings), Telescope().observe(settings, readings=readings)
    np.testing.assert_array_equal(part.gradient.log10_mean, whole.gradient.log10_mean)
    assert (part.weight_gradient is not None) == ("weight_gradient" in readings)
    assert (part.signal is not None) == ("signal" in readings)
    if part.weight_gradient:
        np.testing.assert_array_equal(part.weight_gradient.log10, whole.weight_gradient.log10)
    if part.signal:
        np.testing.assert_array_equal(part.signal.log10_rms, whole.signal.log10_rms)


def test_an_unknown_reading_is_refused_by_name():
    with pytest.raises(ValueError, match="loudness"):
        Telescope().observe(Settings(), readings=("gradient", "loudness"))
