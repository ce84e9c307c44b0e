"""How a scale stands to the critical one: against published edges, and every sentence as the claim that it is."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from drawn_settings import settings_within
from hypothesis import HealthCheck, given, settings

from tui_telescope import Settings, observe
from tui_telescope.engine.mean_field.criticality import criticality, describe_criticality, describe_trial
from tui_telescope.engine.mean_field.theory import critical_scale, predict
from tui_telescope.printing import text
from tui_telescope.settings import REGISTRY

ACTIVATIONS = REGISTRY["activation"].values
EDGES = {"gelu": (0.17292239, 1.98305826), "silu": (0.55514317, 1.98800468)}
"""sigma_b^2 and sigma_w^2 at which an edge without a leap begins."""


def plain(activation: str, **changes: float) -> Settings:
    return Settings(activation=activation, initializer="xavier", **changes)


def test_gelu_leaps_across_a_factor_of_1_at_a_known_scale():
    standing = criticality(plain("gelu"))
    assert standing.critical_scale == pytest.approx(1.468, abs=5e-4)
    assert standing.leap == pytest.approx((0.734, 1.038), abs=5e-4)


@pytest.mark.parametrize("activation", EDGES)
def test_an_edge_without_a_leap_begins_at_a_known_bias(activation):
    edge = criticality(plain(activation)).true_edge
    assert (edge.bias**2, edge.scale**2) == pytest.approx(EDGES[activation], abs=5e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_leap_is_reported_exactly_where_the_factor_leaps(activation):
    edge = math.sqrt(EDGES.get(activation, (1.0, 0.0))[0])
    for bias in (0.0, 0.5 * edge, 0.99 * edge, 1.01 * edge, 2 * edge):
        network = plain(activation, bias=bias)
        critical = critical_scale(network)
        below, above = (predict(network.replace(scale=critical * side)).factor for side in (1 - 1e-9, 1 + 1e-9))
        leap = criticality(network).leap
        assert (leap is not None) == (above - below > 1e-3), (bias, below, above)
        assert leap is None or leap == pytest.approx((below, above), rel=1e-6)


@pytest.mark.parametrize(("activation", "bias"), [*product(ACTIVATIONS, (0.0, 1e-200, 0.3, 10.0))])
def test_a_critical_scale_is_always_one_that_may_be_set(activation, bias):
    for initializer, width in product(("gaussian", "xavier", "he", "orthogonal"), (1, 1024)):
        network = Settings(activation=activation, bias=bias, initializer=initializer, width=width)
        at_edge = network.replace(scale=critical_scale(network))
        assert criticality(at_edge).is_at_critical_scale


@given(settings_within())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_network_has_a_critical_scale_or_a_reason_why_there_is_none(network):
    standing = criticality(network)
    assert (standing.critical_scale is None) == bool(standing.reason)
    assert standing.critical_scale == critical_scale(network)
    words = describe_criticality(standing)
    assert words.endswith(".")
    assert "nan" not in words


def test_the_words_tell_scale_critical_scale_chi_and_depth_scale():
    start = Settings()
    words = "scale 2.0; critical 5.075; chi 0.40: a signal lasts 1.1 layers."
    assert describe_criticality(criticality(start)) == words
    theory = predict(start)
    assert f"{theory.depth_scale:.1f} {theory.factor**2:.2f} {theory.critical_scale:.4g}" == "1.1 0.40 5.075"
    above = describe_criticality(criticality(plain("relu", scale=2.0)))
    assert above == "scale 2.0; critical 1.414; chi 2.00: a gradient grows e-fold in 2.9 layers."
    assert math.sqrt(2) ** (2 / math.log(2)) == pytest.approx(math.e)  # sqrt(chi) a layer, over 2.9 layers


def test_where_the_factor_leaps_a_bias_that_has_a_true_edge_is_named():
    words = describe_criticality(criticality(plain("gelu", scale=1.0)))
    assert "No scale has chi 1: at 1.468 the factor jumps from 0.734 to 1.04" in words
    assert words.endswith("Bias 0.416 has a true edge, at scale 1.408.")
    assert criticality(plain("gelu", bias=0.416)).leap is None
    assert f"{critical_scale(plain('gelu', bias=0.416)):.4g}" == "1.408"
    assert "No scale" in describe_criticality(criticality(plain("gelu", scale=critical_scale(plain("gelu")))))


def test_the_critical_scale_has_as_many_digits_as_tell_it_from_the_present_one():
    near = plain("tanh", bias=math.sqrt(0.05)).replace(scale=1.327)
    assert describe_criticality(criticality(near)).startswith("scale 1.327; critical 1.32701; chi 0.99999")
    nearer = criticality(near.replace(scale=1.33))
    assert describe_criticality(nearer).startswith("scale 1.33; critical 1.327; ")
    sigmoids = plain("sigmoid", scale=10.15)
    assert describe_criticality(criticality(sigmoids)).startswith("scale 10.15; critical 10.149; chi 1.000")
    assert "critical scale 10.149; at scale 10.15 chi 1," in text.theory(sigmoids)
    assert "critical scale 10.15; at scale 10.0 chi 0.98" in text.theory(sigmoids.replace(scale=10.0))
    there = near.replace(scale=critical_scale(near))
    assert describe_criticality(criticality(there)).startswith("scale 1.32701 is the critical one: chi 1")


def test_orthogonal_linear_layers_are_critical_at_1_and_exactly_so():
    network = Settings(activation="linear", initializer="orthogonal", scale=1.0, width=3, depth=20)
    assert "exactly what they hear, at any width" in describe_criticality(criticality(network))
    assert np.abs(observe(network).log10_factor).max() < 1e-12
    assert not criticality(network.replace(initializer="xavier")).is_exact


def test_what_was_tried_at_the_critical_scale_is_told_with_its_width():
    standing = criticality(Settings())
    assert describe_trial(standing, 4, "healthy") == "Tried at 5.075, width 4: HEALTHY. x again jumps there."
    sick = describe_trial(standing, 4, "exploding")
    assert sick == "Tried at 5.075, width 4: EXPLODING. x again jumps there all the same."


@pytest.mark.parametrize(("norm", "bias"), [("layer", 0.0), ("rms", 0.0), ("batch", 0.0), ("batch", 1.0)])
def test_a_norm_before_phi_divides_the_scale_out(norm, bias):
    network = Settings(norm=norm, bias=bias, width=8, depth=6, activation="tanh", initializer="xavier", loss="probe")
    assert "divides the scale out" in criticality(network).reason
    small, large = (observe(network.replace(scale=scale)).log10_factor for scale in (1.0, 8.0))
    assert small == pytest.approx(large, abs=1e-3)


@pytest.mark.parametrize("changes", [{"norm": "layer", "bias": 1.0}, {"norm": "rms", "norm_place": "pre"}])
def test_where_a_norm_leaves_the_scale_an_effect_it_is_not_said_to_have_none(changes):
    network = Settings(width=8, depth=6, activation="tanh", initializer="xavier", loss="probe", **changes)
    assert "divides the scale out" not in describe_criticality(criticality(network))
    small, large = (observe(network.replace(scale=scale)).log10_factor for scale in (1.0, 8.0))
    assert np.abs(small - large).max() > 0.1


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_beside_a_residual_connection_no_factor_is_below_1(activation):
    for scale in (0.01, 1.0, 100.0):
        standing = criticality(plain(activation, scale=scale, residual=True))
        assert "residual connection" in standing.reason
        assert standing.factor >= 1


def test_a_branch_of_nothing_passes_on_exactly_what_it_hears():
    network = Settings(residual=True, branch_scale=0.0, depth=5)
    assert "factor of exactly 1" in criticality(network).reason
    assert observe(network).log10_factor.tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cell": "lstm", "norm": "layer"}, "gates decide"),
        ({"cell": "rnn", "initializer": "identity"}, "one scale at a time"),
        ({"residual": True, "skip_scale": 0.5}, "skip scale is not 1"),
        ({"initializer": "identity", "norm": "layer"}, "No theory here"),
        ({"norm": "batch", "samples": 5}, "decided by chance"),
        ({"initializer": "identity", "activation": "tanh"}, "At no scale"),
        ({"norm": "layer", "norm_place": "pre", "activation": "relu", "norm_eps": 1e-12}, "At no scale"),
    ],
)
def test_where_no_scale_is_critical_it_is_said_why(changes, reason):
    assert reason in describe_criticality(criticality(Settings(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"norm": "rms", "norm_place": "pre"},
        {"norm": "layer", "bias": 0.3, "activation": "tanh"},
        {"bias_mean": 0.5, "activation": "tanh"},
        {"cell": "rnn", "activation": "tanh"},
        {"initializer": "identity", "activation": "linear"},
    ],
)
def test_beside_norms_means_skips_and_inputs_too_the_factor_rises_through_1_at_the_critical_scale(changes):
    network = Settings(**{"initializer": "xavier", "width": 16, **changes})
    critical = critical_scale(network)
    below, above = (predict(network.replace(scale=critical * side)).factor for side in (0.999, 1.001))
    assert below < 1 < above
    assert above - below < 0.02
