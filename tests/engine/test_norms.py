"""Batch, layer and RMS norm at every place, against finite differences of the loss in mpmath."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawn_settings import settings_within
from exact_readings import assert_exact
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mpmath import mp
from reference_of_norms import reading
from reference_readings import assert_agrees, expected_reading
from single_passes import task_of

from tui_telescope import Settings, Telescope
from tui_telescope.engine.passes.exact import extended_range_pass
from tui_telescope.engine.readings import gradient_reading
from tui_telescope.settings import REGISTRY

NORMS = ("batch", "layer", "rms")
PLACES, ACTIVATIONS, INITIALIZERS, LOSSES = (
    REGISTRY[name].values for name in ("norm_place", "activation", "initializer", "loss")
)
GRID = list(itertools.product(NORMS, PLACES, [False, True], LOSSES))
"""Everything about a norm, each time with another activation and another initializer."""


@pytest.mark.parametrize(
    ("norm", "place", "residual", "loss", "activation", "initializer"),
    [
        (*case, activation, initializer)
        for case, activation, initializer in zip(
            GRID, itertools.cycle(ACTIVATIONS), itertools.cycle(INITIALIZERS), strict=False
        )
    ],
)
def test_every_reading_is_what_finite_differences_measure(norm, place, residual, loss, activation, initializer):
    settings = Settings(
        depth=3, width=3, scale=0.9, samples=3, bias=0.3, seed=5, branch_scale=0.7, clip=0.1,
        norm=norm, norm_place=place, residual=residual, loss=loss, activation=activation, initializer=initializer,
    )  # fmt: skip
    assert_exact(settings)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("place", PLACES)
def test_the_references_chain_rule_agrees_with_its_finite_differences(norm, place):
    for residual, initializer in ((False, "identity"), (True, "gaussian")):
        network = Settings(
            depth=3, width=3, scale=0.9, samples=3, bias=0.3, branch_scale=0.7, activation="elu", norm=norm,
            norm_place=place, residual=residual, initializer=initializer,
        )  # fmt: skip
        draw = Telescope().draw(network)
        with mp.workdps(45):
            differences = expected_reading(network, draw, digits=45, differences=True)
        for one, other in zip(reading(network, draw), differences, strict=True):
            assert one == pytest.approx(other, abs=1e-13)


@pytest.mark.parametrize("sample_seed", [0, 5])
def test_a_sample_that_only_dead_units_hear_receives_exactly_nothing(sample_seed):
    """What keeps a norm's digits may not round their zeros to something, where decimals are out of reach either."""
    network = Settings(
        depth=20, width=24, activation="relu", initializer="identity", norm="batch", norm_place="post",
        sample_seed=sample_seed,
    )  # fmt: skip
    telescope = Telescope()
    expected = reading(network, telescope.draw(network))
    assert np.isneginf(expected.low[10:19]).all()
    in_float64 = gradient_reading([extended_range_pass.measure(task_of(network))])
    for gradient in (telescope.observe(network).gradient, in_float64):
        assert_agrees(gradient, expected, 1e-12)


normed_at_ordinary_scales = settings_within(
    cell=st.just("feedforward"),
    norm=st.sampled_from(NORMS),
    initializer=st.just("identity") | st.sampled_from(INITIALIZERS),
    activation=st.just("relu") | st.sampled_from(ACTIVATIONS),
    depth=st.integers(2, 50),
    width=st.integers(1, 64),
    samples=st.integers(2, 64),
    scale=st.just(2.0) | st.floats(0.5, 3.0),
    bias=st.just(0.0) | st.floats(0.0, 1.0),
    branch_scale=st.just(1.0) | st.just("1/sqrt(L)"),
    networks=st.just(1),
    clip=st.just("off"),
).filter(lambda each: each.depth * each.width * each.samples * (20 + each.width) <= 25_000)


