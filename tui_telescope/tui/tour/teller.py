"""Who measures what the tour speaks of, in the background, so that no key waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.message import Message

from tui_telescope.settings import SettingsError
from tui_telescope.tui.messages import Declined, Failed

if TYPE_CHECKING:
    from tui_telescope.lessons.measures import Measures


class Told(Message):
    """What was asked for by this key has been measured."""

    def __init__(self, key: Hashable, measured: Any) -> None:
        super().__init__()
        self.key = key
        self.measured = measured


class Request(NamedTuple):
    """Something to measure, and what it is asked for by."""

    key: Hashable
    measure: Callable[[Measures], Any]


class Teller:
    """Measures in one thread, in the order of the requests; later ones find done what earlier ones had measured."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._measures: Measures | None = None
        self._requests: deque[Request] = deque()
        self._is_working = False
        self._lock = threading.Lock()

    def tell(self, *requests: Request) -> None:
        """Post `Told` for each; what waits from before is let go of."""
        with self._lock:
            self._requests = deque(requests)
            self._begin()

    def tell_first(self, request: Request) -> None:
        """Post `Told` for this one, and then for what waits."""
        with self._lock:
            self._requests.appendleft(request)
            self._begin()

    def _begin(self) -> None:
        """Under the lock."""
        if not self._is_working:
            self._is_working = True
            threading.Thread(target=self._work, name="telescope-teller", daemon=True).start()

    def _work(self) -> None:
        while request := self._next():
            self._answer(request)

    def _next(self) -> Request | None:
        with self._lock:
            self._is_working = bool(self._requests)
            return self._requests.popleft() if self._requests else None

    def _answer(self, request: Request) -> None:
        from tui_telescope.lessons.measures import Measures

        try:
            self._measures = self._measures or Measures()
            measured = request.measure(self._measures)
        except SettingsError as refusal:
            self._post(Declined(str(refusal)))
        except Exception as error:  # told to the app, which ends with it
            self._post(Failed(error))
        else:
            self._post(Told(request.key, measured))
