"""Whatever the settings, within their ranges: numbers, and never a warning."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from drawn_settings import by_magnitude, settings_within
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tui_telescope import Settings, Telescope
from tui_telescope.engine.diagnosis import describe
from tui_telescope.settings import REGISTRY

WORK = 2e5
"""What depth * networks * (30 + width^2 * samples / 50) may come to, so that one network takes milliseconds."""

small = settings_within(
    depth=st.integers(1, 400) | st.sampled_from([1, 2]),
    width=st.integers(1, 40) | st.integers(1, 3),
    scale=by_magnitude(REGISTRY["scale"]),
    bias=st.just(0.0) | st.floats(0, 10),
    samples=st.integers(1, 12),
    networks=st.integers(1, 3),
).filter(lambda each: each.depth * each.networks * (30 + each.width**2 * each.samples / 50) <= WORK)


def numbers_of(reading: Any) -> list[float]:
    """Every number of an observation, however its readings are nested."""
    if dataclasses.is_dataclass(reading):
        return [x for each in dataclasses.fields(reading) for x in numbers_of(getattr(reading, each.name))]
    if isinstance(reading, np.ndarray):
        return [float(x) for x in reading.ravel()]
    return [float(reading)] if isinstance(reading, float) else []


def may_die(network: Settings) -> bool:
    """ReLU has a slope of exactly zero; a single orthogonal unit, of weight -scale, may cancel its residual road."""
    cancels = network.residual and network.initializer == "orthogonal" and network.width == 1
    return network.activation == "relu" or cancels


def assert_only_numbers(network: Settings) -> None:
    with np.errstate(all="raise", under="ignore"):
        observation = Telescope().observe(network)
        text = describe(observation)
    numbers = numbers_of(observation)
    assert len(numbers) >= 4 * network.depth - 1
    assert not any(math.isnan(x) or x == math.inf for x in numbers)
    if not may_die(network):
        assert all(math.isfinite(x) for x in numbers)
    if -math.inf in observation.gradient.log10_mean:
        assert observation.verdict.state == "dead"
        assert "DEAD" in text
    assert not any(word in text.lower() for word in ("nan", "inf"))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(small)
@example(Settings(depth=300, activation="linear", scale=1000.0, residual=True))
@example(Settings(depth=300, activation="linear", scale=0.001))
@example(Settings(depth=200, activation="tanh", scale=1000.0, width=1, samples=2))
@example(Settings(depth=200, activation="relu", scale=1000.0, width=1, samples=2))
@example(Settings(width=1024, depth=2, samples=2, generator="numpy"))
def test_readings_are_finite_or_a_true_zero_and_numpy_never_warns(network):
    assert_only_numbers(network)


@pytest.mark.parametrize("activation", REGISTRY["activation"].values)
@pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])
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


def test_ten_thousand_layers_at_the_end_of_the_scale_are_numbers_too():
    assert_only_numbers(Settings(depth=10_000, width=1, samples=1, activation="softplus", scale=1000.0))
