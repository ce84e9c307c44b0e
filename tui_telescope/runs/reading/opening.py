"""Which run a path names: a file, a run's folder, or a folder with runs in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tui_telescope.runs.reading.follower import Refused
from tui_telescope.runs.reading.rank_file import RankFile
from tui_telescope.runs.reading.records import clean
from tui_telescope.runs.reading.run import Run, Source

MOST_RANKS, MOST_RUNS = 64, 1000
_RANK_FILES = "telescope/rank-*.jsonl"


def find_runs(path: Path) -> list[Path]:
    """The runs that a folder holds, itself or one folder below, by name."""
    if _is_run(path):
        return [path]
    below = sorted(path.iterdir())[:MOST_RUNS] if path.is_dir() else []
    return [each for each in below if _is_run(each)]


def open_run(path: str | Path) -> Run:
    """The one run at the path, polled once. Raises `Refused`, with the names where there are several."""
    path = Path(path)
    if path.is_dir():
        found = find_runs(path)
        if not found:
            raise Refused(f"{path}: no run in it")
        if len(found) > 1:
            names = ", ".join(clean(each.name) for each in found[:12])
            raise Refused(f"{path}: {len(found)} runs; name one of them: {names}{', ...' * (len(found) > 12)}")
        path = found[0]
    elif not path.exists():
        raise Refused(f"{path}: no such file or folder")
    run = Run(clean(path.resolve().name), _Ranks(path).sources if path.is_dir() else _single(path))
    run.poll()
    return run


def _is_run(path: Path) -> bool:
    return path.is_dir() and next(path.glob(_RANK_FILES), None) is not None


class _Ranks:
    """A run folder's files; those of ranks that begin late turn up as they come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, RankFile] = {}

    def sources(self) -> Sequence[Source]:
        for path in sorted(self._folder.glob(_RANK_FILES))[:MOST_RANKS]:
            if path not in self._files:
                self._files[path] = RankFile(path)
        return [self._files[path] for path in sorted(self._files)]


def _single(path: Path):  # type: ignore[no-untyped-def]
    source = RankFile(path)
    return lambda: [source]
