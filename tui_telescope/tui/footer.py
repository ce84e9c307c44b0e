"""The last line: keys worth knowing, each one whole."""

from __future__ import annotations

from collections.abc import Sequence

from tui_telescope.tui.actions import Action, all_actions
from tui_telescope.tui.canvas import Canvas, Line, Word

GAP = 2


class Footer(Canvas):
    """The registry's footer words. Textual's own footer drops keys silently and costs a widget a key."""

    def draw(self, width: int, height: int) -> Sequence[Line]:
        words = [word for action in fitting_actions(width) for word in _entry(action)]
        return [(Word(" "), *words)]


def fitting_actions(width: int) -> list[Action]:
    """The actions whose footer words fit whole in `width` cells, in the registry's order."""
    fitting: list[Action] = []
    end = 1
    for action in all_actions():
        end += len(action.footer)
        if action.footer and end <= width:
            fitting.append(action)
            end += GAP
    return fitting


def _entry(action: Action) -> tuple[Word, Word, Word]:
    key, _, rest = action.footer.partition(" ")
    return Word(key, "key", action.call), Word(f" {rest}", "", action.call), Word(" " * GAP)
