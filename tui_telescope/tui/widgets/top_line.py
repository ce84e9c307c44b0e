"""The first line: what this is, what is shown and in which view; with the panels folded, the selected setting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from tui_telescope.charts.views import VIEWS, View
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.sources.source import Heading
from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

TITLES = ("Gradient Telescope", "Telescope")
FEWEST_CELLS = 8
"""Of a title beside what is worth more, before the views' names give way to it."""


class TopLine(Canvas):
    """Title on the left, views with their digits on the right, the current one in reverse."""

    def __init__(
        self, heading: Heading, settings: Settings | None, selected: str, view: str,
        views: Iterable[View] = VIEWS.values(), **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self._views = tuple(views)
        self.heading = heading
        self.settings = settings
        self.selected = selected
        self.view = view
        self.folded = False

    def show(self, heading: Heading, settings: Settings | None, selected: str) -> None:
        self.heading = heading
        self.settings = settings
        self.selected = selected
        self.redraw()

    def show_view(self, view: str) -> None:
        self.view = view
        self.redraw()

    def fold(self, folded: bool) -> None:
        self.folded = folded
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        names = [view.name for view in self._views]
        briefs = [view.brief or view.name for view in self._views]
        views: tuple[list[Word], ...] = (
            self._tabs([f"{name} " for name in names]), self._tabs(names), self._tabs(briefs), self._tabs(), []
        )  # fmt: skip
        lefts = self._standing if self.heading.standing else self._lefts
        pairs = ((left, right) for right in views for left in lefts(width - cells(right)))
        least = [Word(f" {self.heading.standing or TITLES[-1]}", "title")]
        left, right = next((pair for pair in pairs if cells(pair[0]) + cells(pair[1]) <= width), (least, []))
        return [(*left, Word(" " * (width - cells(left) - cells(right))), *right)]

    def _lefts(self, room: int) -> Iterator[list[Word]]:
        """What may stand on the left, the fullest first; the views' names are worth more than its last words."""
        title = [Word(f" {self._separator} {self.heading.title}", "title")] if self.heading.title else []
        line = [Word(f": {self.heading.line}")] if self.heading.line else []
        names = [[Word(f" {name}", "title")] for name in TITLES]
        if self.folded and self.settings:
            names = [self._selected_setting(self.settings)]
        yield [*names[0], *title, *line]
        if title and line:
            yield [Word(f" {self.heading.title}", "title"), *line]
        yield from ([*name, *title] for name in names)
        yield from names

    def _standing(self, room: int) -> Iterator[list[Word]]:
        """How far it has come, which is never left out; the product goes first, then the title's middle."""
        title, line, standing = self.heading
        more = [Word(f", {line}")] if line else []
        told = [Word(f": {standing}")]
        yield [Word(f" {TITLES[0]} {self._separator} {title}", "title"), *told, *more]
        yield [Word(f" {title}", "title"), *told, *more]
        least = min(len(title), FEWEST_CELLS)
        yield [Word(f" {shortened(title, max(room - 1 - cells(told), least))}", "title"), *told]

    @property
    def _separator(self) -> str:
        return "-" if self.ascii_only else "·"

    def _selected_setting(self, settings: Settings) -> list[Word]:
        setting = REGISTRY[self.selected]
        value = setting.show(getattr(settings, self.selected))
        key = [Word(setting.key, "key"), Word(" ")] if setting.key else []
        return [Word(" "), *key, Word(f"{setting.label} "), Word(value, "selected")]

    def _tabs(self, names: Sequence[str] = ()) -> list[Word]:
        """The views with these names; with none the current one alone is named."""
        return [word for view, name in zip_longest(self._views, names) for word in self._tab(view, name)]

    def _tab(self, view: View, name: str | None) -> list[Word]:
        if view.name == self.view:
            return [Word(f" {view.key} {(name or view.name).strip()} ", "tab")]
        call = f"show_view('{view.name}')"
        return [Word(f" {view.key}", "key", call), Word(f" {name or ''}", "", call)]


def shortened(name: str, room: int) -> str:
    """The name without its middle, where it has more characters than `room`: names differ at their ends."""
    if len(name) <= room:
        return name
    kept = max(room - 2, 0)
    return f"{name[: kept // 2]}..{name[len(name) - (kept - kept // 2) :]}"


def cells(words: Sequence[Word]) -> int:
    """The width of the words."""
    return sum(len(word.text) for word in words)
