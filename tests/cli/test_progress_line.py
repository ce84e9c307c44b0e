"""The line on stderr that says how far long work is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tui_telescope.printing import progress_line, standard_output
from tui_telescope.printing.progress_line import ProgressLine
from tui_telescope.printing.standard_output import StandardOutput, tell
from tui_telescope.settings import Settings
from tui_telescope.watched_telescope import WatchedTelescope


class Watcher:
    """A terminal with the line on it, and the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(progress_line, "monotonic", lambda: self.now)
        self.far_end, self._near_end = os.openpty()
        self.line = ProgressLine(self._near_end)

    def shown(self) -> str:
        """What the line has last been told to show."""
        os.write(self._near_end, b"|")  # so that there is something to read
        return os.read(self.far_end, 65536).decode().removesuffix("|").rpartition("\r")[2]


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watcher]:
    watcher = Watcher(monkeypatch)
    yield watcher
    os.close(watcher.far_end)


def test_it_tells_the_share_done_and_the_time_left_at_the_pace_so_far(watcher: Watcher) -> None:
    line = watcher.line
    line.begin("observing", 10.0)
    with line.part(4.0):
        watcher.now = 0.9
        line.tell(0.5)
        assert watcher.shown() == ""  # too early to be worth a word
        watcher.now = 5.0
        line.tell(0.5)
        assert watcher.shown() == "observing: 20% done, about 20 s left"
    watcher.now = 20.0
    with line.part(6.0):
        assert watcher.shown() == "observing: 40% done, about 30 s left"
        watcher.now = 1000.0
        line.tell(0.5)
        assert watcher.shown() == "observing: 70% done, about 7 min left"
    line.wipe()
    assert watcher.shown() == ""


def test_what_nobody_can_forecast_tells_the_time_so_far(watcher: Watcher) -> None:
    watcher.line.begin("trying", None)
    watcher.now = 3.0
    with watcher.line.part(1.0):
        assert watcher.shown() == "trying: 3 s so far"
    watcher.line.begin("observing", 1.0)
    watcher.now = 9.0
    with watcher.line.part(1.0):
        watcher.line.tell(1.0)
        assert watcher.shown() == "observing: 6 s so far"


def test_a_terminal_that_goes_away_ends_the_line_and_not_the_work(watcher: Watcher) -> None:
    os.close(watcher.far_end)
    watcher.far_end = os.open(os.devnull, os.O_RDONLY)
    watcher.line.begin("observing", None)
    watcher.now = 3.0
    with watcher.line.part(1.0):
        watcher.line.tell(0.5)
    watcher.line.wipe()


def test_a_spectrum_tells_the_share_of_its_jacobians(watcher: Watcher) -> None:
    telescope, settings = WatchedTelescope(watcher.line), Settings(depth=4, samples=4)
    telescope.begin("looking", [settings])
    jacobians = telescope.spectrum(settings)
    next(jacobians)
    watcher.now = 6.0
    next(jacobians)
    assert watcher.shown() == "looking: 25% done, about 18 s left"


@pytest.mark.parametrize("write", [lambda: StandardOutput().write("a reading\n"), lambda: tell("an error")])
def test_whatever_is_written_takes_the_place_of_the_line(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch, write: Callable[[], object]
) -> None:
    monkeypatch.setattr(standard_output, "on_stderr", lambda: watcher.line)
    watcher.line.begin("observing", None)
    watcher.now = 3.0
    with watcher.line.part(1.0):
        assert watcher.shown() != ""
    write()
    assert watcher.shown() == ""
