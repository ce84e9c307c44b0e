"""A training that goes on: its history stays small, and is the same whoever looks at it in between."""

from __future__ import annotations

import numpy as np

from tui_telescope import Settings, Telescope
from tui_telescope.engine.learning.course.training import MOST_MOMENTS, Training

SMALL = Settings(depth=3, width=4, activation="tanh", initializer="xavier", scale=1.0, batch=8)


def trained(steps: int, shown: tuple[int, ...] = (), settings: Settings = SMALL) -> Training:
    training = Training(Telescope().learner(settings))
    for step in range(1, steps + 1):
        training.step(is_shown=step in shown)
    return training


def test_every_step_is_kept_until_there_are_too_many_and_then_every_second():
    assert [each.step for each in trained(5).history.moments] == list(range(6))
    many = trained(4 * MOST_MOMENTS + 3).history
    steps = [each.step for each in many.moments]
    assert len(steps) <= MOST_MOMENTS
    assert steps == list(range(0, steps[-1] + 1, many.every))
    assert many.every == 8


def test_what_is_shown_in_between_is_the_latest_until_the_next_and_leaves_no_trace():
    last = 2 * MOST_MOMENTS + 1
    plain, watched = trained(last).history, trained(last, shown=(MOST_MOMENTS + 3, last)).history
    assert watched.latest.step == last
    assert [each.step for each in watched.moments[:-1]] == [each.step for each in plain.moments]
    np.testing.assert_array_equal(watched.moments[-2].log10_change, plain.latest.log10_change)


def test_a_history_tells_the_same_as_the_moments_of_learning():
    *_, expected = Telescope().learn(SMALL, 20, every=20)
    latest = trained(20).history.latest
    assert (latest.step, latest.loss, latest.accuracy) == (20, expected.loss, expected.accuracy)
    np.testing.assert_array_equal(latest.log10_update, expected.log10_update)


def test_a_training_that_has_diverged_is_over():
    wild = trained(40, settings=SMALL.replace(activation="linear", scale=3.0, learning_rate=10.0))
    assert wild.is_over
    assert wild.history.latest.diverged
    assert [each.diverged is None for each in wild.history.moments[:-1]] == [True] * (len(wild.history.moments) - 1)
