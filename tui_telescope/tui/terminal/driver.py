"""Textual's driver for Unix, with its edges mended: what comes in, what goes out, and being stopped."""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import signal
import sys
import termios
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from io import TextIOWrapper
from time import monotonic
from types import FrameType
from typing import Any, TextIO, cast

from textual import events

# Not public, but nothing public turns what a terminal sends into events. It takes all that the guard lets through.
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from tui_telescope.tui.terminal.guard import InputGuard, Piece
from tui_telescope.tui.terminal.output import TerminalOutput
from tui_telescope.tui.terminal.paste import with_typing_as_paste

TICK = 0.1
"""Seconds after which the input thread looks whether it should end."""
CHUNK = 4096
CROWD = 64
"""Events out of one read after which the input thread waits until they are taken: what a flood holds stays bounded."""
POP_KEYBOARD_MODE = "\x1b[<u"


class TerminalGone(Message):
    """Nothing comes from the terminal any more, or nothing can be sent to it."""


class TerminalDriver(LinuxDriver):
    """Reads through a guard, writes to the terminal that standard output is, and can be stopped at any time."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        # Not public. Textual writes to standard error, which may be a file.
        self._file = cast(TextIOWrapper, TerminalOutput(cast(TextIO, sys.__stdout__), self._lose_terminal))
        self._app_loop = asyncio.get_running_loop()
        self._opening = ""
        """What put the terminal into the state that the app needs."""
        self._is_starting = False
        self._is_stopped = False
        self._modes: list[Any] = []
        self._collected: list[Message] | None = None
        """What the input thread is about to send."""
        signal.signal(signal.SIGTSTP, self._on_stop_signal)
        signal.signal(signal.SIGCONT, self._on_continue_signal)

    # Being stopped, continued and resized. A handler may run in the middle of a write, whose lock it would wait for for
    # ever, or in the middle of another handler, whose older news would come last: the work is left to the loop.

    def _on_stop_signal(self, number: int, frame: FrameType | None) -> None:
        self._app_loop.call_soon_threadsafe(self._stop)

    def _on_continue_signal(self, number: int, frame: FrameType | None) -> None:
        self._app_loop.call_soon_threadsafe(self._continue)

    def _on_size_signal(self, number: int, frame: FrameType | None) -> None:
        self._app_loop.call_soon_threadsafe(self._tell_size)

    def _tell_size(self) -> None:
        size = Size(*shutil.get_terminal_size())
        self._app.post_message(events.Resize(size, size))

    def _stop(self) -> None:
        if not self._is_stopped:
            self.suspend_application_mode()
            self._is_stopped = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continue(self) -> None:
        """Take the terminal back, whether it was given up (SIGTSTP) or not (SIGSTOP, which nobody sees coming)."""
        if self._is_stopped:
            self.start_application_mode()
        elif self._modes:
            self._restate_modes()
        if not self._is_stopped:
            self._app.post_message(self.SignalResume())

    def _restate_modes(self) -> None:
        """The shell may have set the terminal up for itself meanwhile."""
        # An error where it is in the background, stopped for this, and continued later; or the terminal is gone.
        with suppress(termios.error):
            termios.tcsetattr(self.fileno, termios.TCSANOW, self._modes)
            self.write(POP_KEYBOARD_MODE + self._opening)

    def start_application_mode(self) -> None:
        """As Textual does it, which gives up where the app is in the background."""
        self._opening = ""
        self._is_starting = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._is_starting = False
        self._is_stopped = not self._opening
        signal.signal(signal.SIGWINCH, self._on_size_signal)
        # Where the terminal is gone, there are none, and the input thread notices.
        with suppress(termios.error):
            self._modes = termios.tcgetattr(self.fileno)

    def write(self, data: str) -> None:
        if self._is_starting:
            self._opening += data
        super().write(data)

    # What comes in

    def run_input_thread(self) -> None:
        """Read until the app ends, or the terminal does."""
        guard, parser = InputGuard(), XTermParser()
        due: float | None = None
        latest = monotonic()
        while not self.exit_event.is_set():
            if self._is_readable(due):
                silence, latest = monotonic() - latest, monotonic()
                data = self._read()
                if not data:
                    self._lose_terminal()
                    return
                self._pass_on(parser, guard.feed(data, silence=silence))
            elif due is not None and monotonic() >= due:
                self._pass_on(parser, guard.give_up())
            else:
                continue
            due = None if guard.patience is None else monotonic() + guard.patience

    def _is_readable(self, due: float | None) -> bool:
        seconds = TICK if due is None else min(max(due - monotonic(), 0.0), TICK)
        return bool(select.select([self.fileno], [], [], seconds)[0])

    def _read(self) -> bytes:
        """What has come; nothing at the end of the input, as which a hung-up terminal's error counts."""
        try:
            return os.read(self.fileno, CHUNK)
        except OSError:
            return b""

    def _pass_on(self, parser: XTermParser, pieces: Iterable[Piece]) -> None:
        """Send the app what came, all at once: each sending wakes it."""
        sent = self._collected = []
        for piece in pieces:
            for event in parser.feed(piece) if isinstance(piece, str) else (piece,):
                self.process_message(event)
        self._collected = None
        if sent:
            self._app_loop.call_soon_threadsafe(self._post, sent)
        if len(sent) > CROWD:
            self._wait_until_taken()

    def send_message(self, message: Message) -> None:
        if self._collected is None:
            self._app.post_message(message)
        else:
            self._collected.append(message)

    def _post(self, messages: Sequence[Message]) -> None:
        """In the loop. A crowd of letters that a field waits for is a paste from a terminal that does not mark them."""
        field = self._app.focused if self._app.screen_stack else None
        if field and len(messages) > CROWD:
            messages = with_typing_as_paste(messages, field)
        for message in messages:
            self._app.post_message(message)

    def _wait_until_taken(self) -> None:
        """Wait until the app and its screen have taken all that they were sent."""
        taken = threading.Event()

        def ask_screen() -> None:
            if not self._app.screen.call_later(taken.set):
                taken.set()

        if self._app.call_later(ask_screen):
            while not (taken.wait(TICK) or self.exit_event.is_set()):
                pass

    def _lose_terminal(self) -> None:
        self._app.post_message(TerminalGone())
