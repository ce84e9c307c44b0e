"""The words under the chart: what the telescope reads, what it is busy with, or why it refused."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

LEAST_ROWS = 2
MARGIN = 1
STATE_IN_CAPITALS = re.compile(r"\b([A-Z]{4,})\b")


class StatusLine(Canvas):
    """One text, wrapped between words. The rows that it once needed stay, so that the chart keeps its height."""

    text = ""
    ink = ""

    def show(self, text: str, ink: str = "") -> None:
        self.text = text
        self.ink = ink
        self._make_room()
        self.redraw()

    def on_resize(self) -> None:
        self._make_room()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        lines = self._wrapped(width)
        if len(lines) > height:
            lines = [*lines[: height - 1], ending_in_ellipsis(lines[height - 1], width - 2 * MARGIN)]
        return [(Word(" " * MARGIN), *self._words(line)) for line in lines]

    def _make_room(self) -> None:
        most = max(3, self.app.size.height // 5)
        rows = min(max(len(self._wrapped(self.size.width)), LEAST_ROWS), most)
        if self.size.width and rows > self.size.height:
            self.styles.height = rows

    def _wrapped(self, width: int) -> list[str]:
        return textwrap.wrap(self.text, max(width - 2 * MARGIN, 1), break_on_hyphens=False)

    def _words(self, line: str) -> Iterator[Word]:
        if self.ink:
            yield Word(line, self.ink)
            return
        for piece in STATE_IN_CAPITALS.split(line):
            yield Word(piece, "state" if STATE_IN_CAPITALS.fullmatch(piece) else "")


def ending_in_ellipsis(line: str, width: int) -> str:
    """The line with `...` in place of the words that leave no room for it."""
    while len(line) + 4 > width and " " in line:
        line = line.rpartition(" ")[0]
    return f"{line} ..."
