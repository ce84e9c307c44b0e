"""What was on the screen: the way back, and the way forward again."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

MOST = 1000
"""Changes that are remembered."""


class History:
    """Undo and redo. A new change ends the way forward."""

    def __init__(self) -> None:
        self._past: deque[Hashable] = deque(maxlen=MOST)
        self._future: list[Hashable] = []

    def record(self, before: Hashable) -> None:
        """This subject is about to be left for a new one."""
        self._past.append(before)
        self._future.clear()

    def undo(self, now: Hashable) -> Hashable | None:
        """The subject before the latest change that made a difference; None where there is none."""
        return self._step(now, self._past, self._future)

    def redo(self, now: Hashable) -> Hashable | None:
        """The subject that the latest undo left; None where there is none."""
        return self._step(now, self._future, self._past)

    @staticmethod
    def _step(
        now: Hashable, source: deque[Hashable] | list[Hashable], other: deque[Hashable] | list[Hashable]
    ) -> Hashable | None:
        while source:
            subject = source.pop()
            if subject != now:
                other.append(now)
                return subject
        return None
