"""The callbacks, driven in the order in which Lightning and the Hugging Face Trainer document their hooks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from training import data, made, plain_readings, records_of

from tui_telescope.runs.recording import hugging_face, lightning


def assert_recorded(folder: Any) -> None:
    records = records_of(folder)
    assert [record["step"] for record in records] == [1, 2, 3]
    for seen, wanted in zip(records, plain_readings(), strict=True):
        for name in ("gradient", "weight_gradient"):
            assert seen[name] == pytest.approx(wanted[name], rel=6e-4)


def test_lightnings_hooks_record_each_step_with_its_loss(tmp_path):
    """Lightning runs forward and backward within the closure that it gives to the optimizer."""
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    trainer = SimpleNamespace(
        model=model, optimizers=[optimizer], precision_plugin=SimpleNamespace(), global_step=0
    )  # fmt: skip
    callback = lightning.TelescopeCallback(tmp_path, every=1)
    callback.on_train_start(trainer, model)
    losses = []
    for index, (x, y) in enumerate(data()):

        def closure(x: Any = x, y: Any = y) -> Any:
            loss = (model(x) - y).square().mean()
            optimizer.zero_grad()
            loss.backward()
            return loss

        losses.append(optimizer.step(closure).item())
        trainer.global_step += 1
        callback.on_train_batch_end(trainer, model, {"loss": torch.tensor(losses[-1])}, (x, y), index)
    callback.on_train_end(trainer, model)
    assert_recorded(tmp_path)
    assert [record["loss"] for record in records_of(tmp_path)] == pytest.approx(losses, rel=6e-4)
    assert not optimizer._optimizer_step_post_hooks


def test_the_trainers_hooks_record_each_step_within_the_optimizer_that_accelerate_wraps(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapped = SimpleNamespace(optimizer=optimizer, scaler=None)
    state = SimpleNamespace(global_step=0)
    callback = hugging_face.TelescopeCallback(tmp_path, every=1)
    callback.on_train_begin(None, state, None, model=model, optimizer=wrapped, lr_scheduler=None)
    for index, (x, y) in enumerate(data()):
        callback.on_step_begin(None, state, None, model=model)
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
        state.global_step += 1
        callback.on_step_end(None, state, None, model=model)
        if index < 2:
            callback.on_log(None, state, None, logs={"loss": index + 0.5})
    callback.on_train_end(None, state, None)
    assert_recorded(tmp_path)
    assert [record.get("loss") for record in records_of(tmp_path)] == [0.5, 1.5, None]


def test_a_training_that_fails_leaves_no_hooks_behind(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    trainer = SimpleNamespace(model=model, optimizers=[optimizer], precision_plugin=None, global_step=0)
    callback = lightning.TelescopeCallback(tmp_path)
    callback.on_train_start(trainer, model)
    callback.on_exception(trainer, model, KeyboardInterrupt())
    assert not optimizer._optimizer_step_post_hooks
