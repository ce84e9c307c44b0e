"""Taking along what the screen shows: as a command, as numbers, as a picture."""

from __future__ import annotations

import shlex
from collections.abc import Hashable, Mapping, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tui_telescope.charts.views import VIEWS

if TYPE_CHECKING:
    from tui_telescope.charts.drawable import Drawable
    from tui_telescope.tui.messages import Observed
    from tui_telescope.tui.showing import ShowingApp
    from tui_telescope.tui.sources.source import Source

STEM = "gradient-telescope"


class SharingError(ValueError):
    """A file could not be written; the message says why."""


class Sharing:
    """Takes the screen's command to the clipboard, and its readings and its picture to files."""

    def __init__(self, app: ShowingApp) -> None:
        self._app = app

    def copy_command(self) -> None:
        command = command_line(self._app.source, self._app.subject, self._app.view)
        self._app.copy_to_clipboard(command)
        self._app.say(f"Sent to the clipboard: {command}")

    def save(self) -> None:
        self._app.catch_up()
        shown, view = self._app.seen, self._app.chart_view
        if shown is None or view.chart is None:
            return
        try:
            rows, ascii_only = self._app.learning.rows(), view.ascii_only
            files = save_screen(self._app.source, shown, view.chart, Path.cwd(), ascii_only=ascii_only, rows=rows)
        except (SharingError, OSError) as error:
            self._app.refuse(str(error))
            return
        self._app.say(f"Saved {files[0].name} and {files[1].name} in {files[0].parent}.")


def command_line(source: Source[Any], subject: Hashable, view: str) -> str:
    """The shell command that brings back this subject in this view."""
    first_view = next(iter(VIEWS))
    words = ["tui-telescope", *source.arguments(subject), *(["--view", view] if view != first_view else [])]
    return shlex.join(words)


def save_screen(
    source: Source[Any], shown: Observed, chart: Drawable, folder: Path, *, ascii_only: bool, rows: str = ""
) -> list[Path]:
    """Save the readings, or other `rows` of CSV in their place, and the picture of the chart. Raises `SharingError`."""
    from tui_telescope.charts.drawing.svg import PICTURE, svg
    from tui_telescope.printing.machine_readable import reading_as_csv

    words = f"{shown.words} {shown.remedy}".strip()
    title = source.heading(shown.subject).title or shlex.join(source.arguments(shown.subject))
    picture = chart.draw(*PICTURE, ascii_only=ascii_only)
    contents = {
        "csv": rows or reading_as_csv(shown.observation),
        "svg": svg(picture, title, words),
    }
    return save(contents, folder)


def save(contents: Mapping[str, str], folder: Path) -> list[Path]:
    """Write each content to a file with its suffix, all under one new name. Raises `SharingError`.

    All or nothing: what a full disk cuts short was written aside. Nothing is overwritten: a name that is taken, by
    however short a head start, is left alone.
    """
    try:
        with TemporaryDirectory(prefix=f".{STEM}-", dir=folder) as aside:
            written = [_written(content, Path(aside) / suffix) for suffix, content in contents.items()]
            return _moved(written, folder)
    except OSError as error:
        raise SharingError(f"Nothing saved to {folder}: {error.strerror or error}.") from None


def _written(content: str, path: Path) -> Path:
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(content)
    return path


def _moved(written: Sequence[Path], folder: Path) -> list[Path]:
    """The files, each named after its suffix so far, under the first free name in the folder."""
    for number in count(1):
        paths = [folder / f"{STEM}-{number}.{path.name}" for path in written]
        if not any(path.exists() for path in paths) and _are_moved(written, paths):
            return paths
    raise AssertionError("unreachable")


def _are_moved(written: Sequence[Path], paths: Sequence[Path]) -> bool:
    """Move each file to its path, or none of them where a path is taken. Raises `OSError`, with none moved either."""
    own: list[Path] = []
    try:
        for path in paths:
            path.touch(exist_ok=False)  # the name is ours from here on: moving alone would overwrite another's
            own.append(path)
        for source, path in zip(written, paths, strict=True):
            source.replace(path)
    except OSError as error:
        for path in own:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            return False
        raise
    return True
