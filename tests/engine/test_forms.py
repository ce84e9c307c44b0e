"""The forms of a block: what each computes, what it is drawn from, and where the norm stands in it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_settings import settings_within
from exact_readings import assert_exact
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference_of_norms import reading
from reference_readings import assert_agrees
from single_passes import assert_the_same, by_the_exact_pass, task_of

from tui_telescope import Settings, Telescope
from tui_telescope.engine.passes.float64 import by_recipe
from tui_telescope.engine.weights.draws import UnitDraws, log2_weight_norms
from tui_telescope.networks import MATRICES

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


at_ordinary_scales = settings_within(
    cell=st.just("feedforward"),
    form=st.sampled_from(NEW),
    depth=st.integers(2, 40),
    width=st.integers(1, 24),
    samples=st.integers(2, 24),
    scale=st.floats(0.3, 3.0),
    bias=st.just(0.0) | st.floats(0.0, 1.0),
    bias_mean=st.just(0.0) | st.floats(-1.0, 1.0),
    branch_scale=st.just(1.0) | st.just("1/sqrt(l)"),
    skip_scale=st.just(1.0) | st.floats(0.3, 1.5),
    input_scale=st.just(1.0) | st.floats(0.1, 10.0),
    networks=st.just(1),
    clip=st.just("off"),
).filter(lambda each: each.depth * each.width * each.samples * (20 + 2 * each.expansion * each.width) <= 15_000)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(at_ordinary_scales)
def test_whatever_is_drawn_at_ordinary_scales_is_exact(network):
    telescope = Telescope()
    observation = telescope.observe(network)
    if observation.is_settled:
        assert_agrees(observation.gradient, reading(network, telescope.draw(network)), 1e-8)


@pytest.mark.parametrize("form", NEW)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "selu", "gelu", "silu", "softplus"])
@pytest.mark.parametrize("width", [4, 64])
@pytest.mark.parametrize("residual", [False, True], ids=["", "residual"])
def test_the_float64_pass_reads_the_same_as_the_exact_one(form, activation, width, residual):
    settings = Settings(
        form=form, depth=30, width=width, samples=6, initializer="xavier", scale=1.2, bias=0.1, bias_mean=0.05,
        activation=activation, residual=residual, skip_scale=0.9, branch_scale="1/sqrt(l)", expansion=3,
    )  # fmt: skip
    assert_the_same(by_recipe.measure(task_of(settings)), by_the_exact_pass(settings), 1e-11)


@pytest.mark.parametrize("form", NEW)
@pytest.mark.parametrize("norm", ["batch", "layer", "rms"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("final", [False, True], ids=["", "final"])
def test_so_it_does_with_a_norm_anywhere(form, norm, place, final):
    settings = Settings(
        form=form, depth=20, width=16, samples=12, initializer="xavier", scale=1.0, activation="tanh", residual=True,
        bias=0.1, norm=norm, norm_place=place, final_norm=final, norm_eps=1e-3, skip_scale=0.9,
    )  # fmt: skip
    assert_the_same(by_recipe.measure(task_of(settings)), by_the_exact_pass(settings), 1e-10)


@pytest.mark.parametrize("form", NEW)
def test_where_tanh_is_saturated_the_float64_pass_keeps_the_digits_of_its_slopes(form):
    settings = Settings(form=form, depth=6, width=32, samples=4, activation="tanh", initializer="xavier", scale=30.0)
    assert_the_same(by_recipe.measure(task_of(settings)), by_the_exact_pass(settings), 1e-11)


@pytest.mark.parametrize("form", NEW)
def test_what_leaves_float64_is_left_to_the_exact_pass(form):
    settings = Settings(form=form, depth=300, width=8, activation="leaky_relu", scale=1000.0, samples=3)
    assert by_recipe.measure(task_of(settings)) is None
    assert np.isfinite(Telescope().observe(settings).gradient.log10_mean).all()


@pytest.mark.parametrize(("expansion", "scale"), [(1, 1.0), (1, 2.0), (3, 1.0)])
@pytest.mark.parametrize("form", NEW)
@pytest.mark.parametrize("activation", ["tanh", "gelu", "silu", "linear"])
def test_a_single_orthogonal_unit_that_cancels_its_residual_connection_keeps_its_digits(
    form, activation, expansion, scale
):
    settings = Settings(
        form=form, depth=4, width=1, expansion=expansion, initializer="orthogonal", scale=scale, activation=activation,
        residual=True, samples=3, input_scale=0.01,
        skip_scale=scale ** (2 if form == "mlp" else 1) * (0.5 if activation in ("gelu", "silu") else 1.0),
    )  # fmt: skip
    for seed in range(4):
        assert_exact(settings.replace(seed=seed), digits=200)


def test_up_and_down_are_drawn_as_their_shapes_say():
    telescope, settings = Telescope(), Settings(form="mlp", width=5, depth=4, expansion=3, networks=2, bias=0.5)
    draw = telescope.draw(settings)
    assert {name: each.shape for name, each in draw.weights.items()} == {"up": (2, 4, 15, 5), "down": (2, 4, 5, 15)}
    assert {name: each.shape for name, each in draw.biases.items()} == {"up": (2, 4, 15), "down": (2, 4, 5)}


@pytest.mark.parametrize("generator", ["python", "numpy"])
@pytest.mark.parametrize("distribution", ["normal", "uniform", "truncated"])
def test_every_kind_of_matrix_and_its_biases_have_random_numbers_of_their_own(generator, distribution):
    made = Settings(width=6, depth=40, scale=1.0, bias=1.0, generator=generator, distribution=distribution, expansion=1)
    telescope = Telescope()
    dense, mlp = telescope.draw(made), telescope.draw(made.replace(form="mlp"))
    arrays = [dense.weights, dense.biases, *mlp.weights.values(), *mlp.biases.values()]
    numbers = np.concatenate([each.ravel() for each in arrays])
    assert len(np.unique(numbers)) == len(numbers)
    assert len({kind.stream for kind in MATRICES.values()}) == len(MATRICES)
    assert all(kind.stream < 2**20 for kind in MATRICES.values())
    shallow = telescope.draw(made.replace(form="mlp", depth=7))
    for name in ("up", "down"):
        np.testing.assert_array_equal(mlp.weights[name][:, :7], shallow.weights[name])
        assert mlp.weights[name].std() == pytest.approx(1, abs=0.06)


def test_a_form_moves_no_other_number():
    telescope, dense = Telescope(), Settings(depth=6, bias=0.3)
    before, pre = telescope.draw(dense), telescope.draw(dense.replace(form="pre-activation"))
    mlp = telescope.draw(dense.replace(form="mlp"))
    np.testing.assert_array_equal(before.weights, pre.weights)
    np.testing.assert_array_equal(before.biases, pre.biases)
    for one in (pre, mlp):
        np.testing.assert_array_equal(before.inputs, one.inputs)
        np.testing.assert_array_equal(before.targets, one.targets)


FANS = {  # the variance of an entry: of `up`, with 8 inputs and 32 outputs, and of `down`, with 32 and 8
    "xavier": (2 / 40, 2 / 40),
    "lecun": (1 / 8, 1 / 32),
    "he": (2 / 8, 2 / 32),
    "torch": (1 / (3 * 8), 1 / (3 * 32)),
}


@pytest.mark.parametrize("initializer", FANS)
def test_matrices_that_are_not_square_have_the_variance_of_their_own_fans(initializer):
    draw = Telescope().draw(Settings(form="mlp", width=8, depth=60, initializer=initializer, scale=1.5))
    for name, variance in zip(("up", "down"), FANS[initializer], strict=True):
        assert draw.weights[name].var() == pytest.approx(1.5**2 * variance, rel=0.05)


def test_orthogonal_matrices_that_are_not_square_keep_lengths_in_their_smaller_space():
    draw = Telescope().draw(Settings(form="mlp", width=5, depth=3, initializer="orthogonal", scale=2.0))
    for layer in range(3):
        up, down = draw.weights["up"][0, layer] / 2, draw.weights["down"][0, layer] / 2
        np.testing.assert_allclose(up.T @ up, np.eye(5), atol=1e-14)
        np.testing.assert_allclose(down @ down.T, np.eye(5), atol=1e-14)


def test_identity_matrices_that_are_not_square_have_ones_on_their_diagonal():
    draw = Telescope().draw(Settings(form="mlp", width=2, depth=1, initializer="identity", scale=0.5, expansion=2))
    np.testing.assert_array_equal(draw.weights["up"][0, 0], [[0.5, 0], [0, 0.5], [0, 0], [0, 0]])
    np.testing.assert_array_equal(draw.weights["down"][0, 0], [[0.5, 0, 0, 0], [0, 0.5, 0, 0]])


def test_the_frozen_rule_weighs_a_layer_with_all_its_matrices():
    """||dW|| / ||W|| over both: their squares add up."""
    telescope, settings = Telescope(), Settings(form="mlp", width=6, depth=5, initializer="he", activation="relu")
    draw, seen = telescope.draw(settings), telescope.observe(settings)
    whole = np.sqrt(sum((each[0] ** 2).sum(axis=(1, 2)) for each in draw.weights.values()))
    measured = by_recipe.measure(task_of(settings))
    np.testing.assert_allclose(measured.weight_gradient * math.log10(2), seen.weight_gradient.log10, rtol=1e-12)
    np.testing.assert_allclose(2 ** log2_weight_norms(UnitDraws().network(settings, 0), settings), whole, rtol=1e-12)


PUBLIC = Settings(
    depth=10, width=128, samples=20, networks=16, activation="relu", initializer="he", scale=1.0, residual=True,
    loss="probe", generator="numpy",
)  # fmt: skip


def test_ten_blocks_of_x_plus_w_phi_of_x_double_the_power_ten_times():
    """E ||x + W phi(x)||^2 = ||x||^2 + 2 ||phi(x)||^2, on average 2 ||x||^2: an rms of 32."""
    power = 10 ** (2 * Telescope().observe(PUBLIC.replace(form="pre-activation")).signal.log10_rms)
    np.testing.assert_allclose(power, 2.0 ** np.arange(1, 11), rtol=0.15)


def test_ten_blocks_of_x_plus_phi_of_w_x_pile_up_the_mean_of_phi_as_well():
    """z ~ N(0, 2 q): ReLU has the mean sqrt(q / pi) and the mean square q; x and phi(W x) share their means."""
    q, mean, expected = 1.0, 0.0, []
    for _ in range(10):
        of_phi = math.sqrt(q / math.pi)
        q, mean = 2 * q + 2 * mean * of_phi, mean + of_phi
        expected.append(q)
    assert 144 < math.sqrt(expected[-1]) < 162
    power = 10 ** (2 * Telescope().observe(PUBLIC).signal.log10_rms)
    np.testing.assert_allclose(power, expected, rtol=0.2)


@pytest.mark.parametrize("form", NEW)
def test_the_sum_of_skip_and_branch_over_the_root_of_two_is_level(form):
    """Branches of zero mean and of their input's power: He's matrices after ReLU; of the mlp the second is LeCun's."""
    settings = PUBLIC.replace(form=form, depth=50, skip_scale=0.5**0.5, branch_scale=0.5**0.5, networks=8)
    observation = Telescope().observe(settings if form != "mlp" else settings.replace(scale=0.5**0.25))
    gradient = observation.gradient.log10_mean
    for level in (observation.signal.log10_rms, gradient - gradient[-1]):
        np.testing.assert_allclose(level, 0, atol=0.25)


def test_in_pre_activation_the_norm_before_the_branch_is_the_norm_before_phi():
    made = SMALL.replace(form="pre-activation", norm="layer")
    one, other = (Telescope().observe(made.replace(norm_place=place)) for place in ("pre", "activation"))
    np.testing.assert_array_equal(one.gradient.log10_mean, other.gradient.log10_mean)


def test_recurrent_cells_and_forms_without_hidden_units_say_why_a_setting_does_nothing():
    assert Settings(cell="rnn", form="mlp").why_ineffective("form") == "recurrent cells have one form alone"
    assert Settings(cell="gru").why_ineffective("expansion") == "recurrent cells have one form alone"
    assert Settings().why_ineffective("expansion") == "layers of the form post-activation have no hidden units"
    assert not Settings(form="mlp").ineffective & {"form", "expansion"}
