"""The losses: what each injects at the output, on every way through a network."""

from __future__ import annotations

import numpy as np
import pytest
from single_passes import assert_the_same, by_the_exact_pass, by_the_pass_with_exponents, task_of

from tui_telescope import Settings, Telescope
from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.losses import LOSSES, Loss
from tui_telescope.engine.mean_field.coverage import why_no_theory
from tui_telescope.engine.mean_field.theory import predict
from tui_telescope.engine.passes.exact import decimal_pass, extended_range_pass
from tui_telescope.notation import scientific


def test_with_the_loss_unit_a_hand_computation_starts_at_1():
    settings = Settings(activation="linear", initializer="identity", width=1, scale=0.2, depth=5, loss="unit")
    gradient = Telescope().observe(settings).gradient
    np.testing.assert_allclose(10**gradient.log10_mean, [0.0016, 0.008, 0.04, 0.2, 1], rtol=1e-15)
    np.testing.assert_array_equal(gradient.log10_low, gradient.log10_high)
    written = [scientific(log10) for log10 in gradient.log10_mean.tolist()]
    assert written == ["1.60e-03", "8.00e-03", "4.00e-02", "2.00e-01", "1.00e+00"]


@pytest.mark.parametrize(
    "network",
    [
        {},
        {"activation": "leaky_relu", "scale": 1000.0, "depth": 200},
        {"initializer": "identity"},
        {"norm": "layer", "width": 8},
        {"norm": "rms", "width": 2, "depth": 8, "norm_place": "post"},
        {"cell": "lstm"},
        {"cell": "rnn", "activation": "leaky_relu", "scale": 1000.0, "depth": 200},
    ],
    ids=["float64", "with exponents", "diagonal", "normed", "decimal", "cell", "cell beyond float64"],
)
def test_unit_is_the_probe_with_an_error_of_norm_1(network):
    telescope = Telescope()
    probe, unit = (Settings(**{"depth": 30, "samples": 1, "loss": loss} | network) for loss in ("probe", "unit"))
    (e,), (direction,) = (telescope.draw(settings).targets for settings in (probe, unit))
    np.testing.assert_allclose(direction, e / np.linalg.norm(e), rtol=1e-15)
    by_probe, by_unit = (telescope.observe(settings) for settings in (probe, unit))
    lost = np.log10(np.linalg.norm(e))
    for one, other in (
        (by_probe.gradient.log10_mean, by_unit.gradient.log10_mean),
        (by_probe.weight_gradient.log10, by_unit.weight_gradient.log10),
    ):
        np.testing.assert_allclose(other, one - lost, rtol=1e-13, atol=1e-12)


@pytest.mark.parametrize("network", [{}, {"width": 1}, {"residual": True, "activation": "relu"}])
def test_the_theory_of_unit_starts_at_1_and_is_that_of_the_probe_from_there_on(network):
    probe, unit = (predict(Settings(loss=loss, **network)) for loss in ("probe", "unit"))
    assert unit.log10_gradient[-1] == 0
    np.testing.assert_allclose(unit.log10_factor, probe.log10_factor, rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 0.5, 1000.0])
def test_a_loss_of_another_slope_is_the_same_in_every_kind_of_numbers(scale, monkeypatch):
    monkeypatch.setitem(LOSSES, "mse", Loss(hears_output=True, slope=ACTIVATIONS["tanh"]))
    settings = Settings(activation="leaky_relu", scale=scale, initializer="he", depth=150)
    assert_the_same(by_the_pass_with_exponents(settings), by_the_exact_pass(settings))
    normed = settings.replace(norm="layer", depth=5, samples=3)
    assert_the_same(decimal_pass.measure(task_of(normed)), extended_range_pass.measure(task_of(normed)), 1e-11)
    assert predict(settings) is None
    assert "no such loss" in why_no_theory(settings)
