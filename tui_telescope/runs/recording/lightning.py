"""The recorder as a callback of Lightning: `Trainer(callbacks=[TelescopeCallback("runs/a")])`."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tui_telescope.runs.recording.callbacks import Recording


def _base() -> type:
    """The class that Lightning wants its callbacks to be of, under either of its names."""
    for package in ("lightning.pytorch", "pytorch_lightning"):
        if find_spec(package.partition(".")[0]):
            return import_module(f"{package}.callbacks").Callback  # type: ignore[no-any-return]
    return object


class TelescopeCallback(_base()):  # type: ignore[misc]
    """Records every optimizer's steps; `options` are those of `Recorder`."""

    def __init__(self, folder: str | os.PathLike[str], **options: Any) -> None:
        super().__init__()
        self._recording = Recording(folder, options)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        self._recording.begin(trainer.model or pl_module, trainer.optimizers, scaler)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        self._recording.log(loss=loss, step=trainer.global_step)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._recording.end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._recording.end()
