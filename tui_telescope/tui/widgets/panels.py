"""The settings column: those that have an effect, in their groups, and what the selected one means below them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from tui_telescope.charts.effect import effective
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.settings.kinds import Setting
from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

LABEL_COLUMN = 3
"""Where labels start: after the marker, the key and a blank."""
HELP_ROWS = 3
HINT_ROWS = 1 + HELP_ROWS
"""What the selected setting's range and help take, however long they are: the list must not move."""
LEAST_LIST = 12
"""With fewer rows than this for the settings, there is no hint."""
LEAST_TO_TELL = 3
"""With fewer, none of them tells what lies below: the selected setting needs one, its group's name another."""
LONGEST_END = 6


class Row(NamedTuple):
    """One row of the list: a setting, or without one the name of a group."""

    group: str
    setting: str = ""


class Panels(Canvas):
    """Name, value and key of every setting that has an effect.

    `>` and bold mark the selected one, `*` what differs from the preset. A click selects a setting and, on the
    one selected, takes its next value. The wheel moves the selection: turning values with it would let one flick of a
    touchpad run a setting to its end.
    """

    def __init__(self, settings: Settings, selected: str, base: Settings, view: str, **options: Any) -> None:
        super().__init__(**options)
        self.settings = settings
        self.selected = selected
        self.view = view
        self.base = base
        """The preset's settings: what differs from them is marked."""
        self._first_row = 0

    def show(self, settings: Settings, selected: str, base: Settings, view: str) -> None:
        self.settings = settings
        self.selected = selected
        self.base = base
        if view != self.view:
            self.view, self._first_row = view, 0
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        width -= 1  # a column of air before the chart
        rows = list(_rows(self.settings, self.view))
        has_hint = height - HINT_ROWS >= LEAST_LIST
        room = height - HINT_ROWS if has_hint else height
        self._keep_in_sight(rows, room)
        lines = self._visible(rows, room, width)
        return [*lines, *[()] * (room > len(lines)), *self._hint(width)] if has_hint else lines

    def _line(self, row: Row, width: int) -> Line:
        name = row.setting
        if not name:
            return (Word(f" {row.group.upper()}", "muted"),)
        return setting_row(self.settings, name, width, name == self.selected, is_changed=self._is_changed(name))

    def _is_changed(self, name: str) -> bool:
        return bool(getattr(self.settings, name) != getattr(self.base, name))

    def _keep_in_sight(self, rows: Sequence[Row], room: int) -> None:
        """Scroll as little as shows the selected setting, and its group's name where it is the group's first.

        The last row of the room may have to tell what lies below it.
        """
        row = [each.setting for each in rows].index(self.selected)
        top = row if rows[row - 1].setting else row - 1
        first = min(max(self._first_row, row - room + 2), top)
        self._first_row = max(0, row - room + 1, min(first, len(rows) - room))

    def _visible(self, rows: Sequence[Row], room: int, width: int) -> list[Line]:
        """The rows in sight, with a mark on the first where more lie above, and a line of those that lie below."""
        mark_above, mark_below = ("^", "v") if self.ascii_only else ("▴", "▾")
        last = self._first_row + room
        below = rows[last - 1 :] if last < len(rows) and room >= LEAST_TO_TELL else []
        lines = [self._line(row, width) for row in rows[self._first_row : last - bool(below)]]
        if self._first_row > 0:
            lines[0] = _marked(lines[0], mark_above)
        return [*lines, _more(below, width, mark_below)] if below else lines

    def _hint(self, width: int) -> list[Line]:
        """The selected setting's range, and what it means."""
        setting = self.settings.registry[self.selected]
        bar = _range_bar(setting, getattr(self.settings, setting.name), width - 1, ascii_only=self.ascii_only)
        text = textwrap.wrap(setting.help, width - 1, max_lines=HELP_ROWS, placeholder=" ...")
        return [(Word(f" {line}", "muted"),) for line in (bar, *text)]

    async def on_mouse_scroll_down(self) -> None:
        await self.app.run_action("select(1)")

    async def on_mouse_scroll_up(self) -> None:
        await self.app.run_action("select(-1)")


def _rows(settings: Settings, view: str) -> Iterator[Row]:
    """What the list shows, from the top: a group's name, then the settings of it that have an effect."""
    for group, names in groupby(effective(settings, view), key=lambda name: REGISTRY[name].group):
        yield Row(group)
        yield from (Row(group, name) for name in names)


def setting_row(settings: Settings, name: str, width: int, selected: bool, *, is_changed: bool = False) -> Line:
    """Marker, key, label and value; a label gives way where both do not fit."""
    setting = REGISTRY[name]
    value = f"{'*' * is_changed}{setting.show(getattr(settings, name))}"
    label_width = width - LABEL_COLUMN - len(value) - 1
    label = setting.label if len(setting.label) <= label_width else setting.label[: max(label_width, 0)]
    gap = " " * (width - LABEL_COLUMN - len(label) - len(value))
    call = "step_selected(1)" if selected else f"select_setting('{name}')"
    ink = "selected" if selected else ""
    return (
        Word(">" if selected else " ", ink, call),
        Word(setting.key or " ", "key" if setting.key else ink, call),
        Word(f" {label}{gap}", ink, call),
        Word(value, "changed" if is_changed else ink, call),
    )


def _range_bar(setting: Setting, value: Any, width: int, *, ascii_only: bool) -> str:
    """The first value, a bar with a knob where the value stands, the last value: as wide as there is room."""
    first, last = (_short(setting, end) for end in setting.ends)
    left, track, knob, right = "[-o]" if ascii_only else "├─●┤"
    room = max(width - len(first) - len(last) - 4, 2)
    before = round(setting.share(value) * (room - 1))
    return f"{first} {left}{track * before}{knob}{track * (room - 1 - before)}{right} {last}"


def _short(setting: Setting, value: Any) -> str:
    text = setting.show(value)
    return text if len(text) <= LONGEST_END or isinstance(value, str) else f"{value:.0e}"


def _marked(line: Line, mark: str) -> Line:
    marker, *rest = line
    if marker.text == ">":
        return line
    is_heading = not rest
    return (Word(mark, "muted"), marker._replace(text=marker.text if is_heading else ""), *rest)


def _more(rows: Sequence[Row], width: int, mark: str) -> Line:
    """The mark, settings of these with their keys, as many as there is room for, and how many more there are."""
    names = sorted((row.setting for row in rows if row.setting), key=lambda name: not REGISTRY[name].key)
    call = f"select_setting('{names[0]}')"
    words, room = [Word(mark, "muted", call)], width - len(f"{mark}  +99")
    for number, name in enumerate(names):
        setting = REGISTRY[name]
        label = f" {setting.label} "
        room -= 2 + len(label)
        if room < 0:
            return (*words, Word(f" +{len(names) - number}", "muted", call))
        words += [Word(f" {setting.key or ''}", "key", call), Word(label, "muted", call)]
    return tuple(words)
