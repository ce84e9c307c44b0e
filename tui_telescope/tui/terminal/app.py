"""What every app in a terminal owes its user: it ends when it should, and it comes back whole."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from textual import events
from textual.app import App, ReturnType
from textual.driver import Driver
from textual.geometry import Size

from tui_telescope.tui.terminal.signals import BASE_STATUS, ending_on_signals

FAILURE = 1
REST = 0.1
"""Seconds without a change after which the window's size counts as settled."""
HANGUP = getattr(signal, "SIGHUP", 1)
"""Also where the connection is lost and no signal tells so."""


class TerminalApp(App[ReturnType]):
    """Ends with its terminal, drops what was pressed after the key that ended it, and paints anew when continued."""

    _is_ending = False
    _is_painted = False
    _settling: asyncio.TimerHandle | None = None

    def get_driver_class(self) -> type[Driver]:
        """Our own in place of Textual's for Unix."""
        chosen = super().get_driver_class()
        if sys.platform == "win32":
            return chosen
        from textual.drivers.linux_driver import LinuxDriver

        from tui_telescope.tui.terminal.driver import TerminalDriver

        return TerminalDriver if chosen is LinuxDriver else chosen

    def on_mount(self) -> None:
        # What the shell wrote in the meantime has to be painted over.
        self.app_resume_signal.subscribe(self, lambda _: self._paint_anew())

    def on_ready(self) -> None:
        self._is_painted = True

    def on_resize(self, event: events.Resize) -> None:
        """Once the size rests, see to it that the screen has it, and paint anew.

        Textual tells the screen by a timer, which it skips for good where the app is busy; and where the size changed
        there and back, the terminal may have lost what stood there.
        """
        if self._settling:
            self._settling.cancel()
        if self._is_painted:
            self._settling = asyncio.get_running_loop().call_later(REST, self.call_later, self._settle, event.size)

    def _settle(self, size: Size) -> None:
        self.screen.post_message(events.Resize(size, size))
        self._paint_anew()

    def _paint_anew(self) -> None:
        self.screen.refresh(layout=True)

    def on_terminal_gone(self) -> None:
        self.exit(return_code=BASE_STATUS + HANGUP)

    def exit(self, *arguments: Any, **options: Any) -> None:
        self._is_ending = True
        super().exit(*arguments, **options)

    async def on_event(self, event: events.Event) -> None:
        if not (self._is_ending and isinstance(event, events.InputEvent)):
            await super().on_event(event)


def go_by_the_window() -> None:
    """Where the terminal knows its size, let COLUMNS and LINES not count: exported, they stay behind at a resize.

    To be called before the app is made, for its console reads them once.
    """
    if sys.__stdout__ and all(os.get_terminal_size(sys.__stdout__.fileno())):
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)


def run_in_terminal(app: App[Any], *, mouse: bool) -> int:
    """Run the app until it ends; returns its exit status."""
    asyncio.run(_run(app, mouse))
    # An app that ends by an error in its input thread has no status.
    return FAILURE if app.return_code is None else app.return_code


async def _run(app: App[Any], mouse: bool) -> None:
    with ending_on_signals(app, _way_back()):
        await app.run_async(mouse=mouse)


def _way_back() -> Callable[[], None]:
    if sys.platform == "win32":
        return lambda: None
    from tui_telescope.tui.terminal.last_resort import way_back

    return way_back()
