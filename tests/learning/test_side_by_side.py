"""Networks that learn side by side do what each of them does alone."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings
from tui_telescope.engine.learning.learner import Learner
from tui_telescope.engine.learning.side_by_side import SideBySide
from tui_telescope.engine.weights.draws import UnitDraws

SMALL = Settings(
    depth=4, width=6, activation="tanh", initializer="xavier", bias=0.2, task="glyphs", batch=16, learning_rate=0.05
)
SCALES = (0.5, 1.0, 2.5)


def side_by_side(settings: Settings) -> SideBySide:
    return SideBySide(UnitDraws(), [settings.replace(scale=scale) for scale in SCALES], np.float64)


@pytest.mark.parametrize(
    "chosen",
    [
        {"optimizer": "momentum"},
        {"optimizer": "adam", "activation": "gelu", "bias": 0.0},
        {"clip": 0.1, "activation": "sigmoid", "residual": True, "skip_scale": 0.8, "branch_scale": "1/sqrt(l)"},
        {"residual": True, "norm": "batch", "norm_place": "branch", "final_norm": True},
        {"norm": "layer", "norm_place": "pre"},
        {"cell": "transformer", "heads": 2, "residual": True, "norm": "batch", "norm_place": "pre", "final_norm": True},
        {"cell": "transformer", "heads": 3, "bias": 0.0, "clip": 0.1, "norm": "rms", "norm_place": "post"},
        {"norm": "rms", "norm_place": "post"},
        {"form": "pre-activation", "residual": True, "norm": "layer", "norm_place": "pre"},
        {"form": "mlp", "expansion": 2, "residual": True, "branch_scale": 0.5, "norm": "rms", "norm_place": "post"},
        {"cell": "rnn", "depth": 10},
        {"cell": "lstm", "depth": 10, "optimizer": "momentum"},
        {"cell": "gru", "depth": 3},
    ],
    ids=str,
)
def test_each_network_moves_as_it_does_alone(chosen):
    settings = SMALL.replace(**chosen)
    together = side_by_side(settings)
    for _ in range(20):
        together.step()
    for index, scale in enumerate(SCALES):
        alone = Learner(UnitDraws(), settings.replace(scale=scale), np.float64)
        for _ in range(20):
            alone.step()
        for name, expected in alone.parameters.items():
            np.testing.assert_allclose(together.parameters[name][index], expected, rtol=1e-9, atol=1e-12)
        assert together.accuracies()[index] == alone.evaluate()[1]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_one_that_diverges_stays_where_it_was_and_disturbs_no_other(optimizer):
    """Linear layers of a hundred times the critical scale: the signal of 200 of them leaves float64 at once."""
    settings = SMALL.replace(activation="linear", depth=200, optimizer=optimizer, learning_rate=0.01)
    networks = [settings.replace(scale=scale) for scale in (1.0, 100.0)]
    together = SideBySide(UnitDraws(), networks, np.float64)
    start = {name: array.copy() for name, array in together.parameters.items()}
    for _ in range(3):
        together.step()
    sound = Learner(UnitDraws(), networks[0], np.float64)
    for _ in range(3):
        sound.step()
    for name, array in together.parameters.items():
        np.testing.assert_array_equal(array[1], start[name][1])
        np.testing.assert_allclose(array[0], sound.parameters[name], rtol=1e-9, atol=1e-12)
    assert not np.array_equal(together.parameters["head"][0], start["head"][0])


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_one_that_diverges_later_on_stops_there_too_whatever_its_optimizer_has_gathered(optimizer):
    wild = SMALL.replace(activation="linear", depth=40, optimizer=optimizer, learning_rate=30.0)
    together = side_by_side(wild)
    for _ in range(12):
        together.step()
    stopped = 0
    for index, scale in enumerate(SCALES):
        alone = Learner(UnitDraws(), wild.replace(scale=scale), np.float64)
        for _ in range(12):
            alone.step()
        stopped += 1 < alone.steps < 12
        for name, expected in alone.parameters.items():
            np.testing.assert_allclose(together.parameters[name][index], expected, rtol=1e-6)
    assert stopped
