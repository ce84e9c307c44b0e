"""How long an observation is expected to take, for every kind of pass."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.engine.forecast import drawing_seconds
from tui_telescope.engine.passes.choose import PASSES, passes_of
from tui_telescope.settings import REGISTRY

KINDS = {
    "float64": {"depth": 1000, "initializer": "xavier", "width": 32},
    "float64, with a norm": {"depth": 300, "norm": "layer", "activation": "tanh", "initializer": "he", "width": 32},
    "float64, by recipe": {"depth": 300, "form": "pre-activation", "activation": "tanh", "width": 32, "residual": True},
    "exact": {"depth": 100, "initializer": "identity"},
    "exact, with a norm": {"depth": 30, "initializer": "identity", "norm": "rms", "width": 100},
    "sampled weights": {"depth": 20, "width": 2048, "samples": 10},
    "recurrent": {"depth": 200, "cell": "rnn"},
    "recurrent, 4 gates": {"depth": 80, "cell": "lstm"},
    "recurrent, 3 gates": {"depth": 80, "cell": "gru"},
    "transformer": {"depth": 8, "cell": "transformer", "width": 64, "initializer": "xavier", "scale": 1, "samples": 4},
    "exact transformer": {"depth": 8, "cell": "transformer", "width": 8, "scale": 0},
    "in a format": {"depth": 100, "initializer": "xavier", "width": 32, "precision": "float16"},
    "recurrent, in a format": {"depth": 80, "cell": "lstm", "precision": "bfloat16"},
}


def seconds_taken(telescope: Telescope, settings: Settings) -> float:
    began = time.thread_time()
    telescope.observe(settings)
    return time.thread_time() - began


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    """One that falls into an observation takes as long as whatever the tests before have left."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
@pytest.mark.parametrize("kind", KINDS)
def test_a_forecast_is_about_right_once_one_of_the_kind_was_observed(kind):
    telescope, settings = Telescope(), Settings(**KINDS[kind])
    assert passes_of(settings)[0] is PASSES[kind]
    assert telescope.expected_seconds(settings) < 1
    for _ in range(3):  # the last one counts: the first may have waited for imports and memory
        telescope.observe(settings)
    longer = settings.replace(depth=2 * settings.depth)
    if not longer.samples_weights:
        telescope.draw(longer)
    expected = telescope.expected_seconds(longer)
    assert expected / 2.5 < min(seconds_taken(telescope, longer) for _ in range(2)) < 2.5 * expected


def test_every_pass_that_is_asked_first_is_forecast():
    assert KINDS.keys() == PASSES.keys() - {"float64, with exponents"}


@pytest.mark.parametrize("cell", REGISTRY["cell"].values)
@pytest.mark.parametrize("norm", REGISTRY["norm"].values)
@pytest.mark.parametrize("initializer", REGISTRY["initializer"].values)
def test_the_last_pass_that_is_asked_takes_every_network(cell, norm, initializer):
    last = passes_of(Settings(cell=cell, norm=norm, initializer=initializer))[-1]
    assert last in [each for name, each in PASSES.items() if not name.startswith("float64")]


def test_networks_that_are_yet_to_be_drawn_take_longer():
    telescope, settings = Telescope(), Settings(depth=100, width=64, initializer="orthogonal", networks=2)
    before = telescope.expected_seconds(settings)
    telescope.draw(settings)
    drawn = drawing_seconds(settings, 2 * 100 * 64**2)
    assert before - telescope.expected_seconds(settings) == pytest.approx(drawn)
