"""No reading of a transformer is NaN, infinite by overflow or zero by underflow, and both passes read the same."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from drawn_settings import by_magnitude, settings_within
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_telescope import Settings, Telescope
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Wanted
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.transformer import exact_pass, float64_pass
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import REGISTRY

ANY = settings_within(
    cell=st.just("transformer"),
    depth=st.integers(1, 6),
    width=st.sampled_from([1, 2, 4, 6]),
    heads=st.sampled_from([1, 2]),
    tokens=st.integers(1, 5),
    samples=st.integers(1, 3),
    networks=st.just(1),
    expansion=st.integers(1, 4),
    scale=by_magnitude(REGISTRY["scale"]),
)


def readings_of(observation):
    gradient, weights, signal = observation.gradient, observation.weight_gradient, observation.signal
    return [
        gradient.log10_mean, gradient.log10_low, gradient.log10_high, weights.log10, *weights.log10_parts.values(),
        signal.log10_rms, signal.log10_spread, signal.saturated, signal.dead,
    ]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(ANY)
def test_any_settings_give_numbers_and_no_warning(chosen):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        observation = Telescope().observe(chosen)
    for reading in readings_of(observation):
        assert not np.isnan(reading).any()
        assert not np.isposinf(reading).any()
    assert np.all(observation.signal.log10_spread <= 1e-12)


@pytest.mark.parametrize(
    ("depth", "scale", "norm"), [(512, 1000.0, "none"), (100, 0.001, "none"), (100, 1000.0, "layer")]
)
def test_the_deepest_transformers_read_numbers(depth, scale, norm):
    deep = Settings(
        cell="transformer", depth=depth, width=4, heads=2, tokens=3, samples=1, scale=scale, norm=norm,
        norm_place="pre", activation="gelu", generator="numpy", initializer="xavier",
    )  # fmt: skip
    gradient = Telescope().observe(deep, readings=("gradient",)).gradient.log10_mean
    assert np.isfinite(gradient).all()


def task_of(chosen):
    units = UnitDraws()
    return Task(units.network(chosen, 0), units.samples(chosen), chosen, Wanted(), Progress(), Workspace())


@settings(max_examples=40, deadline=None)
@given(ANY.filter(lambda chosen: chosen.scale > 0))
def test_where_the_float64_pass_vouches_for_its_numbers_the_exact_pass_has_the_same(chosen):
    measured = float64_pass.measure(task_of(chosen))
    if measured is None:
        return
    exact = exact_pass.measure(task_of(chosen))
    np.testing.assert_allclose(measured.gradient, exact.gradient, atol=1e-8)
    np.testing.assert_allclose(measured.signal.norms, exact.signal.norms, atol=1e-8)
    np.testing.assert_allclose(measured.signal.saturated, exact.signal.saturated, atol=1e-12)
    for part, numbers in exact.weight_gradient_parts.items():
        np.testing.assert_allclose(measured.weight_gradient_parts[part], numbers, atol=1e-8)


def test_ordinary_transformers_need_the_float64_pass_alone():
    ordinary = Settings(
        cell="transformer", depth=6, width=16, samples=3, initializer="xavier", scale=1.0, residual=True, norm="layer",
        norm_place="pre", activation="gelu",
    )  # fmt: skip
    assert float64_pass.measure(task_of(ordinary)) is not None
    assert float64_pass.measure(task_of(ordinary.replace(norm="none", residual=False))) is not None


def test_blocks_that_are_too_many_to_keep_are_gone_through_again_and_read_the_same(monkeypatch):
    chosen = Settings(cell="transformer", depth=7, width=4, heads=2, samples=2, tokens=3, residual=True, scale=0.5)
    whole = [each.measure(task_of(chosen)) for each in (float64_pass, exact_pass)]
    monkeypatch.setattr("tui_telescope.settings.footprint.TRACE_BYTES", 60_000)
    parts = [each.measure(task_of(chosen)) for each in (float64_pass, exact_pass)]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.gradient, other.gradient)
        np.testing.assert_array_equal(one.weight_gradient, other.weight_gradient)
        np.testing.assert_array_equal(one.signal.differing, other.signal.differing)


def test_scores_so_large_that_rounding_decides_whom_a_token_hears_are_not_settled():
    huge = Settings(
        cell="transformer", depth=12, width=4, heads=2, tokens=4, samples=2, scale=300.0, residual=True,
        activation="gelu",
    )  # fmt: skip
    assert not Telescope().observe(huge).is_settled
    assert Telescope().observe(huge.replace(scale=3.0)).is_settled


@pytest.mark.parametrize("scale", [1.0, 30.0], ids=["float64", "exact"])
def test_who_stops_waiting_is_heard_between_blocks(scale):
    asked = []

    def should_stop():
        asked.append(True)
        return len(asked) > 4

    with pytest.raises(Stopped):
        Telescope().observe(Settings(cell="transformer", depth=20, scale=scale), should_stop=should_stop)
    assert len(asked) == 5
