"""The float64 pass and the exact one: the same numbers, and the float64 pass says so when it cannot vouch for them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from single_passes import assert_the_same, by_the_exact_pass, by_the_float64_pass

from tui_telescope import Settings
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.telescope import Telescope
from tui_telescope.settings import REGISTRY

SCALES = {"gaussian": 0.45, "xavier": 0.9, "he": 0.6, "orthogonal": 0.9}
"""Within the ordered phase, where rounding stays as small as it was born."""


@pytest.mark.parametrize("activation", REGISTRY["activation"].values)
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
@pytest.mark.parametrize("initializer", SCALES)
@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_both_passes_read_the_same_in_the_ordered_phase(activation, residual, initializer, bias):
    settings = Settings(
        depth=40, width=4, samples=6, scale=SCALES[initializer], initializer=initializer, bias=bias,
        activation=activation, residual=residual, branch_scale="1/sqrt(L)", seed=3,
    )  # fmt: skip
    assert_the_same(by_the_float64_pass(settings), by_the_exact_pass(settings))


@pytest.mark.parametrize(
    "shape",
    [
        {"depth": 1, "width": 1, "samples": 1},
        {"depth": 7, "width": 1, "samples": 3},
        {"depth": 300, "width": 3, "samples": 2},
        {"depth": 5, "width": 64, "samples": 3},
        {"depth": 3, "width": 50, "samples": 80},
        {"depth": 2, "width": 130, "samples": 70},
    ],
    ids=str,
)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu"])
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
@pytest.mark.parametrize("loss", ["mse", "probe"])
def test_both_passes_read_the_same_at_any_shape(shape, activation, residual, loss):
    settings = Settings(
        scale=0.8, initializer="orthogonal", branch_scale=0.1, bias=0.1, activation=activation, residual=residual,
        loss=loss, **shape,
    )  # fmt: skip
    assert_the_same(by_the_float64_pass(settings), by_the_exact_pass(settings), 1e-11)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu"])
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
@pytest.mark.parametrize("scale", [0.001, 0.8, 30.0])
def test_the_gradient_alone_is_the_same_as_among_all_readings(activation, residual, scale):
    """Of large layers it is read in passing, layer by layer; 0.001 and 30 need powers of two of their own."""
    settings = Settings(
        depth=40, width=64, samples=64, scale=scale, initializer="orthogonal", activation=activation, residual=residual
    )
    telescope = Telescope()
    alone = telescope.observe(settings, readings=("gradient",)).gradient
    among = telescope.observe(settings).gradient
    for one, other in zip(vars(alone).values(), vars(among).values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_the_start_settings_and_their_likes_take_the_float64_pass():
    for change in ({}, {"residual": True}, {"scale": 4.0}, {"depth": 400}, {"activation": "gelu", "scale": 0.5}):
        assert by_the_float64_pass(Settings(**change)) is not None, change


@pytest.mark.parametrize(
    "beyond",
    [
        {"norm": "batch"},
        {"norm": "layer", "norm_place": "pre"},
        {"norm": "rms", "norm_place": "post"},
        {"initializer": "identity"},
        {"activation": "tanh", "scale": 300.0},
        {"activation": "sigmoid", "scale": 1000.0, "width": 1},
        {"activation": "linear", "scale": 1000.0, "depth": 300},
        {"activation": "relu", "scale": 1000.0, "depth": 300, "width": 16},
        {"activation": "linear", "scale": 0.001, "depth": 300},
        {"activation": "softplus", "scale": 1000.0, "residual": True},
        {"activation": "elu", "scale": 1000.0, "width": 2},
    ],
    ids=lambda beyond: " ".join(map(str, beyond.values())),
)
def test_it_hands_over_where_it_cannot_vouch_for_its_numbers(beyond):
    assert by_the_float64_pass(Settings(**beyond)) is None


@pytest.mark.parametrize("activation", REGISTRY["activation"].values)
@pytest.mark.parametrize("scale", [0.001, 0.05, 1.0, 6.0, 30.0, 1000.0])
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
def test_whatever_it_does_not_hand_over_is_right(activation, scale, residual):
    """Two layers leave chaos no time, so that every disagreement is an error."""
    for width, samples, bias in ((1, 2, 0.0), (2, 1, 10.0), (4, 3, 0.0)):
        settings = Settings(
            depth=3, width=width, samples=samples, bias=bias, scale=scale, activation=activation, residual=residual
        )
        in_float64 = by_the_float64_pass(settings)
        if in_float64 is not None:
            assert_the_same(in_float64, by_the_exact_pass(settings), 1e-9)


@pytest.mark.parametrize("activation", ["linear", "leaky_relu", "gelu", "tanh"])
@pytest.mark.parametrize(("scale", "residual"), [(0.001, False), (1000.0, False), (1000.0, True)])
def test_on_the_way_out_of_float64_it_is_right_or_hands_over(activation, scale, residual):
    """Three decades a layer: somewhere among these depths signals, gradients or their squares leave float64.

    With a bias a small scale leaves the signal where it is and shrinks the gradient alone.
    """
    for depth, bias in itertools.product(range(10, 130, 11), (0.0, 0.5)):
        settings = Settings(
            depth=depth, width=2, samples=2, scale=scale, initializer="orthogonal", activation=activation,
            residual=residual, bias=bias,
        )  # fmt: skip
        in_float64 = by_the_float64_pass(settings)
        if in_float64 is not None and (activation == "linear" or scale < 1):
            assert_the_same(in_float64, by_the_exact_pass(settings), 1e-9)
        elif in_float64 is not None:  # chaos has had its time: no number can be compared, but each must be one
            assert not np.isnan(in_float64.gradient).any()
            assert not np.isposinf(in_float64.signal.norms).any()


def test_what_lies_about_in_the_workspace_does_not_matter():
    used = Workspace()
    for change in (
        {"depth": 90},
        {"width": 9},
        {"activation": "relu"},
        {"residual": True},
        {"samples": 3},
        {"bias": 1.0},
    ):
        settings = Settings(depth=70, **change) if "depth" not in change else Settings(**change)
        again, fresh = by_the_float64_pass(settings, used), by_the_float64_pass(settings)
        np.testing.assert_array_equal(again.gradient, fresh.gradient)
        np.testing.assert_array_equal(again.weight_gradient, fresh.weight_gradient)
        np.testing.assert_array_equal(again.signal.norms, fresh.signal.norms)
