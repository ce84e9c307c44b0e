"""A learner: what it is shown, what it does with it, and how it stops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tui_telescope import Settings, SettingsError, Telescope
from tui_telescope.engine.learning.course.description import summary
from tui_telescope.engine.learning.course.moments import observed
from tui_telescope.engine.learning.cross_entropy import softmax_cross_entropy
from tui_telescope.networks import OPTIMIZERS, TASKS
from tui_telescope.observations.description import describe
from tui_telescope.observations.interruption import Stopped
from tui_telescope.presets import PRESETS

SMALL = Settings(depth=3, width=6, activation="tanh", initializer="xavier", scale=1.0, task="glyphs", batch=48)


def run_of(settings: Settings, steps: int = 20, **options):
    return list(Telescope().learn(settings, steps, every=5, **options))


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_balanced_has_a_size_of_one_and_comes_from_the_sample_seed_alone(task):
    kind = TASKS[task]
    whole = SMALL.replace(task=task, batch=min(1024, kind.samples))
    inputs, classes = Telescope().learner(whole).batch(0)
    assert inputs.shape == (whole.batch, kind.inputs)
    assert set(classes) == set(range(kind.classes))
    assert np.mean(inputs**2) == pytest.approx(1.0, abs=0.1)
    again = Telescope().learner(whole.replace(seed=9, generator="numpy", depth=2)).batch(0)
    np.testing.assert_array_equal(again[0], inputs)
    other = Telescope().learner(whole.replace(sample_seed=8)).batch(0)
    assert not np.array_equal(other[0], inputs)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_can_be_learned_and_takes_more_than_a_linear_map(task):
    """The nearest neighbour among 256 samples knows it; least squares of the classes by the same samples do not."""
    learner = Telescope().learner(SMALL.replace(task=task, batch=256))
    (inputs, classes), (others, wanted) = learner.batch(0), learner.batch(1)
    distances = np.linalg.norm(others[:, None] - inputs[None], axis=-1)
    nearest = classes[distances.argmin(axis=1)]
    assert np.mean(nearest == wanted) > 0.9
    with_one = np.column_stack([inputs, np.ones(len(inputs))])
    linear, *_ = np.linalg.lstsq(with_one, np.eye(TASKS[task].classes)[classes], rcond=None)
    hits = np.mean((np.column_stack([others, np.ones(len(others))]) @ linear).argmax(axis=1) == wanted)
    assert hits < 0.7


def test_batches_go_through_all_samples_before_any_comes_again():
    learner = Telescope().learner(SMALL.replace(batch=100, task="spirals"))
    shown = np.concatenate([learner.batch(k)[0] for k in range(11)])
    first, second = np.unique(shown[:512], axis=0), np.unique(shown[512:1024], axis=0)
    assert len(first) == 512
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(shown[:512], shown[512:1024])
    np.testing.assert_array_equal(learner.batch(3)[0], shown[300:400])  # in any order of asking


def test_a_batch_may_be_larger_than_the_task():
    inputs, classes = Telescope().learner(SMALL.replace(batch=1024, task="spirals")).batch(1)
    assert inputs.shape == (1024, 2)
    assert len(classes) == 1024


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("cell", ["feedforward", "gru"])
def test_the_same_seed_gives_the_same_run_to_the_bit(optimizer, cell):
    settings = SMALL.replace(optimizer=optimizer, cell=cell)
    one, other = run_of(settings), run_of(settings)
    assert [moment.loss for moment in one] == [moment.loss for moment in other]
    assert [moment.loss for moment in one] != [moment.loss for moment in run_of(settings.replace(seed=1))]
    np.testing.assert_array_equal(one[-1].log10_change, other[-1].log10_change)


def test_moments_come_before_the_first_step_at_every_so_many_and_after_the_last():
    assert [moment.step for moment in run_of(SMALL, 12)] == [0, 5, 10, 12]
    first = run_of(SMALL, 1)[0]
    assert first.unchanged.all()
    assert np.isneginf(first.log10_change).all()
    assert np.isneginf(first.log10_update).all()


def test_update_and_change_are_those_of_the_weights():
    settings, telescope = SMALL.replace(bias=0.2, optimizer="adam"), Telescope()
    learner = telescope.learner(settings)
    start = learner.parameters["weights"].astype(np.float64)
    for _ in range(3):
        before = learner.parameters["weights"].astype(np.float64)
        learner.step()
    now = learner.parameters["weights"].astype(np.float64)
    *_, moment = telescope.learn(settings, 3, every=3)
    sizes = [np.linalg.norm(each, axis=(1, 2)) for each in (now - before, before, now - start, start)]
    np.testing.assert_allclose(moment.log10_update, np.log10(sizes[0] / sizes[1]), atol=1e-5)
    np.testing.assert_allclose(moment.log10_change, np.log10(sizes[2] / sizes[3]), atol=1e-5)


@pytest.mark.parametrize("cell", ["feedforward", "rnn"])
def test_the_observation_of_a_moment_is_that_of_the_tasks_own_loss(cell):
    settings = SMALL.replace(cell=cell, batch=5, depth=9, scale=3.0)
    learner = Telescope().learner(settings, dtype=np.float64)
    moment = next(Telescope().learn(settings, 1, dtype=np.float64))
    gradients = learner.gradients(*learner.batch(0))
    seen = moment.observation
    assert seen.depth == 9
    if cell == "feedforward":
        expected = np.log10(np.linalg.norm(gradients["weights"], axis=(1, 2)))
        np.testing.assert_allclose(seen.weight_gradient.log10, expected, atol=1e-12)
    inputs, classes = learner.batch(0)
    signals = [np.array(each) for each in learner.gone_forward(inputs).signals]
    head, weights = learner.parameters["head"], learner.parameters["weights"]
    shares = np.exp(head @ signals[-1]) / np.exp(head @ signals[-1]).sum(axis=0)
    by_signal = head.T @ (shares - np.eye(10)[classes].T)
    for layer in reversed(range(9)):
        slopes, readings = 1 - signals[layer] ** 2, (seen.gradient.log10_mean, seen.signal.log10_rms)
        expected = np.mean(np.linalg.norm(by_signal, axis=0)), np.sqrt(np.mean(signals[layer] ** 2))
        for reading, number in zip(readings, expected, strict=True):
            assert reading[layer] == pytest.approx(np.log10(number), abs=1e-12)
        assert seen.signal.saturated[layer] == pytest.approx(np.mean(slopes < 0.01))
        by_signal = weights[layer if cell == "feedforward" else 0].T @ (slopes * by_signal)
    assert 0 < seen.signal.saturated.max() < 1


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_steps_that_change_no_bit_of_the_gradient_by_the_shared_weights_are_unheard(cell):
    """What a step adds is the difference that it makes if its own copy of the weights alone is held still."""
    settings = SMALL.replace(cell=cell, depth=40, scale=0.3, batch=5, bias=0.5, forget_bias=-2.0)
    learner = Telescope().learner(settings, dtype=np.float64)
    seen = next(Telescope().learn(settings, 1, dtype=np.float64)).observation
    whole = np.linalg.norm(learner.gradients(*learner.batch(0))["weights"])
    shares = seen.weight_gradient.log10 - np.log10(whole)
    expected = np.flatnonzero(shares < -24 * np.log10(2)) + 1
    assert 1 < len(expected) < 40
    assert seen.verdict.frozen == tuple(expected.tolist())
    assert f"{len(expected)} of 40 steps are unheard in float32" in describe(seen)
    if cell == "rnn":
        signals = [np.zeros((6, 5)), *learner.gone_forward(learner.batch(0)[0]).signals]
        by_signal = learner.gone_back(*learner.batch(0)).gradients
        last = (1 - signals[-1] ** 2) * by_signal[-1] @ signals[-2].T
        assert seen.weight_gradient.log10[-1] == pytest.approx(np.log10(np.linalg.norm(last)), abs=1e-12)


def test_where_inputs_cannot_be_told_apart_it_is_said_that_moving_layers_learn_nothing():
    stack = Settings(depth=20, width=16, initializer="xavier", scale=1.0, task="glyphs", optimizer="momentum", batch=32)
    telescope = Telescope()
    first, *_, last = telescope.learn(stack, 150, every=150)
    learner = telescope.learner(stack)
    for _ in range(150):
        learner.step()
    signals = [each.astype(np.float64) for each in learner.gone_forward(learner.batch(150)[0]).signals]
    spread = [np.sqrt(np.mean((a - a.mean(axis=1, keepdims=True)) ** 2) / np.mean(a**2)) for a in signals]
    layer = next(number for number, share in enumerate(spread, 1) if share < 2**-23)
    words = f"% of the samples are right, a guess: float32 cannot tell the inputs apart at layer {layer}."
    assert words in summary(stack, first, last)
    assert last.log10_change[-1] > -2, "and yet the last layer moves"
    assert "a guess" not in summary(stack, first, first)
    assert "a guess" not in summary(stack, first, replace(last, accuracy=0.2)), "guessing is right in 10 to 14%"
    thawed = stack.replace(residual=True)
    first, *_, last = telescope.learn(thawed, 150, every=150)
    assert "a guess" not in summary(thawed, first, last)


def test_a_unit_that_is_silent_on_every_sample_of_the_batch_is_dead():
    settings = SMALL.replace(activation="relu", batch=3)
    learner = Telescope().learner(settings)
    dead = next(Telescope().learn(settings, 1)).observation.signal.dead
    silent = [np.mean((signal == 0).all(axis=1)) for signal in learner.gone_forward(learner.batch(0)[0]).signals]
    assert 0 < max(silent) < 1
    np.testing.assert_allclose(dead, silent)


@pytest.mark.parametrize("large", [50.0, 1000.0])
def test_the_cross_entropy_of_logits_far_apart_is_their_difference(large):
    """-log(exp(0) / (exp(0) + exp(z))) is z, but for exp(-z)."""
    loss, gradient = softmax_cross_entropy(np.array([[large], [0.0]]), np.array([1]))
    assert loss == pytest.approx(large, rel=1e-15)
    np.testing.assert_allclose(gradient, [[1.0], [-1.0]], rtol=1e-15)


def test_layers_of_a_moment_are_frozen_by_their_gradient_beside_their_own_weights():
    deep = SMALL.replace(activation="sigmoid", depth=14, bias=0.0)
    learner = Telescope().learner(deep, dtype=np.float64)
    learner.parameters["weights"][:7] *= 1e-3  # small weights are moved by small gradients
    gradient = learner.gradients(*learner.batch(0))["weights"]
    share = np.linalg.norm(gradient, axis=(1, 2)) / np.linalg.norm(learner.parameters["weights"], axis=(1, 2))
    frozen = tuple(np.flatnonzero(share < share.max() * 2.0**-23) + 1)
    assert 0 < len(frozen) < 14
    assert observed(learner).verdict.frozen == frozen


def test_the_first_step_alone_of_a_cell_adds_nothing_to_the_gradient_by_the_weights():
    seen = observed(Telescope().learner(SMALL.replace(cell="rnn", depth=6)))
    assert np.isneginf(seen.weight_gradient.log10[0])  # h_0 is zero
    assert np.isfinite(seen.weight_gradient.log10[1:]).all()


def test_the_spread_is_what_differs_among_samples_beside_the_whole_and_samples_that_are_alike_have_none():
    settings = SMALL.replace(batch=7)
    learner = Telescope().learner(settings, dtype=np.float64)
    spread = next(Telescope().learn(settings, 1, dtype=np.float64)).observation.signal.log10_spread
    for layer, signal in enumerate(learner.gone_forward(learner.batch(0)[0]).signals):
        expected = np.sqrt(np.mean(signal.var(axis=1)) / np.mean(signal**2))
        assert spread[layer] == pytest.approx(np.log10(expected), abs=1e-12)
    deep = settings.replace(activation="sigmoid", depth=40)
    collapsed = next(Telescope().learn(deep, 1)).observation.signal.log10_spread
    assert collapsed[-1] < -6.5  # float32's epsilon is 10^-6.9
    assert np.isneginf(next(Telescope().learn(settings.replace(batch=1), 1)).observation.signal.log10_spread).all()


def test_float32_is_the_precision_unless_another_is_asked_for():
    assert {each.dtype for each in Telescope().learner(SMALL).parameters.values()} == {np.dtype(np.float32)}
    learner = Telescope().learner(SMALL, dtype=np.float64)
    learner.step()
    assert {each.dtype for each in learner.parameters.values()} == {np.dtype(np.float64)}


def test_without_a_learning_rate_worth_a_bit_nothing_changes_and_that_is_said_of_float32_alone():
    tiny = SMALL.replace(learning_rate=1e-6, activation="sigmoid", depth=12)
    assert run_of(tiny, 5)[-1].unchanged[0]
    assert not run_of(tiny, 5, dtype=np.float64)[-1].unchanged[0]


def test_a_divergence_is_told_with_its_step_and_its_first_layer_and_ends_the_run():
    wild = SMALL.replace(activation="linear", scale=100.0, depth=40)
    (last,) = run_of(wild)
    learner = Telescope().learner(wild)
    signal = learner.parameters["read_in"] @ learner.batch(0)[0].T.astype(np.float32)
    layer = 0
    while np.isfinite(signal).all():
        with np.errstate(all="ignore"):
            signal = learner.parameters["weights"][layer] @ signal
        layer += 1
    assert last.diverged == (0, layer)
    learner.step()
    assert learner.steps == 0


@pytest.mark.parametrize("preset", ["one-step", "rate"])
def test_the_step_that_it_diverged_at_does_not_depend_on_who_found_out(preset):
    settings = PRESETS[preset].settings
    *_, by_stepping = Telescope().learn(settings, 100, every=100)
    assert by_stepping.diverged
    *_, by_looking = Telescope().learn(settings, by_stepping.diverged.step)
    assert by_looking.diverged
    assert by_looking.diverged.step == by_stepping.diverged.step


def test_a_learner_that_has_diverged_changes_nothing_more():
    learner = Telescope().learner(SMALL.replace(activation="linear", scale=100.0, depth=40))
    learner.step()
    before = learner.parameters["head"].copy()
    learner.step()
    np.testing.assert_array_equal(learner.parameters["head"], before)


def silenced(**changes):
    """A learner whose signals are all zero, while its gradients grow by two decades a layer on their way back."""
    learner = Telescope().learner(SMALL.replace(activation="linear", scale=100.0, **changes))
    learner.parameters["read_in"][...] = 0
    return learner


def test_a_gradient_that_alone_leaves_the_range_is_told_with_its_last_layer():
    learner = silenced(depth=40)
    _, classes = learner.batch(0)
    gradient = learner.parameters["head"].T @ (0.1 - np.eye(10)[classes].T) / len(classes)
    gradient, layer = gradient.astype(np.float32), 40
    while np.isfinite(gradient).all():
        with np.errstate(all="ignore"):
            gradient = learner.parameters["weights"][layer - 1].T @ gradient
        layer -= 1
    learner.step()
    assert learner.diverged == (0, layer)


def test_clipping_knows_a_norm_whose_square_leaves_float32():
    learner = silenced(depth=12, clip=1.0, learning_rate=0.01)
    before = {name: array.copy() for name, array in learner.parameters.items()}
    largest = max(np.abs(each).max() for each in learner.gradients(*learner.batch(0)).values())
    assert largest > np.sqrt(np.finfo(np.float32).max)
    learner.step()
    moved = [np.linalg.norm(learner.parameters[name] - before[name]) for name in before]
    assert np.linalg.norm(moved) == pytest.approx(0.01, rel=1e-4)


def test_clipping_brings_the_global_norm_of_all_parameters_down_to_the_limit():
    settings = SMALL.replace(clip=1e-3, learning_rate=1.0, bias=0.1)
    learner = Telescope().learner(settings, dtype=np.float64)
    before = {name: array.copy() for name, array in learner.parameters.items()}
    learner.step()
    moved = [np.linalg.norm(learner.parameters[name] - before[name]) for name in before]
    assert np.linalg.norm(moved) == pytest.approx(1e-3, rel=1e-9)


def test_what_does_not_fit_into_memory_is_refused_with_what_to_lower():
    with pytest.raises(SettingsError, match=r"memory: learning .* allowed: 1 GiB \(lower width, depth or batch\)"):
        Telescope().learner(Settings(depth=100, width=1024, samples=2))


def test_learning_can_be_stopped_and_tells_how_far_it_is():
    told: list[float] = []
    with pytest.raises(Stopped):
        list(Telescope().learn(SMALL, 10, progress=told.append, should_stop=lambda: len(told) == 4))
    assert told == [0.0, 0.1, 0.2, 0.3]
