"""How many columns there are, for what is drawn into a stream."""

from __future__ import annotations

import os
import shutil

NARROWEST, WIDEST = 40, 1000
"""Columns that a chart is drawn in; plotext needs time and memory without bound for more, and aborts in the end."""


def columns() -> int:
    """Those of the terminal, or 80."""
    return min(max(NARROWEST, shutil.get_terminal_size((80, 24)).columns), WIDEST)


def forget_absurd_sizes() -> None:
    """Take what no terminal can have out of COLUMNS and LINES, which rich and Textual believe whatever they hold."""
    for name in ("COLUMNS", "LINES"):
        said = os.environ.get(name, "")
        if len(said) > len(str(WIDEST)) or (said.isdecimal() and int(said) > WIDEST):
            del os.environ[name]
