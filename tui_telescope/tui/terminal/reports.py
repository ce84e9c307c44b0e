"""Reports of keys, the mouse and modes, as Textual's parser can take them.

The parser raises on numbers that no terminal should send, and any exception in its thread ends the app. So each report
is checked before it gets there, and one that is malformed, or answers what nobody asked, is left out.
"""

from __future__ import annotations

import re

# Not public, and yet the only list of the keys that the parser knows: after a sequence that it does not know, it would
# take the keys that follow for the rest of it.
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

FOCUS = ("\x1b[I", "\x1b[O")
SYNCHRONIZED_OUTPUT = re.compile(r"\x1b\[\?2026;\d\$y")
"""That the terminal paints whole frames. Sizes come by SIGWINCH alone, so that no report can claim a screen of millions
of cells: the terminal's offer to report them (mode 2048) is not taken up."""
MOUSE = re.compile(r"\x1b\[<(\d{1,3});(\d{1,5});(\d{1,5})[Mm]")
KEY = re.compile(
    r"\x1b\[(?P<code>\d{0,7})(?::[\d:]*)?"
    r"(?:;(?P<modifiers>\d{0,3})(?::(?P<event>\d))?(?:;(?P<text>[\d:]*))?)?(?P<final>[u~ABCDEFHPQRS])"
)
"""A key in the protocol of kitty, which xterm's keys with modifiers follow as well."""
RELEASE = "3"
MOST_BUTTONS = 255
MOST_MODIFIERS = 256
LONGEST = 32
"""Characters after which the parser takes a sequence for single keys."""


def understood(report: str) -> str | None:
    """The report as the parser takes it; None for one that is to be left out."""
    if report in ANSI_SEQUENCES_KEYS or report in FOCUS or SYNCHRONIZED_OUTPUT.fullmatch(report):
        return report
    if mouse := MOUSE.fullmatch(report):
        buttons, x, y = map(int, mouse.groups())
        return report if buttons <= MOST_BUTTONS and x and y else None
    key = KEY.fullmatch(report)
    return _plain_key(key) if key else None


def _plain_key(key: re.Match[str]) -> str | None:
    """The key without what the parser does not know: other layouts' codes, and whether it is held."""
    text = [part for part in (key["text"] or "").split(":") if part]
    if key["event"] == RELEASE or int(key["modifiers"] or 0) > MOST_MODIFIERS:
        return None
    if not all(_is_character(number) for number in (key["code"], *text) if number):
        return None
    fields = [key["code"], key["modifiers"] or "", ":".join(text)]
    while len(fields) > 1 and not fields[-1]:
        fields.pop()
    sequence = f"\x1b[{';'.join(fields)}{key['final']}"
    return sequence if len(sequence) <= LONGEST else None


def _is_character(digits: str) -> bool:
    """Whether the number is one of a character that can be written."""
    return len(digits) <= 7 and (int(digits) < 0xD800 or 0xDFFF < int(digits) <= 0x10FFFF)
