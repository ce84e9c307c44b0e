"""The gradients of the lesson in plain Python, digit for digit, and the depth that no plain float survives."""

from __future__ import annotations

import numpy as np
import pytest
from plain_python import gradient_at_layer_1

from tui_telescope import Settings, observe

TABLE = [
    (5, False, "4.06e-01"),
    (10, False, "9.68e-03"),
    (20, False, "2.29e-06"),
    (50, False, "2.51e-18"),
    (5, True, "6.76e+00"),
    (10, True, "1.72e+01"),
    (20, True, "3.28e+01"),
    (50, True, "8.39e+01"),
]


def lesson(**changes) -> Settings:
    """The table's settings, each written out, so that no default can move it."""
    settings = {
        "depth": 50, "width": 4, "scale": 2.0, "activation": "sigmoid", "residual": False, "initializer": "gaussian",
        "bias": 0.0, "loss": "mse", "samples": 20, "networks": 1, "seed": 42, "sample_seed": 7, "generator": "python",
    }  # fmt: skip
    return Settings(**settings | changes)


def layer_1(settings: Settings) -> float:
    return float(10 ** observe(settings).gradient.log10_mean[0])


@pytest.mark.parametrize(("depth", "residual", "written"), TABLE)
def test_layer_1_receives_what_the_design_says_to_three_digits(depth, residual, written):
    assert f"{layer_1(lesson(depth=depth, residual=residual)):.2e}" == written


def test_at_scale_4_it_vanishes_further_and_does_not_explode():
    assert f"{layer_1(lesson(scale=4.0)):.2e}" == "9.87e-22"


@pytest.mark.parametrize(("depth", "residual"), [row[:2] for row in TABLE])
@pytest.mark.parametrize("scale", [2.0, 4.0])
def test_a_lesson_in_plain_python_comes_out_the_same_to_ten_digits(depth, residual, scale):
    expected = gradient_at_layer_1(depth, scale, residual)
    assert layer_1(lesson(depth=depth, residual=residual, scale=scale)) == pytest.approx(expected, rel=1e-10)


def test_the_start_settings_are_the_tables_first_row_at_depth_50():
    assert Settings() == lesson()


def test_a_network_of_10000_layers_has_a_finite_curve_thousands_of_decades_down():
    with np.errstate(all="raise", under="ignore"):
        curve = observe(Settings(depth=10_000, width=8, scale=0.5)).gradient
    for reading in (curve.log10_mean, curve.log10_low, curve.log10_high):
        assert reading.shape == (10_000,)
        assert np.isfinite(reading).all()
        assert reading[-1] > -1
        assert reading[0] < -2000
        assert (reading[:-100] < reading[100:]).all()
