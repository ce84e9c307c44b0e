"""Giving the terminal back where Textual does not come to it."""

from __future__ import annotations

import os
import select
import sys
import termios
from collections.abc import Callable

RESET = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2026l\x1b[<u\x1b[?1049l\x1b[?25h"
)
"""What Textual sends at the end: paste, wrap, mouse, focus, frames, keyboard, and the shell's own screen and cursor."""


def way_back() -> Callable[[], None]:
    """What brings back the terminal's modes of this moment."""
    terminal, output = sys.stdin.fileno(), sys.stdout.fileno()
    modes = termios.tcgetattr(terminal)

    def restore() -> None:
        try:
            termios.tcsetattr(terminal, termios.TCSANOW, modes)
        except termios.error:
            return  # it is gone
        if select.select([], [output], [], 0)[1]:  # where nobody reads, sending would wait for ever
            os.write(output, RESET)

    return restore
