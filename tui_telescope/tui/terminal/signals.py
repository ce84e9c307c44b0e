"""A quick and silent end when the system asks for one, with 128 and the signal's number as the exit status.

From the first moment, without the terminal's modes being left behind; and however many keys wait, for handlers of
Python's own are used: asyncio hears of signals through a pipe, which keys that pile up can fill.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from textual.app import App

BASE_STATUS = 128
GRACE_SECONDS = 2.0
"""What an app that is asked to end may take: sending to a terminal that nobody reads any more can block for ever."""


def end_at_once_on_signals() -> None:
    """As long as there is nothing to be given back."""
    _handle(lambda number: os._exit(BASE_STATUS + number))


@contextmanager
def ending_on_signals(app: App[Any], restore_terminal: Callable[[], None]) -> Iterator[None]:
    """While the app runs in this loop, signals end it; an app that does not come to its end is left behind."""
    from asyncio import get_running_loop  # only now: no signal must come before its handler

    loop = get_running_loop()

    def end(number: int) -> None:
        status = BASE_STATUS + number
        _call_after(GRACE_SECONDS, lambda: _leave(status, restore_terminal))
        loop.call_soon_threadsafe(app.exit, None, status)

    _handle(end)
    try:
        yield
    finally:
        _call_after(0, lambda: None)
        end_at_once_on_signals()
        for name in ("SIGTSTP", "SIGCONT"):  # a driver's handlers need the loop
            if number := getattr(signal, name, None):
                signal.signal(number, signal.SIG_DFL)


def _handle(end: Callable[[int], None]) -> None:
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if number := getattr(signal, name, None):  # Windows has no SIGHUP
            signal.signal(number, lambda received, frame: end(received))


def _call_after(seconds: float, action: Callable[[], None]) -> None:
    """By an alarm, which reaches the main thread while it waits for another; 0 calls it off. Windows has none."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda number, frame: action())
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _leave(status: int, restore_terminal: Callable[[], None]) -> NoReturn:
    restore_terminal()
    os._exit(status)
