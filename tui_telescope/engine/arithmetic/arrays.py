"""The arrays that the engine computes with."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[Any]
"""Of float64 or float32, where networks learn in either."""
Classes = NDArray[np.intp]
"""To which class each sample belongs, (samples,), counted from 0."""


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
