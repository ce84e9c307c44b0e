"""What a block is scaled with: skip, branch, eps, inputs, biases with a mean, and weights of zero."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from exact_readings import assert_exact
from single_passes import assert_the_same, by_the_exact_pass, by_the_float64_pass, by_the_pass_with_exponents, task_of

from tui_telescope import Settings, Telescope
from tui_telescope.engine.passes.float64 import with_norm
from tui_telescope.observations.description import describe

SMALL = Settings(depth=4, width=3, scale=0.8, samples=3, bias=0.3, activation="tanh", seed=5, clip=0.1)
BESIDE = SMALL.replace(residual=True)

SCALED = {
    "skip 0.5": BESIDE.replace(skip_scale=0.5, branch_scale=0.7),
    "skip 3 of sigmoids": BESIDE.replace(skip_scale=3.0, activation="sigmoid"),
    "skip 0": BESIDE.replace(skip_scale=0.0),
    "branch 1/L": BESIDE.replace(branch_scale="1/L", activation="softplus"),
    "branch 1/sqrt(l)": BESIDE.replace(branch_scale="1/sqrt(l)", activation="sigmoid"),
    "branch 1/sqrt(l) of gelu": BESIDE.replace(branch_scale="1/sqrt(l)", activation="gelu", skip_scale=0.9),
    "branch 1/sqrt(l) of units apart": BESIDE.replace(branch_scale="1/sqrt(l)", initializer="identity", skip_scale=2.0),
    "inputs of 30": SMALL.replace(input_scale=30.0),
    "inputs of nothing": SMALL.replace(input_scale=0.0),
    "bias mean": SMALL.replace(bias_mean=-0.4),
    "bias mean alone": SMALL.replace(bias=0.0, bias_mean=0.7, activation="relu"),
    "scale 0": SMALL.replace(scale=0.0, activation="sigmoid"),
    "scale 0 beside a skip": BESIDE.replace(scale=0.0, skip_scale=0.5),
    "eps 0.5": SMALL.replace(norm="layer", norm_eps=0.5),
    "eps 1e-12, batch": SMALL.replace(norm="batch", norm_place="pre", norm_eps=1e-12),
    "skip under a norm after all": BESIDE.replace(norm="rms", norm_place="post", skip_scale=0.4, norm_eps=0.01),
    "skip beside a norm before": BESIDE.replace(norm="layer", norm_place="pre", skip_scale=2.0, branch_scale="1/L"),
    "skip beside a norm after phi": BESIDE.replace(norm="rms", norm_place="branch", skip_scale=2.0, branch_scale=0.3),
    "skip beside a batch norm after phi": BESIDE.replace(
        norm="batch", norm_place="branch", skip_scale=0.7, branch_scale="1/sqrt(l)", activation="sigmoid"
    ),
    "layer norm at last": BESIDE.replace(norm="layer", final_norm=True, activation="softplus"),
    "rms norm at last": BESIDE.replace(norm="rms", norm_place="pre", final_norm=True, skip_scale=2.0),
    "batch norm at last": SMALL.replace(norm="batch", norm_place="branch", final_norm=True, loss="probe"),
    "layer norm twice": SMALL.replace(norm="layer", norm_place="post", final_norm=True, initializer="identity"),
    "scale 0 under a norm": BESIDE.replace(scale=0.0, norm="layer", norm_place="post", skip_scale=0.5),
    "bias mean that a norm takes out": SMALL.replace(norm="batch", bias_mean=2.0),
    "bias mean under a norm": SMALL.replace(norm="rms", bias_mean=2.0, bias=0.0),
}


@pytest.mark.parametrize("name", SCALED)
def test_every_reading_is_what_finite_differences_measure(name):
    assert_exact(SCALED[name])


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu", "softplus"])
@pytest.mark.parametrize(("skip", "branch"), [(0.5, "1/sqrt(l)"), (1.3, "1/L"), (0.0, 0.6)])
@pytest.mark.parametrize("width", [4, 64])
def test_the_float64_passes_read_the_same_as_the_exact_one(activation, skip, branch, width):
    settings = Settings(
        depth=30, width=width, samples=6, initializer="xavier", scale=0.7, bias=0.1, bias_mean=-0.2, residual=True,
        activation=activation, skip_scale=skip, branch_scale=branch, input_scale=0.5,
    )  # fmt: skip
    exactly = by_the_exact_pass(settings)
    for quickly in (by_the_float64_pass(settings), by_the_pass_with_exponents(settings)):
        assert_the_same(quickly, exactly, 1e-11)


def test_a_skip_of_100_grows_the_signal_by_two_decades_a_layer_and_the_gradient_with_it():
    settings = Settings(depth=200, width=8, activation="tanh", residual=True, skip_scale=100, loss="probe")
    observation = Telescope().observe(settings)
    np.testing.assert_allclose(np.diff(observation.signal.log10_rms[-50:]), 2, atol=1e-12)
    np.testing.assert_allclose(observation.log10_factor[-50:], 2, atol=1e-12)


@pytest.mark.parametrize("residual", [False, True], ids=["no residual", "residual"])
def test_inputs_and_branches_of_the_rnn_are_scaled_step_by_step(residual):
    """One unit with the recurrent weight w: the way back is the product of the steps' own factors."""
    settings = Settings(
        cell="rnn", depth=6, width=1, samples=1, activation="tanh", loss="unit", input_scale=0.5, bias_mean=0.3,
        residual=residual, skip_scale=0.8, branch_scale="1/sqrt(l)",
    )  # fmt: skip
    telescope = Telescope()
    draw = telescope.draw(settings)
    w, u, b = (float(each.ravel()[0]) for each in (draw.weights, draw.input_weights, draw.biases))
    assert b == 0.3
    h, factors = 0.0, []
    for t, x in enumerate(draw.inputs[0, :, 0], start=1):
        value = math.tanh(w * h + u * x + b)
        beta, skip = (t**-0.5, 0.8) if residual else (1.0, 0.0)
        h, slope = skip * h + beta * value, 1 - value**2
        factors.append(skip + beta * slope * w)
    way = np.cumsum(np.log10(np.abs(factors[:0:-1])))[::-1]
    np.testing.assert_allclose(telescope.observe(settings).gradient.log10_mean, [*way, 0.0], atol=1e-12)
    single = telescope.draw(settings.replace(input_scale=1.0)).inputs
    np.testing.assert_allclose(draw.inputs, single / 2)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("initializer", ["gaussian", "identity"])
