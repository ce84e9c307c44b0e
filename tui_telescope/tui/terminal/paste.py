"""A paste on its way in, of which only the beginning is kept."""

from __future__ import annotations

from codecs import getincrementaldecoder

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
