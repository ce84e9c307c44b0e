"""The numbers of a recurrent cell: where they stand in the streams, and what keeps them still."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_numbers import SAMPLE_SEED, SEED, draw, first, pythons_normals

from tui_telescope import Settings, Telescope

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
every_cell = pytest.mark.parametrize("cell", GATES)
both_generators = pytest.mark.parametrize("generator", ["python", "numpy"])


@every_cell
def test_a_draw_has_a_matrix_of_each_kind_for_every_gate_and_an_input_for_every_step(cell):
    drawn, gates = draw(cell, networks=2), GATES[cell]
    assert drawn.weights.shape == drawn.input_weights.shape == (2, gates, 3, 3)
    assert drawn.biases.shape == (2, gates, 3)
    assert (drawn.inputs.shape, drawn.targets.shape) == ((4, 5, 3), (4, 3))


def test_a_feedforward_draw_has_no_input_weights():
    assert draw("feedforward").input_weights is None


@every_cell
def test_the_recurrent_matrices_come_first_gate_by_gate_row_by_row_and_then_the_input_matrices(cell):
    stream, drawn, gates = pythons_normals(SEED), draw(cell), GATES[cell]
    np.testing.assert_allclose(drawn.weights[0], first(stream, gates, 3, 3), rtol=1e-14)
    np.testing.assert_allclose(drawn.input_weights[0], first(stream, gates, 3, 3) / 3**0.5, rtol=1e-14)


def test_first_input_and_target_of_each_sample_come_first_and_then_step_after_step():
    stream, drawn = pythons_normals(SAMPLE_SEED), draw("lstm")
    start = first(stream, 4, 2, 3)
    np.testing.assert_allclose(drawn.inputs[:, 0], start[:, 0], rtol=1e-14)
    np.testing.assert_allclose(drawn.targets, start[:, 1], rtol=1e-14)
    np.testing.assert_allclose(drawn.inputs[:, 1:], first(stream, 4, 4, 3).swapaxes(0, 1), rtol=1e-14)


@both_generators
def test_a_longer_sequence_keeps_its_weights_targets_and_the_inputs_it_had(generator):
    telescope, short = Telescope(), Settings(cell="gru", depth=3, generator=generator)
    before, longer = telescope.draw(short), telescope.draw(short.replace(depth=9))
    for drawn in (longer, Telescope().draw(short.replace(depth=9))):
        np.testing.assert_array_equal(drawn.inputs[:, :3], before.inputs)
        np.testing.assert_array_equal(drawn.inputs, longer.inputs)
        np.testing.assert_array_equal(drawn.targets, before.targets)
        np.testing.assert_array_equal(drawn.weights, before.weights)
        np.testing.assert_array_equal(drawn.input_weights, before.input_weights)


@both_generators
def test_a_single_step_is_shown_what_a_feedforward_network_is_shown(generator):
    one, other = draw("rnn", depth=1, generator=generator), draw("feedforward", generator=generator)
    np.testing.assert_array_equal(one.inputs[:, 0], other.inputs)
    np.testing.assert_array_equal(one.targets, other.targets)


@both_generators
@every_cell
def test_network_k_is_drawn_from_seed_plus_k_and_shares_the_inputs(cell, generator):
    several = draw(cell, generator=generator, networks=3, bias=1.0)
    for k in range(3):
        alone = draw(cell, generator=generator, seed=SEED + k, bias=1.0)
        for name in ("weights", "input_weights", "biases"):
            np.testing.assert_array_equal(getattr(several, name)[k], getattr(alone, name)[0])
        np.testing.assert_array_equal(several.inputs, alone.inputs)


@both_generators
@pytest.mark.parametrize(
    "change", [{"scale": 7.0}, {"initializer": "orthogonal"}, {"initializer": "identity"}], ids=str
)
def test_scale_and_initializer_shape_the_recurrent_matrices_alone(generator, change):
    one, other = draw("lstm", generator=generator), draw("lstm", generator=generator, **change)
    assert not np.array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.input_weights, other.input_weights)


@both_generators
def test_input_matrices_have_a_variance_of_one_over_the_width(generator):
    drawn = draw("lstm", width=64, generator=generator).input_weights
    assert drawn.var() * 64 == pytest.approx(1, abs=5 * (2 / drawn.size) ** 0.5)


def test_every_gate_of_an_orthogonal_cell_is_orthogonal_by_itself():
    for q in draw("lstm", initializer="orthogonal", scale=3.0).weights[0]:
        np.testing.assert_allclose(q.T @ q, 9 * np.eye(3), atol=1e-13)


def test_biases_have_a_stream_of_their_own_in_which_gate_follows_gate():
    without, with_bias = draw("lstm"), draw("lstm", bias=2.0)
    np.testing.assert_array_equal(with_bias.weights, without.weights)
    np.testing.assert_array_equal(with_bias.input_weights, without.input_weights)
    np.testing.assert_allclose(with_bias.biases[0], 2.0 * first(pythons_normals(2**33 + SEED), 4, 3), rtol=1e-14)
    assert not without.biases.any()


def test_the_forget_bias_is_among_the_biases_of_the_lstms_second_gate():
    np.testing.assert_array_equal(draw("lstm", forget_bias=1.5).biases[0], [[0] * 3, [1.5] * 3, [0] * 3, [0] * 3])
    for cell in ("rnn", "gru"):
        assert not draw(cell, forget_bias=1.5).biases.any()


def test_a_draw_belongs_to_its_owner():
    telescope, settings = Telescope(), Settings(cell="lstm", depth=3, bias=1.0, samples=2, initializer="identity")
    names = ("weights", "input_weights", "biases", "inputs", "targets")
    untouched, spoiled = Telescope().draw(settings), telescope.draw(settings)
    for name in names:
        getattr(spoiled, name)[...] = np.nan
    for name in names:
        np.testing.assert_array_equal(getattr(telescope.draw(settings), name), getattr(untouched, name))
