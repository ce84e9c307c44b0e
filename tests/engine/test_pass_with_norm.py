"""The float64 pass through a norm and the exact one: the same numbers, or it says that it has none."""

from __future__ import annotations

import pytest
from single_passes import assert_the_same, task_of

from tui_telescope import Settings
from tui_telescope.engine.passes.exact import extended_range_pass
from tui_telescope.engine.passes.float64 import with_norm
from tui_telescope.engine.passes.float64.layer_operands import FOLDED_WIDTH
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import REGISTRY

PLACES, ACTIVATIONS = (REGISTRY[name].values for name in ("norm_place", "activation"))
every_norm = pytest.mark.parametrize("norm", ["batch", "layer", "rms"])
every_place = pytest.mark.parametrize("place", PLACES)


@every_norm
@every_place
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_both_passes_read_the_same(norm, place, residual, activation):
    """Eight layers leave chaos little time. One draw of two is enough: ReLU may leave a sample a single unit."""
    vouched = 0
    for seed, bias in ((1, 0.0), (2, 0.2)):
        settings = Settings(
            depth=8, width=12, samples=7, initializer="he", scale=0.9, bias=bias, branch_scale=0.5, seed=seed,
            norm=norm, norm_place=place, residual=residual, activation=activation,
        )  # fmt: skip
        ordinary = with_norm.measure(task_of(settings))
        if ordinary is not None:
            vouched += 1
            assert_the_same(ordinary, extended_range_pass.measure(task_of(settings)), 1e-10)
    assert vouched, "the exact pass was taken where ordinary numbers would do"


@every_norm
@every_place
def test_both_passes_read_the_same_of_wide_networks(norm, place):
    """Above `FOLDED_WIDTH` the gain is applied to products, not to weights."""
    settings = Settings(
        depth=4, width=FOLDED_WIDTH + 2, samples=5, initializer="xavier", scale=0.9, bias=0.1, norm=norm,
        norm_place=place, activation="tanh", generator="numpy",
    )  # fmt: skip
    ordinary = with_norm.measure(task_of(settings))
    assert ordinary is not None
    assert_the_same(ordinary, extended_range_pass.measure(task_of(settings)), 1e-10)


@every_norm
@every_place
@pytest.mark.parametrize("scale", [0.001, 0.03, 30.0, 1000.0])
def test_whatever_it_does_not_hand_over_is_right(norm, place, scale):
    for activation in ACTIVATIONS:
        for width, samples, residual, loss in ((3, 4, False, "mse"), (6, 3, True, "probe")):
            settings = Settings(
                depth=3, width=width, samples=samples, scale=scale, residual=residual, loss=loss, norm=norm,
                norm_place=place, activation=activation, initializer="orthogonal",
            )  # fmt: skip
            ordinary = with_norm.measure(task_of(settings))
            if ordinary is not None:
                assert_the_same(ordinary, extended_range_pass.measure(task_of(settings)), 1e-9)


@pytest.mark.parametrize(
    "beyond",
    [
        {"norm": "layer", "width": 2},
        {"norm": "batch", "samples": 2},
        {"norm": "rms", "width": 1},
        {"norm": "layer", "activation": "tanh", "scale": 1000.0, "norm_place": "post", "width": 3},
        {"norm": "layer", "activation": "sigmoid", "scale": 0.001, "norm_place": "post"},
        {"norm": "batch", "activation": "tanh", "bias": 10.0, "scale": 0.001, "norm_place": "post"},
        {"norm": "rms", "activation": "linear", "scale": 0.001, "depth": 1000},
        {"norm": "rms", "activation": "relu", "depth": 10, "samples": 4, "initializer": "orthogonal", "seed": 68648},
    ],
    ids=lambda beyond: " ".join(map(str, beyond.values())),
)
def test_it_hands_over_where_it_cannot_vouch_for_its_numbers(beyond):
    assert with_norm.measure(task_of(Settings(**beyond))) is None


def test_who_stops_waiting_is_heard_on_the_way_back_too():
    settings, asked = Settings(depth=50, norm="layer", width=32), []

    def after_the_forward_pass() -> bool:
        asked.append(None)
        return len(asked) > 6

    with pytest.raises(Stopped):
        with_norm.measure(task_of(settings, after_the_forward_pass))
