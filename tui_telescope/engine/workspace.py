"""Arrays that are used again: fresh memory costs a page fault every 4 KiB, more than the arithmetic on it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Stack(NamedTuple):
    """Arrays of one shape, one after another in memory."""

    array: Array
    """All of them, (count, units, samples)."""
    rows: list[Array]
    """Each, (units, samples)."""
    padded_rows: list[Array]
    """Each with its padding, (units + padding, samples)."""


class Workspace:
    """Uninitialised arrays by name, each as large as it was ever asked for. One user at a time."""

    def __init__(self) -> None:
        self._memory: dict[str, Array] = {}
        self._stacks: dict[str, tuple[tuple[int, ...], Stack]] = {}

    def take(self, name: str, *shape: int) -> Array:
        """An array of this shape; what it holds is arbitrary, and gone the next time the name is taken."""
        size = math.prod(shape)
        if name not in self._memory or self._memory[name].size < size:
            self._memory[name] = np.empty(size)
        return self._memory[name][:size].reshape(shape)

    def take_stack(self, name: str, count: int, *shape: int, padding: int = 0) -> Stack:
        """`count` arrays of this shape, each followed by `padding` more rows; the lists are made once for a shape."""
        units, samples = shape
        key = (count, units, samples, padding)
        if name not in self._stacks or self._stacks[name][0] != key:
            padded = self.take(name, count, units + padding, samples)
            array = padded[:, :units]
            self._stacks[name] = key, Stack(array, list(array), list(padded) if padding else list(array))
        return self._stacks[name][1]
