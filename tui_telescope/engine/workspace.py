"""Arrays that are used again: fresh memory costs a page fault every 4 KiB, more than the arithmetic on it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Workspace:
    """Uninitialised arrays by name, each as large as it was ever asked for. One user at a time."""

    def __init__(self) -> None:
        self._memory: dict[str, Array] = {}

    def take(self, name: str, *shape: int) -> Array:
        """An array of this shape; what it holds is arbitrary, and gone the next time the name is taken."""
        size = math.prod(shape)
        if name not in self._memory or self._memory[name].size < size:
            self._memory[name] = np.empty(size)
        return self._memory[name][:size].reshape(shape)
