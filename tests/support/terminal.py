"""A real pseudo-terminal with the program in it, read as a user reads it: by what stands on the screen."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import pexpect
import pyte

SCRIPT = Path(sys.executable).with_name("tui-telescope")
TIMEOUT = 20.0
OF_OTHER_TERMINALS = ("NO_COLOR", "COLORTERM", "COLUMNS", "LINES")

KEYS = {
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
    "home": "\x1b[H", "end": "\x1b[F", "pageup": "\x1b[5~", "pagedown": "\x1b[6~",
    "enter": "\r", "escape": "\x1b", "ctrl+c": "\x03", "ctrl+q": "\x11",
    "ctrl+p": "\x10", "ctrl+z": "\x1a",
}  # fmt: skip

_BEYOND_PYTE = re.compile(rb"\x1b\[(?:[<>=][0-9;]*u|\?[0-9;]*\$p)")
"""Keyboard-protocol and mode queries, which pyte would print."""


class Terminal:
    """`with Terminal([...]) as terminal:` runs a command; every wait is on what the screen shows."""

    def __init__(
        self, command: Sequence[str], *, columns: int = 80, rows: int = 24, environment: dict[str, str] | None = None
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in OF_OTHER_TERMINALS}
        self.raw = b""
        self.started = time.perf_counter()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._child = pexpect.spawn(
            command[0],
            list(command[1:]),
            dimensions=(rows, columns),
            env={**inherited, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(environment or {})},
            timeout=TIMEOUT,
        )
        self._is_hung_up = False
        self._modes_before = termios.tcgetattr(self._child.child_fd)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_hung_up:
            self._child.kill(signal.SIGKILL)
        else:
            # Not pexpect's own close, which gives up on a process that takes a while to go.
            self._child.kill(signal.SIGKILL)
            self._child.wait()
            self._child.close()

    @property
    def lines(self) -> list[str]:
        return list(self._screen.display)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def press(self, *keys: str) -> None:
        """Press keys by name, or type text."""
        for key in keys:
            self._child.send(KEYS.get(key, key))

    def flood(self, data: bytes) -> None:
        """Send bytes as fast as they are taken, and read meanwhile."""
        terminal = self._child.child_fd
        os.set_blocking(terminal, False)
        while data:
            readable, writable, _ = select.select([terminal], [terminal], [], TIMEOUT)
            assert readable or writable, "nothing is taken any more"
            if readable:
                self.take(os.read(terminal, 65536))
            if writable:
                data = data[os.write(terminal, data[:1024]) :]
        os.set_blocking(terminal, True)

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def signal(self, number: int) -> None:
        self._child.kill(number)

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self._child.pid}/task").iterdir()))

    def is_stopped(self) -> bool:
        return "\nState:\tT" in Path(f"/proc/{self._child.pid}/status").read_text()

    def stop_output(self) -> None:
        """Let nothing out any more."""
        with open(f"/proc/{self._child.pid}/fd/1", "rb", buffering=0) as output:
            termios.tcflow(output, termios.TCOOFF)

    def lose_screen(self) -> None:
        """What stood there is gone, and nobody was told."""
        self._screen.reset()

    def lose_modes(self) -> None:
        """As to a shell that took the terminal."""
        termios.tcsetattr(self._child.child_fd, termios.TCSANOW, self._modes_before)

    def hang_up(self) -> None:
        """Close the terminal's far end, as a dropped connection does."""
        os.close(self._child.child_fd)
        self._is_hung_up = True

    def wait_for_death(self) -> None:
        """Wait until the process is gone, with nobody reading what it says."""
        deadline = time.monotonic() + TIMEOUT
        while self._child.isalive():
            assert time.monotonic() < deadline, "it lives on"
            time.sleep(0.02)

    def wait_for(self, *expected: str) -> str:
        """Wait until the screen holds all of the texts; returns the screen."""
        self.wait_until(lambda: all(text in self.text for text in expected), f"{expected} on the screen")
        return self.text

    def wait_until(self, holds: Callable[[], bool], what: str = "it") -> None:
        deadline = time.monotonic() + TIMEOUT
        while not holds():
            if time.monotonic() > deadline or not self._read(0.05):
                raise AssertionError(f"waited in vain for {what}; the screen:\n{self.text}")

    def wait_for_silence(self, seconds: float = 0.3) -> None:
        """Wait until nothing has been sent for a while."""
        deadline = time.monotonic() + TIMEOUT
        while self._reads_within(seconds):
            assert time.monotonic() < deadline, "it never falls silent"

    def answer_to(self, *keys: str) -> bytes:
        """All that the program sends after these keys."""
        self.wait_for_silence()
        before = len(self.raw)
        self.press(*keys)
        self.wait_for_silence()
        return self.raw[before:]

    def wait_for_exit(self) -> int:
        """Wait for the end; returns the exit status."""
        deadline = time.monotonic() + TIMEOUT
        while self._read(0.05):
            assert time.monotonic() < deadline, f"it does not end; the screen:\n{self.text}"
        self._child.wait()
        return int(self._child.exitstatus if self._child.exitstatus is not None else -(self._child.signalstatus or 0))

    def is_restored(self) -> bool:
        """Whether the line discipline is as it was, and every mode that was set has been reset."""
        is_cursor_shown = self.raw.rfind(b"\x1b[?25h") > self.raw.rfind(b"\x1b[?25l")
        return not self.modes_left_on() and is_cursor_shown and self.has_modes_of_before()

    def has_modes_of_before(self) -> bool:
        return bool(termios.tcgetattr(self._child.child_fd) == self._modes_before)

    def _reads_within(self, seconds: float) -> bool:
        before = len(self.raw)
        return self._read(seconds) and len(self.raw) > before

    def _read(self, seconds: float) -> bool:
        """Read for a while; False at the end of the output."""
        try:
            chunk = self._child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.take(chunk)
        return True

    def modes_left_on(self) -> set[bytes]:
        """The terminal's modes that have been set and not reset since."""
        set_modes = set(re.findall(rb"\x1b\[\?(\d+)h", self.raw)) - {b"25", b"7"}
        return {mode for mode in set_modes if self.raw.rfind(b"\x1b[?%bl" % mode) < self.raw.rfind(b"\x1b[?%bh" % mode)}

    def take(self, chunk: bytes) -> None:
        self.raw += chunk
        self._stream.feed(_BEYOND_PYTE.sub(b"", chunk))
