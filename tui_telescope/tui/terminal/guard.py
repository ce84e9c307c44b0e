"""What a terminal sends, cut into pieces that Textual's parser can take whole.

Any byte may come: from a terminal with another encoding, in a report that a slow line has cut, in an answer to a
program that ran before. None of it may end the app, or swallow the keys that follow.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Generator, Iterator

from textual import events
from textual.constants import ESCAPE_DELAY

from tui_telescope.tui.terminal.paste import PASTE_START, PasteBuffer
from tui_telescope.tui.terminal.reports import understood

ESCAPE = b"\x1b"
REPORT = re.compile(
    rb"""\x1b(?:
        \[M[\x20-\xff]{3}                              # the mouse as X10 reports it, in bytes of any value
      | \[\[[A-E]                                      # function keys of the Linux console
      | \[(?![M\[])[-0-?]*\$?[A-IMOPQRSZa-dcmntuy~^@]   # a control sequence, with the letters that end one
      | O[A-Za-z]                                      # F1 to F4, and keys in application mode
      | (?:\][0-9]|P[0-9>!+|$])[^\x00-\x1f\x7f]*(?:\x07|\x1b\\)   # an answer, such as the name of a colour
      | [bf\x7f]                                       # Alt: a word back, a word on, delete a word
    )""",
    re.VERBOSE,
)
BEGUN = re.compile(
    rb"""\x1b(?:
        \[M[\x20-\xff]{0,2} | \[\[ | \[[-0-?]*\$? | O
      | (?:\][0-9]|P[0-9>!+|$])[^\x00-\x1f\x7f]*(?:\x1b\Z)? | [\]P]\Z
    )?""",
    re.VERBOSE,
)
"""The beginning of a report, or Escape alone."""
LONGEST_REPORT = 4096
INTERRUPTS = (b"\x03", b"\x1b[99;5u")
"""Ctrl+C, where it comes by itself. A paste that holds one brings more with it, without a pause."""
INTERRUPT_PAUSE = 0.05
"""Seconds of silence before it."""
PASTE_PATIENCE = 1.0
"""Seconds of silence after which a paste is over whose end was never sent."""

Piece = str | events.Event
"""Text for the parser, or an event that needs none."""


class InputGuard:
    """Takes bytes as they come and gives pieces; holds back what may still become a report."""

    def __init__(self) -> None:
        self._held = b""
        self._paste: PasteBuffer | None = None
        self._decoder = getincrementaldecoder("utf-8")("replace")

    @property
    def patience(self) -> float | None:
        """Seconds of silence after which `give_up` is due; None where nothing is held back."""
        if self._paste:
            return PASTE_PATIENCE
        return ESCAPE_DELAY if self._held else None

    def feed(self, data: bytes, *, silence: float = 0.0) -> Iterator[Piece]:
        """The pieces that these bytes complete, which came after so many seconds of silence."""
        if self._paste and data in INTERRUPTS and silence >= INTERRUPT_PAUSE:
            yield self._paste_ended()
        rest, before = self._held + data, b""
        self._held = b""
        while rest != before:
            before = rest
            rest = yield from self._pasted(rest, self._paste) if self._paste else self._typed(rest)
        self._held = rest if len(rest) <= LONGEST_REPORT else b""

    def give_up(self) -> Iterator[Piece]:
        """Nothing follows what is held back: a cut report is left out, and Escape was the key."""
        held, self._held = self._held, b""
        if self._paste:
            yield self._paste_ended()
        elif held[:1] == ESCAPE and len(held) <= 2:
            yield _escape_key()
            yield from self._text(held[1:])

    def _typed(self, data: bytes) -> Generator[Piece, None, bytes]:
        """One step; returns the bytes after it, all of them where it takes more to know."""
        text, escape, _ = data.partition(ESCAPE)
        if text:
            yield from self._text(text, final=bool(escape))
            return data[len(text) :]
        if report := REPORT.match(data):
            yield from self._reported(report[0])
            return data[report.end() :]
        begun = BEGUN.match(data)
        if begun is None or begun.end() == len(data):
            return data
        if begun[0] == ESCAPE:
            yield _escape_key()
        return data[begun.end() :]

    def _reported(self, report: bytes) -> Iterator[Piece]:
        if report == PASTE_START:
            self._paste = PasteBuffer()
        elif sequence := understood(report.decode("latin-1")):
            yield sequence

    def _text(self, data: bytes, *, final: bool = False) -> Iterator[Piece]:
        """Bytes that are not UTF-8 show as the replacement character, which is no key."""
        if text := self._decoder.decode(data, final):
            yield text

    def _pasted(self, data: bytes, paste: PasteBuffer) -> Generator[Piece, None, bytes]:
        rest = paste.take(data)
        if rest is None:
            return b""
        yield self._paste_ended()
        return rest

    def _paste_ended(self) -> events.Paste:
        text = self._paste.text if self._paste else ""
        self._paste = None
        return events.Paste(text)


def _escape_key() -> events.Key:
    return events.Key("escape", "\x1b")
