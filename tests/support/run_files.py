"""Files as the recorder writes them, made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NAMES = ["embed", "block", "head"]
HEALTHY = [1.0, 1.5, 2.0]


def header(names: Sequence[str] = NAMES, **others: Any) -> str:
    layers = [{"name": name, "role": name, "block": None, "parameters": 1} for name in names]
    return (
        json.dumps({"telescope": 1, "run": "a", "time": 1.0, "rank": 0, "ranks": 1, "layers": layers, **others}) + "\n"
    )


def record(step: int, gradient: Sequence[Any] | None = HEALTHY, **others: Any) -> str:
    found = {"step": step, "time": 1000.0 + step, **others}
    return json.dumps(found if gradient is None else {**found, "gradient": list(gradient)}) + "\n"


def rank_path(folder: Path, rank: int = 0) -> Path:
    path = folder / "telescope" / f"rank-{rank:05}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def written_run(folder: Path, *lines: str, rank: int = 0) -> Path:
    """A run's folder, with these lines after the header."""
    rank_path(folder, rank).write_text(header() + "".join(lines))
    return folder
