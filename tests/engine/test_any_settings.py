"""Whatever the settings, within their ranges: numbers, and never a warning."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from drawn_settings import by_magnitude, settings_within
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from observed_numbers import numbers_of

from tui_telescope import Settings, Telescope
from tui_telescope.observations.description import describe
from tui_telescope.observations.observation import Observation
from tui_telescope.settings import REGISTRY

WORK = 3e4
"""What depth * networks * (30 + weights * samples / 50) may come to, so that one network takes milliseconds."""


def weights_of(network: Settings) -> int:
    """Of one layer."""
    return sum(math.prod(shape) for shape in network.matrices.values())


small = settings_within(
    cell=st.just("feedforward"),
    depth=st.integers(1, 60) | st.sampled_from([1, 2]),
    width=st.integers(1, 40) | st.integers(1, 3),
    scale=by_magnitude(REGISTRY["scale"]),
    bias=st.just(0.0) | st.floats(0, 10),
    samples=st.integers(1, 12),
    networks=st.integers(1, 3),
).filter(lambda each: each.depth * each.networks * (30 + weights_of(each) * each.samples / 50) <= WORK)


def normalises_a_single_unit(network: Settings) -> bool:
    """Layer norm of one unit takes the unit for its mean: what is left is 0, whatever the unit says."""
    return network.norm == "layer" and network.width == 1


def errs_alike(network: Settings) -> bool:
    """A single unit's error of norm 1 is -1 or 1, and batch norm takes out what samples of one size share."""
    return network.loss == "unit" and network.width == 1 and network.norm == "batch"


def gradient_may_die(network: Settings) -> bool:
    """ReLU has a slope of exactly zero; a single orthogonal unit, of weight -scale, may cancel its residual connection.

    Where the two are not linear what is left fades like its own square or cube, in the end beyond any logarithm.
    """
    cancels = network.residual and network.initializer == "orthogonal" and network.width == 1
    has_a_skip = network.residual and network.norm_place != "post" and network.skip_scale > 0
    has_a_skip = has_a_skip and not network.final_norm
    is_taken_out = normalises_a_single_unit(network) or errs_alike(network)
    is_cut = network.scale == 0 or 0 in network.branch_factors or is_taken_out
    return network.activation == "relu" or cancels or (is_cut and not has_a_skip)


def signal_may_vanish(network: Settings) -> bool:
    is_silent = network.input_scale == 0 or network.scale == 0
    return gradient_may_die(network) or normalises_a_single_unit(network) or is_silent


def weight_gradient_may_vanish(network: Settings) -> bool:
    return signal_may_vanish(network) or errs_alike(network) or 0 in network.branch_factors


def assert_only_numbers(network: Settings) -> None:
    with np.errstate(all="raise", under="ignore"):
        observation = Telescope().observe(network)
        text = describe(observation)
    numbers = numbers_of(observation)
    assert len(numbers) >= 8 * network.depth - 1
    assert not any(math.isnan(x) or x == math.inf for x in numbers)
    assert_zeros_are_true(network, observation)
    assert_readings_make_sense(observation)
    assert not any(word in text.lower() for word in ("nan", "inf"))
    verdict = observation.verdict
    assert ("DEAD" in text) == (verdict.state == "dead") == (2 * verdict.dead_networks >= network.networks)
    assert (verdict.dead_networks == network.networks) == (-math.inf in observation.gradient.log10_mean)


def assert_zeros_are_true(network: Settings, observation: Observation) -> None:
    """An exact zero is read only where one can be."""
    gradient = observation.gradient
    if not gradient_may_die(network):
        assert np.isfinite([*gradient.log10_mean, *observation.log10_factor, observation.verdict.end_to_end]).all()
    # beside a residual connection batch norm may leave one sample so small a share that it is rounded to nothing
    if not gradient_may_die(network) and network.norm != "batch":
        assert np.isfinite([*gradient.log10_low, *gradient.log10_high]).all()
    if not signal_may_vanish(network):
        assert np.isfinite(observation.signal.log10_rms).all()
    if not weight_gradient_may_vanish(network):
        assert np.isfinite(observation.weight_gradient.log10).all()


