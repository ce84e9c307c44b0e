"""Predictions of forms, means of biases, identity weights and recurrent cells: closed forms and the engine itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tui_telescope.engine.mean_field import cells_in_time
from tui_telescope.engine.mean_field.coverage import FEWEST, why_no_theory
from tui_telescope.engine.mean_field.theory import critical_scale, is_quick, predict
from tui_telescope.engine.telescope import Telescope
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import Settings


def wide(**changes) -> Settings:
    base = {"initializer": "xavier", "scale": 1.0, "generator": "numpy", "width": 256, "depth": 16, "samples": 10}
    return Settings(**{**base, "expansion": 2, "loss": "probe", "networks": 2, **changes})


def gap(telescope: Telescope, settings: Settings) -> float:
    """The largest distance between prediction and measurement over the layers, in decades."""
    measured = telescope.observe(settings, readings=("gradient",)).gradient.log10_mean
    return float(np.abs(predict(settings).log10_gradient - measured).max())


# Forms


@pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])
@pytest.mark.parametrize("form", ["pre-activation", "mlp"])
def test_the_other_forms_are_predicted_with_and_without_norms(form, residual):
    telescope = Telescope()
    for changes in (
        {"activation": "relu", "initializer": "he"},
        {"activation": "sigmoid", "bias": 0.5, "loss": "mse"},
        {"activation": "gelu", "norm": "layer", "norm_place": "pre", "expansion": 3},
        {"activation": "tanh", "norm": "rms", "norm_place": "activation", "bias_mean": 0.3},
        {"activation": "relu", "norm": "batch", "norm_place": "branch", "samples": 20},
        {"activation": "tanh", "initializer": "orthogonal", "scale": 0.9},
        {"activation": "relu", "norm": "layer", "norm_place": "post", "final_norm": True, "loss": "mse"},
    ):
        settings = wide(form=form, residual=residual, width=128, depth=12, **changes)
        assert gap(telescope, settings) < 0.2, settings


def test_a_block_of_two_matrices_is_critical_where_their_product_is():
    """Of he both have sigma_w^2 = 2 scale^2, and phi halves once: scale^4 = 1/2."""
    assert critical_scale(Settings(form="mlp", activation="relu", initializer="he")) == pytest.approx(
        2**-0.25, rel=1e-4
    )
    assert critical_scale(Settings(form="pre-activation", activation="relu", initializer="he")) == 1.0


@pytest.mark.parametrize("form", ["pre-activation", "mlp"])
def test_a_residual_branch_that_ends_in_a_matrix_has_no_mean_and_adds_up_as_the_textbook_says(form):
    settings = wide(form=form, activation="relu", initializer="he", residual=True, width=8)
    product = 2.0 if form == "mlp" else 1.0  # sigma_w^2 E phi'^2 of he, and once more sigma_w^2
    assert predict(settings).factor == pytest.approx(math.sqrt(1 + product), rel=1e-9)


# Biases with a mean, scales of nothing


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu"])
def test_biases_with_a_mean_are_predicted(activation):
    telescope = Telescope()
    for changes in ({"bias_mean": 0.5}, {"bias_mean": -0.3, "bias": 0.2, "residual": True, "loss": "mse"}):
        assert gap(telescope, wide(activation=activation, depth=12, **changes)) < 0.12, changes


def test_constant_biases_of_a_rectifier_pass_on_a_share_that_a_normal_distribution_knows():
    """a = relu(W a + b) with b the same for all: chi = sigma_w^2 P(z > 0) at the fixed point of q."""
    settings = wide(activation="relu", bias_mean=0.4)
    q = 1.0
    for _ in range(200):
        root = math.sqrt(q)
        density = math.exp(-0.08 / q) / math.sqrt(2 * math.pi)
        positive = 0.5 * (1 + math.erf(0.4 / root / math.sqrt(2)))
        q = (q + 0.16) * positive + 0.4 * root * density
    assert predict(settings).factor == pytest.approx(math.sqrt(positive), rel=1e-6)


def test_weights_of_zero_let_nothing_through_and_leave_a_residual_connection_as_it_is():
    plain = predict(wide(scale=0.0, activation="tanh", bias=0.3))
    assert np.isneginf(plain.log10_gradient[:-1]).all()
    assert np.isfinite(plain.log10_gradient[-1])
    assert (plain.factor, plain.depth_scale) == (0.0, 0.0)
    beside = predict(wide(scale=0.0, activation="tanh", residual=True))
    assert beside.log10_factor == pytest.approx(np.zeros(15), abs=1e-12)


def test_inputs_of_zero_are_predicted_where_biases_make_a_signal():
    assert gap(Telescope(), wide(input_scale=0.0, bias=0.3, activation="tanh")) < 0.12


# Identity weights


def test_sixteen_sigmoids_that_hear_no_other_pass_on_the_mean_of_a_product_of_slopes():
    settings = Settings(initializer="identity", scale=1.0, depth=16, loss="probe", width=100)
    assert 10 ** (predict(settings).log10_gradient[0] - 1) == pytest.approx(1.98474e-10, rel=1e-5)


def test_units_apart_are_predicted_with_biases_residual_connections_and_forms():
    telescope = Telescope()
    for changes in (
        {"activation": "tanh", "scale": 0.9},
        {"activation": "relu", "scale": 1.5, "loss": "mse"},
        {"activation": "sigmoid", "residual": True, "bias": 0.3, "loss": "mse"},
        {"activation": "tanh", "form": "pre-activation", "residual": True, "branch_scale": "1/L"},
        {"activation": "gelu", "form": "mlp", "scale": 1.2, "bias_mean": 0.2},
    ):
        settings = wide(initializer="identity", width=512, **changes)
        assert gap(telescope, settings) < 0.1, settings


def test_straight_lines_of_any_size_are_followed_past_the_range_of_floats():
    settings = Settings(initializer="identity", activation="linear", scale=1000.0, depth=500, width=4)
    assert predict(settings).log10_gradient[0] == pytest.approx(3 * 500 + 3 * 499 + math.log10(2), abs=1e-6)
    assert critical_scale(settings) == pytest.approx(1.0, rel=1e-5)


# Recurrent cells


def test_an_rnn_hears_a_fresh_input_at_every_step_which_moves_its_critical_scale():
    tanh = Settings(cell="rnn", activation="tanh", initializer="xavier", scale=1.0)
    assert critical_scale(tanh) == pytest.approx(1.8556, abs=5e-5)
    assert predict(tanh).factor == pytest.approx(0.6316, abs=5e-5)
    assert critical_scale(tanh.replace(input_scale=0.0)) == pytest.approx(1.0)


def test_a_plain_rnn_is_predicted():
    telescope = Telescope()
    for activation, scale in (("tanh", 1.2), ("relu", 1.3), ("sigmoid", 2.0)):
        assert gap(telescope, wide(cell="rnn", activation=activation, scale=scale, bias_mean=0.1, networks=4)) < 0.2


@pytest.mark.parametrize(
    ("changes", "decades"),
    [
        ({"cell": "lstm", "forget_bias": 0.0}, -10.00),
        ({"cell": "lstm", "forget_bias": 2.0}, -2.01),
        ({"cell": "lstm", "scale": 2.0}, -1.83),
        ({"cell": "gru"}, -8.84),
    ],
)
def test_gated_cells_are_predicted_to_a_fifth_of_a_decade_over_50_steps(changes, decades):
    """Measured at width 400."""
    settings = Settings(**{"initializer": "xavier", "scale": 1.0, "depth": 50, "loss": "unit", **changes})
    assert predict(settings).log10_gradient[0] == pytest.approx(decades, abs=0.2)


@pytest.mark.parametrize(
    "changes",
    [
        {"cell": "lstm", "initializer": "orthogonal"},
        {"cell": "gru", "bias": 0.3, "loss": "mse"},
        {"cell": "rnn", "activation": "relu", "residual": True, "branch_scale": 0.2, "loss": "mse"},
        {"cell": "rnn", "activation": "relu", "initializer": "identity"},
    ],
)
def test_cells_with_biases_skips_and_other_weights_are_predicted(changes):
    assert gap(Telescope(), wide(**changes)) < 0.2


def test_the_middle_of_a_long_sequence_is_filled_in_at_its_own_pace(monkeypatch):
    settings = Settings(cell="gru", initializer="xavier", scale=1.0, depth=90, loss="unit")
    whole = predict(settings).log10_gradient
    monkeypatch.setattr(cells_in_time, "STEPS", 40)
    filled = predict(settings)
    assert filled.log10_gradient == pytest.approx(whole, abs=0.6)
    assert filled.log10_gradient[-20:] == pytest.approx(whole[-20:], abs=0.1)
    assert predict(settings.replace(depth=10_000)).log10_gradient.shape == (10_000,)


def test_the_theory_of_a_cell_is_the_same_every_time_and_stops_when_nobody_waits():
    settings = Settings(cell="lstm", depth=20)
    assert predict(settings).log10_gradient.tolist() == predict(settings).log10_gradient.tolist()
    for each in (settings, Settings(initializer="identity"), Settings(depth=5000)):
        with pytest.raises(Stopped):
            predict(each, should_stop=lambda: True)


def test_what_takes_long_says_so():
    assert is_quick(Settings(norm="layer", residual=True))
    assert not any(is_quick(Settings(**changes)) for changes in ({"cell": "lstm"}, {"depth": 10_000}))


# What there is none of


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"norm": "batch", "samples": FEWEST - 1}, "fewer than 8 samples"),
        ({"norm": "batch", "norm_place": "pre", "bias": 0.5}, "biases that differ"),
        ({"norm": "layer", "initializer": "identity"}, "no norms beside identity"),
        ({"residual": True, "skip_scale": 0, "branch_scale": 0}, "nothing is carried"),
        ({"input_scale": 0, "activation": "relu"}, "exactly where the activation bends"),
    ],
)
def test_where_there_is_no_theory_it_is_said_why(changes, reason):
    settings = Settings(**changes)
    assert reason in why_no_theory(settings)
    assert predict(settings) is None
    assert critical_scale(settings) is None


def test_batch_norm_after_weights_takes_biases_out_and_leaves_a_theory():
    assert not why_no_theory(Settings(norm="batch", bias=0.5))
