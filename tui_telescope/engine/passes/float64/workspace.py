"""Arrays that are used again: fresh memory costs a page fault every 4 KiB, more than the arithmetic on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

from tui_telescope.engine.arithmetic.arrays import Array, aligned

Kept = TypeVar("Kept")

MUCH = 2**27
"""Bytes that are worth keeping from one observation to the next."""


class Stack(NamedTuple):
    """Arrays of one shape, one after another in memory."""

    array: Array
    """All of them, (count, rows, columns)."""
    rows: list[Array]
    """Each, (rows, columns)."""


class Workspace:
    """Uninitialised arrays by name, each as large as it was ever asked for. One user at a time."""

    def __init__(self) -> None:
        self._memory: dict[str, Array] = {}
        self._kept: dict[str, tuple[Hashable, Any]] = {}

    def take(self, name: str, *shape: int) -> Array:
        """An array of this shape; what it holds is arbitrary, and gone the next time the name is taken."""
        size = math.prod(shape)
        if name not in self._memory or self._memory[name].size < size:
            self._memory[name] = aligned(size)
        return self._memory[name][:size].reshape(shape)

    def take_stack(self, name: str, *shape: int) -> Stack:
        """As many arrays as the first number says; the list of them is made once for a shape."""
        return self.keep(name, shape, lambda: _stack(self.take(name, *shape)))

    def keep(self, name: str, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What was made for this key, as long as the name's key stays the same: lists of views, mostly."""
        if name not in self._kept or self._kept[name][0] != key:
            self._kept[name] = key, make()
        kept: Kept = self._kept[name][1]
        return kept

    def let_go_of_much(self) -> None:
        """Give all memory back where it is more than `MUCH`: nobody may come back for it."""
        if sum(each.nbytes for each in self._memory.values()) > MUCH:
            self._memory.clear()
            self._kept.clear()


def _stack(array: Array) -> Stack:
    return Stack(array, list(array))
