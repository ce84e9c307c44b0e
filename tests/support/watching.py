"""The app over a run's files, and what is written to them meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from exploring import Explorer
from run_files import rank_path, record

from tui_telescope.tui.sources.run_source import RunSource
from tui_telescope.tui.watching.app import WatchingApp

FADING = [record(step, [10.0**-step, 1.0, 1.0], loss=1.0 / step) for step in range(1, 6)]


@asynccontextmanager
async def watching(path: Path, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Explorer]:
    source = RunSource(path)
    source.poll()
    app = WatchingApp(source)
    async with app.run_test(size=size) as pilot:
        explorer = Explorer(app, pilot)
        if source.run.newest:
            await explorer.settle()
        yield explorer


def append(run: Path, *lines: str) -> None:
    with rank_path(run).open("a") as file:
        file.write("".join(lines))
