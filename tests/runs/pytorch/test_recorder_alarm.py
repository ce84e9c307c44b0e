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
