"""The way out to the terminal, which may be gone at any time."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import TextIO


class TerminalOutput:
    """What Textual's writer thread writes to; once the terminal is gone, it says so and takes everything.

    An exception would end that thread, and the app would then wait for it at every frame.
    """

    def __init__(self, file: TextIO, on_loss: Callable[[], None]) -> None:
        self._descriptor = file.fileno()
        self._encoding = file.encoding
        self._on_loss = on_loss
        self._unsent: list[str] = []
        self._is_lost = False

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> None:
        self._unsent.append(text)

    def flush(self) -> None:
        """Send what was written; what the terminal's encoding does not have becomes a question mark."""
        data = "".join(self._unsent).encode(self._encoding, "replace")
        self._unsent.clear()
        while data and not self._is_lost:
            data = data[self._send(data) :]

    def _send(self, data: bytes) -> int:
        """Send a part of the data; returns how many bytes went out."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:  # another program left the terminal so that it does not wait
            select.select([], [self._descriptor], [])
        except OSError:
            self._is_lost = True
            self._on_loss()
        return 0
