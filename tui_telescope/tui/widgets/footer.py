"""The last line: keys worth knowing, each one whole."""

from __future__ import annotations

from collections.abc import Sequence

from tui_telescope.tui.actions import FOOTER
from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

GAP = 2


class Footer(Canvas):
    """The registry's footer words. Textual's own footer drops keys silently and costs a widget a key."""

    def draw(self, width: int, height: int) -> Sequence[Line]:
        return [(Word(" "), *(word for call in fitting_calls(width) for word in _entry(call)))]


def fitting_calls(width: int) -> list[str]:
    """The actions whose footer words fit whole in `width` cells; the first that does not ends the line."""
    fitting: list[str] = []
    end = 1
    for call, words in FOOTER.items():
        end += len(words)
        if end > width:
            break
        fitting.append(call)
        end += GAP
    return fitting


def _entry(call: str) -> tuple[Word, Word, Word]:
    keys, _, label = FOOTER[call].rpartition(" ")
    return Word(keys, "key", call), Word(f" {label}", "", call), Word(" " * GAP)