def assert_readings_make_sense(observation: Observation) -> None:
    gradient, signal = observation.gradient, observation.signal
    for lower, higher in pairwise((gradient.log10_low, gradient.log10_median, gradient.log10_high)):
        assert ((lower <= higher) | np.isclose(lower, higher, rtol=1e-12, atol=1e-12)).all()
    silent = np.flatnonzero(np.isneginf(gradient.log10_mean))
    assert silent.tolist() == list(range(gradient.dead_below)), "what is lost comes back further down"
    assert ((signal.dead >= 0) & (signal.dead <= signal.saturated) & (signal.saturated <= 1)).all()
    assert np.isneginf(observation.weight_gradient.log10[: gradient.dead_below]).all()


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(small)
@example(Settings(depth=300, activation="linear", scale=1000.0, residual=True))
@example(Settings(depth=300, activation="linear", scale=0.001))
@example(Settings(depth=200, activation="tanh", scale=1000.0, width=1, samples=2))
@example(Settings(depth=200, activation="relu", scale=1000.0, width=1, samples=2))
@example(Settings(width=1024, depth=2, samples=2, generator="numpy"))
@example(Settings(depth=200, form="mlp", activation="elu", scale=1000.0, width=2, samples=2, bias=0.5))
@example(Settings(depth=200, form="pre-activation", activation="leaky_relu", scale=0.001, skip_scale=0.5, samples=2))
@example(Settings(depth=5, residual=True, branch_scale=0.0))
@example(Settings(depth=5, width=1, norm="layer", norm_place="pre", residual=True))
@example(Settings(depth=300, width=2, norm="batch", samples=2, clip=1e-6, networks=2))
@example(
    Settings(
        depth=374,
        width=5,
        scale=1000,
        activation="silu",
        norm="layer",
        norm_place="pre",
        samples=12,
        networks=3,
        seed=1099,
        sample_seed=2131,
        generator="numpy",
    )
)
def test_readings_are_finite_or_a_true_zero_and_numpy_never_warns(network):
    assert_only_numbers(network)


@pytest.mark.parametrize("activation", REGISTRY["activation"].values)
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
@pytest.mark.parametrize("scale", [0.001, 1000.0])
def test_the_ends_of_the_scale_are_as_good_as_its_middle(activation, residual, scale):
    for initializer in REGISTRY["initializer"].values:
        for width in (1, 3):
            assert_only_numbers(
                Settings(
                    depth=40, width=width, samples=2, scale=scale, bias=10.0 if width == 3 else 0.0,
                    activation=activation, residual=residual, initializer=initializer,
                )
            )  # fmt: skip


@pytest.mark.parametrize("activation", REGISTRY["activation"].values)
@pytest.mark.parametrize("norm", ["batch", "layer", "rms"])
@pytest.mark.parametrize("place", REGISTRY["norm_place"].values)
def test_a_norm_anywhere_at_either_end_of_the_scale_leaves_numbers(activation, norm, place):
    for scale, residual, width in ((0.001, False, 3), (0.001, True, 1), (1000.0, False, 1), (1000.0, True, 3)):
        assert_only_numbers(
            Settings(
                depth=5, width=width, samples=2, scale=scale, activation=activation, residual=residual,
                norm=norm, norm_place=place, initializer="he", branch_scale="1/sqrt(L)",
            )
        )  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {"activation": "softplus", "scale": 1000.0},
        {"activation": "tanh", "scale": 0.5, "residual": True, "branch_scale": "1/sqrt(L)"},
        {"activation": "selu", "norm": "rms", "norm_place": "post", "depth": 600},
    ],
    ids=["exact", "float64", "600 with a norm"],
)
def test_ten_thousand_layers_are_numbers_too(more):
    assert_only_numbers(Settings(**{"depth": 10_000, "width": 1, "samples": 1} | more))
