"""Which run a path names: a file, a run's folder, or a folder with runs in it; ours or a log of others."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from tui_telescope.notation import counted
from tui_telescope.runs.reading.follower import Refused, open_regular, refusing
from tui_telescope.runs.reading.foreign.event_files import EventFile
from tui_telescope.runs.reading.foreign.text_logs import Csv, Format, JsonLines, Log, TrainerState
from tui_telescope.runs.reading.rank_file import RankFile
from tui_telescope.runs.reading.records import clean
from tui_telescope.runs.reading.run import Run, Source

MOST_RANKS, MOST_RUNS = 64, 1000
_MOST_POLLS = 16
"""When a log of others is opened; the rest of a long one comes as it is followed."""
_RANK_FILES = "telescope/rank-*.jsonl"
_LOGS: dict[str, Callable[[], Format]] = {
    "*tfevents*": EventFile,
    "trainer_state.json": TrainerState,
    "*.csv": Csv,
    "*.jsonl": JsonLines,
    "*.ndjson": JsonLines,
    "metrics.json": JsonLines,
}
"""By the files' names, the first that fits."""


def find_runs(path: Path) -> list[Path]:
    """The runs that a folder holds, itself or one folder below, by name."""
    if _is_run(path):
        return [path]
    below = sorted(path.iterdir())[:MOST_RUNS] if path.is_dir() else []
    return [each for each in below if _is_run(each)]


def choose_run(path: Path) -> Path:
    """The run at the path, or of several in it the one that was written last.

    Raises `Refused` for a folder that cannot be read.
    """
    with refusing(path):
        return max(find_runs(path) or [path], key=written_at)


def written_at(run: Path) -> float:
    """When a run was written to last, in seconds since 1970; 0 where there is nothing. Raises `OSError`."""
    files = list(run.glob(_RANK_FILES)) or list(filter(None, (_newest_log(run),)))
    return max((file.stat().st_mtime for file in files), default=0.0)


def open_run(path: str | Path) -> Run:
    """The one run at the path, polled. Raises `Refused`, with the names where there are several."""
    path = Path(path)
    with refusing(path):
        if path.is_dir():
            path = _only_run(path)
        elif not path.exists():
            raise Refused(f"{path}: no such file or folder")
        run = Run(clean(path.resolve().name), _sources(path))
    for _ in range(_MOST_POLLS):
        if not run.poll():
            break
    return run


def _only_run(folder: Path) -> Path:
    found = find_runs(folder)
    if not found:
        raise Refused(f"{folder}: no run in it{_what_else(folder)}")
    if len(found) > 1:
        names = ", ".join(clean(each.name) for each in found[:12])
        raise Refused(f"{folder}: {len(found)} runs; name one of them: {names}{', ...' * (len(found) > 12)}")
    return found[0]


def _what_else(folder: Path) -> str:
    """What it holds that is no run, in a clause; empty of an empty one."""
    first, *others = [*sorted(clean(each.name) for each in folder.iterdir()), ""]
    what = f"{first} and {counted(len(others) - 1, 'other')} are" if len(others) > 1 else f"{first} is"
    return f"; {what} no log of a known kind" if first else ""


def _is_run(path: Path) -> bool:
    return path.is_dir() and (has_ranks(path) or _newest_log(path) is not None)


def has_ranks(folder: Path) -> bool:
    """Whether our recorder has written in it."""
    return next(folder.glob(_RANK_FILES), None) is not None


def _newest_log(folder: Path) -> Path | None:
    """Of the first kind of log that is there, the file that was written last."""
    for pattern in _LOGS:
        if files := [each for each in folder.glob(pattern) if each.is_file()]:
            return max(files, key=lambda each: (each.stat().st_mtime, each.name))
    return None


def _sources(path: Path) -> Callable[[], Sequence[Source]]:
    if path.is_dir() and has_ranks(path):
        return _Ranks(path).sources
    log = _newest_log(path) if path.is_dir() else path
    assert log is not None, "a folder is a run by what it holds"
    source = _source(log)
    return lambda: [source]


def _source(path: Path) -> Source:
    """Raises `Refused` for a file of no kind that is known."""
    if _is_ours(path):
        return RankFile(path)
    for pattern, make_format in _LOGS.items():
        if fnmatch(path.name, pattern):
            return Log(path, make_format)
    raise Refused(f"{path}: no log of a known kind; allowed: a run's folder, {', '.join(_LOGS)}")


def _is_ours(path: Path) -> bool:
    file = open_regular(path)
    try:
        return os.read(file, 16).startswith(b'{"telescope"')
    finally:
        os.close(file)


class _Ranks:
    """A run folder's files; those of ranks that begin late turn up as they come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, RankFile] = {}

    def sources(self) -> Sequence[Source]:
        with refusing(self._folder):
            for path in sorted(self._folder.glob(_RANK_FILES))[:MOST_RANKS]:
                if path not in self._files:
                    self._files[path] = RankFile(path)
        return [self._files[path] for path in sorted(self._files)]