def test_cells_whose_state_is_never_heard_read_numbers(cell, initializer):
    settings = Settings(cell=cell, depth=9, width=3, scale=0, activation="tanh", initializer=initializer)
    observation = Telescope().observe(settings)
    assert np.isfinite(observation.signal.log10_rms).all()
    assert not np.isnan([*observation.gradient.log10_mean, *observation.weight_gradient.log10]).any()
    assert describe(observation)


def test_with_weights_of_zero_nothing_arrives_and_beside_a_residual_connection_the_network_is_the_identity():
    """W = 0: d a_l / d a_{l-1} = skip, and d loss / d W_l = delta phi'(0) a^T only where tanh(0) = 0 is not a."""
    zero = Settings(depth=10, width=16, activation="tanh", scale=0.0, loss="unit")
    alone = Telescope().observe(zero)
    assert np.isneginf(alone.gradient.log10_mean[:-1]).all()
    assert alone.gradient.log10_mean[-1] == pytest.approx(0, abs=1e-12)
    assert np.isneginf(alone.weight_gradient.log10[1:]).all()
    assert alone.verdict.state == "dead"
    telescope = Telescope()
    beside = telescope.observe(zero.replace(residual=True))
    np.testing.assert_allclose(beside.gradient.log10_mean, 0, atol=1e-12)
    rms = math.log10(math.sqrt(np.mean(telescope.draw(zero).inputs ** 2)))
    np.testing.assert_allclose(beside.signal.log10_rms, rms, atol=1e-12)
    assert np.isfinite(beside.weight_gradient.log10).all()
    assert beside.verdict.state == "healthy"


def test_dividing_the_sum_of_skip_and_branch_by_the_root_of_two_keeps_its_level():
    """A branch of its input's variance, independent of it, doubles the variance: here it is W a, W orthogonal."""
    settings = Settings(
        depth=50, width=128, samples=20, activation="linear", initializer="orthogonal", scale=1.0, loss="probe",
        residual=True, skip_scale=0.5**0.5, branch_scale=0.5**0.5, generator="numpy", networks=8,
    )  # fmt: skip
    observation = Telescope().observe(settings)
    gradient = observation.gradient.log10_mean
    for level in (observation.signal.log10_rms, gradient - gradient[-1]):
        np.testing.assert_allclose(level, 0, atol=0.15)
    undivided = Telescope().observe(settings.replace(skip_scale=1.0, branch_scale=1.0))
    np.testing.assert_allclose(undivided.log10_factor, math.log10(2) / 2, atol=0.05)


def relu_variance(q: float, b: float) -> float:
    """E relu(z)^2 for z ~ N(b, 2 q): the next layer's second moment under He weights."""
    sd, normal = math.sqrt(2 * q), NormalDist()
    return (b * b + sd * sd) * normal.cdf(b / sd) + b * sd * normal.pdf(b / sd)


