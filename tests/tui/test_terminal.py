"""The whole program in a real terminal: what a user presses and reads."""

from __future__ import annotations

import base64
import re
import signal
import sys
import time

import pytest
from terminal import SCRIPT, Terminal

AT_START = ("VANISHING Layer 1 receives 2.51e-18", "33 of 50 layers", "the residual connection brings 8.39e+01.")
COLOR_CODE = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:[34][0-9]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
MOUSE_MODE = re.compile(rb"\x1b\[\?100[0-356]h")


def unwrapped(screen: str) -> str:
    return " ".join(screen.split())


def start(*arguments: str, columns: int = 80, rows: int = 24, environment: dict[str, str] | None = None) -> Terminal:
    return Terminal([str(SCRIPT), *arguments], columns=columns, rows=rows, environment=environment)


def wait_for_reading(terminal: Terminal, *expected: str) -> None:
    terminal.wait_until(lambda: all(text in unwrapped(terminal.text) for text in expected), str(expected))


def test_a_newcomer_explores_at_80x24_and_leaves_the_terminal_as_it_was() -> None:
    with start() as terminal:
        wait_for_reading(terminal, *AT_START)
        assert terminal.lines[0].startswith(" Telescope")
        assert terminal.lines[3].startswith(">d Depth              50 ")
        assert terminal.lines[23].startswith(" ? help  q quit")
        assert "1e-20" in terminal.text
        assert "⠤" in terminal.text

        terminal.press("r")
        wait_for_reading(terminal, "HEALTHY Layer 1 receives 8.39e+01", ">r Residual on")
        assert "Try" not in terminal.text

        terminal.press("d")
        wait_for_reading(terminal, ">d Depth *60", "of 60 layers")
        terminal.press("D", "S")
        wait_for_reading(terminal, "d Depth 50", ">s Scale *1.8", "of 50 layers")
        terminal.press("up", "up", "right")
        wait_for_reading(terminal, ">i Init *xavier")
        terminal.press("down", "down", "left", "left", *["up"] * 10, "pageup")
        wait_for_reading(terminal, "s Scale *1.2", ">d Depth *100", "of 100 layers")

        terminal.press("2")
        terminal.wait_for("factor per layer")
        terminal.press("?")
        terminal.wait_for("Keys", "Esc close")
        terminal.press("end")
        terminal.wait_for("HEALTHY", "epsilon (1.2e-07)")
        terminal.press("escape")
        terminal.wait_for("factor per layer", ">d Depth")
        assert terminal.answer_to("9") == b""

        terminal.press("enter", "7", "enter")
        wait_for_reading(terminal, ">d Depth *7", "of 7 layers")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert terminal.is_restored()


def test_any_resize_recovers() -> None:
    with start(environment={"COLUMNS": "100000", "LINES": "3"}) as terminal:  # exported, and true no more
        wait_for_reading(terminal, *AT_START)
        terminal.resize(30, 8)
        terminal.wait_for("needs 40x10")
        terminal.press("r")
        terminal.resize(50, 14)
        terminal.wait_for("r Residual on", "8.39e+01")
        assert "Scale" not in terminal.text
        terminal.resize(160, 50)
        terminal.wait_for(">r Residual", "8.39e+01")
        assert terminal.lines[49].startswith(" ? help  q quit")
        terminal.resize(80, 24)
        terminal.wait_for(">r Residual", "8.39e+01")
        terminal.wait_for_silence()
        terminal.lose_screen()
        terminal.signal(signal.SIGWINCH)  # to another size and back, quicker than the program looks
        terminal.wait_for(">r Residual", "8.39e+01")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def test_no_color_ascii_and_no_mouse_are_obeyed_to_the_byte() -> None:
    with start("--ascii", "--no-mouse", environment={"NO_COLOR": "1"}) as terminal:
        wait_for_reading(terminal, *AT_START)
        terminal.press("r")
        wait_for_reading(terminal, "8.39e+01")
        terminal.press("enter")
        terminal.wait_for("Enter takes it")
        terminal.press("escape")
        wait_for_reading(terminal, "8.39e+01")
        terminal.press("?")
        terminal.wait_for("Keys")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    assert not COLOR_CODE.findall(terminal.raw)
    assert not MOUSE_MODE.findall(terminal.raw)
    assert terminal.raw.isascii()


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_a_signal_ends_the_program_and_restores_the_terminal_however_many_keys_wait(number: int, status: int) -> None:
    with start() as terminal:
        wait_for_reading(terminal, *AT_START)
        terminal.flood(b" " * 2000)
        terminal.signal(number)
        assert terminal.wait_for_exit() == status
        assert terminal.is_restored()


def test_quitting_does_not_wait_for_slow_work_even_while_a_value_is_typed() -> None:
    with start("--width", "1000", "--depth", "60", "--samples", "200") as terminal:
        wait_for_reading(terminal, "Computing 60 layers of width 1000")
        terminal.press("d", "enter")
        terminal.wait_for("Depth: 80")
        pressed = time.monotonic()
        terminal.press("ctrl+c")
        assert terminal.wait_for_exit() == 0
        assert time.monotonic() - pressed < 2
        assert terminal.is_restored()


