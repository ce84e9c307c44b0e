"""A polite end when the system asks for one: the terminal is restored first."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

GRACE_SECONDS = 2.0
"""After a hang-up nobody may be left to read what restores the terminal, and writing it can block for ever."""


def exit_on_signals(app: App[Any]) -> None:
    """End the app on SIGTERM, SIGINT and SIGHUP with the customary status, 128 and the signal's number."""
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, _exit, app, 128 + number)
        except (NotImplementedError, RuntimeError, ValueError):
            return  # Windows, or a test that runs the app outside the main thread


def _exit(app: App[Any], status: int) -> None:
    last_resort = threading.Timer(GRACE_SECONDS, os._exit, (status,))
    last_resort.daemon = True
    last_resort.start()
    app.exit(return_code=status)
