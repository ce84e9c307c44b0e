"""The program at the edges of its terminal: floods, ends, stops, and outputs that lead elsewhere."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from terminal import SCRIPT, Terminal

READ = "Layer 1 receives 2.51e-18"
MALFORMED = (
    b"\xff\xe9\x9b", b"\x1b[97;5:3u", b"\x1b[1114112u", b"\x1b[97;1;1114112u", b"\x1b[55296u", b"\x1b[<-1;4;5m",
    b"\x1b[<0;1M", b"\x1b[<0;9999;9999M", b"\x1b[M \xe9\xff", b"\x1b[48;0;0;0;0t", b"\x1b[48;9999;9999;1;1t",
    b"\x1b[?2048;1$y", b"\x1b]11;rgb:qqqq/qqqq/qqqq\x1b\\", b"\x1b[<0;1\x1b[12\x1b[M \x1bO\x1b[200~a\xffb\x1b[201~",
)  # fmt: skip
PRESSED = 3000


def started(redirection: str = "") -> Terminal:
    return Terminal(["/bin/sh", "-c", f"exec {SCRIPT} {redirection}"])


def test_a_flood_of_anything_is_taken_and_q_ends_it() -> None:
    with started("2>/dev/full") as terminal:
        terminal.wait_for(READ)
        terminal.flood(b"".join(MALFORMED) * 20)
        terminal.flood(b"\x1b[200~" + b"q\x03\xff dD" * 170_000 + b"\x1b[201~")
        for size in ((1, 1), (200, 60), (40, 10), (80, 34)):
            terminal.resize(*size)
            terminal.flood(b" " * (PRESSED // 4))
        terminal.wait_for(f"*{42 + PRESSED} ")
        terminal.flood(b"\r" + b"7" * 20_000 + b"\x1b[200~" + b"7" * 100_000 + b"\x1b[201~")
        terminal.wait_for("7" * 20, "Enter takes it")
        terminal.press("escape")
        terminal.wait_for("Layer 1 receives")
        terminal.flood(b"dDsS" * (PRESSED // 4) + MALFORMED[-1])
        pressed = time.monotonic()
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert time.monotonic() - pressed < 4, "one key after the other would take 15 s"
        assert terminal.is_restored()


def test_a_terminal_that_ends_without_a_hang_up_ends_the_program(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with (tmp_path / "errors").open("w+") as errors:
        program = subprocess.Popen([SCRIPT], stdin=theirs, stdout=theirs, stderr=errors)
        os.close(theirs)
        screen = b""
        while READ.encode() not in screen:
            assert select.select([ours], [], [], 10)[0], f"waited in vain; the screen:\n{screen!r}"
            screen += os.read(ours, 65536)
        os.close(ours)
        closed = time.monotonic()
        assert program.wait(timeout=10) == 128 + signal.SIGHUP
        assert time.monotonic() - closed < 1
        assert not (tmp_path / "errors").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_the_screen_is_set_up_ends_the_program_and_restores_it(number: int) -> None:
    with Terminal([str(SCRIPT)]) as terminal:
        terminal.wait_until(lambda: b"\x1b[?1049h" in terminal.raw, "the alternate screen")
        terminal.signal(number)
        assert terminal.wait_for_exit() == 128 + number
        assert terminal.is_restored()
        assert b"Traceback" not in terminal.raw


INTERRUPTED_AT_IMPORT = """
import os, signal, sys
from tui_telescope.__main__ import start
class Interrupting:
    def find_spec(name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting)
sys.argv = ["tui-telescope"]
sys.exit(start())
"""


@pytest.mark.parametrize("module", ["tui_telescope.cli", "textual.app"])
def test_ctrl_c_while_the_program_is_imported_ends_it_silently(module: str) -> None:
    with Terminal([sys.executable, "-c", INTERRUPTED_AT_IMPORT.format(module=module)]) as terminal:
        assert terminal.wait_for_exit() == 128 + signal.SIGINT
        assert not terminal.raw


def test_being_stopped_and_continued_unseen_leaves_no_trace() -> None:
    with started("2>&-") as terminal:
        terminal.wait_for(READ)
        terminal.wait_for_silence()
        threads = terminal.threads()
        for _ in range(3):
            terminal.signal(signal.SIGSTOP)
            terminal.wait_until(terminal.is_stopped, "the stop")
            terminal.lose_screen()
            terminal.lose_modes()
            terminal.signal(signal.SIGCONT)
            terminal.wait_for(READ, "? help")
        assert terminal.threads() == threads
        terminal.press("r")
        terminal.wait_for("8.39e+01")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert terminal.is_restored()


BROKEN_INPUT = """
import sys
from tui_telescope.settings import Settings
from tui_telescope.tui.app import run
from tui_telescope.tui.sources.telescope_source import TelescopeSource
from tui_telescope.tui.terminal.guard import InputGuard
def broken(guard, data, silence):
    raise ZeroDivisionError("the guard broke")
InputGuard.feed = broken
sys.exit(run(TelescopeSource(), Settings()))
"""


def test_an_error_in_the_input_thread_ends_the_program_with_a_message() -> None:
    with Terminal([sys.executable, "-c", BROKEN_INPUT]) as terminal:
        terminal.wait_for("? help")
        terminal.press("r")
        assert terminal.wait_for_exit() == 1
        assert terminal.is_restored()
        assert b"the guard broke" in terminal.raw[terminal.raw.rfind(b"\x1b[?1049l") :]


def test_a_terminal_that_nobody_reads_is_given_its_modes_back() -> None:
    """As after Ctrl+S in the window around it, and `kill` from another one."""
    with Terminal([str(SCRIPT)]) as terminal:
        terminal.wait_for(READ)
        terminal.stop_output()
        terminal.press("r")
        terminal.signal(signal.SIGTERM)
        terminal.wait_for_death()
        assert terminal.has_modes_of_before()
