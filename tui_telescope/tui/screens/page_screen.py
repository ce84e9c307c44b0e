"""A page of text over the telescope, which scrolls: the help is one, the end of the tour another."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

Result = TypeVar("Result")


class PageText(Canvas):
    """Scrolls by lines and says where it is in words, so that it needs neither colour nor a scrollbar."""

    keys: Line = ()
    """What leads away from it, for the last row."""
    other_keys: tuple[str, ...] = ("up/down PageUp/PageDown scroll", "q quit")
    """What stands beside these, as many as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self._first_line = 0

    @abstractmethod
    def lines(self, width: int) -> Sequence[Line]:
        """All of the text, wrapped."""

    def scroll_rows(self, rows: int) -> None:
        self._first_line += rows
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        lines = self.lines(width)
        shown = height - 1
        self._first_line = max(0, min(self._first_line, len(lines) - shown))
        last = min(self._first_line + shown, len(lines))
        page = list(lines[self._first_line : last])
        page += [()] * (shown - len(page))
        return [*page, self._status_line(f"lines {self._first_line + 1}-{last} of {len(lines)}", width)]

    def _status_line(self, where: str, width: int) -> Line:
        room = width - sum(len(word.text) for word in self.keys) - len(where) - 1
        others = ""
        for each in self.other_keys:
            if len(f"{others}  {each}") >= room:
                break
            others += f"  {each}"
        words = (*self.keys, Word(others))
        gap = width - sum(len(word.text) for word in words) - len(where) - 1
        return (*words, Word(" " * gap), Word(where, "muted"))

    async def on_mouse_scroll_down(self) -> None:
        self.scroll_rows(3)

    async def on_mouse_scroll_up(self) -> None:
        self.scroll_rows(-3)


class PageScreen(ModalScreen[Result]):
    """Covers the telescope until it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.quit", "quit"),
        Binding("down,j", "scroll(1)"),
        Binding("up,k", "scroll(-1)"),
        Binding("pagedown,space", "scroll_page(1)"),
        Binding("pageup", "scroll_page(-1)"),
        Binding("home", "scroll(-9999)"),
        Binding("end", "scroll(9999)"),
    ]

    def __init__(self, text: PageText) -> None:
        super().__init__()
        self.text = text

    def compose(self) -> ComposeResult:
        yield self.text

    def action_scroll(self, rows: int) -> None:
        self.text.scroll_rows(rows)

    def action_scroll_page(self, direction: int) -> None:
        self.text.scroll_rows(direction * max(self.text.size.height - 3, 1))
