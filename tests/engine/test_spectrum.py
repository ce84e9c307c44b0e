"""The singular values of the end-to-end Jacobian, held against many digits, the literature, and at the ranges' ends."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from drawn_settings import settings_within
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from reference_readings import exact, networks
from reference_spectrum import end_to_end, log10_singular_values, product

from tui_telescope import Settings, SettingsError, Telescope
from tui_telescope.engine.spectrum.decompositions import by_elimination, by_reflections
from tui_telescope.engine.spectrum.graded_product import GradedProduct
from tui_telescope.engine.spectrum.singular_values import log2_singular_values
from tui_telescope.engine.spectrum.spectrum import JACOBIANS, Spectrum
from tui_telescope.observations.interruption import Stopped

SMALL = Settings(width=5, depth=20, samples=2, initializer="xavier", scale=1.0, activation="tanh")
DIGITS = 300
LEAST = mpf(10) ** -130
"""Differences leave so much of a dead direction, and less."""


def last_of(settings: Settings) -> Spectrum:
    *_, last = Telescope().spectrum(settings)
    return last


def expected(settings: Settings) -> list[list[float]]:
    """The same with many digits, one list a sample; dead directions are not in it."""
    with mp.workdps(DIGITS):
        draw = Telescope().draw(settings)
        (network,) = networks(draw, settings)
        step = mpf(10) ** (-DIGITS // 4)
        return [
            log10_singular_values(product(end_to_end(network, a, step)), LEAST) for a in exact(draw.inputs)
        ]  # fmt: skip


def assert_as_expected(settings: Settings, tolerance: float = 1e-9) -> None:
    for found, truth in zip(last_of(settings).log10, expected(settings), strict=True):
        assert np.isfinite(found).sum() == len(truth)
        np.testing.assert_allclose(found[: len(truth)], truth, rtol=0, atol=tolerance)
        assert np.all(np.isneginf(found[len(truth) :]))


@pytest.mark.parametrize(
    "chosen",
    [
        {"activation": "linear"},
        {"activation": "tanh", "bias": 0.3},
        {"activation": "sigmoid", "initializer": "gaussian", "scale": 4.0},
        {"activation": "silu", "initializer": "orthogonal"},
        {"residual": True},
        {"residual": True, "skip_scale": 0.01, "branch_scale": "1/sqrt(l)", "activation": "gelu"},
        {"residual": True, "skip_scale": 0.0},
        {"residual": True, "branch_scale": 0.0, "skip_scale": 0.5},
        {"initializer": "identity", "scale": 2.0},
        {"width": 1},
    ],
    ids=str,
)
def test_singular_values_agree_with_those_of_many_digits(chosen: dict) -> None:
    assert_as_expected(SMALL.replace(**chosen))


@pytest.mark.parametrize("form", ["pre-activation", "mlp"])
@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"residual": True, "branch_scale": 0.5},
        {"norm": "layer", "norm_place": "pre", "residual": True},
        {"initializer": "identity", "scale": 2.0},
        {"activation": "relu", "initializer": "he"},
    ],
    ids=str,
)
def test_so_they_do_in_every_form_of_the_block(form: str, chosen: dict) -> None:
    assert_as_expected(SMALL.replace(form=form, depth=6, width=4, expansion=2, **chosen))


@pytest.mark.parametrize("norm", ["layer", "rms"])
@pytest.mark.parametrize("place", ["pre", "activation", "branch", "post"])
@pytest.mark.parametrize("residual", [False, True])
def test_so_they_do_with_norms_that_all_but_remove_a_direction(norm: str, place: str, residual: bool) -> None:
    assert_as_expected(SMALL.replace(norm=norm, norm_place=place, residual=residual, depth=8, samples=1))


def test_rank_is_what_dead_units_leave_of_it() -> None:
    settings = SMALL.replace(activation="relu", initializer="he", width=7, depth=6, samples=4)
    assert_as_expected(settings)
    ranks = last_of(settings).ranks
    assert max(ranks) < 7
    centred = SMALL.replace(norm="layer", activation="linear")
    assert last_of(centred).ranks == [4, 4], "the mean that the norm takes out is dead, and it alone"


def test_slopes_further_apart_than_float64_reaches_lose_no_direction() -> None:
    settings = SMALL.replace(activation="sigmoid", initializer="gaussian", scale=1000.0, depth=3, width=3)
    found = last_of(settings).log10
    assert found.max() - found.min() > 500
    with mp.workdps(4000):
        draw = Telescope().draw(settings)
        (network,) = networks(draw, settings)
        for values, a in zip(found, exact(draw.inputs), strict=True):
            jacobians = end_to_end(network, a, mpf(10) ** -1300)
            truth = log10_singular_values(product(jacobians), mpf(10) ** -2500)
            np.testing.assert_allclose(values, truth, rtol=1e-9)


def test_a_long_product_and_its_transpose_whose_roundings_are_others_have_the_same_singular_values() -> None:
    rng = np.random.default_rng(0)
    matrices = list(rng.normal(size=(50, 64, 64)) / 8)
    there = back = GradedProduct.identity(64)
    for matrix, last in zip(matrices, reversed(matrices), strict=True):
        there, back = there.through(matrix, 1.0), back.through(last.T, 1.0)
    one, other = (log2_singular_values(each) for each in (there, back))
    assert one[0] - one[-1] > 150
    np.testing.assert_allclose(one, other, rtol=0, atol=2e-11)


def test_orthogonal_linear_networks_pass_every_direction_at_exactly_one() -> None:
    spectrum = last_of(Settings(width=64, depth=50, activation="linear", initializer="orthogonal", scale=1, samples=1))
    assert np.abs(spectrum.log10).max() < 1e-12
    assert spectrum.text == "Every direction passes at 1.00: dynamical isometry."


def test_gaussian_linear_networks_have_the_lyapunov_exponents_of_newman_1986() -> None:
    """Each is a mean over layers of ln |R_ii|, half the logarithm of a chi-squared number with n - i + 1 degrees of
    freedom over n: a test at 5 standard deviations errs once in 10^6."""
    n, depth = 4, 2000
    settings = Settings(width=n, depth=depth, activation="linear", initializer="xavier", scale=1, samples=1)
    (found,) = last_of(settings.replace(generator="numpy")).log10 * math.log(10) / depth
    for i, exponent in enumerate(found, 1):
        freedom = mpf(n - i + 1) / 2
        deviation = float(mp.sqrt(mp.psi(1, freedom)) / 2) / math.sqrt(depth)
        bias = 5 / depth  # of the first layers, before the directions have settled
        assert abs(exponent - float(mp.psi(0, freedom) + mp.log(mpf(2) / n)) / 2) < 5 * deviation + bias


def test_the_decomposition_that_exponents_are_for_agrees_with_the_quick_one() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 5))
    of_rows, of_columns = -np.sort(rng.integers(0, 60, 6).astype(float)), rng.uniform(-60, 0, 5)
    whole = np.exp2(of_rows)[:, None] * rows * np.exp2(of_columns)
    for decompose in (by_reflections, by_elimination):
        q, exponents, right = decompose(rows, of_rows, of_columns)
        assert np.allclose(q.T @ q, np.eye(5), atol=1e-14)
        assert np.abs(right).max() < 5
        restored = q @ (np.exp2(exponents)[:, None] * right)
        np.testing.assert_allclose(restored, whole, rtol=1e-9, atol=1e-300)


@hypothesis_settings(max_examples=50, deadline=None)
@given(
    settings_within(
        cell=st.just("feedforward"),
        norm=st.sampled_from(["none", "layer", "rms"]),
        width=st.integers(1, 6),
        depth=st.integers(1, 15),
        samples=st.integers(1, 2),
        networks=st.just(1),
    )
)
def test_no_settings_give_nan_or_a_warning_and_values_descend(settings: Settings) -> None:
    log10 = last_of(settings).log10
    assert log10.shape == (settings.samples, settings.width)
    assert not np.isnan(log10).any()
    assert not np.isposinf(log10).any()
    ordered = np.where(np.isneginf(log10), -np.finfo(float).max, log10)
    assert np.all(np.diff(ordered, axis=1) <= 0)


def test_batch_norm_and_recurrent_cells_are_refused_in_one_line() -> None:
    for chosen, said in (
        ({"norm": "batch"}, "with batch norm a sample's output"),
        ({"cell": "gru"}, "GRU cells have steps"),
    ):
        with pytest.raises(SettingsError, match=said):
            next(Telescope().spectrum(Settings(**chosen)))


def test_one_jacobian_comes_after_the_other_and_the_band_is_over_all() -> None:
    settings = SMALL.replace(networks=3, samples=40)
    found = list(Telescope().spectrum(settings))
    assert [len(each.log10) for each in found] == list(range(1, 1 + 3 * (JACOBIANS // 3)))
    for one, next_one in itertools.pairwise(found):
        np.testing.assert_array_equal(one.log10, next_one.log10[:-1])
    last = found[-1]
    alone = last_of(settings.replace(seed=settings.seed + 2, networks=1))
    np.testing.assert_array_equal(last.log10[-1], alone.log10[JACOBIANS // 3 - 1])
    values = np.quantile(10.0**last.log10, [0.1, 0.5, 0.9], axis=0)
    np.testing.assert_allclose(10.0**last.log10_quantiles, values, rtol=1e-9)


def test_it_tells_how_far_it_is_and_stops_between_layers_when_asked_to() -> None:
    told: list[float] = []
    list(Telescope().spectrum(SMALL, progress=told.append))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, pytest.approx(1 - 1 / (2 * SMALL.depth)))
    with pytest.raises(Stopped):
        list(Telescope().spectrum(SMALL, should_stop=lambda: len(told) > 0))


def spectrum_of(*log10: list[float]) -> Spectrum:
    return Spectrum(Settings(width=len(log10[0])), np.array(log10))


@pytest.mark.parametrize(
    ("spectrum", "said"),
    [
        (spectrum_of([0.0, -0.002], [0.002, 0.0]), "Every direction passes at 1.00: dynamical isometry."),
        (spectrum_of([-3.0, -3.0]), "Every direction passes at 1.00e-03 alike: an isometry but for its size."),
        (spectrum_of([0.0, -0.01]), "The largest of 2 directions passes at 1.00e+00, the smallest at 9.77e-01."),
        (spectrum_of([-3.0, -62.0]), "The largest of 2 directions passes at 1.00e-03, the smallest at 1.00e-62."),
        (spectrum_of([-2.0]), "The only direction passes at 1.00e-02."),
        (
            spectrum_of([0.0, -1.0, -math.inf]),
            "The largest of 3 directions passes at 1.00e+00, the smallest of those that live at 1.00e-01; "
            "1 of 3 directions is dead.",
        ),
        (
            spectrum_of([0.0, -1.0, -math.inf], [0.0, -1.0, -2.0]),
            "The largest of 3 directions passes at 1.00e+00, the smallest of those that live at 5.00e-03; "
            "0 to 1 of 3 directions are dead.",
        ),
        (spectrum_of([-math.inf] * 2), "All 2 directions are dead: no small change of the input reaches the output."),
        (spectrum_of([-math.inf]), "The only direction is dead: no small change of the input reaches the output."),
    ],
)
def test_what_it_amounts_to_is_said_in_words(spectrum: Spectrum, said: str) -> None:
    assert spectrum.text == said
