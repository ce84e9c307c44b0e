"""The map of what can be trained: its cells, its order, and what theory says of it."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.engine.learning.trainability import STEPS, TrainabilityMemory, trainability
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.observations.interruption import Stopped

SMALL = Settings(
    depth=4, width=6, activation="tanh", initializer="xavier", scale=1.0, task="glyphs", batch=16, generator="numpy"
)
SCALES, DEPTHS = (0.5, 1.0, 1.5), (1, 2, 4)


def maps(settings=SMALL, scales=SCALES, depths=DEPTHS, memory=None, progress=None):
    memory, progress = memory or TrainabilityMemory(), progress or Progress()
    return list(trainability(Telescope(), settings, scales, depths, memory=memory, progress=progress))


def test_each_cell_is_what_its_network_reaches_with_momentum():
    *_, last = maps()
    for row, depth in enumerate(DEPTHS):
        for column, scale in enumerate(SCALES):
            learner = Telescope().learner(SMALL.replace(depth=depth, scale=scale, optimizer="momentum"))
            for _ in range(STEPS):
                learner.step()
            assert last.accuracy[row, column] == learner.evaluate()[1]


def test_coarse_maps_come_first_and_what_is_yet_to_be_trained_is_as_its_neighbour():
    first, *others = maps(scales=(0.5, 0.9, 1.0, 1.1, 1.5))
    assert first.accuracy.shape == (3, 5)
    assert np.isfinite(first.accuracy).all()
    assert len(others) >= 3
    assert (first.accuracy == first.accuracy[-1]).all(), "one row is known"


def test_what_was_trained_once_is_not_trained_again_and_another_network_begins_anew():
    memory = TrainabilityMemory()
    *_, last = maps(memory=memory)
    (again,) = maps(SMALL.replace(scale=1.3, depth=3), memory=memory)
    np.testing.assert_array_equal(again.accuracy, last.accuracy)
    assert len(maps(SMALL.replace(seed=7), memory=memory)) > 1


def test_it_can_be_stopped_and_tells_how_far_it_is():
    told: list[float] = []
    with pytest.raises(Stopped):
        maps(progress=Progress(lambda: len(told) > 150, told.append))
    assert told == sorted(told)
    assert 0 < told[-1] < 1


def test_deep_networks_learn_near_the_critical_scale_alone():
    """tanh with sigma_b^2 = 0.05 is critical at sigma_w^2 = 1.76. Three seeds: 14 to 23%, 46 to 58% and 11 to 20%."""
    network = SMALL.replace(width=32, bias=0.05**0.5, batch=64, learning_rate=0.01)
    *_, last = maps(network, scales=(1.0, 1.76095**0.5, 2.5), depths=(20,))
    ordered, critical, chaotic = last.accuracy[0]
    assert critical > ordered + 0.15
    assert critical > chaotic + 0.15
