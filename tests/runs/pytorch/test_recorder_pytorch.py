"""The recorder in a PyTorch loop whose model, optimizer or disk it cannot cope with: training goes on as without it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from training import data, lines_of, made, records_of

from tui_telescope import Recorder
from tui_telescope.runs.reading.opening import open_run


def train(model: Any, recorder: Recorder, optimizer: Any, steps: int = 3) -> None:
    for x, y in data()[:steps]:
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        recorder.log(loss=loss)
        optimizer.step()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == "tui_telescope"]


def hooks_of(model: Any) -> int:
    return sum(len(each._forward_hooks) for each in model.modules())


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"layers": "rows"}, "layers: 'rows' is not allowed; allowed: 'leaves', 'blocks', or a list of names"),
        ({"layers": ["blocks.9"]}, "layers: the model has no module 'blocks.9'"),
        ({"every": 0}, "every: 0 is not allowed; allowed: 1 and above"),
    ],
)
def test_options_that_make_no_sense_are_said_and_training_goes_on(tmp_path, caplog, options, reason):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    train(model, Recorder(model, optimizer, tmp_path, **options), optimizer)
    assert said(caplog) == [f"telescope: recording ends: {reason}"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("told", "named", "reason"),
    [
        ([], {"lss": 1}, "lss: 1 is not allowed; allowed: loss, scaler=, step="),
        ([None, 3], {}, "argument 2: 3 is not allowed; allowed: loss, scaler=, step="),
        (["abc"], {}, "loss: 'abc' is not allowed; allowed: a number, or a tensor of one"),
        (["9" * 99], {}, f"loss: '{'9' * 39}... is not allowed; allowed: a number, or a tensor of one"),
        ([[1.0]], {}, "loss: list is not allowed; allowed: a number, or a tensor of one"),
        ([torch.ones(8)], {}, "loss: Tensor is not allowed; allowed: a number, or a tensor of one"),
        ([np.ones(8)], {}, "loss: ndarray is not allowed; allowed: a number, or a tensor of one"),
        ([], {"scaler": 3}, "scaler: 3 is not allowed; allowed: a torch.amp.GradScaler"),
        ([], {"step": "a"}, "step: 'a' is not allowed; allowed: a whole number"),
    ],
)
def test_what_log_cannot_understand_is_said_once_by_its_name_and_recording_goes_on(
    tmp_path, caplog, told, named, reason
):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    for x, y in data():
        (model(x) - y).square().mean().backward()
        recorder.log(*told, **named)
        optimizer.step()
    recorder.close()
    assert said(caplog) == [f"telescope: log: {reason}"]
    assert [(record["step"], "loss" in record) for record in records_of(tmp_path)] == [
        (1, False),
        (2, False),
        (3, False),
    ]


@pytest.mark.parametrize("wrap", [float, np.float32, lambda loss: np.array([float(loss)]), lambda loss: loss[None]])
def test_a_loss_may_be_told_first_as_a_number_or_a_tensor_of_any_kind(tmp_path, caplog, wrap):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    x, y = data()[0]
    loss = (model(x) - y).square().mean()
    loss.backward()
    recorder.log(wrap(loss.detach()))
    optimizer.step()
    recorder.close()
    assert records_of(tmp_path)[0]["loss"] == pytest.approx(loss.item(), rel=6e-4)
    assert not said(caplog)


def test_models_and_optimizers_that_it_cannot_read_are_named(tmp_path, caplog):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    Recorder(model, object(), tmp_path)
    Recorder(3, optimizer, tmp_path)

    class FullyShardedDataParallel(nn.Module):
        pass

    Recorder(FullyShardedDataParallel(), optimizer, tmp_path)
    assert [line.partition("ends: ")[2] for line in said(caplog)] == [
        "object is no optimizer; allowed: torch.optim.Optimizer, one or a list",
        "int is no model; allowed: torch.nn.Module",
        "FullyShardedDataParallel is not supported; fully_shard (FSDP2) is",
    ]


def test_an_optimizer_that_holds_nothing_of_the_model_is_said_to_and_recorded_by(tmp_path, caplog):
    model, others = made(), [torch.optim.AdamW(made().parameters()) for _ in range(2)]
    mine = torch.optim.SGD(model.head.parameters(), lr=0.1)
    Recorder(model, others[0], tmp_path)
    Recorder(model, [mine, others[1]], tmp_path)
    Recorder(model, mine, tmp_path)
    words = "(AdamW) holds none of the model's parameters: is it another model's?"
    assert said(caplog) == [f"telescope: the optimizer {words}", f"telescope: optimizer 2 of 2 {words}"]
    train(model, Recorder(model, others[0], tmp_path, every=1), others[0], 1)
    assert [record["step"] for record in records_of(tmp_path)] == [1]


def test_a_disk_that_fails_in_the_middle_ends_the_recording_and_takes_every_hook_away(tmp_path, caplog, monkeypatch):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    train(model, recorder, optimizer, 1)
    assert hooks_of(model) > 0

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tui_telescope.runs.recording.lines.os.write", full)
    train(model, recorder, optimizer, 3)
    assert len(said(caplog)) == 1
    assert "No space left" in said(caplog)[0]
    assert hooks_of(model) == 0
    assert not optimizer._optimizer_step_post_hooks


def test_closing_writes_what_waits_for_its_loss_and_leaves_the_model_as_it_was(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    x, y = data()[0]
    (model(x) - y).square().mean().backward()
    optimizer.step()
    recorder.close()
    assert [record["step"] for record in records_of(tmp_path)] == [1]
    assert (hooks_of(model), len(optimizer._optimizer_step_pre_hooks)) == (0, 0)


def test_closing_tells_which_step_was_the_last_with_its_loss_where_it_was_not_recorded(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Recorder(model, optimizer, tmp_path, every=1000) as recorder:
        x, y = data()[0]
        for step in range(500, 505):
            (model(x) - y).square().mean().backward()
            recorder.log(step / 1000, step=step)
            optimizer.step()
    recorder.close()
    first, last = records_of(tmp_path)
    assert (first["step"], last.pop("step"), last.pop("loss")) == (500, 504, 0.504)
    assert last.keys() == {"time", "learning_rate"}
    run = open_run(tmp_path)
    assert (run.records[-1].step, run.observation().depth) == (504, 4), "the newest readings are shown"


def test_a_folder_that_was_removed_is_not_made_again_for_the_last_step(tmp_path, caplog):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path / "a", every=1000)
    train(model, recorder, optimizer)
    assert len(records_of(tmp_path / "a")) == 1
    shutil.rmtree(tmp_path / "a")
    recorder.close()
    assert not said(caplog)
    assert not list(tmp_path.iterdir())


def scaled_steps(model: Any, optimizers: list[Any], scaler: Any) -> None:
    for x, y in data():
        model.zero_grad()
        scaler.scale((model(x) - y).square().mean()).backward()
        for each in optimizers:
            scaler.step(each)
        scaler.update()


def test_once_it_is_closed_a_scalers_steps_are_no_longer_recorded(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    recorder.log(scaler=scaler)
    scaled_steps(model, [optimizer], scaler)
    recorder.close()
    scaled_steps(model, [optimizer], scaler)
    assert [record["step"] for record in records_of(tmp_path)] == [1, 2, 3]
    assert hooks_of(model) == 0


def test_an_optimizer_of_another_kind_may_share_the_scaler(tmp_path, caplog):
    class Foreign:
        def __init__(self, parameters: Any) -> None:
            self.param_groups = [{"params": list(parameters)}]

        def step(self) -> None:
            pass

    model = made()
    optimizer = torch.optim.SGD(model.blocks.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    recorder.log(scaler=scaler)
    scaled_steps(model, [Foreign(model.head.parameters()), optimizer], scaler)
    recorder.close()
    assert [record["skipped"] for record in records_of(tmp_path)] == [False] * 3
    assert not said(caplog)


def test_steps_bear_the_numbers_that_the_loop_tells(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    for step, (x, y) in enumerate(data(), 500):
        (model(x) - y).square().mean().backward()
        recorder.log(step=step)
        optimizer.step()
    recorder.close()
    assert [record["step"] for record in records_of(tmp_path)] == [500, 501, 502]


@pytest.mark.parametrize("logs_after", [False, True])
def test_a_loss_is_that_of_the_step_it_was_told_at_and_numbers_hold_over_steps_that_are_not_recorded(
    tmp_path, logs_after
):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path, every=2)
    x, y = data()[0]
    for step in range(500, 509):
        (model(x) - y).square().mean().backward()
        if step != 504 and not logs_after:
            recorder.log(loss=step, step=step)
        optimizer.step()
        if step != 504 and logs_after:
            recorder.log(loss=step, step=step)
    recorder.close()
    found = {record["step"]: record.get("loss") for record in records_of(tmp_path)}
    assert found == {500: 500, 502: 502, 504: None, 506: 506, 508: 508}


def test_a_gradient_far_below_what_float32_squares_is_a_number(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    x, _ = data()[0]
    (1e-28 * model(x).sum()).backward()
    optimizer.step()
    recorder.close()
    (record,) = records_of(tmp_path)
    assert all(0 < number < 1e-26 for number in record["gradient"])


def test_the_layer_that_becomes_nan_is_named_by_its_number(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, optimizer, tmp_path, every=1)
    with torch.no_grad():
        model.blocks[2][0].weight[0, 0] = float("nan")
    train(model, recorder, optimizer, 1)
    recorder.close()
    (record,) = records_of(tmp_path)
    assert record["rms"][:2] == [number for number in record["rms"][:2] if isinstance(number, float)]
    assert record["nonfinite"]["rms"] == [3, 4]


@pytest.mark.parametrize("kind", ["tuple", "dictionary", "nothing"])
def test_outputs_are_read_by_their_first_tensor(tmp_path, kind):
    wrap = {"tuple": lambda x: (x, None), "dictionary": lambda x: {"hidden": x}, "nothing": lambda x: None}[kind]

    class Block(nn.Linear):
        kept: Any = None

        def forward(self, x: Any) -> Any:
            self.kept = super().forward(x)
            return wrap(self.kept)

    blocks = nn.ModuleList(Block(6, 6) for _ in range(3))
    optimizer = torch.optim.SGD(blocks.parameters(), lr=0.1)
    recorder = Recorder(blocks, optimizer, tmp_path, every=1)
    x = data()[0][0]
    for block in blocks:
        block(x)
        x = block.kept
    x.sum().backward()
    optimizer.step()
    recorder.close()
    (record,) = records_of(tmp_path)
    assert ("gradient" in record) == (kind != "nothing")
    if kind != "nothing":
        assert record["gradient"][-1] == pytest.approx(48**0.5, rel=1e-3)


def test_the_file_is_strict_json(tmp_path):
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=float("inf"))
    train(model, Recorder(model, optimizer, Path(tmp_path), every=1), optimizer)
    assert {"nan", "inf"} & {str(number) for record in lines_of(tmp_path)[2:] for number in record["weight"]}
