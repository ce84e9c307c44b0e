"""Work that nobody waits for at the keyboard: one thread at a time, and only the latest that was asked for counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from textual.message import Message

from tui_telescope.observations.interruption import ShouldStop, Stopped
from tui_telescope.tui.messages import Failed

Work = Callable[[ShouldStop], Iterable[Message]]
"""Yields what it finds; it may ask whether it is still wanted, and raise `Stopped` where it is not."""


class LatestJob:
    """Does one piece of work in a thread; a newer one takes the place of one that waits, and stops one that runs."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._number = 0
        self._turn = threading.Lock()

    def begin(self, work: Work) -> None:
        """Begin; the messages that the work yields are posted as long as it is wanted."""
        self._number += 1
        threading.Thread(target=self._run, args=(self._number, work), daemon=True).start()

    def drop(self) -> None:
        """The latest work is not wanted any more."""
        self._number += 1

    def _run(self, number: int, work: Work) -> None:
        def is_unwanted() -> bool:
            return number != self._number

        try:
            with self._turn:
                if is_unwanted():
                    return
                for message in work(is_unwanted):
                    if is_unwanted():
                        return
                    self._post(message)
        except Stopped:
            return
        except Exception as error:  # told to the app, which ends with it
            self._post(Failed(error))
