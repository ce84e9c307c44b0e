"""JSON lines and CSV with a key or a column a layer; and the Hugging Face Trainer's state, which is one document."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tui_telescope.runs.reading.follower import Follower, Lines
from tui_telescope.runs.reading.foreign.assembly import Assembly
from tui_telescope.runs.reading.history import History
from tui_telescope.runs.reading.records import Header, Malformed, clean, document

LONGEST_LINE = 4_000_000
LARGEST_DOCUMENT = 64 << 20


class Format(Protocol):
    """How lines, or whatever a file consists of, become records."""

    assembly: Assembly

    @property
    def skipped(self) -> int:
        """How many of its parts were none."""

    def feed(self, content: bytes) -> None: ...


class _LinesOfNumbers:
    """What a line says was logged is added as it comes."""

    def __init__(self, *, sorts: bool = False) -> None:
        self.assembly = Assembly(sorts=sorts)
        self._lines = Lines(LONGEST_LINE, lambda line: self.assembly.add(self._logged(line)))

    @property
    def skipped(self) -> int:
        return self._lines.skipped

    def feed(self, content: bytes) -> None:
        self._lines.feed(content)

    def _logged(self, line: bytes) -> dict[str, object]:
        """Raises `Malformed`."""
        raise NotImplementedError


class JsonLines(_LinesOfNumbers):
    """An object a line, flat or with objects within, whose keys are then joined by slashes."""

    def _logged(self, line: bytes) -> dict[str, object]:
        return _flat(document(line))


class Csv(_LinesOfNumbers):
    """A column a layer. The names are often sorted by their letters; their numbers say more."""

    def __init__(self) -> None:
        super().__init__(sorts=True)
        self._columns: list[str] = []

    def _logged(self, line: bytes) -> dict[str, object]:
        try:
            (cells,) = csv.reader([line.decode("utf-8", "replace")])
        except (csv.Error, ValueError):
            raise Malformed("no row") from None
        if not self._columns:
            self._columns = cells
            return {}
        if len(cells) != len(self._columns):
            raise Malformed("not a cell a column")
        return {name: cell for name, cell in zip(self._columns, cells, strict=True) if cell}


class TrainerState:
    """`trainer_state.json`: its `log_history` has the global norm, and no layer's."""

    def __init__(self) -> None:
        self.assembly = Assembly()
        self.skipped = 0
        self._content = b""

    def feed(self, content: bytes) -> None:
        self._content += content
        if len(self._content) > LARGEST_DOCUMENT:
            self._content, self.skipped = b"", 1
            return
        try:
            found = json.loads(self._content)
        except (ValueError, RecursionError):  # the rest is still to come
            return
        history = found.get("log_history") if isinstance(found, dict) else None
        for each in history if isinstance(history, list) else []:
            if isinstance(each, dict):
                self.assembly.add(each)


class Log:
    """A file in one of the formats, followed as it grows; a file that begins anew is read anew."""

    def __init__(self, path: Path, make_format: Callable[[], Format]) -> None:
        self._name = clean(path.name)
        self._follower = Follower(path)
        self._make = make_format
        self._format = make_format()

    @property
    def modified(self) -> float:
        return self._follower.modified

    @property
    def history(self) -> History:
        return self._format.assembly.history

    @property
    def header(self) -> Header | None:
        return self._format.assembly.header

    @property
    def skipped_lines(self) -> int:
        return self._format.skipped

    @property
    def note(self) -> str:
        """What is to be known of it, in a sentence."""
        assembly = self._format.assembly
        if assembly.holds_the_whole_alone:
            return "The log holds the global norm alone, and no layer's."
        if not assembly.history.count and (assembly.unknown or self.skipped_lines):
            return f"{self._name} is no log that is understood: nothing in it is a step's loss, or a layer's gradient."
        return ""

    def poll(self) -> bool:
        """Read what is new; tells whether there was anything. Raises `Refused`."""
        chunk = self._follower.poll()
        if chunk.begins_anew:
            self._format = self._make()
        if chunk.content:
            self._format.feed(chunk.content)
        return chunk.begins_anew or bool(chunk.content)


def _flat(found: dict[str, object], prefix: str = "", depth: int = 0) -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in found.items():
        if isinstance(value, dict) and depth < 8:
            flat |= _flat(value, f"{prefix}{key}/", depth + 1)
        else:
            flat[prefix + key] = value
    return flat
