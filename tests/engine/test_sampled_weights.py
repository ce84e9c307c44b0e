"""Weights that are sampled and not stored: equal in distribution to those that are, in their range, their memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from drawn_settings import settings_within
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from single_passes import assert_the_same, by_the_exact_pass, task_of

from tui_telescope import Settings, SettingsError, Telescope
from tui_telescope.engine.mean_field.theory import predict
from tui_telescope.engine.passes.exact import sampled_weights
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.weights.draws import UnitDraws, UnitNetwork
from tui_telescope.engine.weights.sampled import BLOCK_ROWS, SampledMatrix, orthonormal, triangle
from tui_telescope.networks import NORMS
from tui_telescope.observations.description import describe
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import REGISTRY, footprint

WIDE = Settings(width=2048, depth=4, samples=3, initializer="xavier", scale=1.0, activation="tanh")
DRAWS = 3000
FALSE_ALARM = 1e-6
"""How often one of the comparisons of two samples would fail were nothing wrong."""


def is_told_apart(one: np.ndarray, other: np.ndarray) -> bool:
    """The two-sample test of Kolmogorov and Smirnov, by its asymptotic distribution (Smirnov 1948)."""
    places = np.sort(np.concatenate([one, other]))
    shares = [np.searchsorted(np.sort(each), places, side="right") / len(each) for each in (one, other)]
    distance = np.abs(shares[0] - shares[1]).max()
    return distance > math.sqrt(-math.log(FALSE_ALARM / 2) * (len(one) + len(other)) / (2 * len(one) * len(other)))


def sampled_matrix(seed: int, shape: tuple[int, int] = (5, 4)) -> SampledMatrix:
    return SampledMatrix(shape, seed, 0, 0)


X = np.random.default_rng(1).normal(size=(4, 2))
ACROSS = np.linalg.svd(X)[0][:, 2]
"""A direction that the signals do not have."""

STATISTICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "size of W X": lambda z, g: float(np.sum(z * z)),
    "entry of W X": lambda z, g: z[0, 0],
    "product of two samples": lambda z, g: float(z[:, 0] @ z[:, 1]),
    "size of W^T D": lambda z, g: float(np.sum(g * g)),
    "across the signals": lambda z, g: float(ACROSS @ g[:, 0]),
    "across, beside what the signals gave": lambda z, g: float(ACROSS @ g[:, 0]) * z[0, 0],
    "product of two gradients": lambda z, g: float(g[:, 0] @ g[:, 1]),
}


def both_ways(forward: Callable, backward: Callable) -> list[float]:
    """Each statistic of W X and W^T D, where D is made of W X, as a gradient is of the signals."""
    z = forward(X)
    g = backward(np.tanh(z) + np.array([1.0, -0.5]))
    return [statistic(z, g) for statistic in STATISTICS.values()]


def test_products_there_and_back_are_distributed_like_those_of_a_stored_matrix() -> None:
    rng = np.random.default_rng(2)
    stored, sampled = [], []
    for seed in range(DRAWS):
        w, matrix = rng.normal(size=(5, 4)), sampled_matrix(seed)
        stored.append(both_ways(w.dot, w.T.dot))
        sampled.append(both_ways(matrix.dot, matrix.transposed(X).dot))
    told_apart = [
        name
        for name, one, other in zip(STATISTICS, np.transpose(stored), np.transpose(sampled), strict=True)
        if is_told_apart(one, other)
    ]
    assert told_apart == []
    stretched = np.transpose(sampled)[0] * 1.2
    assert is_told_apart(np.transpose(stored)[0], stretched), "a tenth more would have been seen"


def test_what_comes_back_goes_with_what_went_there() -> None:
    """X^T (W^T D) = (W X)^T D of any matrix."""
    matrix, d = sampled_matrix(3), np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(X.T @ matrix.transposed(X).dot(d), matrix.dot(X).T @ d, rtol=1e-12)


def test_the_same_product_is_the_same_numbers_and_other_layers_seeds_and_kinds_have_others() -> None:
    matrix = sampled_matrix(3)
    np.testing.assert_array_equal(matrix.dot(X), replace(matrix).dot(X))
    for other in (replace(matrix, seed=4), replace(matrix, layer=1), replace(matrix, kind=1)):
        assert np.all(matrix.dot(X) != other.dot(X))


@pytest.mark.parametrize("samples", [1, 3, 4, 9])
def test_any_number_of_samples_will_do_be_they_equal_or_zero(samples: int) -> None:
    x = np.random.default_rng(samples).normal(size=(4, samples))
    x[:, 0] = 0.0
    x[:, -1] = x[:, samples // 2]
    matrix = sampled_matrix(0)
    z, d = matrix.dot(x), np.ones((5, samples))
    np.testing.assert_allclose(z[:, 0], 0.0, atol=1e-15)
    np.testing.assert_allclose(z[:, -1], z[:, samples // 2], atol=1e-14)
    np.testing.assert_allclose(x.T @ matrix.transposed(x).dot(d), z.T @ d, atol=1e-12)


def test_signals_that_differ_in_the_twelfth_digit_keep_their_difference() -> None:
    rng = np.random.default_rng(5)
    x = np.repeat(rng.normal(size=(3000, 1)), 2, axis=1)
    x[:, 1] += 1e-12 * rng.normal(size=3000)
    z = sampled_matrix(1, (3000, 3000)).dot(x)
    ratio = np.linalg.norm(z[:, 1] - z[:, 0]) / np.linalg.norm(x[:, 1] - x[:, 0])
    assert ratio == pytest.approx(math.sqrt(3000), rel=0.05)


@pytest.mark.parametrize("rows", [BLOCK_ROWS + 1, 5 * BLOCK_ROWS])
def test_a_tall_matrix_is_decomposed_in_blocks_as_it_is_at_once(rows: int) -> None:
    columns = np.random.default_rng(rows).normal(size=(rows, 7))
    q, r = orthonormal(columns)
    np.testing.assert_allclose(q @ r, columns, atol=1e-12)
    np.testing.assert_allclose(q.T @ q, np.eye(7), atol=1e-13)
    np.testing.assert_allclose(np.tril(r, -1), 0.0, atol=0)
    np.testing.assert_array_equal(triangle(columns), r)


@dataclass(frozen=True, eq=False)
class StoredAsIfSampled:
    """A stored matrix that is asked as a sampled one is."""

    weights: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.weights.shape

    def dot(self, signals: np.ndarray) -> np.ndarray:
        return self.weights.dot(signals)

    def transposed(self, signals: np.ndarray) -> np.ndarray:
        return self.weights.T


@pytest.mark.parametrize("form", REGISTRY["form"].values)  # type: ignore[attr-defined]
@pytest.mark.parametrize(
    "chosen",
    [
        {"bias": 0.3, "activation": "relu"},
        {"residual": True, "branch_scale": 0.5, "loss": "probe"},
        {"scale": 30.0, "activation": "sigmoid"},
        *({"norm": norm, "norm_place": place, "residual": True} for norm in NORMS for place in ("pre", "activation")),
    ],
    ids=str,
)
def test_the_pass_reads_what_the_exact_pass_reads_of_the_same_matrices(form: str, chosen: dict) -> None:
    settings = Settings(**{"width": 6, "depth": 5, "samples": 4, "form": form, "initializer": "xavier", **chosen})
    task = task_of(settings)
    matrices = {
        name: replace(each, weights=[StoredAsIfSampled(w) for w in each.weights])
        for name, each in task.network.matrices.items()
    }
    assert_the_same(sampled_weights.measure(task._replace(network=UnitNetwork(matrices))), by_the_exact_pass(settings))


def measured(settings: Settings, index: int = 0) -> Measurement:
    """A network of these settings with sampled weights, however narrow."""
    network = UnitDraws().sampled_network(settings, index)
    return sampled_weights.measure(task_of(settings)._replace(network=network))


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    settings_within(
        cell=st.just("feedforward"),
        initializer=st.sampled_from(["gaussian", "xavier", "he", "lecun"]),
        distribution=st.just("normal"),
        width=st.integers(1, 8),
        depth=st.integers(1, 12),
        samples=st.integers(2, 5),
        networks=st.just(1),
    )
)
def test_no_settings_give_nan_infinity_or_a_warning(settings: Settings) -> None:
    found = measured(settings)
    assert found.signal is not None
    assert found.weight_gradient is not None
    for reading in (found.gradient, found.weight_gradient, found.signal.norms):
        assert not np.isnan(reading).any()
        assert not np.isposinf(reading).any()


def test_deep_networks_leave_float64_and_are_read_all_the_same() -> None:
    settings = Settings(width=4, depth=500, samples=2, activation="linear", scale=0.001, loss="probe")
    low, high = measured(settings), measured(settings.replace(scale=1000.0))
    np.testing.assert_allclose(high.gradient[0] - low.gradient[0], 499 * math.log2(1e6), rtol=1e-9)


def test_wide_networks_are_where_theory_has_them() -> None:
    settings = WIDE.replace(width=16_384, depth=8, activation="relu", initializer="he", loss="probe", samples=4)
    theory = predict(settings)
    assert theory is not None
    found = Telescope().observe(settings)
    np.testing.assert_allclose(found.gradient.log10_mean, theory.log10_gradient, atol=0.02)
    assert describe(found).endswith("Weights are sampled, not stored.")
    assert "sampled" not in describe(Telescope().observe(Settings(depth=3)))


def test_seeds_are_other_networks_and_a_changed_scale_redraws_nothing() -> None:
    linear = WIDE.replace(activation="linear", loss="probe")
    variants = linear, linear.replace(scale=2.0), linear.replace(seed=1)
    one, scaled, other = (Telescope().observe(each).gradient.log10_mean for each in variants)
    np.testing.assert_allclose(scaled - one, np.log10(2.0) * np.arange(3, -1, -1), atol=1e-12)
    assert np.all(other[:-1] != one[:-1])
    both = Telescope().observe(linear.replace(networks=2)).gradient.log10_mean
    alone = Telescope().observe(linear.replace(seed=linear.seed + 1)).gradient.log10_mean
    np.testing.assert_allclose(10**both, (10**one + 10**alone) / 2, rtol=1e-12)


def test_weights_are_sampled_where_layers_are_wide_or_weights_would_pass_the_budget() -> None:
    assert not Settings(width=1024, depth=100).samples_weights
    assert Settings(width=1024, depth=200).samples_weights
    assert Settings(width=1025, depth=1).samples_weights
    assert Settings(width=65_536, depth=50, samples=4).samples_weights
    assert Settings(width=512, depth=50, networks=64).samples_weights


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"width": 1025, "cell": "lstm"}, "width: 1025 needs weights that are sampled, not stored, and the steps of a"),
        ({"width": 4096, "initializer": "orthogonal"}, "and orthogonal ones have to be stored; allowed: 1 to 1024"),
        ({"width": 4096, "initializer": "identity"}, "and identity ones have to be stored"),
        ({"width": 4096, "distribution": "truncated"}, "and truncated ones have to be stored"),
        ({"width": 1024, "depth": 200, "initializer": "torch"}, "GiB of weights"),
        ({"width": 65_536, "samples": 400}, "lower samples, depth or width"),
        ({"width": 3, "samples": 4096, "depth": 10_000}, "lower samples, depth or networks"),
    ],
)
def test_what_can_be_neither_stored_nor_sampled_is_refused_in_one_line(chosen: dict, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        Settings(**chosen)
    assert "\n" not in str(refused.value)


def test_what_needs_weights_that_are_stored_says_so() -> None:
    telescope = Telescope()
    asked: dict[str, Callable[[], object]] = {
        "draw": lambda: telescope.draw(WIDE),
        "learn": lambda: telescope.learner(WIDE),
        "spectrum": lambda: next(telescope.spectrum(WIDE)),
    }
    for what, ask in asked.items():
        with pytest.raises(SettingsError, match=f"^{what}: it needs weights that are stored, and these are sampled"):
            ask()


def test_it_stops_between_layers_and_is_forecast() -> None:
    told: list[float] = []
    telescope = Telescope()
    with pytest.raises(Stopped):
        telescope.observe(WIDE, should_stop=lambda: len(told) > 3, progress=told.append)
    assert 0 < told[-1] < 1
    wider = WIDE.replace(width=16_384)
    assert 0.001 < telescope.expected_seconds(WIDE) < 1
    assert 4 < telescope.expected_seconds(wider) / telescope.expected_seconds(WIDE) < 10


def test_segments_are_gone_through_again_with_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(width=5, depth=23, samples=3, residual=True, initializer="xavier")
    whole = measured(settings)
    monkeypatch.setattr(footprint, "TRACE_BYTES", 2**12)
    parts = measured(settings)
    np.testing.assert_array_equal(parts.gradient, whole.gradient)
    np.testing.assert_array_equal(parts.weight_gradient, whole.weight_gradient)
