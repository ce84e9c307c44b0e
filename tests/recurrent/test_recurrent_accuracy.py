"""Recurrent cells against an automatic differentiation that shares no code with the engine."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mpmath import mp, mpf
from recurrent_reference import assert_close, expected, log10, run

from tui_telescope import Settings, Telescope
from tui_telescope.engine.recurrent.number_kinds import Extended, Float64, OutOfRange
from tui_telescope.settings import REGISTRY

CELLS = ("rnn", "lstm", "gru")
every_cell = pytest.mark.parametrize("cell", CELLS)
every_loss = pytest.mark.parametrize("loss", REGISTRY["loss"].values)


@pytest.fixture(params=["float64", "extended"])
def numbers(request, monkeypatch):
    """Both kinds of numbers in turn; the other one is out of reach."""

    def refuse(array):
        raise OutOfRange

    other = Extended if request.param == "float64" else Float64
    monkeypatch.setattr(other, "of", staticmethod(refuse))


def assert_agrees(settings: Settings, tolerance: float = 1e-10) -> None:
    telescope = Telescope()
    with np.errstate(all="raise", under="ignore"):
        observation = telescope.observe(settings)
    wanted = expected(settings, telescope.draw(settings))
    assert_close(observation.gradient.log10_mean, wanted.gradient, tolerance)
    assert_close(observation.weight_gradient.log10, wanted.weight_gradient, tolerance)
    if settings.clip_norm is not None:
        assert_close([observation.weight_gradient.log10_clipped_from], [wanted.clipped_from], tolerance)
    if settings.cell == "lstm":
        assert_close(observation.cell_gradient.log10_mean, wanted.cell_gradient, tolerance)
    else:
        assert observation.cell_gradient is None


@every_cell
@pytest.mark.parametrize(
    ("initializer", "loss"), list(zip(REGISTRY["initializer"].values, itertools.cycle(["mse", "probe"]), strict=False))
)
def test_the_gradients_are_those_of_automatic_differentiation(cell, loss, initializer, numbers):
    assert_agrees(
        Settings(
            cell=cell, depth=6, width=3, scale=0.8, samples=2, networks=2, bias=0.3, forget_bias=0.5, seed=5,
            activation="tanh", loss=loss, initializer=initializer, clip=0.1,
        )
    )  # fmt: skip


@pytest.mark.parametrize("activation", REGISTRY["activation"].values)
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
def test_every_activation_drives_an_rnn_with_and_without_a_residual_connection(activation, residual, numbers):
    assert_agrees(
        Settings(
            cell="rnn", depth=6, width=3, scale=0.6, samples=2, bias=0.2, seed=3,
            activation=activation, residual=residual, branch_scale=0.5,
        )
    )  # fmt: skip


@every_cell
@pytest.mark.parametrize("width", [1, 2])
def test_a_long_sequence_and_a_single_unit_agree_too(cell, width, numbers):
    assert_agrees(Settings(cell=cell, depth=30, width=width, scale=0.9, samples=2, activation="tanh"))


@every_cell
@pytest.mark.parametrize("initializer", ["gaussian", "identity"])
@pytest.mark.parametrize("scale", [0.001, 30.0, 1000.0])
@pytest.mark.parametrize("width", [1, 3])
def test_gates_saturated_thousands_of_decades_deep_pass_on_what_little_they_have(cell, initializer, scale, width):
    settings = Settings(
        cell=cell, depth=8, width=width, scale=scale, samples=2, bias=1.0, initializer=initializer, activation="tanh"
    )
    assert_agrees(settings, 1e-9)


def test_an_rnn_at_scale_1000_has_a_gradient_far_below_float64():
    settings = Settings(cell="rnn", depth=10, width=2, scale=1000.0, samples=2)
    assert_agrees(settings, 1e-9)
    assert Telescope().observe(settings).gradient.log10_mean[0] < -400


@pytest.mark.parametrize("seed", range(4))
def test_a_memory_that_one_gate_shuts_and_the_next_opens_is_followed_unit_by_unit(seed):
    """Gates at +-10 and beyond: which unit carries the gradient changes from step to step."""
    settings = Settings(cell="lstm", depth=12, width=3, scale=300.0, samples=1, forget_bias=-10.0, bias=10.0, seed=seed)
    assert_agrees(settings, 1e-9)


@pytest.mark.parametrize("activation", ["relu", "linear", "softplus"])
def test_a_state_that_outgrows_float64_still_has_an_exact_gradient(activation):
    assert_agrees(Settings(cell="rnn", depth=120, width=2, scale=1000.0, samples=1, activation=activation), 1e-9)


@every_cell
@every_loss
def test_the_gradient_by_h_t_is_what_a_change_of_h_t_does_to_the_loss(cell, loss):
    assert_is_the_slope("h", Settings(cell=cell, depth=4, width=2, samples=1, loss=loss, activation="tanh", bias=0.3))


@every_loss
def test_the_gradient_by_c_t_is_what_a_change_of_c_t_does_to_the_loss_with_h_t_following(loss):
    assert_is_the_slope("c", Settings(cell="lstm", depth=4, width=2, samples=1, loss=loss, bias=0.3))


def assert_is_the_slope(name: str, settings: Settings) -> None:
    """Central differences of the loss by h_t (while c_t keeps its value) or by c_t, one unit after another."""
    telescope = Telescope()
    draw, observation = telescope.draw(settings), telescope.observe(settings)
    reading = observation.gradient if name == "h" else observation.cell_gradient
    with mp.workdps(60):
        step = mpf(10) ** -20

        def slope(t: int, unit: int) -> mpf:
            above, below = (run(settings, draw, 0, 0, (name, t, unit, by)).loss.value for by in (step, -step))
            return (above - below) / (2 * step)

        slopes = [
            log10(mp.norm([slope(t, unit) for unit in range(settings.width)])) for t in range(1, settings.depth + 1)
        ]
    assert_close(reading.log10_mean, slopes, 1e-12)


@every_cell
def test_both_kinds_of_numbers_read_the_same_at_a_width_of_64(cell, monkeypatch):
    settings = Settings(
        cell=cell, depth=20, width=64, scale=0.9, initializer="orthogonal", activation="tanh", clip=1e-3
    )
    ordinary = Telescope().observe(settings)
    monkeypatch.setattr("tui_telescope.engine.recurrent.number_kinds.LARGEST", 0.0)
    wide = Telescope().observe(settings)
    for one, other in (
        (ordinary.gradient.log10_low, wide.gradient.log10_low),
        (ordinary.weight_gradient.log10[1:], wide.weight_gradient.log10[1:]),
        (ordinary.signal.log10_rms, wide.signal.log10_rms),
        (ordinary.signal.saturated, wide.signal.saturated),
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)
