"""What stands between the recorder and the training loop: nothing is raised into it, and every second is counted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from types import TracebackType

_LOG = logging.getLogger("tui_telescope")


def say(words: str) -> None:
    """One line to the user. A log, for a warning may have been made an error."""
    _LOG.warning("telescope: %s", words)


class Guard:
    """`with guard:` around all that the training loop calls. The first error ends the recording and is told, once."""

    def __init__(self, end: Callable[[], None]) -> None:
        self.is_off = False
        self._seconds = 0.0
        self._end = end
        self._entered = 0.0
        self._depth = 0

    @property
    def seconds(self) -> float:
        """Spent within since `forget`, the present stay with them."""
        return self._seconds + (time.perf_counter() - self._entered if self._depth else 0.0)

    def forget(self) -> None:
        self._seconds, self._entered = 0.0, time.perf_counter()

    def __enter__(self) -> None:
        if not self._depth:
            self._entered = time.perf_counter()
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._depth -= 1
        if not self._depth:
            self._seconds += time.perf_counter() - self._entered
        if not isinstance(error, Exception):
            return False
        if not self.is_off:
            self.is_off = True
            say(f"recording ends: {error or kind}")
            self._end()
        return True
