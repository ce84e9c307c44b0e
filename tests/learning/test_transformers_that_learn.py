"""A transformer that learns: what its tokens are, and what is told of it."""

from __future__ import annotations

import io

import numpy as np
import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.charts.effect import effective, why_without_effect
from tui_telescope.engine.learning.course.description import summary
from tui_telescope.engine.learning.trainability import STEPS, TrainabilityMemory, trainability
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.printing.learning import write_learning
from tui_telescope.printing.progress_line import ProgressLine

SETTINGS = Settings(
    cell="transformer", depth=3, width=8, heads=2, activation="gelu", residual=True, norm="layer", norm_place="pre",
    initializer="xavier", scale=1.0, task="glyphs", batch=16, learning_rate=0.05,
)  # fmt: skip
ROWS = 8


def test_the_readings_of_a_sample_are_those_of_all_its_tokens():
    learner = Telescope().learner(SETTINGS, dtype=np.float64)
    seen = next(Telescope().learn(SETTINGS, 1, dtype=np.float64)).observation
    inputs, classes = learner.batch(0)
    signals = [each.reshape(ROWS, 8, 16) for each in learner.gone_forward(inputs).signals]
    logits = learner.parameters["head"] @ signals[-1][-1]
    by_last_token = learner.parameters["head"].T @ (np.exp(logits) / np.exp(logits).sum(axis=0) - np.eye(10)[classes].T)
    expected = np.mean(np.linalg.norm(by_last_token, axis=0))
    assert seen.gradient.log10_mean[-1] == pytest.approx(np.log10(expected), abs=1e-12)
    assert np.all(seen.gradient.log10_mean[:-1] > seen.gradient.log10_mean[-1])
    for layer, signal in enumerate(signals):
        assert seen.signal.log10_rms[layer] == pytest.approx(np.log10(np.sqrt(np.mean(signal**2))), abs=1e-12)
        share = np.sqrt(np.mean((signal - signal.mean(axis=-1, keepdims=True)) ** 2) / np.mean(signal**2))
        assert seen.signal.log10_spread[layer] == pytest.approx(np.log10(share), abs=1e-12), "among samples"


def test_the_weight_gradient_is_told_apart_for_each_part_of_a_block():
    learner = Telescope().learner(SETTINGS, dtype=np.float64)
    by = learner.gradients(*learner.batch(0))
    seen = next(Telescope().learn(SETTINGS, 1, dtype=np.float64)).observation.weight_gradient
    parts = {"query_key": ("query", "key"), "value_output": ("value", "output"), "mlp": ("up", "down")}
    assert list(seen.log10_parts) == list(parts)
    for part, names in parts.items():
        whole = np.sqrt(sum((by[name] ** 2).sum(axis=(1, 2)) for name in names))
        np.testing.assert_allclose(seen.log10_parts[part], np.log10(whole), atol=1e-12)
    assert next(Telescope().learn(SETTINGS.replace(cell="gru"), 1)).observation.weight_gradient.log10_parts is None


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_is_written_of_it_has_the_parts_too(form):
    stream = io.StringIO()
    write_learning(stream, SETTINGS, 1, form, ascii_only=True, line=ProgressLine(None))
    for part in ("query_key", "value_output", "mlp"):
        assert f"log10_weight_gradient_{part}" in stream.getvalue()


def test_no_token_hears_a_later_row_of_the_glyph():
    learner = Telescope().learner(SETTINGS, dtype=np.float64)
    inputs = learner.batch(0)[0].copy()
    before = [each.reshape(ROWS, -1) for each in learner.gone_forward(inputs).signals]
    inputs[:, 5 * 8 :] += 1  # from the sixth row on
    after = [each.reshape(ROWS, -1) for each in learner.gone_forward(inputs).signals]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old[:5], new[:5])
        assert (old[5:] != new[5:]).any(axis=1).all()


@pytest.mark.parametrize(("task", "tokens"), [("glyphs", ROWS), ("spirals", 1)])
def test_the_tokens_are_the_tasks_whatever_their_setting(task, tokens):
    learners = [Telescope().learner(SETTINGS.replace(task=task, tokens=set_to)) for set_to in (2, 16)]
    few, many = ([each.copy() for each in one.gone_forward(one.batch(0)[0]).signals] for one in learners)
    np.testing.assert_array_equal(few, many)
    assert few[0].shape == (tokens * 8, 16)


def test_the_panel_says_where_the_tokens_have_no_effect():
    why = "a sample of the task has its own: a glyph's eight rows, or the one point of the spirals"
    assert why_without_effect("tokens", SETTINGS, "learn") == why
    assert why_without_effect("tokens", SETTINGS, "trainable") == why
    assert why_without_effect("tokens", SETTINGS, "gradient") == ""
    rows = {view: effective(SETTINGS, view) for view in ("gradient", "learn", "trainable")}
    assert [view for view, names in rows.items() if "tokens" in names] == ["gradient"]
    assert why_without_effect("tokens", SETTINGS.replace(cell="lstm"), "learn").startswith("only a transformer has")


def test_what_came_of_it_is_told_in_blocks():
    first, *_, last = Telescope().learn(SETTINGS, 20, every=20)
    assert last.loss < first.loss
    assert "Every block has changed, block" in summary(SETTINGS, first, last)


def test_numbers_that_leave_their_range_end_it_and_name_the_block():
    exploding = SETTINGS.replace(norm="none", scale=100.0, depth=24)
    *_, last = Telescope().learn(exploding, 3, every=1)
    assert last.diverged is not None
    block = last.diverged.layer
    assert f"diverged at step 0: block {block} was the first" in summary(exploding, last, last)
    learner = Telescope().learner(exploding)
    signals = learner.gone_forward(learner.batch(0)[0]).signals
    assert np.isfinite(signals[block - 2]).all()
    assert not np.isfinite(signals[block - 1]).all()


def test_the_map_of_what_can_be_trained_has_transformers_too():
    learner = Telescope().learner(SETTINGS.replace(depth=2, optimizer="momentum"))
    for _ in range(STEPS):
        learner.step()
    memory, progress = TrainabilityMemory(), Progress()
    *_, seen = trainability(Telescope(), SETTINGS, (0.01, 1.0), (2,), memory=memory, progress=progress)
    assert seen.accuracy[0, 1] == pytest.approx(learner.evaluate()[1], abs=0.01)
