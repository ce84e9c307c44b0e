"""A network in a number format reads what plain numpy over ml_dtypes' casts computes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_settings import settings_within
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from observed_numbers import numbers_of
from rounded_reference import Expected, elman_steps, sigmoid_stack

from tui_telescope import Settings, Telescope
from tui_telescope.networks import CELLS, NUMBER_FORMATS
from tui_telescope.observations.description import describe
from tui_telescope.observations.observation import Observation

STACK = Settings(depth=12, width=7, samples=5, initializer="xavier", scale=1.5, loss="probe")
CELL = STACK.replace(cell="rnn", activation="tanh", bias=0.3)
EPSILONS = 4
"""Sums in float32 may be rounded in another order, which moves a few results by a last digit of the format."""


def log10(x):
    with np.errstate(divide="ignore"):
        return np.log10(x)


def assert_agrees(observation: Observation, expected: Expected, network: Settings) -> None:
    tolerance = EPSILONS * 2.0 ** -NUMBER_FORMATS[network.precision].mantissa_bits / math.log(10)
    gradients = np.stack(expected.gradients)
    mean = log10(np.linalg.norm(gradients, axis=1).mean(axis=1))
    np.testing.assert_allclose(observation.gradient.log10_mean, mean, atol=tolerance)
    rms = log10(np.sqrt((np.stack(expected.signals).astype(float) ** 2).mean(axis=(1, 2))))
    np.testing.assert_allclose(observation.signal.log10_rms, rms, atol=tolerance)
    np.testing.assert_allclose(observation.rounding.zero, (gradients == 0).mean(axis=(1, 2)), atol=1 / 35 + 1e-9)
    assert not observation.rounding.overflowed.any()


@pytest.mark.parametrize("precision", NUMBER_FORMATS)
@pytest.mark.parametrize("loss_scale", [1, 64])
@pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])
def test_layers_are_what_every_rounded_result_makes_of_them(precision, loss_scale, residual):
    network = STACK.replace(precision=precision, loss_scale=loss_scale, residual=residual)
    observation, expected = Telescope().observe(network), sigmoid_stack(network)
    assert_agrees(observation, expected, network)
    by_weights = log10([np.linalg.norm(each) for each in expected.weight_gradients])
    tolerance = EPSILONS * 2.0 ** -NUMBER_FORMATS[precision].mantissa_bits / math.log(10)
    np.testing.assert_allclose(observation.weight_gradient.log10, by_weights, atol=tolerance)


@pytest.mark.parametrize("precision", NUMBER_FORMATS)
def test_the_spread_is_what_the_formats_own_signals_differ_by(precision):
    network = STACK.replace(depth=40, precision=precision)
    spread = Telescope().observe(network, readings=("gradient", "signal", "spread")).signal.log10_spread
    signals = np.stack(sigmoid_stack(network).signals).astype(float)
    differing = signals - signals.mean(axis=2, keepdims=True)
    expected = log10(np.linalg.norm(differing, axis=(1, 2)) / np.linalg.norm(signals, axis=(1, 2)))
    alike = expected < -12  # a mean's own rounding is no difference
    assert np.isneginf(spread[alike]).all()
    epsilon = 2.0 ** -NUMBER_FORMATS[precision].mantissa_bits
    np.testing.assert_array_less(np.abs(10**spread - np.where(alike, 0, 10**expected)), EPSILONS * epsilon)


@pytest.mark.parametrize("precision", NUMBER_FORMATS)
def test_steps_of_a_cell_are_what_every_rounded_result_makes_of_them(precision):
    network = CELL.replace(precision=precision, loss_scale=8)
    assert_agrees(Telescope().observe(network), elman_steps(network), network)


def test_the_gradient_by_weights_that_steps_share_is_summed_in_the_format():
    network = CELL.replace(precision="float8_e4m3", clip=1e-6, depth=40, loss_scale=8)
    clipped_from = Telescope().observe(network).verdict.log10_clipped_from
    norms = [np.linalg.norm(each) for each in elman_steps(network).weight_gradients]
    assert clipped_from == pytest.approx(math.log10(math.hypot(*norms)), abs=1e-3)
    exact = Telescope().observe(network.replace(precision="exact")).verdict.log10_clipped_from
    assert abs(clipped_from - exact) > 3e-3, "this network would not tell the two apart"


KINDS = [
    {"residual": True, "activation": "gelu", "norm": "layer", "norm_place": "pre"},
    {"norm": "batch", "activation": "tanh"},
    {"norm": "rms", "norm_place": "post", "final_norm": True, "activation": "elu"},
    {"form": "mlp", "expansion": 2, "residual": True, "activation": "relu"},
    {"form": "pre-activation", "residual": True, "activation": "silu", "bias": 0.1},
    {"initializer": "identity", "activation": "softplus"},
    {"cell": "lstm"},
    {"cell": "gru"},
    {"cell": "rnn", "activation": "selu", "residual": True},
    {"loss": "mse", "clip": 1.0, "bias": 0.2},
]


@pytest.mark.parametrize("kind", KINDS, ids=[" ".join(map(str, kind.values())) for kind in KINDS])
def test_in_float32_every_kind_of_network_reads_what_it_reads_exactly_but_for_the_last_digits(kind):
    network = STACK.replace(depth=6, width=6, scale=1.0, **kind)
    exact, single = (Telescope().observe(network.replace(precision=each)) for each in ("exact", "float32"))
    np.testing.assert_allclose(single.gradient.log10_mean, exact.gradient.log10_mean, atol=1e-5)
    np.testing.assert_allclose(single.gradient.log10_low, exact.gradient.log10_low, atol=1e-4)
    np.testing.assert_allclose(single.weight_gradient.log10, exact.weight_gradient.log10, atol=1e-5)
    np.testing.assert_allclose(single.signal.log10_rms, exact.signal.log10_rms, atol=1e-5)
    assert (single.signal.saturated, exact.rounding) == (pytest.approx(exact.signal.saturated), None)
    assert single.verdict.log10_clipped_from == pytest.approx(exact.verdict.log10_clipped_from, abs=1e-5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    settings_within(
        precision=st.sampled_from(list(NUMBER_FORMATS)),
        cell=st.sampled_from([name for name in CELLS if name != "transformer"]),  # no format computes it
        depth=st.integers(1, 30),
        width=st.integers(1, 12),
        samples=st.integers(1, 6),
        networks=st.integers(1, 3),
        bias=st.just(0.0) | st.floats(0, 10),
        expansion=st.integers(1, 3),
    )
)
def test_whatever_the_settings_readings_are_numbers_or_told_of_and_numpy_never_warns(network):
    with np.errstate(all="raise", under="ignore"):
        observation = Telescope().observe(network)
        text = describe(observation)
    assert not any(math.isnan(x) or x == math.inf for x in numbers_of(observation))
    told = {each.reading for each in observation.nonfinite}
    assert ("NONFINITE" in text) == bool(told)
    assert (observation.verdict.state is None) == ("gradient" in told)
    assert "gradient" in told or not observation.rounding.overflowed.any()
    zero = observation.rounding.zero
    assert ((zero >= 0) & (zero + observation.rounding.overflowed <= 1 + 1e-12)).all()
    lost = {layer for each in observation.nonfinite if each.reading == "gradient" for layer in each.layers}
    silent = set((np.flatnonzero(np.isneginf(observation.gradient.log10_mean)) + 1).tolist())
    assert lost <= silent, "what is not finite in one network is not finite in the mean"
    assert silent - lost == set((np.flatnonzero(zero == 1) + 1).tolist()) - lost


def test_what_overflows_in_one_network_of_several_is_lost_in_the_mean_of_all():
    network = STACK.replace(
        activation="relu",
        initializer="he",
        scale=1.3,
        width=12,
        depth=20,
        networks=6,
        precision="float16",
        loss_scale=2**10,
    )
    alone = [Telescope().observe(network.replace(networks=1, seed=42 + k)).nonfinite for k in range(6)]
    layers = [{layer for each in found if each.reading == "gradient" for layer in each.layers} for found in alone]
    assert len({frozenset(each) for each in layers}) > 1, "some lose layers that others do not"
    observation = Telescope().observe(network)
    (told,) = [each for each in observation.nonfinite if each.reading == "gradient"]
    assert set(told.layers) == set.union(*layers)
    assert np.isneginf(observation.gradient.log10_mean[np.array(told.layers) - 1]).all()


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_a_signal_that_is_no_number_leaves_no_gradient_that_looks_like_one(activation):
    network = STACK.replace(activation=activation, norm="layer", norm_place="pre", residual=True, skip_scale=100)
    observation = Telescope().observe(network.replace(depth=40, precision="float16"))
    assert [each.reading for each in observation.nonfinite] == ["signal", "gradient", "weight gradient"]
    assert describe(observation).startswith("NONFINITE: the signal is NaN or infinite at layer 3 and 37 others.")
    assert observation.verdict.dead == ()


@pytest.mark.parametrize("cell", ["feedforward", "rnn"])
def test_units_whose_slope_the_format_rounds_to_zero_on_every_sample_are_dead(cell):
    """exp(-|z|) is under 2^-25 for |z| above 17.4, and z has a standard deviation of some hundreds."""
    network = STACK.replace(
        cell=cell, scale=300, width=20, samples=2, depth=4, precision="float16", activation="sigmoid"
    )
    exact = Telescope().observe(network.replace(precision="exact")).signal
    signal = Telescope().observe(network).signal
    assert not exact.dead.any()
    assert (signal.dead[1:] > 0.6).all()
    assert (signal.dead <= signal.saturated).all()
