"""What the lesson says about learning, played: each claim holds for every one of several seeds, with room to spare."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings, Telescope

STACK = Settings(depth=20, width=16, initializer="xavier", scale=1.0, task="glyphs", optimizer="momentum", batch=32)
SEEDS = [1, 2, 3, 4]


def after(settings: Settings, steps: int):
    """The last moment."""
    *_, last = Telescope().learn(settings, steps, every=steps)
    return last


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_layers_of_a_deep_sigmoid_stack_stay_bit_for_bit_what_they_were_while_the_head_moves(seed):
    """Seen over six seeds: 8 or 9 of 20 layers unchanged, the last moved by 4 to 7%, accuracy 11% of 10 classes."""
    learner = Telescope().learner(STACK.replace(seed=seed))
    start = {name: array.copy() for name, array in learner.parameters.items()}
    for _ in range(600):
        learner.step()
    weights = learner.parameters["weights"]
    np.testing.assert_array_equal(weights[:4], start["weights"][:4])
    assert np.linalg.norm(weights[-1] - start["weights"][-1]) > 0.01 * np.linalg.norm(start["weights"][-1])
    assert np.linalg.norm(learner.parameters["head"] - start["head"]) > 0.01 * np.linalg.norm(start["head"])
    assert learner.evaluate()[1] < 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_with_residual_connections_the_same_stack_learns_from_its_first_layer_on(seed):
    """Seen over six seeds: accuracy 56 to 64%, layer 1 moved by 11 to 13%."""
    last = after(STACK.replace(seed=seed, residual=True), 150)
    assert not last.unchanged.any()
    assert last.log10_change[0] > -2
    assert last.accuracy > 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_one_update_of_an_exploding_network_throws_its_weights_away_and_clipping_prevents_it(seed):
    """Seen over six seeds: some layer changed to 148 times its size or more, against 0.05% with clip."""
    exploding = Settings(
        depth=20, width=16, activation="relu", initializer="he", scale=2.0, task="glyphs", batch=32, seed=seed
    )
    assert after(exploding, 1).log10_change.max() > 1
    clipped = after(exploding.replace(clip=1.0), 1)
    assert clipped.log10_change.max() < -2
    assert clipped.diverged is None


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_deeper_is_worse_without_residual_connections_and_not_with_them(seed):
    """Seen over three seeds: 34 to 42% at depth 5 and 11% at 40, against 77 to 83% and 75% with them."""
    relus = Settings(
        width=16, activation="relu", initializer="he", scale=1.0, branch_scale="1/sqrt(L)",
        task="glyphs", optimizer="momentum", batch=32, seed=seed,
    )  # fmt: skip
    shallow, deep, shallow_residual, deep_residual = (
        after(relus.replace(depth=depth, residual=residual), 150).accuracy
        for residual in (False, True) for depth in (5, 40)
    )  # fmt: skip
    assert deep < shallow - 0.1
    assert deep_residual > shallow_residual - 0.15
    assert deep_residual > deep + 0.4


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_a_transformer_learns_the_glyphs_from_their_rows(seed):
    """Seen over six seeds: accuracy 78 to 85%, losses of 0.46 to 0.63."""
    transformer = Settings(
        cell="transformer", depth=4, width=16, activation="gelu", residual=True, norm="layer", norm_place="pre",
        final_norm=True,
        branch_scale="1/sqrt(2L)", initializer="xavier", scale=1.0,
        task="glyphs", optimizer="adam", batch=32, seed=seed,
    )  # fmt: skip
    last = after(transformer, 150)
    assert last.accuracy > 0.65
    assert not last.unchanged.any()


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_an_rnn_forgets_what_it_read_where_an_lstm_remembers_it(seed):
    """The glyph's eight rows, then nothing, up to step 24. Four seeds: losses of 2.2 to 2.3 and 1.2 to 1.5."""
    cell = Settings(
        cell="rnn", depth=24, width=16, activation="tanh", initializer="xavier", scale=0.9, forget_bias=2.0,
        task="glyphs", optimizer="adam", learning_rate=0.02, batch=32, seed=seed,
    )  # fmt: skip
    assert after(cell, 100).loss > 2.0  # log(10) = 2.303 is guessing
    assert after(cell.replace(cell="lstm"), 100).loss < 1.75
