"""A paste on its way in, of which only the beginning is kept."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence

from textual import events
from textual.message import Message
from textual.widget import Widget

PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"
LONGEST_PASTE = 4096
"""Bytes: more than any field takes."""


class PasteBuffer:
    """Collects what comes until the mark of its end, which may come in two parts."""

    def __init__(self) -> None:
        self._kept = b""
        self._pending = b""

    @property
    def text(self) -> str:
        """What was pasted, as far as it is kept. Bytes that are not UTF-8 show as the replacement character."""
        pasted = self._kept + self._pending
        # Incremental: what the limit has cut in two is left out.
        return getincrementaldecoder("utf-8")("replace").decode(pasted[:LONGEST_PASTE]).replace("\x00", "")

    def take(self, data: bytes) -> bytes | None:
        """Take more of it; returns what comes after its end, None where that has not come yet."""
        pasted, end, rest = (self._pending + data).partition(PASTE_END)
        if end:
            self._keep(pasted)
            self._pending = b""
            return rest
        cut = max(len(pasted) - len(PASTE_END) + 1, 0)
        self._keep(pasted[:cut])
        self._pending = pasted[cut:]
        return None

    def _keep(self, pasted: bytes) -> None:
        self._kept += pasted[: LONGEST_PASTE - len(self._kept)]


def with_typing_as_paste(messages: Sequence[Message], field: Widget) -> list[Message]:
    """The same with the characters before the first other key, all of which the field takes, in one paste."""
    typed = list(_typed(messages, field))
    return [events.Paste("".join(typed)), *messages[len(typed) :]] if typed else list(messages)


def _typed(messages: Sequence[Message], field: Widget) -> Iterator[str]:
    for message in messages:
        if not isinstance(message, events.Key) or not field.check_consume_key(message.key, message.character):
            return
        yield message.character or ""
