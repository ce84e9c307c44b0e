"""The losses, each by what it injects at the output: a drawn vector, or what the output differs from it by."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Array

Numbers = TypeVar("Numbers")


def _in_float64(activation: Activation, difference: Any) -> Any:
    return activation.value(difference).product


@dataclass(frozen=True)
class Loss:
    """The sum of rho(a_L - v) over units where it hears the output, else v . a_L; v is drawn for each sample."""

    hears_output: bool
    has_unit_norm: bool = False
    """Whether v is brought to norm 1."""
    slope: Activation | None = None
    """rho'; None where it is the difference itself, that of 1/2 ||a_L - v||^2."""

    def vectors(self, drawn: Array) -> Array:
        """The v of each sample from numbers N(0, 1), both (samples, n): targets, or injected errors."""
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True) if self.has_unit_norm else drawn

    def gradient(
        self,
        output: Numbers,
        vectors: Numbers,
        respond: Callable[[Activation, Numbers], Numbers] = _in_float64,
    ) -> Numbers:
        """d loss / d a_L, in any kind of numbers that can be subtracted and that activations respond to."""
        if not self.hears_output:
            return vectors
        difference: Numbers = operator.sub(output, vectors)
        return difference if self.slope is None else respond(self.slope, difference)


LOSSES: dict[str, Loss] = {
    "mse": Loss(hears_output=True),
    "probe": Loss(hears_output=False),
    "unit": Loss(hears_output=False, has_unit_norm=True),
}
"""Every loss by its name in `Settings`."""
