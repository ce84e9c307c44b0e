"""One line on stderr that says how far long work is, for whoever waits at a terminal; wiped before anything is written.

This module needs the standard library alone: it is there before anything that takes its time.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from time import monotonic

from tui_telescope.notation import percent_done

PATIENCE = 1.0
"""Seconds of work before anything is said: a word that flashes up would be noise."""
REDRAW_SECONDS = 0.2


class ProgressLine:
    """The share of the work that is done, and the time left at the pace so far.

    Work comes in parts, each with the seconds that it is forecast to take.
    """

    def __init__(self, descriptor: int | None) -> None:
        """`descriptor` is that of the terminal to write to, None for silence."""
        self._descriptor = descriptor
        self._what = ""
        self._started = self._drawn = monotonic()
        self._expected: float | None = None
        self._done = self._part = self._share = 0.0
        self._shown = 0
        """Characters on the line."""

    def begin(self, what: str, seconds: float | None) -> None:
        """Work begins that is forecast to take so long; None where nobody knows."""
        self._what, self._expected, self._done = what, seconds, 0.0
        self._started = monotonic()

    @contextmanager
    def part(self, seconds: float) -> Iterator[None]:
        """A part of the work, of which `tell` then tells the share that is done; so long it is forecast to take."""
        self._part, self._share = seconds, 0.0
        self._redraw()
        yield
        self._done += seconds
        self._part = 0.0

    def tell(self, share: float) -> None:
        """This share of the part is done."""
        self._share = share
        self._redraw()

    def wipe(self) -> None:
        """Leave the line as it was found."""
        if self._shown:
            self._replace("")

    def _redraw(self) -> None:
        now = monotonic()
        if self._descriptor is None or now - self._started < PATIENCE or now - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = now
        self._replace(self._text(now - self._started))

    def _text(self, elapsed: float) -> str:
        share = (self._done + self._share * self._part) / (self._expected or math.inf)
        if not 0 < share < 1:  # nobody knows, or the forecast was too low
            return f"{self._what}: {_spoken(elapsed)} so far"
        return f"{self._what}: {percent_done(share)}, about {_spoken(elapsed * (1 - share) / share)} left"

    def _replace(self, text: str) -> None:
        """Put the text, or what fits of it, in the place of what is on the line."""
        if self._descriptor is None:
            return
        try:
            text = text[: (os.get_terminal_size(self._descriptor).columns or 80) - 1]
            # Not through sys.stderr: who interrupts the program may do so in the middle of a write.
            os.write(self._descriptor, f"\r{text.ljust(self._shown)}\r{text}".encode())
        except OSError:  # the terminal is gone, with whoever wanted to know; the work goes on
            self._descriptor = None
        self._shown = len(text)


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


@cache
def on_stderr() -> ProgressLine:
    """The line on stderr; it shows nothing where that is no terminal."""
    is_seen = sys.stderr is not None and sys.stderr.isatty()
    return ProgressLine(sys.stderr.fileno() if is_seen else None)