BROKEN_ENGINE = """
import sys
from tui_telescope.engine.telescope import Telescope
from tui_telescope.settings import Settings
from tui_telescope.tui.app import run
from tui_telescope.tui.sources.telescope_source import TelescopeSource
def broken(*arguments, **options):
    raise ZeroDivisionError("the engine broke")
Telescope.observe = broken
sys.exit(run(TelescopeSource(), Settings()))
"""


def test_a_network_learns_in_a_real_terminal_and_quitting_does_not_wait_for_it() -> None:
    with start("--preset", "plain-56", "--view", "learn") as terminal:
        wait_for_reading(terminal, "Before the first step the loss is", "Space plays")
        terminal.press(" ")
        wait_for_reading(terminal, "Space pauses.")
        terminal.press("1")
        wait_for_reading(terminal, "steps layer 1 receives")
        pressed = time.monotonic()
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        assert time.monotonic() - pressed < 2
        assert terminal.is_restored()


def test_an_error_in_the_background_is_told_after_the_terminal_is_restored() -> None:
    with Terminal([sys.executable, "-c", BROKEN_ENGINE]) as terminal:
        assert terminal.wait_for_exit() == 1
        assert terminal.is_restored()
        after = terminal.raw[terminal.raw.rfind(b"\x1b[?1049l") :]
        assert b"ZeroDivisionError" in after
        assert b"the engine broke" in after


def test_suspending_gives_the_shell_back_and_fg_the_whole_screen() -> None:
    with Terminal(["bash", "--norc", "--noprofile", "-i"], environment={"PS1": "shell$ "}) as terminal:
        terminal.wait_for("shell$")
        terminal.press(f"{SCRIPT}\r")
        wait_for_reading(terminal, *AT_START)
        terminal.press("enter", "ctrl+z")
        terminal.wait_until(lambda: b"Stopped" in terminal.raw, "the shell's word that it is stopped")
        assert terminal.modes_left_on() <= {b"2004"}, "bash's own bracketed paste"
        terminal.press("clear\r")
        terminal.press("fg\r")
        wait_for_reading(terminal, "Telescope", "d Depth", "Enter takes it", "? help")
        terminal.press("escape")
        wait_for_reading(terminal, *AT_START)
        terminal.press("r")
        wait_for_reading(terminal, "HEALTHY Layer 1 receives 8.39e+01", "r Residual on")
        terminal.press("q")
        terminal.wait_until(lambda: terminal.raw.rfind(b"\x1b[?1049l") > terminal.raw.rfind(b"\x1b[?1049h"), "the end")
        terminal.wait_until(lambda: terminal.modes_left_on() <= {b"2004"}, "every mode but bash's own to be off")


def test_sharing_speaks_osc_52_and_says_what_was_sent_until_it_gives_way_and_x_judges_before_it_jumps() -> None:
    with start("--preset", "he-relu", "--depth", "7") as terminal:
        wait_for_reading(terminal, "of 7 layers")
        answer = terminal.answer_to("y")
        copied = re.search(rb"\x1b\]52;c;([^\x07]*)\x07", answer)
        assert copied
        command = base64.b64decode(copied[1]).decode()
        assert command == ("tui-telescope --depth 7 --width 64 --activation relu --init he --scale 1.0 --loss probe")
        assert f"Sent to the clipboard: {command}" in unwrapped(terminal.text)
        wait_for_reading(terminal, "of 7 layers")  # with no key pressed

        terminal.press("S", "x")
        wait_for_reading(terminal, "scale 0.8; critical 1.0; chi 0.64: a signal lasts 2.2 layers.", "Tried at 1.0")
        assert "Scale *0.8" in unwrapped(terminal.text)
        terminal.press("x")
        wait_for_reading(terminal, ">s Scale 1.0", "of 7 layers")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def test_with_ascii_the_palette_and_every_help_line_are_ascii_too() -> None:
    with start("--ascii") as terminal:
        wait_for_reading(terminal, *AT_START)
        terminal.press("p", "r", "g", "f")
        wait_for_reading(terminal, "8.39e+01")
        terminal.press("ctrl+p")
        terminal.wait_for("Search", "the telephone game")
        terminal.press("theme")
        terminal.wait_for("Theme: nord", "Theme: solarized-light")
        terminal.press("escape")
        terminal.wait_for("Telescope")
        terminal.press("?")
        terminal.wait_for("Keys")
        terminal.press("end", "q")
        assert terminal.wait_for_exit() == 0
    assert terminal.raw.isascii()


@pytest.mark.parametrize(
    ("term", "allowed"),
    [
        ("linux", rb"3[0-7]|4[0-7]|9[0-7]|10[0-7]|39|49"),
        ("xterm-256color", rb"3[0-7]|4[0-7]|9[0-7]|10[0-7]|39|49|[34]8;5;\d+"),
    ],
)
def test_no_terminal_is_sent_colours_that_it_does_not_have(term: str, allowed: bytes) -> None:
    with start(environment={"TERM": term}) as terminal:
        wait_for_reading(terminal, *AT_START)
        terminal.press("p", "r", "?")
        terminal.wait_for("Keys")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    codes = b";".join(re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw))
    assert not re.sub(rb"(?<![0-9])(" + allowed + rb"|0|1|2|3|4|7|22|23|24|27)?(?![0-9])", b"", codes).strip(b";")


def test_a_lost_connection_leaves_no_process_behind() -> None:
    with start() as terminal:
        wait_for_reading(terminal, *AT_START)
        terminal.hang_up()
        terminal.wait_for_death()
