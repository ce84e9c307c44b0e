"""The first line: what this is, its preset and its view; with the panels folded, the selected setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui_telescope.charts.views import VIEWS, View
from tui_telescope.presets import preset_of
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.canvas import Canvas, Line, Word

TITLE = "Gradient Telescope"


class TopLine(Canvas):
    """Title on the left, views with their digits on the right, the current one in reverse."""

    def __init__(self, settings: Settings, selected: str, view: str, *, ascii_only: bool, **options: Any) -> None:
        super().__init__(**options)
        self._separator = "-" if ascii_only else "·"
        self.settings = settings
        self.selected = selected
        self.view = view
        self.folded = False

    def show(self, settings: Settings, selected: str) -> None:
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
        left = self._selected_setting() if self.folded else [Word(f" {TITLE}", "title")]
        fewest = cells(self._tabs(all_names=False))
        left += self._preset(width - cells(left) - fewest - 1)
        views = self._views(width - cells(left) - 1)
        gap = width - cells(left) - cells(views)
        return [(*left, Word(" " * gap), *views)]

    def _preset(self, room: int) -> list[Word]:
        """The preset that the settings are: its title and its line, or as much of this as fits whole."""
        preset = preset_of(self.settings)
        if not preset:
            return []
        title = [Word(f" {self._separator} {preset.title}", "title")]
        named = cells(self._tabs(all_names=True)) - cells(self._tabs(all_names=False))
        for words, least in (([*title, Word(f": {preset.line}")], named), (title, 0)):
            if cells(words) <= room - least:
                return words
        return []

    def _selected_setting(self) -> list[Word]:
        setting = REGISTRY[self.selected]
        value = setting.show(getattr(self.settings, self.selected))
        key = [Word(setting.key, "key"), Word(" ")] if setting.key else []
        return [Word(" "), *key, Word(f"{setting.label} "), Word(value, "selected")]

    def _views(self, room: int) -> list[Word]:
        """Every view by name; where that does not fit, the digits and the current one's name; else nothing."""
        choices = (self._tabs(all_names) for all_names in (True, False))
        return next((words for words in choices if cells(words) <= room), [])

    def _tabs(self, all_names: bool) -> list[Word]:
        return [word for view in VIEWS.values() for word in self._tab(view, all_names)]

    def _tab(self, view: View, is_named: bool) -> list[Word]:
        if view.name == self.view:
            return [Word(f" {view.key} {view.name} ", "tab")]
        call = f"show_view('{view.name}')"
        return [Word(f" {view.key}", "key", call), Word(f" {view.name} " if is_named else " ", "", call)]


def cells(words: Sequence[Word]) -> int:
    """The width of the words."""
    return sum(len(word.text) for word in words)
