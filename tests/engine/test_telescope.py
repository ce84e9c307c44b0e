"""The telescope as a whole: it can be stopped, forgets nothing it should keep, and depends on nothing it should not."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings, Telescope, observe
from tui_telescope.engine.passes.float64 import forward, with_norm
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.observations.interruption import Stopped


def assert_same(one, other) -> None:
    for name in ("log10_mean", "log10_low", "log10_high"):
        np.testing.assert_array_equal(getattr(one.gradient, name), getattr(other.gradient, name))
    np.testing.assert_array_equal(one.log10_factor, other.log10_factor)
    assert one.verdict == other.verdict


def test_an_observation_is_the_same_every_time_and_whoever_makes_it():
    settings = Settings(depth=12, bias=0.5, networks=2)
    telescope = Telescope()
    first = telescope.observe(settings)
    assert_same(telescope.observe(settings), first)
    assert_same(observe(settings), first)


@pytest.mark.parametrize("generator", ["python", "numpy"])
def test_what_was_observed_before_leaves_no_trace(generator):
    settings = Settings(depth=12, generator=generator)
    telescope = Telescope()
    for before in (
        {"depth": 30}, {"depth": 5}, {"width": 7}, {"seed": 3}, {"samples": 3}, {"bias": 1.0}, {"networks": 3},
        {"initializer": "orthogonal"}, {"generator": "python"}, {"generator": "numpy"}, {"scale": 9.0},
    ):  # fmt: skip
        telescope.observe(settings.replace(**before))
        assert_same(telescope.observe(settings), observe(settings))


def test_it_stops_as_soon_as_it_is_told_and_observes_again_afterwards():
    telescope, settings, asked = Telescope(), Settings(depth=1000), []

    def after_seven() -> bool:
        asked.append(True)
        return len(asked) == 7

    with pytest.raises(Stopped):
        telescope.observe(settings, should_stop=after_seven)
    assert len(asked) == 7
    assert_same(telescope.observe(settings), observe(settings))


@pytest.mark.parametrize(
    ("chosen", "layers_at_a_time"),
    [
        ({"depth": 960}, forward.CHUNK_LAYERS),
        ({"depth": 480, "norm": "rms"}, with_norm.CHUNK_LAYERS),
        ({"depth": 90, "initializer": "identity"}, 1),
    ],
    ids=["after each chunk of layers", "after each chunk of layers with a norm", "after every layer of the exact pass"],
)
def test_it_asks_again_and_again_on_the_way_there_and_back(chosen, layers_at_a_time):
    asked = []
    settings = Settings(networks=2, **chosen)
    Telescope().observe(settings, should_stop=lambda: bool(asked.append(True)))
    assert len(asked) >= 2 * settings.networks * settings.depth // layers_at_a_time
    assert layers_at_a_time <= 100


def test_advice_can_be_stopped_too():
    telescope, settings = Telescope(), Settings()
    observation = telescope.observe(settings)
    with pytest.raises(Stopped):
        telescope.advise(settings, observation, should_stop=lambda: True)


@pytest.mark.parametrize(
    "more",
    [
        {"depth": 5000},
        {"width": 512},
        {"samples": 4000},
        {"networks": 200},
        {"norm": "layer"},
        {"initializer": "identity"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_larger_settings_and_slower_passes_are_expected_to_take_longer(more):
    telescope = Telescope()
    start = telescope.expected_seconds(Settings())
    assert 0 < start < 0.1
    assert telescope.expected_seconds(Settings(**more)) > 2 * start


def test_past_its_budget_the_least_recently_used_draws_leave_and_come_back_the_same():
    settings = Settings(depth=10, width=8)
    kept = UnitDraws(budget=3 * 10 * 64 * 8)
    first = [np.array(kept.network(settings, index).single.weights) for index in range(6)]
    again = [np.array(kept.network(settings, index).single.weights) for index in range(6)]
    np.testing.assert_array_equal(first, again)
