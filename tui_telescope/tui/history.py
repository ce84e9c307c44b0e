"""Which settings there were: the way back, and the way forward again."""

from __future__ import annotations

from collections import deque

from tui_telescope.settings import Settings

MOST = 1000
"""Changes that are remembered."""


class History:
    """Undo and redo. A new change ends the way forward."""

    def __init__(self) -> None:
        self._past: deque[Settings] = deque(maxlen=MOST)
        self._future: list[Settings] = []

    def record(self, before: Settings) -> None:
        """These settings are about to be left for new ones."""
        self._past.append(before)
        self._future.clear()

    def undo(self, now: Settings) -> Settings | None:
        """The settings before the latest change that made a difference; None where there is none."""
        return self._step(now, self._past, self._future)

    def redo(self, now: Settings) -> Settings | None:
        """The settings that the latest undo left; None where there are none."""
        return self._step(now, self._future, self._past)

    @staticmethod
    def _step(
        now: Settings, source: deque[Settings] | list[Settings], other: deque[Settings] | list[Settings]
    ) -> Settings | None:
        while source:
            settings = source.pop()
            if settings != now:
                other.append(now)
                return settings
        return None
