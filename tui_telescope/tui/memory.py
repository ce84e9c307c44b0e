"""What was seen lately: going back to settings, as people do who compare, must not take as long as the first time."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """The `most` latest values by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def keep(self, key: Key, value: Value) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def recall(self, key: Key) -> Value | None:
        """The value, which is the latest again; None where it was never kept or is forgotten."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key]
