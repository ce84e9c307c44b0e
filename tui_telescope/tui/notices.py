"""What is said in place of the reading, until a key comes or its time is up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from tui_telescope.charts.effect import why_without_effect
from tui_telescope.settings import Settings

NEEDS_SETTINGS = "This was recorded elsewhere: it has no settings to change, and no theory to set it against."
NOTICE_SECONDS = 4.0
"""How long a message stays, unless a key comes first."""


class Notice(NamedTuple):
    """A message; an empty one leaves the reading its place."""

    text: str
    ink: str = ""


class NoticeBoard:
    """Holds one notice at a time, for a while."""

    def __init__(
        self, call_after: Callable[[float, Callable[[], None]], asyncio.TimerHandle], changed: Callable[[], None]
    ) -> None:
        """`changed` is called whenever another notice is there, or none any more."""
        self.notice = Notice("")
        self._call_after, self._changed = call_after, changed
        self._end: asyncio.TimerHandle | None = None

    def put(self, text: str, ink: str = "") -> None:
        """Say it until the next key, or for a while; an empty text brings the reading back."""
        if self._end:
            self._end.cancel()
        self._end = self._call_after(NOTICE_SECONDS, self.give_way) if text else None
        self.notice = Notice(text, ink)
        self._changed()

    def give_way(self) -> None:
        """What was said has been read."""
        if self.notice.text:
            self.put("")

    def forget(self) -> None:
        """Something else is about to be said."""
        self.notice = Notice("")


def why_nothing_changes(name: str, before: Settings, after: Settings, view: str) -> str:
    """Why a key of this setting made no difference to the view, in a sentence; empty where it made one."""
    called = name.replace("_", " ")
    if reason := why_without_effect(name, after, view):
        return f"{reason[0].upper()}{reason[1:]}: {called} changes nothing here."
    if after != before:
        return ""
    setting, value = after.registry[name], getattr(after, name)
    which = "last" if value == setting.ends[1] else "first"
    return f"{called[0].upper()}{called[1:]} stays at {setting.show(value)}, its {which} value."
