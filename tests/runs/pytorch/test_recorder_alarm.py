"""Steps between two recorded ones at which a value ceases to be finite: they are recorded, and the layer is named."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from training import records_of

from tui_telescope import Recorder
from tui_telescope.runs.reading.opening import open_run
from tui_telescope.runs.recording.pace import Pace
from tui_telescope.runs.recording.pytorch.alarm import Alarm

LOST_AT = 30


class Poisoned(torch.autograd.Function):
    """Passes its input on as it is, and infinity instead of its gradient."""

    @staticmethod
    def forward(context: Any, x: Any) -> Any:
        return x.clone()

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        return gradient * torch.inf


class Fragile(nn.Module):
    """A layer that breaks when it runs for the thirtieth time, forward or backward."""

    def __init__(self, breaks: str) -> None:
        super().__init__()
        self.inner, self.breaks, self.runs = nn.Linear(6, 6), breaks, 0

    def forward(self, x: Any) -> Any:
        self.runs += 1
        x = torch.tanh(self.inner(x))
        if self.runs != LOST_AT:
            return x
        return x / 0 if self.breaks == "forward" else Poisoned.apply(x) if self.breaks == "backward" else x


def train(
    folder: Path, breaks: str, log: Callable[[Recorder, Any, str], None],
    change: Callable[[Any, int], None] = lambda model, step: None, **options: Any,
) -> None:  # fmt: skip
    torch.manual_seed(3)
    blocks = [Fragile(breaks if index == 5 else "") for index in range(8)]
    model = nn.Sequential(*blocks, nn.Linear(6, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    recorder = Recorder(model, optimizer, folder, **options)
    for step in range(2 * LOST_AT):
        change(model, step)
        loss = model(torch.randn(4, 6)).square().mean()
        log(recorder, loss, "before")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        log(recorder, loss, "after")
    recorder.close()


def log_before(recorder: Recorder, loss: Any, when: str) -> None:
    if when == "before":
        recorder.log(loss=loss)


def never_log(recorder: Recorder, loss: Any, when: str) -> None:
    pass


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so long that every one may keep what its layers give."""
    monkeypatch.setattr(Pace, "affords", lambda self, seconds: True)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize(
    ("breaks", "log", "reading"),
    [
        ("forward", log_before, "rms"),
        ("backward", log_before, "weight_gradient"),
        ("backward", never_log, "weight_gradient"),
    ],
)
def test_the_step_at_which_a_layer_breaks_is_recorded_and_the_layer_named(tmp_path, breaks, log, reading):
    train(tmp_path, breaks, log, every=1000)
    alarmed = [record for record in records_of(tmp_path) if record.get("alarm")]
    assert [record["step"] for record in alarmed] == [LOST_AT]
    lost = open_run(tmp_path).course().nonfinite
    assert lost is not None
    assert (lost.step, lost.after, lost.layer, lost.reading) == (LOST_AT, None, "5", reading)


def unfreeze(model: Any, step: int) -> None:
    model[0].requires_grad_(step >= 20)


def freeze_the_bias(model: Any, step: int) -> None:
    model[0].inner.bias.requires_grad_(step < 20)


@pytest.mark.parametrize("change", [unfreeze, freeze_the_bias])
def test_the_gradient_that_is_looked_at_is_one_of_a_parameter_that_learns(tmp_path, change):
    train(tmp_path, "backward", never_log, change, every=1000)
    assert [record["step"] for record in records_of(tmp_path) if record.get("alarm")] == [LOST_AT]


def test_where_outputs_were_not_kept_the_step_is_known_and_no_layer_is_blamed(tmp_path, monkeypatch):
    monkeypatch.setattr(Pace, "affords", lambda self, seconds: False)
    train(tmp_path, "forward", log_before, every=1000)
    lost = open_run(tmp_path).course().nonfinite
    assert lost is not None
    assert (lost.step, lost.after, lost.layer) == (LOST_AT, None, None)


