"""What elementwise functions give in saturation: a body times the exponential of a tail, taken a block at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array

BLOCK = 2**16
"""Numbers that are taken at a time: what is made of them on the way then stays small, and in the cache."""


class Tailed(NamedTuple):
    """body * exp(tail), elementwise."""

    body: Array
    tail: Array | float

    @property
    def product(self) -> Array:
        """The same as float64, where what is too small becomes zero; perhaps a view of what it was made from."""
        return self.body if isinstance(self.tail, float) else self.body * np.exp(self.tail)


def blockwise(function: Callable[[Array], Tailed]) -> Callable[[Array], Tailed]:
    """The same function, of arrays of any size."""

    def in_blocks(z: Array) -> Tailed:
        if z.size <= BLOCK:
            return function(z)
        parts = [function(block) for block in np.array_split(z.reshape(-1), -(-z.size // BLOCK))]
        bodies, tails = zip(*parts, strict=True)
        arrays = [tail for tail in tails if not isinstance(tail, float)]
        tail = np.concatenate(arrays).reshape(z.shape) if arrays else tails[0]
        return Tailed(np.concatenate(bodies).reshape(z.shape), tail)

    return in_blocks
