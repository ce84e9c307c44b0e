"""The last line: keys worth knowing, each one whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_telescope.tui.actions import EXPLORING
from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

GAP = 2


class Footer(Canvas):
    """The registry's footer words. Textual's own footer drops keys silently and costs a widget a key."""

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__()
        self._words = words

    def draw(self, width: int, height: int) -> Sequence[Line]:
        calls = fitting_calls(width, self._words)
        return [(Word(" "), *(word for call in calls for word in _entry(call, self._words[call])))]


def fitting_calls(width: int, footer: Mapping[str, str] = EXPLORING.footer) -> list[str]:
    """The actions whose footer words fit whole in `width` cells; the first that does not ends the line."""
    fitting: list[str] = []
    end = 1
    for call, words in footer.items():
        end += len(words)
        if end > width:
            break
        fitting.append(call)
        end += GAP
    return fitting


def _entry(call: str, words: str) -> tuple[Word, Word, Word]:
    keys, _, label = words.rpartition(" ")
    return Word(keys, "key", call), Word(f" {label}", "", call), Word(" " * GAP)
