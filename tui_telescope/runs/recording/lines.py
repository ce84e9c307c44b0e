"""A rank's file of JSON lines, each written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LONGEST_LINE = 1_000_000
"""Bytes, the end of the line with them."""
LOOK_SECONDS = 1.0
"""So often it is looked at most whether the file is still there."""


class LineFile:
    """`telescope/rank-00000.jsonl` in a run's folder, created with it where it is missing. Raises `OSError`."""

    def __init__(self, folder: str | os.PathLike[str], rank: int) -> None:
        self.path = Path(folder) / "telescope" / f"rank-{rank:05}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        self._begins_anew = self._ends_in_a_cut_line()
        self._looked = time.monotonic()

    def is_seen_to_be_gone(self) -> bool:
        """`is_gone`, where it is looked for now: every `LOOK_SECONDS`."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return False
        self._looked = now
        return self.is_gone()

    def is_gone(self) -> bool:
        """Whether its path leads to it no longer: it was removed, or its folder was."""
        try:
            return not os.path.samestat(os.fstat(self._file), self.path.stat())
        except (FileNotFoundError, NotADirectoryError):
            return True

    def _ends_in_a_cut_line(self) -> bool:
        """Whether a writer before was killed in the middle of one, which the next line must not be joined to."""
        size = os.fstat(self._file).st_size
        if not size:
            return False
        os.lseek(self._file, size - 1, os.SEEK_SET)
        return os.read(self._file, 1) != b"\n"

    def write(self, document: Mapping[str, Any]) -> None:
        """Append it by one `os.write`. Raises `OSError`, and `ValueError` for what makes a line too long."""
        line = json.dumps(document, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        if len(line) > LONGEST_LINE:
            raise ValueError(
                f"a line of {len(line):,} bytes; at most {LONGEST_LINE:,} are written (record fewer layers)"
            )
        if self._begins_anew:
            line, self._begins_anew = b"\n" + line, False
        if os.write(self._file, line) < len(line):
            self._begins_anew = True
            raise OSError(f"{self.path}: no room for a whole line")

    def close(self) -> None:
        os.close(self._file)


def written(numbers: Iterable[Any]) -> list[float | str | None]:
    """Each number as a line has it."""
    return [four_digits(number) for number in numbers]


def four_digits(number: Any) -> float | str | None:
    """Four significant digits; `"nan"`, `"inf"` and `"-inf"` in words, for JSON has none; None stays None."""
    if number is None:
        return None
    value = float(number)
    return float(f"{value:.4g}") if math.isfinite(value) else str(value)
