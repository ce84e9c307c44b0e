"""Predictions beside norms: against closed forms, and the engine's own wide networks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tui_telescope.engine.mean_field.theory import predict
from tui_telescope.engine.telescope import Telescope
from tui_telescope.settings import Settings

PLACES = ("pre", "activation", "branch", "post")


def normed(**changes) -> Settings:
    base = {
        "initializer": "xavier",
        "scale": 1.0,
        "generator": "numpy",
        "loss": "probe",
        "norm_eps": 1e-12,
        "width": 64,
    }
    return Settings(**{**base, **changes})


def chi(**changes) -> float:
    """What a layer multiplies the square of a gradient with, far from the ends of a network."""
    return predict(normed(**changes)).factor ** 2


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(("activation", "factor"), [("relu", 1.0), ("tanh", 1.0853), ("sigmoid", 0.391)])
@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_a_norm_before_phi_leaves_a_known_factor_at_any_scale(norm, activation, factor, scale):
    assert math.sqrt(chi(norm=norm, activation=activation, scale=scale)) == pytest.approx(factor, abs=5e-4)


@pytest.mark.parametrize(("norm", "square"), [("layer", 1.034), ("rms", 0.153)])
def test_centring_nearly_cures_the_sigmoid_and_scaling_alone_does_nothing(norm, square):
    assert chi(norm=norm, norm_place="pre", activation="sigmoid") == pytest.approx(square, abs=5e-4)


@pytest.mark.parametrize("place", PLACES)
def test_layer_norm_of_rectified_units_takes_their_mean_out_wherever_it_stands_but_before_phi(place):
    """Of E relu^2 = 1/2 the variance is 1/2 - 1/(2 pi)."""
    expected = 1.0 if place == "activation" else math.pi / (math.pi - 1)
    assert chi(norm="layer", norm_place=place, activation="relu", scale=3.0) == pytest.approx(expected, rel=1e-9)


def test_batch_norm_before_relu_multiplies_the_square_by_pi_over_pi_minus_1():
    """Yang et al. (2019), for many samples."""
    many = chi(norm="batch", activation="relu", samples=4096)
    assert many == pytest.approx(math.pi / (math.pi - 1), rel=1e-3)


@pytest.mark.parametrize(("samples", "square"), [(8, 1.752), (64, 1.493), (512, 1.467)])
def test_batch_norm_before_relu_is_corrected_for_few_samples(samples, square):
    assert chi(norm="batch", activation="relu", samples=samples) == pytest.approx(square, rel=0.01)


@pytest.mark.parametrize("samples", [8, 20, 64])
@pytest.mark.parametrize("place", PLACES)
def test_batch_norm_of_linear_layers_multiplies_the_square_by_b_minus_2_over_b_minus_3(place, samples):
    square = chi(norm="batch", norm_place=place, activation="linear", samples=samples)
    assert square == pytest.approx((samples - 2) / (samples - 3), rel=1e-9)


@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_a_residual_branch_after_a_norm_adds_to_the_square_what_has_piled_up_divides(norm):
    """Linear layers: 1 + sigma_w^2 / V, where V = 1, 1 + sigma_w^2, ... below layer 1, 2, ..."""
    settings = normed(norm=norm, norm_place="pre", activation="linear", residual=True, scale=0.8, depth=12, width=1024)
    piled_up = 1 + 0.64 * np.arange(1, 12)
    expected = 0.5 * np.log10(1 + 0.64 / piled_up)
    assert predict(settings).log10_factor == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(
    ("norm", "activation", "decades"),
    [("layer", "sigmoid", 0.007), ("rms", "sigmoid", -3.82), ("layer", "relu", 0.89), ("rms", "relu", -1.84)],
)
def test_a_norm_across_the_residual_connection_gains_or_loses_known_decades_over_24_layers(norm, activation, decades):
    settings = normed(
        norm=norm, norm_place="post", activation=activation, residual=True, depth=24, width=1024,
        initializer="he" if activation == "relu" else "xavier",
    )  # fmt: skip
    gradient = predict(settings).log10_gradient
    assert gradient[0] - gradient[-1] == pytest.approx(decades, abs=0.05)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("norm", ["layer", "rms", "batch"])
def test_plain_layers_with_norms_are_predicted_to_four_percent_a_layer(norm, place):
    """On average over 12 layers of width 384, which scatter by as much one by one."""
    telescope = Telescope()
    for activation in ("sigmoid", "relu"):
        settings = normed(norm=norm, norm_place=place, activation=activation, width=384, depth=13, networks=2)
        settings = settings.replace(samples=20 if norm == "batch" else 4, seed=5)
        measured = telescope.observe(settings, readings=("gradient",)).gradient.log10_mean
        predicted = predict(settings).log10_gradient
        a_layer = 10 ** (((predicted - measured)[0] - (predicted - measured)[-1]) / 12)
        assert a_layer == pytest.approx(1.0, abs=0.04), settings


@pytest.mark.parametrize("loss", ["probe", "mse"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("norm", ["layer", "rms", "batch"])
def test_residual_layers_with_norms_are_predicted_to_a_tenth_of_a_decade_over_24_layers(norm, place, loss):
    """Draws of width 256 scatter by about half of that; at width 1000 the gap was at most 0.035 decades."""
    telescope = Telescope()
    for activation in ("sigmoid", "gelu"):
        settings = normed(
            norm=norm, norm_place=place, activation=activation, loss=loss, residual=True, width=256, depth=24,
            networks=3, samples=20 if norm == "batch" else 4, norm_eps=1e-5, final_norm=loss == "mse",
        )  # fmt: skip
        measured = telescope.observe(settings, readings=("gradient",)).gradient.log10_mean
        assert np.abs(predict(settings).log10_gradient - measured).max() < 0.1, settings


def test_a_large_eps_leaves_the_scale_an_effect_and_is_predicted():
    telescope = Telescope()
    for changes in (
        {"norm": "layer"},
        {"norm": "rms", "norm_place": "pre", "residual": True},
        {"norm": "batch", "norm_place": "post"},
    ):
        settings = normed(norm_eps=1.0, activation="tanh", scale=1.5, samples=20, depth=12, width=256, **changes)
        measured = telescope.observe(settings, readings=("gradient",)).gradient.log10_mean
        assert np.abs(predict(settings).log10_gradient - measured).max() < 0.12, settings
