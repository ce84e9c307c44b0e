"""Keys that pile up: what they ask the screen for is done once, after the last of them."""

from __future__ import annotations

from collections.abc import Callable

Work = Callable[[], None]


class Coalescer:
    """Does the work that was asked for once all waiting keys have had their say, each kind of it once."""

    def __init__(self, call_later: Callable[[Work], object]) -> None:
        """`call_later` runs a callback after the keys that wait already."""
        self._call_later = call_later
        self._asked: dict[Work, None] = {}
        self._is_due = False

    def ask(self, work: Work) -> None:
        """Have it done, in the order in which each kind of work was asked for first."""
        self._asked[work] = None
        if not self._is_due:
            self._is_due = True
            self._call_later(self.finish)

    def is_asked(self, work: Work) -> bool:
        return work in self._asked

    def finish(self) -> None:
        """Do now what was asked for, and what that asks for in turn."""
        while self._asked:
            work = next(iter(self._asked))
            del self._asked[work]
            work()
        self._is_due = False
