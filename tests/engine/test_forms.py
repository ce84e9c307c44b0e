"""The forms of a block: what each computes, what it is drawn from, and where the norm stands in it."""

from __future__ import annotations

import pytest
from exact_readings import assert_exact

from tui_telescope import Settings

SMALL = Settings(depth=3, width=3, scale=0.8, samples=3, bias=0.3, activation="tanh", seed=5, clip=0.1, expansion=2)
BESIDE = SMALL.replace(residual=True, skip_scale=0.9, branch_scale="1/sqrt(l)")
NEW = ("pre-activation", "mlp")
PLACES = ("pre", "activation", "branch", "post")

MADE = {
    "alone": SMALL,
    "without biases": SMALL.replace(bias=0.0, activation="sigmoid"),
    "beside a skip": BESIDE,
    "of relus": BESIDE.replace(activation="relu", initializer="he"),
    "of gelus": BESIDE.replace(activation="gelu", bias_mean=0.2, bias=0.0),
    "of units apart": BESIDE.replace(initializer="identity", activation="softplus"),
    "of one unit": BESIDE.replace(width=1, activation="silu"),
    "of one unit apart": SMALL.replace(width=1, initializer="identity", activation="sigmoid"),
    "orthogonal": SMALL.replace(initializer="orthogonal", activation="selu", loss="probe"),
    "scale 0": BESIDE.replace(scale=0.0),
    **{
        f"{norm} norm at {place}": (BESIDE if place != "branch" else SMALL).replace(norm=norm, norm_place=place)
        for norm in ("batch", "layer", "rms")
        for place in PLACES
    },
    "batch norm beside a skip at branch": BESIDE.replace(norm="batch", norm_place="branch", activation="sigmoid"),
    "batch norm at last": SMALL.replace(norm="batch", norm_place="pre", final_norm=True, activation="sigmoid"),
    "layer norm at last, of units apart": SMALL.replace(norm="layer", final_norm=True, initializer="identity"),
    "batch norm of units apart": SMALL.replace(norm="batch", initializer="identity", norm_place="pre"),
    "batch norm of lines": SMALL.replace(norm="batch", norm_place="post", activation="linear", loss="probe"),
}


@pytest.mark.parametrize("form", NEW)
@pytest.mark.parametrize("name", MADE)
def test_every_reading_is_what_finite_differences_measure(form, name):
    assert_exact(MADE[name].replace(form=form))
