"""The callbacks in Lightning and in the Hugging Face Trainer themselves, where those are installed.

They are no dependency, not even of the tests: `pip install lightning transformers accelerate` beside them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from training import STEPS, data, made, plain_readings, records_of

from tui_telescope.runs.reading.opening import open_run
from tui_telescope.runs.recording import hugging_face
from tui_telescope.runs.recording import lightning as callbacks_of_lightning

pytestmark = pytest.mark.filterwarnings("ignore")
"""What these libraries warn of is theirs."""

SAMPLES = [(x.detach(), y) for x, y in data()]


def losses() -> list[float]:
    """Of a plain loop with SGD."""
    model = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = []
    for x, y in SAMPLES:
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def assert_recorded(folder: Path) -> None:
    records = records_of(folder)
    assert [record["step"] for record in records] == list(range(1, STEPS + 1))
    assert [record["loss"] for record in records] == pytest.approx(losses(), rel=6e-4)
    for seen, wanted in zip(records, plain_readings(), strict=True):
        for name in ("gradient", "weight_gradient", "rms"):
            assert seen[name] == pytest.approx(wanted[name], rel=6e-4)


@pytest.fixture
def lightning() -> Any:
    return pytest.importorskip("lightning", reason="Lightning is not installed")


@pytest.fixture
def transformers() -> Any:
    pytest.importorskip("accelerate", reason="the Trainer needs accelerate, which is not installed")
    return pytest.importorskip("transformers", reason="transformers is not installed")


def test_lightning_records_each_step_and_its_own_logs_are_read(lightning: Any, tmp_path: Path) -> None:
    from lightning.pytorch.utilities import grad_norm

    class Module(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.stack = made()

        def training_step(self, batch: Any, index: int) -> Any:
            x, y = batch
            loss = (self.stack(x[0]) - y[0]).square().mean()
            self.log("train_loss", loss)
            return loss

        def on_before_optimizer_step(self, optimizer: Any) -> None:
            self.log_dict(grad_norm(self, 2))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    loggers = [lightning.pytorch.loggers.CSVLogger(tmp_path, name="csv")]
    if pytest.importorskip("tensorboard", reason="tensorboard is not installed"):
        loggers.append(lightning.pytorch.loggers.TensorBoardLogger(tmp_path, name="events"))
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", logger=loggers, log_every_n_steps=1, enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False,
        callbacks=[callbacks_of_lightning.TelescopeCallback(tmp_path / "run", every=1)],
    )  # fmt: skip
    trainer.fit(Module(), torch.utils.data.DataLoader(SAMPLES))
    assert_recorded(tmp_path / "run")
    wanted = plain_readings()[-1]["weight_gradient"]
    for log in ("csv", "events"):
        run = open_run(next((tmp_path / log).glob("*")))
        assert len(run.records) == STEPS
        observed = run.observation()
        norms = dict(zip(observed.layers, (10**observed.weight_gradient.log10).tolist(), strict=True))
        assert [norm for name, norm in norms.items() if "blocks" in name] == pytest.approx(wanted, rel=1e-4)
        assert run.records[-1].loss == pytest.approx(losses()[-1], rel=1e-4)


def test_the_trainer_records_each_step_and_its_own_logs_are_read(transformers: Any, tmp_path: Path) -> None:
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stack = made()

        def forward(self, x: Any, labels: Any = None) -> Any:
            out = self.stack(x[0])
            return {"loss": (out - labels[0]).square().mean(), "logits": out}

    class InOrder(transformers.Trainer):  # type: ignore[misc, name-defined]
        def _get_train_sampler(self, *arguments: Any) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

    options = transformers.TrainingArguments(
        str(tmp_path / "out"), per_device_train_batch_size=1, num_train_epochs=1, learning_rate=0.1, optim="sgd",
        lr_scheduler_type="constant", logging_steps=1, use_cpu=True, max_grad_norm=0, disable_tqdm=True,
        save_steps=STEPS, report_to=[],
    )  # fmt: skip
    callback = hugging_face.TelescopeCallback(tmp_path / "run", every=1)
    samples = [{"x": x, "labels": y} for x, y in SAMPLES]
    InOrder(model=Model(), args=options, train_dataset=samples, callbacks=[callback]).train()
    assert_recorded(tmp_path / "run")
    run = open_run(tmp_path / "out" / f"checkpoint-{STEPS}")
    assert [record.step for record in run.records] == list(range(1, STEPS + 1))
    assert run.records[-1].loss == pytest.approx(losses()[-1], rel=1e-3)
    assert "global norm" in run.note
