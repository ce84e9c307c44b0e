"""The losses, each by what it injects at the output: a drawn vector, or what the output differs from it by."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = TypeVar("Numbers")


@dataclass(frozen=True)
class Loss:
    """1/2 ||a_L - v||^2 where it hears the output, else v . a_L, with v the vector drawn for a sample."""

    hears_output: bool
    has_unit_norm: bool = False
    """Whether v is brought to norm 1."""

    def vectors(self, drawn: Array) -> Array:
        """The v of each sample from numbers N(0, 1), both (samples, n): targets, or injected errors."""
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True) if self.has_unit_norm else drawn

    def gradient(
        self, output: Numbers, vectors: Numbers, subtract: Callable[[Numbers, Numbers], Numbers] = operator.sub
    ) -> Numbers:
        """d loss / d a_L, in any kind of numbers that can be subtracted."""
        return subtract(output, vectors) if self.hears_output else vectors


LOSSES: dict[str, Loss] = {
    "mse": Loss(hears_output=True),
    "probe": Loss(hears_output=False),
    "unit": Loss(hears_output=False, has_unit_norm=True),
}
"""Every loss by its name in `Settings`."""
