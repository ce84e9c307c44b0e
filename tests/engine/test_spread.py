"""The signal's spread, far below what float64 keeps of it, against mpmath with as many digits as it takes."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_settings import settings_within
from hypothesis import given
from hypothesis import settings as check
from hypothesis import strategies as st
from mpmath import mp
from recurrent_reference import run
from reference_readings import exact, expected_spread, log10_agree, networks

from tui_telescope import Settings, Telescope
from tui_telescope.engine.telescope import ALL_READINGS
from tui_telescope.networks import NORMS
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import REGISTRY

DIGITS = 400
SMALL = Settings(depth=12, width=3, samples=4)


def spread(settings: Settings) -> np.ndarray:
    with np.errstate(all="raise", under="ignore"):
        return Telescope().observe(settings, readings=("gradient", "spread")).signal.log10_spread


def reference_spread(settings: Settings, digits: int = DIGITS) -> list[float]:
    draw = Telescope().draw(settings)
    with mp.workdps(digits):
        if settings.is_recurrent:
            runs = [
                [run(settings, draw, network, sample).hidden for sample in range(settings.samples)]
                for network in range(settings.networks)
            ]
            signals = [
                [[[node.value for node in hidden[t]] for hidden in samples] for samples in runs]
                for t in range(1, settings.depth + 1)
            ]
        else:
            inputs = exact(draw.inputs)
            signals = list(zip(*(network.signals(inputs)[1:] for network in networks(draw, settings)), strict=True))
        return [expected_spread(batches) for batches in signals]


BLOCKS = [
    *({"activation": name, "scale": scale} for name in REGISTRY["activation"].values for scale in (0.3, 3.0)),
    *(
        {"norm": norm, "norm_place": place, "activation": activation, "bias": 0.3, "residual": residual}
        for norm in NORMS for place in REGISTRY["norm_place"].values
        for activation, residual in (("sigmoid", False), ("gelu", True))
    ),
    {"residual": True, "skip_scale": 0.5, "branch_scale": "1/sqrt(l)", "activation": "tanh"},
    *(
        {"form": form, "expansion": 2, "activation": "sigmoid", "bias": 0.2, "norm": norm, "norm_place": place}
        for form in ("pre-activation", "mlp") for norm, place in (("none", "pre"), ("batch", "post"), ("layer", "pre"))
    ),
    {"form": "mlp", "initializer": "identity", "expansion": 2, "residual": True, "activation": "gelu"},
    {"bias": 2.0, "bias_mean": 8.0, "activation": "tanh", "scale": 0.2},
    {"bias": 1.0, "bias_mean": 10.0, "activation": "silu", "scale": 0.01},
    {"bias": 1.0, "bias_mean": -5.0, "activation": "elu", "scale": 0.5},
    {"activation": "relu", "bias": 1.0, "scale": 0.1},
    {"initializer": "identity", "activation": "sigmoid", "scale": 3.0},
    {"initializer": "orthogonal", "activation": "selu", "scale": 0.5, "networks": 2},
    {"width": 1, "norm": "rms", "activation": "softplus", "norm_place": "pre", "scale": 20.0},
    {"width": 2, "norm": "layer", "activation": "softplus", "norm_place": "activation", "scale": 20.0},
    {"input_scale": 1e-3, "activation": "tanh", "scale": 0.001},
    {"input_scale": 1000.0, "activation": "linear", "scale": 1000.0, "depth": 40},
]  # fmt: skip


@pytest.mark.parametrize("chosen", BLOCKS, ids=str)
def test_what_differs_among_samples_is_told_at_every_depth_whatever_the_block(chosen):
    settings = SMALL.replace(**chosen)
    log10_agree(spread(settings), reference_spread(settings), 1e-9, "spread")


@pytest.mark.parametrize(
    "chosen",
    [
        {"cell": "rnn", "activation": "tanh"},
        {"cell": "rnn", "activation": "sigmoid", "bias_mean": 10.0, "residual": True, "branch_scale": "1/L"},
        {"cell": "rnn", "activation": "tanh", "bias_mean": 10.0, "scale": 100.0},
        {"cell": "lstm", "scale": 0.5, "networks": 2},
        {"cell": "lstm", "bias_mean": 10.0, "forget_bias": 10.0},
        {"cell": "gru", "initializer": "identity"},
        {"cell": "gru", "bias_mean": -10.0, "scale": 20.0},
    ],
    ids=str,
)
def test_steps_of_a_cell_tell_it_too(chosen):
    settings = SMALL.replace(depth=6, **chosen)
    log10_agree(spread(settings), reference_spread(settings), 1e-9, "spread")


def test_it_is_told_down_to_hundreds_of_decades():
    """0.25 a layer is the most that a sigmoid passes on of a difference."""
    deep = spread(Settings(depth=500, width=4, scale=0.1, samples=3))
    assert deep[-1] < 400 * np.log10(0.25)
    assert np.isfinite(deep).all()


def test_samples_that_do_not_differ_have_none_and_it_is_an_exact_zero():
    assert np.isneginf(spread(SMALL.replace(samples=1))).all()
    assert np.isneginf(spread(SMALL.replace(input_scale=0.0))).all()


def test_after_a_batch_norm_nothing_is_shared():
    normed = SMALL.replace(norm="batch", norm_place="post", activation="tanh")
    np.testing.assert_allclose(spread(normed), 0.0, atol=1e-12)


@check(max_examples=25, deadline=None)
@given(
    settings_within(
        depth=st.integers(1, 8), width=st.integers(1, 4), samples=st.integers(1, 4), networks=st.integers(1, 2)
    )
)
def test_whatever_the_settings_it_is_a_share_of_the_whole(chosen):
    told = spread(chosen)
    assert told.shape == (chosen.depth,)
    assert (told <= 0).all()
    assert not np.isnan(told).any()


def test_it_is_taken_for_those_who_ask_alone_and_can_be_stopped():
    telescope = Telescope()
    assert telescope.observe(SMALL).signal.log10_spread is None
    told: list[float] = []
    with pytest.raises(Stopped):
        telescope.observe(
            SMALL, readings=ALL_READINGS, progress=told.append, should_stop=lambda: bool(told) and told[-1] > 0.5
        )
    assert told[-1] < 1
