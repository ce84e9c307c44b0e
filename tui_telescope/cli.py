"""The command line: it explores; `print` gives one reading, `learn` trains, `presets` lists, `watch` shows a real run.

Nothing heavy is imported until it is known what is wanted, so that `--help`, `--version` and a mistyped flag answer
at once.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from tui_telescope.arguments import EXPLORING, FORMATS, Answer, command_in, parse
from tui_telescope.printing.progress_line import on_stderr
from tui_telescope.printing.standard_output import PROGRAM, UNEXPECTED, StandardOutput, fail, status_of, tell
from tui_telescope.printing.window_size import forget_absurd_sizes
from tui_telescope.settings import Settings

TERMINALS_THAT_CANNOT = ("", "dumb", "unknown")
"""What TERM says of terminals without a cursor to move. A name that nobody has heard of is a new terminal, not an old
one: it can what all can today."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    return status_of(lambda: _run(arguments), " ".join(filter(None, (PROGRAM, command_in(arguments), "--help"))))


def _run(arguments: Sequence[str] | None) -> int:
    forget_absurd_sizes()
    in_terminal = _is_in_terminal()
    output = StandardOutput()
    try:
        options = parse(arguments, in_terminal=in_terminal)
    except Answer as answer:
        output.write(str(answer))
        return 0
    # One thread is right for products this small (two stall each other); a user's own choice wins.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if options.command in (EXPLORING, "tour") and in_terminal:
        return _explore(options.settings, options)
    if options.command == "watch" and in_terminal and _is_live(options):
        return _watch_live(options)
    return WRITERS[options.command](output, options)


def _explore(settings: Settings, options: argparse.Namespace) -> int:
    # What is made while starting stays: looking through it for garbage again and again is a seventh of the start.
    # Once all is loaded, `load_telescope` lets the collector begin.
    gc.disable()
    from tui_telescope.tui.terminal.signals import end_at_once_on_signals

    end_at_once_on_signals()
    from tui_telescope.tui.app import run
    from tui_telescope.tui.sources.telescope_source import TelescopeSource

    ascii_only = options.ascii or not _speaks_unicode()
    tour: Literal["", "led", "unattended", "quiz"] = ""
    if options.command == "tour":
        tour = "quiz" if options.quiz else "unattended" if options.autoplay else "led"
    return run(TelescopeSource(), settings, view=options.view, ascii_only=ascii_only, mouse=options.mouse, tour=tour)


def _list_presets(output: StandardOutput, options: argparse.Namespace) -> int:
    from tui_telescope.printing.presets import preset_list

    output.write(preset_list())
    return 0


def _print(output: StandardOutput, options: argparse.Namespace) -> int:
    from tui_telescope.printing.readings import write_reading

    ascii_only = options.ascii or not _speaks_unicode()
    state = write_reading(
        output, options.settings, options.format, options.view,
        ascii_only=ascii_only, depths=options.depths, line=on_stderr(),
    )  # fmt: skip
    return _compared(state, options.expect)


def _learn(output: StandardOutput, options: argparse.Namespace) -> int:
    from tui_telescope.printing.learning import write_learning

    ascii_only = options.ascii or not _speaks_unicode()
    settings, steps = options.settings, options.steps
    write_learning(output, settings, steps, options.format, ascii_only=ascii_only, line=on_stderr())
    return 0


def _tell_tour(output: StandardOutput, options: argparse.Namespace) -> int:
    """The tour as text, for pipes and screen readers."""
    from tui_telescope.printing.tour import write_quiz, write_tour

    if options.quiz:
        write_quiz(output)
    else:
        write_tour(output, on_stderr())
    return 0


def _watch(output: StandardOutput, options: argparse.Namespace) -> int:
    from tui_telescope.printing.run import write_run
    from tui_telescope.runs.reading.follower import Refused
    from tui_telescope.runs.reading.opening import open_run

    ascii_only = options.ascii or not _speaks_unicode()
    try:
        run = open_run(options.operand)
        state = write_run(output, run, options.format, options.view, ascii_only=ascii_only)
    except Refused as refusal:
        return fail(str(refusal))
    return _compared(state, options.expect)


def _is_live(options: argparse.Namespace) -> bool:
    """Whether nothing is asked for that only one reading can answer."""
    return not options.once and options.format == FORMATS[0] and options.expect is None


def _watch_live(options: argparse.Namespace) -> int:
    gc.disable()
    from tui_telescope.tui.terminal.signals import end_at_once_on_signals

    end_at_once_on_signals()
    from tui_telescope.runs.reading.follower import Refused
    from tui_telescope.runs.reading.opening import open_run
    from tui_telescope.tui.sources.run_source import RunSource

    path = Path(options.operand)
    try:
        source = RunSource(path)
        if path.exists() and not path.is_dir():
            open_run(path)
    except Refused as refusal:
        return fail(str(refusal))
    from tui_telescope.tui.watching.app import watch

    source.poll()
    return watch(source, view=options.view, ascii_only=options.ascii or not _speaks_unicode(), mouse=options.mouse)


def _compared(state: str | None, expected: str | None) -> int:
    """The exit status of a reading whose verdict may have been foretold."""
    if expected in (None, state):
        return 0
    tell(f"the gradient is {state}, and was expected to be {expected}")
    return UNEXPECTED


WRITERS: dict[str, Callable[[StandardOutput, argparse.Namespace], int]] = {
    "print": _print,
    "learn": _learn,
    "tour": _tell_tour,
    "presets": _list_presets,
    "watch": _watch,
}
"""What is written without a terminal, by the command's word."""


def _is_in_terminal() -> bool:
    """Whether there is a terminal to explore in, on both ends."""
    can_draw = os.name == "nt" or os.environ.get("TERM", "") not in TERMINALS_THAT_CANNOT
    return can_draw and all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _speaks_unicode() -> bool:
    """Whether the output is UTF-8, and so is the user's locale, if one is named.

    Where the locale is C, POSIX or not installed, Python goes on with UTF-8 and overwrites LC_CTYPE (PEP 538): what
    the user named is in LANG then.
    """
    everything, language = os.environ.get("LC_ALL", ""), os.environ.get("LANG", "")
    characters = os.environ.get("LC_CTYPE", "")
    if language and characters in ("C.UTF-8", "C.utf8", "UTF-8"):
        characters = language
    named = everything or characters or language or "UTF-8"
    return _is_utf8(sys.stdout.encoding or "") and _is_utf8(named.partition(".")[2] or named)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").partition("@")[0] == "utf8"
