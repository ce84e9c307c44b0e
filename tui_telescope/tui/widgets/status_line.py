"""The verdict under the chart: a badge that never moves, and the sentences beside it, or what gives way to them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

MARGIN = 1
BADGES = {
    "VANISHING": ("▼", "v", "badge-vanishing"),
    "HEALTHY": ("●", "o", "badge-healthy"),
    "EXPLODING": ("▲", "^", "badge-exploding"),
    "DEAD": ("✕", "x", "badge-dead"),
    "NONFINITE": ("!", "!", "badge-exploding"),
    "COMPUTING": ("…", ".", "muted"),
}
"""For each headline its glyph, the same in ASCII, and its ink. Glyphs and words differ: no meaning rests on colour."""
_HEADLINE_CELLS = max(map(len, BADGES))
BADGE_CELLS = _HEADLINE_CELLS + 4


class StatusLine(Canvas):
    """A badge, and one text wrapped between words beside and below it. The style sheet says how many rows there are."""

    has_seams = True
    headline = ""
    text = ""
    ink = ""

    def show(self, headline: str, text: str, ink: str = "") -> None:
        """The headline is one of `BADGES`, or empty where there is nothing to judge."""
        self.headline, self.text, self.ink = headline, text, ink
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        first, *others = self._wrapped(width, height) or [""]
        beside = (Word(" " * MARGIN), *self._badge(), Word(first, self.ink))
        return [beside, *((Word(" " * MARGIN), Word(line, self.ink)) for line in others)]

    def _badge(self) -> Line:
        if not self.headline:
            return ()
        glyph, plain, ink = BADGES[self.headline]
        badge = f" {plain if self.ascii_only else glyph} {self.headline:<{_HEADLINE_CELLS}} "
        return Word(badge, ink), Word(" ")

    def _wrapped(self, width: int, height: int) -> list[str]:
        """As many lines as there are, the first beside the badge; what has no room ends in dots."""
        beside = (BADGE_CELLS + 1) if self.headline else 0
        lines = textwrap.wrap(
            self.text,
            max(width - 2 * MARGIN, BADGE_CELLS + 2),
            initial_indent=" " * beside,
            max_lines=height,
            placeholder=" ...",
            break_on_hyphens=False,
        )
        return [line[beside:] if y == 0 else line for y, line in enumerate(lines)]


def sentence(text: str) -> str:
    """The text with a capital at its beginning, as it stands beside a badge instead of after a colon."""
    return text[:1].upper() + text[1:]


def ending_in_ellipsis(line: str, width: int) -> str:
    """The line with `...` in place of the words that leave no room for it."""
    while len(line) + 4 > width and " " in line:
        line = line.rpartition(" ")[0]
    return f"{line} ..."
