"""What every training library's callback does with a recorder; the libraries' own modules stand beside this one."""

from __future__ import annotations

import os
from typing import Any

from tui_telescope.runs.recording.recorder import Recorder


class Recording:
    """A recorder for the time between a training's beginning and its end; `options` are those of `Recorder`."""

    def __init__(self, folder: str | os.PathLike[str], options: dict[str, Any]) -> None:
        self._folder = folder
        self._options = options
        self._recorder: Recorder | None = None

    def begin(self, model: Any, optimizers: Any, scaler: Any) -> None:
        """The scaler may be None."""
        self.end()
        self._recorder = Recorder(model, optimizers, self._folder, **self._options)
        self._recorder.log(scaler=scaler)

    def log(self, **told: Any) -> None:
        """See `Recorder.log`."""
        if self._recorder:
            self._recorder.log(**told)

    def end(self) -> None:
        if self._recorder:
            self._recorder.close()
            self._recorder = None
