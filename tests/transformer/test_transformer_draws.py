"""The numbers that a transformer is made of."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings, Telescope

SETTINGS = Settings(cell="transformer", depth=3, width=8, heads=2, tokens=5, samples=4, expansion=3, bias=0.1)
SQUARE = ("query", "key", "value", "output")
each_generator = pytest.mark.parametrize("generator", ["python", "numpy"])


def draw(**changes):
    return Telescope().draw(SETTINGS.replace(**changes))


def test_weights_and_biases_come_by_name():
    drawn = draw(networks=2)
    shapes = dict.fromkeys(SQUARE, (2, 3, 8, 8)) | {"up": (2, 3, 24, 8), "down": (2, 3, 8, 24)}
    assert {name: array.shape for name, array in drawn.weights.items()} == shapes
    assert {name: array.shape for name, array in drawn.biases.items()} == {n: s[:3] for n, s in shapes.items()}
    assert drawn.inputs.shape == drawn.targets.shape == (4, 5, 8)


@each_generator
def test_every_kind_of_matrix_has_numbers_of_its_own(generator):
    drawn = draw(generator=generator)
    for arrays in (drawn.weights, drawn.biases):
        flat = np.sort(np.concatenate([array.ravel() for array in arrays.values()]))
        assert np.all(np.diff(flat) > 0), "a number that is drawn twice"


@each_generator
def test_a_deeper_transformer_keeps_its_blocks_and_a_longer_sequence_its_tokens(generator):
    short, long = draw(generator=generator), draw(generator=generator, depth=5, tokens=9)
    for name, array in short.weights.items():
        np.testing.assert_array_equal(array, long.weights[name][:, :3])
    np.testing.assert_array_equal(short.inputs, long.inputs[:, :5])
    np.testing.assert_array_equal(short.targets, long.targets[:, :5])


@each_generator
def test_a_sequence_of_one_token_is_the_sample_of_a_feedforward_network(generator):
    one = draw(generator=generator, tokens=1)
    layers = Telescope().draw(Settings(width=8, samples=4, depth=1, generator=generator))
    np.testing.assert_array_equal(one.inputs[:, 0], layers.inputs)
    np.testing.assert_array_equal(one.targets[:, 0], layers.targets)


def test_the_mlp_of_a_block_is_the_one_of_the_form_mlp():
    mlp = Telescope().draw(Settings(form="mlp", depth=3, width=8, expansion=3, samples=4))
    for name in ("up", "down"):
        np.testing.assert_array_equal(draw().weights[name], mlp.weights[name])


def test_the_unit_loss_injects_an_error_of_norm_1_over_all_tokens():
    errors = draw(loss="unit").targets
    np.testing.assert_allclose(np.linalg.norm(errors.reshape(4, -1), axis=1), 1)
    last = Telescope().observe(SETTINGS.replace(loss="unit")).gradient.log10_mean[-1]
    assert last == pytest.approx(0, abs=1e-12)


def test_a_changed_setting_redraws_nothing():
    before, after = draw(), draw(activation="relu", residual=True, norm="rms", heads=4, scale=4.0)
    for name, array in before.weights.items():
        np.testing.assert_allclose(2 * array, after.weights[name], rtol=1e-15)
