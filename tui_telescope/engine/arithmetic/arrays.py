"""The arrays that the engine computes with."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[np.float64]
Floats = NDArray[Any]
"""Of float64 or float32, where networks learn in either."""
Classes = NDArray[np.intp]
"""To which class each sample belongs, (samples,), counted from 0."""

_ALIGNMENT = 64
"""Bytes of a cache line and of the widest vector registers: numpy's own arrays start anywhere between two, which costs
a product of two arrays half its speed."""


def aligned(*shape: int, dtype: DTypeLike = np.float64) -> Floats:
    """An uninitialised array that starts at the beginning of a cache line."""
    size, bytes_of_one = math.prod(shape), np.dtype(dtype).itemsize
    memory = np.empty(size + _ALIGNMENT // bytes_of_one, dtype)
    start = -memory.__array_interface__["data"][0] % _ALIGNMENT // bytes_of_one
    return memory[start : start + size].reshape(shape)


class Identity(NamedTuple):
    """A matrix with ones on its diagonal and zeros elsewhere, which no unit hears another through."""

    fan_out: int
    fan_in: int

    @property
    def T(self) -> Identity:  # noqa: N802 (as numpy calls it)
        return Identity(self.fan_in, self.fan_out)

    @property
    def shape(self) -> tuple[int, int]:
        return self.fan_out, self.fan_in
