"""What is computed in the background: said where its result will be, while one waits, and stopped when asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.timer import Timer

from tui_telescope.tui.learning.trainer import Trainer
from tui_telescope.tui.work.observer import Observer
from tui_telescope.tui.work.surveyor import Surveyor
from tui_telescope.tui.work.waiting import PROGRESS_AFTER, Waiting

if TYPE_CHECKING:
    from tui_telescope.tui.showing import ShowingApp


class Background:
    """Looks every now and then how far the work is, as long as something runs."""

    def __init__(self, app: ShowingApp, observer: Observer, surveyor: Surveyor, trainer: Trainer) -> None:
        self._app = app
        self._waiting = Waiting(observer, surveyor, trainer)
        self._timer: Timer | None = None

    @property
    def for_view(self) -> bool:
        return self._waiting.for_view

    def report(self) -> str:
        """What is computed and how far it is, where that is worth saying under the chart."""
        is_read = self._app.is_read
        return self._waiting.report(is_read=is_read, is_outdated=self._app.shown is not None and not is_read)

    def watch(self) -> None:
        if self._waiting.is_busy and self._timer is None:
            self._timer = self._app.set_timer(PROGRESS_AFTER, self._look)

    def _look(self) -> None:
        self._timer = None
        self._waiting.look()
        self._app.chart_view.show_banner("" if self._app.is_chart_there else self._waiting.banner())
        self._app.show_words()
        self.watch()

    def forget(self) -> None:
        """Nothing is waited for any more."""
        self._waiting.is_overdue = False
        self._app.chart_view.show_banner("")

    def stop(self) -> bool:
        """Stop what is said to be computed, keep the chart, and say so; whether there was anything to stop."""
        if not (self._waiting.is_overdue and self._waiting.work):
            return False
        said = self._what_stays()
        self._waiting.stop()
        self.forget()
        self._app.say(said)
        return True

    def _what_stays(self) -> str:
        """The settings of the chart come back where it would show others than those on the screen."""
        view = self._app.current_view
        again = f"{view.key} starts it again"
        if self._waiting.for_view:
            return f"Stopped: the picture stays as it is; {again}."
        if self._app.is_read or view.needs_settings:
            return "Stopped."
        if self._app.shown is None:
            return f"Stopped; {again}."
        self._app.return_to_shown(self._app.shown)
        return "Stopped: these are the settings of the chart again; z brings the others back."
