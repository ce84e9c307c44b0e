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
    from tui_telescope.printing.machine_readable import Columns
    from tui_telescope.tui.messages import Observed
    from tui_telescope.tui.showing import ShowingApp
    from tui_telescope.tui.sources.source import Source

STEM = "gradient-telescope"
LIVE = "now"
"""What the live curve is called where the legend has no name for it."""


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
        from tui_telescope.printing.machine_readable import curves_as_csv

        seen, chart = self._app.seen, self._chart()
        seen = seen and self._app.comparing.with_known_spread(seen)
        if seen is None or chart is None or not (curves := self._curves(seen)):
            self._app.refuse("There are no numbers here to save.")
            return
        try:
            files = save({"csv": curves_as_csv(curves), "svg": self._picture(seen, chart)}, Path.cwd())
        except (SharingError, OSError) as error:
            self._app.refuse(str(error))
            return
        self._app.say(f"Saved {files[0].name} and {files[1].name} in {files[0].parent}{self._without(seen)}.")

    @property
    def _is_survey(self) -> bool:
        """Whether the screen shows many networks."""
        return bool(self._app.current_view.survey) and not self._app.picture

    def _chart(self) -> Drawable | None:
        """The one on the screen, without the keys that it names there; None where there is none yet."""
        app, drawn = self._app, self._app.chart_view.chart
        if drawn is None or app.picture:
            return drawn
        if self._is_survey:
            return app.finding.chart if app.finding else None
        if app.current_view.learning:
            return app.learning.chart(names_keys=False)
        return app.chart_of(app.seen, app.axis.previous, names_keys=False) if app.seen else None

    def _curves(self, shown: Observed) -> Mapping[str, Columns]:
        """The numbers of what the view shows, by curve."""
        from tui_telescope.printing.learning import learning_columns
        from tui_telescope.printing.machine_readable import reading_columns

        app = self._app
        if self._is_survey:
            return app.finding.curves() if app.finding else {}
        if learning := app.learning.traces():
            return {each.label or LIVE: learning_columns(each.history.moments) for each in learning}
        return {each.label or LIVE: reading_columns(each.observation) for each in app.comparing.traces(shown)}

    def _without(self, shown: Observed) -> str:
        """What the readings lack that another view would have taken."""
        signal, keys = shown.observation.signal, self._app.keys.views.values()
        if self._is_survey or self._app.settings is None or signal is None or signal.log10_spread is not None:
            return ""
        return f", without the spread, which view {next(each.key for each in keys if each.shows_spread)} takes"

    def _picture(self, shown: Observed, chart: Drawable) -> str:
        """With the verdict, or what was learned, and a caption; what might be tried is no part of what is shown.

        A survey may be there before its own network has been observed.
        """
        from tui_telescope.charts.drawing.svg import svg
        from tui_telescope.printing.text import described

        app = self._app
        subject = app.subject if self._is_survey else shown.subject
        settings = app.source.settings_of(subject)
        heading = ", ".join(filter(None, app.source.heading(subject)))
        caption = described(settings, app.view) if settings else f"Shown: {heading}."
        words = app.learning.text() or (str(shown.words) if shown.subject == subject else "")
        return svg(chart, words, caption, ascii_only=app.chart_view.ascii_only)


def command_line(source: Source[Any], subject: Hashable, view: str) -> str:
    """The shell command that brings back this subject in this view."""
    first_view = next(iter(VIEWS))
    words = ["tui-telescope", *source.arguments(subject), *(["--view", view] if view != first_view else [])]
    return shlex.join(words)


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