@settings(max_examples=9, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(normed_at_ordinary_scales)
def test_what_is_settled_is_exact_at_ordinary_scales(network):
    telescope = Telescope()
    observation = telescope.observe(network)
    if observation.is_settled:
        assert_agrees(observation.gradient, reading(network, telescope.draw(network)), 1e-8)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
@pytest.mark.parametrize(
    "smallest",
    [
        {"norm": "batch", "samples": 2, "width": 2},
        {"norm": "layer", "samples": 2, "width": 2},
        {"norm": "rms", "samples": 2, "width": 1},
    ],
    ids=["batch of two", "layer of two units", "rms of one unit"],
)
def test_where_a_norm_leaves_hardly_any_freedom_the_tiny_gradient_is_still_exact(smallest, place, residual):
    """All but the share epsilon / (variance + epsilon) of the gradient is taken out, layer for layer."""
    assert_exact(
        Settings(
            depth=4, scale=1.5, activation="tanh", initializer="gaussian", residual=residual, norm_place=place,
            loss="probe", seed=3, **smallest,
        )
    )  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_single_unit_under_layer_norm_is_its_own_mean_and_says_nothing(place, residual, activation):
    settings = Settings(
        depth=4, width=1, samples=2, bias=0.5, norm="layer", norm_place=place, residual=residual, activation=activation
    )
    assert_exact(settings)
    observation = Telescope().observe(settings)
    assert np.isneginf(observation.weight_gradient.log10).all()
    has_a_skip = residual and place != "post"
    assert (observation.verdict.state == "dead") is not has_a_skip


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scale", [0.001, 1000.0])
def test_a_norm_is_exact_at_the_ends_of_the_scale(norm, place, scale):
    """Where the variance is far below epsilon the norm multiplies by 316; far above, the scale drops out."""
    assert_exact(
        Settings(
            depth=3, width=2, scale=scale, samples=3, norm=norm, norm_place=place, activation="leaky_relu",
            initializer="orthogonal", seed=2,
        ),
        tolerance=1e-11,
        digits=150,
    )  # fmt: skip


def test_batch_norm_hears_all_samples_and_the_others_each_by_itself():
    def first_sample(norm: str, samples: int) -> float:
        """The gradient of one sample: the lowest or the highest of two, so that it can be told apart."""
        return Telescope().observe(Settings(depth=3, samples=samples, norm=norm)).signal.log10_rms[0]

    draws = [Telescope().draw(Settings(depth=3, samples=samples)).inputs[0] for samples in (2, 3)]
    np.testing.assert_array_equal(*draws)
    assert first_sample("batch", 2) != first_sample("batch", 3)


@pytest.mark.parametrize(
    "levelled",
    [
        {"norm": "layer", "activation": "tanh", "scale": 100.0, "width": 2, "samples": 1, "depth": 8},
        {"norm": "batch", "activation": "tanh", "bias": 10.0, "width": 1, "samples": 2, "depth": 4, "seed": 732},
        {"norm": "batch", "activation": "softplus", "bias": 10.0, "scale": 0.001, "width": 2, "samples": 3, "depth": 9},
        {"norm": "layer", "activation": "sigmoid", "scale": 0.001, "width": 3, "samples": 2, "depth": 9},
        {"norm": "layer", "activation": "selu", "scale": 300.0, "width": 2, "samples": 2, "depth": 6, "seed": 1},
        {
            "norm": "batch",
            "activation": "sigmoid",
            "scale": 0.001,
            "samples": 3,
            "depth": 9,
            "norm_place": "activation",
        },
    ],
    ids=[
        "two units saturated alike",
        "two samples saturated alike",
        "samples beside a bias",
        "units around phi(0)",
        "units at the limit below zero",
        "weights that hear samples alike",
    ],
)
def test_what_a_norm_finds_beside_a_common_level_is_not_rounded_to_zero(levelled):
    assert_exact(Settings(**{"norm_place": "post", "width": 2} | levelled), tolerance=1e-11, digits=300)


@pytest.mark.parametrize("norm", ["layer", "rms"])
@pytest.mark.parametrize("place", PLACES)
def test_a_sample_with_a_single_living_unit_keeps_the_little_that_a_norm_leaves_of_its_gradient(norm, place):
    """The norm takes the gradient along the signal out, and a signal of one unit has no other: 1e-5 is left a layer."""
    assert_exact(
        Settings(
            depth=4, width=3, samples=3, initializer="orthogonal", activation="silu", norm=norm, norm_place=place,
            scale=1000.0, seed=2,
        ),
        tolerance=1e-10,
        digits=300,
    )  # fmt: skip


def test_a_single_living_unit_hears_through_its_weights_what_the_norm_above_left():
    """Weights that would sum it from terms 1e9 times as large keep all its digits."""
    settings = Settings(depth=6, width=4, samples=2, initializer="orthogonal", activation="relu", norm="rms", seed=0)
    assert_exact(settings, tolerance=1e-11, digits=200)


@pytest.mark.parametrize("more", [{}, {"bias": 0.3, "clip": 1e-6}], ids=["without bias", "clipped with one"])
def test_the_weight_gradient_of_a_single_unit_under_batch_norm_is_what_the_norm_leaves(more):
    assert_exact(
        Settings(
            depth=4, width=1, samples=4, scale=30.0, initializer="gaussian", activation="leaky_relu", norm="batch",
            norm_place="pre", seed=1, **more,
        ),
        tolerance=1e-10,
        digits=300,
    )  # fmt: skip
