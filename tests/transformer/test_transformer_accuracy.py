"""A transformer's readings against an automatic differentiation that shares no code with the engine."""

from __future__ import annotations

import numpy as np
import pytest
from recurrent_reference import assert_close
from transformer_reference import expected

from tui_telescope import Settings, Telescope
from tui_telescope.engine.passes.choose import passes_of
from tui_telescope.settings import REGISTRY

SMALL = Settings(
    cell="transformer", depth=2, width=4, heads=2, tokens=3, samples=2, expansion=2, activation="tanh",
    initializer="xavier", scale=1.0, seed=3,
)  # fmt: skip
BLOCKS = [
    {},
    {"residual": True, "branch_scale": "1/sqrt(2L)", "skip_scale": 1.5},
    {"bias": 0.5, "bias_mean": -0.3, "loss": "probe"},
    *(
        {"norm": norm, "norm_place": place, "residual": True, "final_norm": place != "post"}
        for norm, place in [("layer", "pre"), ("rms", "branch"), ("batch", "post"), ("layer", "activation")]
    ),
    {"norm": "batch", "norm_place": "pre", "residual": True, "samples": 3},
    {"norm": "layer", "norm_place": "post", "tokens": 4},
]
SATURATED = [
    {"scale": 5.0, "residual": True},
    {"scale": 4.0, "residual": True, "norm": "rms", "norm_place": "activation", "bias_mean": 2.0},
    {"scale": 9.0, "activation": "sigmoid", "depth": 3},
]


def assert_agrees(settings: Settings, *, digits: int = 60, tolerance: float = 1e-11) -> None:
    telescope = Telescope()
    with np.errstate(all="raise", under="ignore"):
        observation = telescope.observe(settings)
    wanted = expected(settings, telescope.draw(settings), digits)
    assert_close(observation.gradient.log10_mean, wanted.gradient, tolerance)
    for part, numbers in wanted.parts.items():
        assert_close(observation.weight_gradient.log10_parts[part], numbers, tolerance)
    assert_close(observation.signal.log10_rms, wanted.rms, tolerance)
    assert_close(observation.signal.log10_spread, wanted.spread, tolerance)
    whole = 0.5 * np.log10(sum(10 ** (2 * np.array(numbers)) for numbers in wanted.parts.values()))
    np.testing.assert_allclose(observation.weight_gradient.log10, whole, atol=1e-9)


@pytest.fixture(params=["float64", "exact"])
def numbers(request, monkeypatch):
    """Both passes in turn; the other one is not asked."""
    first, last = passes_of(SMALL)
    if request.param == "exact":
        monkeypatch.setattr(first.load(), "measure", lambda task: None)
    else:
        monkeypatch.setattr(last.load(), "measure", lambda task: pytest.fail("the float64 pass gave up"))


@pytest.mark.parametrize("changes", BLOCKS, ids=str)
def test_readings_are_those_of_automatic_differentiation(changes, numbers):
    assert_agrees(SMALL.replace(**changes))


def test_scores_that_are_large_and_alike_agree(numbers):
    """All are about 100 * sqrt(12), of queries and keys that share a bias of 10."""
    one_head = {"width": 12, "heads": 1, "tokens": 2, "samples": 1, "expansion": 1, "depth": 1}
    assert_agrees(SMALL.replace(activation="relu", residual=True, bias_mean=10.0, scale=0.3, **one_head))


@pytest.mark.parametrize("activation", REGISTRY["activation"].values)
def test_every_activation_agrees(activation):
    assert_agrees(SMALL.replace(activation=activation, residual=True, depth=1))


@pytest.mark.parametrize("initializer", REGISTRY["initializer"].values)
def test_every_initializer_agrees(initializer):
    assert_agrees(SMALL.replace(initializer=initializer, scale=0.5, residual=True, depth=1))


@pytest.mark.parametrize("changes", SATURATED, ids=str)
def test_a_softmax_that_is_all_but_one_keeps_the_gradient_by_queries_and_keys(changes):
    settings = SMALL.replace(**changes)
    assert Telescope().observe(settings).weight_gradient.log10_parts["query_key"].min() < -30
    assert_agrees(settings, digits=1500)


def test_tokens_that_attention_makes_alike_are_told_apart_far_below_a_float64s_floor():
    collapsing = SMALL.replace(activation="linear", depth=50, width=2, heads=1, expansion=1)
    spread = Telescope().observe(collapsing).signal.log10_spread
    assert spread[-1] < -14
    assert_agrees(collapsing, digits=200)


def test_saturated_tokens_keep_what_they_differ_by():
    """Beside a bias of 10 every token's response is 1 to the last digit of a float64."""
    assert_agrees(SMALL.replace(bias_mean=10.0, scale=0.5, depth=4), digits=120)


def test_a_single_token_hears_itself_alone_and_its_queries_and_keys_learn_nothing():
    assert_agrees(SMALL.replace(tokens=1))
    observation = Telescope().observe(SMALL.replace(tokens=1))
    assert np.isneginf(observation.weight_gradient.log10_parts["query_key"]).all()
    assert np.isneginf(observation.signal.log10_spread).all()
