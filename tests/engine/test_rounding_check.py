"""Norms that leave next to nothing of a signal or a gradient: what float64 loses is found out and computed again."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext

import numpy as np
import pytest
from mpmath import mp, mpf
from reference_network import CURVES
from single_passes import task_of
from test_norms import assert_exact

from tui_telescope import Settings, Telescope, observe
from tui_telescope.engine.activations.decimal_definitions import RESPONSES
from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.passes.exact import decimal_pass, extended_range_pass, rounding_check
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import REGISTRY

CANCELLING = {
    "a weight gradient whose samples cancel": {
        "norm": "batch", "norm_place": "post", "activation": "tanh", "bias": 10.0, "scale": 10.0, "width": 2,
        "samples": 3, "depth": 3, "loss": "probe", "initializer": "xavier", "seed": 516100, "sample_seed": 59,
        "generator": "numpy",
    },
    "a skip of 1 and a unit saturated at -1": {
        "norm": "rms", "norm_place": "post", "activation": "elu", "residual": True, "width": 1, "samples": 1,
        "depth": 8, "scale": 1000.0, "initializer": "he", "bias": 0.3, "seed": 908281, "sample_seed": 281,
        "generator": "numpy",
    },
    "units that only hear themselves": {
        "norm": "layer", "norm_place": "pre", "activation": "gelu", "initializer": "identity", "scale": 1000.0,
        "width": 3, "samples": 2, "depth": 3, "generator": "numpy",
    },
    "a line that a norm gives back to itself": {
        "norm": "batch", "norm_place": "post", "activation": "linear", "width": 1, "samples": 3, "depth": 3,
        "residual": True, "generator": "numpy",
    },
    "a sample of which one unit lives, with the start settings' own weights": {
        "norm": "layer", "norm_place": "activation", "activation": "relu", "initializer": "orthogonal", "samples": 3,
        "depth": 8,
    },
    "beside a residual connection": {
        "norm": "batch", "norm_place": "activation", "activation": "gelu", "residual": True, "width": 1, "samples": 5,
        "depth": 3, "scale": 1000.0, "initializer": "identity", "generator": "numpy",
    },
}  # fmt: skip
cancelling = pytest.mark.parametrize("settings", [Settings(**case) for case in CANCELLING.values()], ids=CANCELLING)


@cancelling
def test_readings_that_float64_loses_are_exact(settings):
    assert_exact(settings, 1e-12, digits=150)


def test_a_global_norm_that_roundings_decide_is_computed_again():
    """Large biases alone decide each unit's side, and the norm takes them out: float64 leaves a gradient of 1e-15."""
    settings = Settings(
        norm="batch", norm_place="post", activation="leaky_relu", bias=10.0, scale=0.001, width=2, samples=3, depth=40,
        clip=1.0,
    )  # fmt: skip
    reading = Telescope().observe(settings).weight_gradient
    assert 10**reading.log10_clipped_from == pytest.approx(np.linalg.norm(10**reading.log10), rel=1e-9)
    assert reading.log10_clipped_from < -40


@cancelling
def test_float64_alone_would_have_been_wrong(settings):
    careful, chosen = extended_range_pass.measure(task_of(settings)), rounding_check.measure(task_of(settings))
    assert decimal_pass.differ_by(careful, chosen) > 1e-10


@pytest.mark.parametrize("norm", ["batch", "layer", "rms"])
@pytest.mark.parametrize("place", REGISTRY["norm_place"].values)
@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
def test_both_passes_read_the_same_where_nothing_is_lost(norm, place, residual):
    for activation in ACTIVATIONS:
        settings = Settings(
            depth=3, width=3, samples=4, scale=0.9, bias=0.3, branch_scale=0.7, norm=norm, norm_place=place,
            residual=residual, activation=activation,
        )  # fmt: skip
        exact, careful = decimal_pass.measure(task_of(settings)), extended_range_pass.measure(task_of(settings))
        assert decimal_pass.differ_by(exact, careful) < 1e-12


def test_every_activation_is_known_in_decimals_too():
    assert RESPONSES.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("digits", [50, 110])
def test_the_activations_have_the_digits_of_their_context(name, digits):
    """Beside the root of its slope GELU and SiLU lose a few."""
    sizes = (0.0, 1e-300, 1e-30, 1e-8, 0.1, 0.4999, 0.51, 2.3, 8.0, 13.0, 14.0, 15.0, 16.0, 22.0, 23.0, 50.0)
    for z in (sign * size for sign in (1, -1) for size in sizes):
        with localcontext(Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX)):
            seen = RESPONSES[name](Decimal(z))
        with mp.workdps(3 * digits + 1200):
            expected = CURVES[name].value(mpf(z)), CURVES[name].slope(mpf(z))
            for one, other in zip(seen, expected, strict=True):
                constants = mpf(10) ** (-15 if name in ("selu", "leaky_relu") else -digits + 3)
                assert abs(mpf(str(one)) - other) <= constants * abs(other)


def test_numbers_equal_to_the_last_digit_are_settled_by_none():
    """Two samples saturated alike, at exp(-4000) from one another."""
    settings = Settings(
        depth=3, width=1, samples=2, scale=1000.0, bias=10.0, activation="tanh", norm="batch", norm_place="post",
        initializer="identity", seed=388521, sample_seed=501, generator="numpy",
    )  # fmt: skip
    assert decimal_pass.measure(task_of(settings)) is None
    assert np.isfinite(rounding_check.measure(task_of(settings)).signal.norms).all()


def test_large_networks_are_left_to_float64_which_knows_whether_its_digits_are_settled():
    calm = Settings(depth=20, width=16, samples=20, norm="layer", initializer="identity")
    chaotic = Settings(depth=48, width=40, samples=3, activation="relu", initializer="xavier", norm="batch")
    unknown = calm.replace(depth=500)
    for settings, is_settled in ((calm, True), (chaotic, False), (unknown, False)):
        assert not decimal_pass.is_small(settings)
        chosen = rounding_check.measure(task_of(settings))
        assert decimal_pass.differ_by(chosen, extended_range_pass.measure(task_of(settings))) == 0
        assert chosen.is_settled is is_settled


def test_the_units_of_identity_weights_are_many_digits_cheap():
    """They hear themselves alone; a weight gradient that cancels beside a residual connection is in reach."""
    settings = Settings(
        depth=39, width=27, samples=6, activation="relu", initializer="identity", norm="batch", norm_place="post",
        residual=True, seed=62998, sample_seed=488899, generator="numpy",
    )  # fmt: skip
    careful, chosen = extended_range_pass.measure(task_of(settings)), rounding_check.measure(task_of(settings))
    assert chosen.is_settled
    assert 1e-9 < decimal_pass.differ_by(careful, chosen) < 1e-7


def test_what_chaos_makes_of_a_rounding_is_not_settled():
    """Samples under batch norm drive one another apart: no two programs agree in the end on what float64 reads."""
    chaotic = Settings(depth=48, width=27, samples=3, activation="relu", initializer="xavier", norm="batch")
    assert not observe(chaotic).is_settled
    assert observe(chaotic.replace(depth=8)).is_settled


@cancelling
def test_who_stops_waiting_is_heard_in_the_last_layer_too(settings):
    asked = []

    def after_float64() -> bool:
        asked.append(None)
        return len(asked) > 4 * settings.depth + 1

    with pytest.raises(Stopped):
        rounding_check.measure(task_of(settings, after_float64))