def test_constant_biases_decide_what_a_relu_stack_hears():
    """From small inputs on, +0.1 lets the signal climb and -0.1 lets it die out, as the map of its variance does."""
    settings = Settings(
        depth=20, width=256, samples=20, activation="relu", initializer="he", scale=1.0, input_scale=0.1,
        loss="probe", generator="numpy",
    )  # fmt: skip
    for b, layers in ((0.1, 12), (-0.1, 2)):
        q, expected = 0.01, []
        for _ in range(layers):
            q = relu_variance(q, b)
            expected.append(math.log10(q) / 2)
        seen = Telescope().observe(settings.replace(bias_mean=b)).signal.log10_rms
        np.testing.assert_allclose(seen[:layers], expected, atol=0.1)
    assert Telescope().observe(settings.replace(bias_mean=-0.1)).verdict.state == "dead"
    assert Telescope().observe(settings.replace(bias_mean=0.1)).verdict.state == "healthy"


def test_inputs_that_were_not_normalised_saturate_the_first_layer_and_no_other():
    """z_1 ~ N(0, 255^2), and |tanh'| < 0.01 where |z| > 2.993: all but 2 * 2.993 / (255 sqrt(2 pi)) of the units."""
    settings = Settings(
        depth=10, width=128, samples=50, activation="tanh", initializer="lecun_normal", scale=1.0, input_scale=255.0
    )
    saturated = Telescope().observe(settings).signal.saturated
    assert saturated[0] == pytest.approx(1 - 2 * 2.993 / (255 * math.sqrt(2 * math.pi)), abs=0.005)
    assert saturated[1:].max() < 0.05
    assert Telescope().observe(settings.replace(input_scale=1.0)).signal.saturated.max() < 0.05


def test_an_identity_rnn_of_small_inputs_carries_the_message_undiminished():
    """Le, Jaitly and Hinton (2015): W = I and ReLU; a unit above zero hands its gradient on whole."""
    settings = Settings(
        cell="rnn", depth=100, width=64, activation="relu", initializer="identity", scale=1.0, loss="unit",
        input_scale=0.001, bias_mean=0.0,
    )  # fmt: skip
    observation = Telescope().observe(settings)
    assert observation.gradient.log10_mean[-1] == pytest.approx(0, abs=1e-12)
    assert -1 < observation.gradient.log10_mean[0] <= 0
    assert observation.verdict.state == "healthy"


@pytest.mark.parametrize("bias", [0.0, 1 / (16 * 3**0.5)], ids=["no bias", "PyTorch's own"])
def test_fifty_of_pytorchs_linear_layers_with_relu_fade_by_the_root_of_a_sixth_each(bias):
    """Variance 1 / (3 fan-in), of which ReLU passes half: the gradient's square goes by 1/6, and so by 0.41 a layer."""
    settings = Settings(
        depth=50, width=256, activation="relu", initializer="torch", scale=1.0, bias=bias, loss="probe", networks=3
    )
    factor = 10 ** Telescope().observe(settings).log10_factor.mean()
    assert factor == pytest.approx((1 / 6) ** 0.5, abs=0.01)
    assert f"{factor:.2f}" == "0.41"


@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_a_norm_at_the_branch_adds_the_same_to_the_signal_at_every_layer(norm):
    """Each branch has a mean square of 1; of zero mean, and fresh weights each, they add up to 1 + l."""
    settings = Settings(
        depth=48, width=256, activation="tanh", initializer="xavier", scale=1.0, residual=True, norm=norm,
        norm_place="branch", generator="numpy", samples=10,
    )  # fmt: skip
    power = 10 ** (2 * Telescope().observe(settings).signal.log10_rms)
    np.testing.assert_allclose(power, 1 + np.arange(1, 49), rtol=0.1)


@pytest.mark.parametrize("norm", ["batch", "layer", "rms"])
@pytest.mark.parametrize("place", ["pre", "activation", "branch", "post"])
@pytest.mark.parametrize("final", [False, True], ids=["", "final"])
def test_the_float64_pass_with_a_norm_reads_the_same_as_the_exact_one(norm, place, final):
    settings = Settings(
        depth=20, width=16, samples=12, initializer="xavier", scale=1.0, activation="tanh", residual=True, bias=0.1,
        norm=norm, norm_place=place, final_norm=final, norm_eps=1e-3, skip_scale=0.9, branch_scale="1/sqrt(l)",
    )  # fmt: skip
    quickly = with_norm.measure(task_of(settings))
    assert_the_same(quickly, by_the_exact_pass(settings), 1e-10)


@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_a_final_norm_makes_the_gradient_fall_as_the_signal_grows(norm):
    """The loss hears N(a_L): ten times the signal, with little eps, is a tenth of the gradient by it."""
    linear = Settings(
        depth=3, width=32, activation="linear", initializer="orthogonal", scale=1.0, norm=norm, norm_place="pre",
        final_norm=True, norm_eps=1e-12, loss="probe",
    )  # fmt: skip
    one, ten = (Telescope().observe(linear.replace(scale=scale)) for scale in (1.0, 10.0))
    assert ten.signal.log10_rms[-1] == pytest.approx(one.signal.log10_rms[-1] + 1, abs=1e-9)
    assert ten.gradient.log10_mean[-1] == pytest.approx(one.gradient.log10_mean[-1] - 1, abs=1e-9)