class Framed(nn.Module):
    """Blocks between a stem, a parameter of the model's own, a norm and a head, none of which are recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(6, 1)
        self.shift = nn.Parameter(torch.zeros(6))
        self.stem = nn.Linear(6, 6)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(6, 6), nn.Tanh()) for _ in range(4))
        self.norm = nn.LayerNorm(6)

    def forward(self, x: Any) -> Any:
        x = self.stem(x) + self.shift
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def lost_outside(folder: Path, change: Callable[[Any], None], *, logs: bool = True, **options: Any) -> Any:
    """The record of the step at which a change is made to the model, or to the loss that is given back; and where the
    run is said to have been lost."""
    torch.manual_seed(3)
    model = Framed()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    recorder = Recorder(model, optimizer, folder, **options)
    for step in range(1, LOST_AT + 5):
        factor = change(model) if step == LOST_AT else None
        loss = model(torch.randn(4, 6)).square().mean()
        loss = loss if factor is None else loss * factor
        if logs:
            recorder.log(loss=loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    recorder.close()
    lost = open_run(folder).course().nonfinite
    assert lost is not None
    assert (lost.step, lost.after) == (LOST_AT, None)
    return next(record for record in records_of(folder) if record["step"] == LOST_AT), lost.layer


def spoiled(name: str, number: float) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        with torch.no_grad():
            model.get_parameter(name).fill_(number)

    return change


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("name", ["head.weight", "norm.bias", "stem.bias", "shift"])
@pytest.mark.parametrize("arguments", [{"every": 1000}, {"every": 1}, {"every": 1000, "logs": False}])
def test_a_parameter_outside_the_layers_that_is_not_finite_is_named_and_no_layer_is(tmp_path, name, arguments):
    record, layer = lost_outside(tmp_path, spoiled(name, math.nan), **arguments)
    assert (record["nonfinite_outside"], layer) == ([name], None)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("name", ["head", "stem"])
@pytest.mark.parametrize("every", [1, 1000])
def test_a_module_outside_the_layers_whose_output_overflows_first_is_named(tmp_path, name, every):
    record, layer = lost_outside(tmp_path, spoiled(f"{name}.weight", 3e38), every=every)
    assert (record["nonfinite_outside"], layer) == ([name], None)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("arguments", [{"every": 1000}, {"every": 1}, {"every": 1000, "logs": False}])
def test_of_a_loss_that_is_lost_by_itself_neither_a_layer_nor_a_module_is_named(tmp_path, arguments):
    record, layer = lost_outside(tmp_path, lambda model: math.inf, **arguments)
    assert ("nonfinite_outside" in record, layer) == (False, None)


@pytest.mark.usefixtures("unhurried")
def test_of_a_layer_that_is_lost_no_module_behind_it_is_named(tmp_path):
    record, layer = lost_outside(tmp_path, spoiled("blocks.2.0.weight", math.nan), every=1000)
    assert ("nonfinite_outside" in record, layer) == (False, "blocks.2")


@pytest.mark.usefixtures("unhurried")
def test_where_a_step_lost_all_parameters_the_module_that_ran_first_is_named(tmp_path):
    def change(model: Any) -> None:
        for name, _ in model.named_parameters():
            spoiled(name, math.nan)(model)

    record, layer = lost_outside(tmp_path, change, every=1000)
    assert (record["nonfinite_outside"], layer) == (["stem"], None)


def test_with_every_step_recorded_the_layer_is_named_however_short_the_steps(tmp_path):
    train(tmp_path, "forward", never_log, every=1)
    lost = open_run(tmp_path).course().nonfinite
    assert lost is not None
    assert (lost.step, lost.layer, lost.reading) == (LOST_AT, "5", "rms")


def test_a_loss_that_is_not_the_models_alarms_once(tmp_path):
    train(tmp_path, "", lambda recorder, loss, when: recorder.log(loss=float("nan")) if when == "before" else None)
    records = records_of(tmp_path)
    assert [record["step"] for record in records if record.get("alarm")] == [1]
    assert open_run(tmp_path).course().nonfinite is None


class Elsewhere(torch.Tensor):
    """A number on a device that works on its own: whoever reads it in the step that made it would have to wait."""

    device = property(lambda self: SimpleNamespace(type="cuda"))  # type: ignore[assignment]
    made_at = 0
    now = 0

    def detach(self) -> Elsewhere:
        return self

    def __float__(self) -> float:
        assert self.now > self.made_at, "waited for"
        return float(self.item())


def elsewhere(number: float) -> Elsewhere:
    made = torch.tensor(number).as_subclass(Elsewhere)
    made.made_at = Elsewhere.now
    return made


def test_on_another_device_nothing_is_waited_for_and_the_alarm_goes_off_a_step_later():
    alarm = Alarm()
    went_off = []
    for step, number in enumerate([1.0, 2.0, math.nan, math.nan, 1.0, 1.0, math.inf, 1.0], 1):
        Elsewhere.now = step
        alarm.begin_step()
        if alarm.goes_off("loss", elsewhere(number)):
            went_off.append(step)
        assert not alarm.is_prompt
    assert went_off == [4, 8], "lost at 3 and at 7"
