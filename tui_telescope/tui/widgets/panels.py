"""The settings column: a row for every entry of the registry, and what the selected one means below them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

LABEL_COLUMN = 3
"""Where labels start: after the marker, the key and a blank."""


class Panels(Canvas):
    """Name, value and key of every setting; `>` and bold mark the selected one.

    A click selects a setting and, on the one selected, takes its next value. The wheel moves the selection: turning
    values with it would let one flick of a touchpad run a setting to its end.
    """

    def __init__(self, settings: Settings, selected: str, **options: Any) -> None:
        super().__init__(**options)
        self.settings = settings
        self.selected = selected
        self._first_row = 0

    def show(self, settings: Settings, selected: str) -> None:
        self.settings = settings
        self.selected = selected
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        width -= 1  # a column of air before the chart
        names = list(REGISTRY)
        self._keep_in_sight(names.index(self.selected), height, len(names))
        visible = names[self._first_row : self._first_row + height]
        lines = [setting_row(self.settings, name, width, name == self.selected) for name in visible]
        hint = self._hint(width)
        if height - len(lines) > len(hint):
            lines += [(), *hint]
        return self._with_scroll_marks(lines, len(names), height)

    def _keep_in_sight(self, row: int, height: int, count: int) -> None:
        first = min(max(self._first_row, row - height + 1), row)
        self._first_row = max(0, min(first, count - height))

    def _with_scroll_marks(self, lines: list[Line], count: int, height: int) -> list[Line]:
        """`^` and `v` on the outermost rows, where more settings lie beyond them."""
        if self._first_row > 0:
            lines[0] = _marked(lines[0], "^")
        if self._first_row + height < count:
            lines[-1] = _marked(lines[-1], "v")
        return lines

    def _hint(self, width: int) -> list[Line]:
        setting = REGISTRY[self.selected]
        keys = f"{setting.key} up, {setting.key.upper()} down" if setting.key else "left, right"
        reason = self.settings.why_ineffective(self.selected)
        idle = f"no effect: {reason}" if reason else ""
        text = [line for part in (setting.help, idle) for line in textwrap.wrap(part, width - LABEL_COLUMN - 1)]
        return [(Word(" " * LABEL_COLUMN), Word(line, "muted")) for line in (*text, keys)]

    async def on_mouse_scroll_down(self) -> None:
        await self.app.run_action("select(1)")

    async def on_mouse_scroll_up(self) -> None:
        await self.app.run_action("select(-1)")


def neighbour(name: str, direction: int) -> str:
    """The setting below (1) or above (-1); at either end the setting itself."""
    names = list(REGISTRY)
    return names[min(max(names.index(name) + direction, 0), len(names) - 1)]


def setting_row(settings: Settings, name: str, width: int, selected: bool) -> Line:
    """Marker, key, label and value; a label gives way where both do not fit. A value without effect is bracketed."""
    setting = REGISTRY[name]
    is_idle = name in settings.ineffective
    value = setting.show(getattr(settings, name))
    value = f"({value})" if is_idle else value
    label_width = width - LABEL_COLUMN - len(value) - 1
    label = setting.label if len(setting.label) <= label_width else setting.label[: max(label_width, 0)]
    gap = " " * (width - LABEL_COLUMN - len(label) - len(value))
    call = "step_selected(1)" if selected else f"select_setting('{name}')"
    ink = "selected" if selected else "muted" if is_idle else ""
    return (
        Word(">" if selected else " ", ink, call),
        Word(setting.key or " ", "key" if setting.key else ink, call),
        Word(f" {label}{gap}{value}", ink, call),
    )


def _marked(line: Line, mark: str) -> Line:
    marker, *rest = line
    return line if marker.text == ">" else (Word(mark, "muted"), *rest)
