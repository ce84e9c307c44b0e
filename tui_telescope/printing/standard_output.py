"""What a shell may expect of every command: a fitting exit status, and one line where something is wrong.

This module imports the standard library alone: `--help` must not wait for numpy.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from tui_telescope.printing.progress_line import on_stderr
from tui_telescope.settings.kinds import SettingsError

PROGRAM = "tui-telescope"
UNEXPECTED, USAGE_ERROR, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141

_LONGEST_LINE = 400
"""Characters of an error; what a longer one quotes is cut out of its middle."""
_LOADERS_WORDS = ("annot allocate memory", "failed to map segment")
"""What the dynamic loader says where a library finds no memory; Python makes an ImportError of it."""


class UsageError(Exception):
    """The words of the command line make no sense; the message says why."""


class OutputLost(Exception):
    """Standard output takes no more. The message says why; it is empty where the reader has had enough."""


class StandardOutput:
    """Hands on what it is given at once, so that a failure is met where it can be told."""

    def __init__(self) -> None:
        if sys.stdout is None:
            raise OutputLost("it is closed")

    def write(self, text: str) -> int:
        """Write the text. Raises `OutputLost`."""
        on_stderr().wipe()
        try:
            written = sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            _abandon(sys.stdout)
            is_enough = isinstance(error, BrokenPipeError)
            raise OutputLost("" if is_enough else error.strerror or str(error)) from None
        return written


def status_of(command: Callable[[], int], explained_by: str) -> int:
    """Run a command; returns its exit status, or tells in one line what kept it from one, and by what command line it
    is explained."""
    try:
        return command()
    except OutputLost as lost:
        return fail(f"standard output cannot be written: {lost}") if str(lost) else BROKEN_PIPE
    except (SettingsError, UsageError) as refusal:
        return fail(f"{refusal} (see {explained_by})")
    except KeyboardInterrupt:
        return INTERRUPTED
    except (MemoryError, ImportError, OSError) as error:
        if not _is_want_of_memory(error):
            raise
    return fail("not enough memory (smaller width, depth, samples or networks take less)")


def fail(message: str) -> int:
    """Say in one line on stderr what is wrong; returns the exit status."""
    tell(f"error: {message}")
    return USAGE_ERROR


def tell(message: str) -> None:
    """One line on stderr, in which nothing that is quoted can do the terminal any harm."""
    if sys.stderr is None:
        return
    on_stderr().wipe()
    try:
        print(f"{PROGRAM}: {_shortened(_harmless(message))}", file=sys.stderr)
    except OSError:  # whose stderr is full as well is told by the exit status alone
        _abandon(sys.stderr)


def _abandon(stream: TextIO) -> None:
    """Let the interpreter flush what is left into nothing at its end, where it would complain a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_want_of_memory(error: BaseException) -> bool:
    return any(
        isinstance(each, MemoryError)
        or (isinstance(each, OSError) and each.errno == errno.ENOMEM)
        or (isinstance(each, ImportError) and any(words in str(each) for words in _LOADERS_WORDS))
        for each in _with_causes(error)
    )


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _harmless(text: str) -> str:
    """The text with control characters, and bytes that were no text, written as Python writes them."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _shortened(text: str) -> str:
    half = _LONGEST_LINE // 2
    return text if len(text) <= _LONGEST_LINE else f"{text[:half]} ... {text[-half:]}"
