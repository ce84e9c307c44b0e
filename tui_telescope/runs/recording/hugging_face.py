"""The recorder as a callback of the Hugging Face Trainer: `Trainer(..., callbacks=[TelescopeCallback("runs/a")])`."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tui_telescope.runs.recording.callbacks import Recording


def _base() -> type:
    """The class that the Trainer wants its callbacks to be of: it answers every event."""
    return import_module("transformers").TrainerCallback if find_spec("transformers") else object


class TelescopeCallback(_base()):  # type: ignore[misc]
    """Records the optimizer's steps; `options` are those of `Recorder`. A step's loss is the one that the Trainer logs
    right after it, where it does."""

    def __init__(self, folder: str | os.PathLike[str], **options: Any) -> None:
        super().__init__()
        self._recording = Recording(folder, options)
        self._untold: int | None = None
        """The step that was made last, until it is told of."""

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, optimizer: Any = None, **others: Any
    ) -> None:
        self._recording.begin(model, optimizer, getattr(optimizer, "scaler", None))

    def on_step_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self._tell(None)

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self._untold = state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        if "loss" in (logs or {}):
            self._tell(logs["loss"])

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self._tell(None)
        self._recording.end()

    def _tell(self, loss: float | None) -> None:
        if self._untold is not None:
            self._recording.log(loss=loss, step=self._untold)
            self._untold = None
