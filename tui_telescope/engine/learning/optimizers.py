"""What makes a step of all parameters from their gradient, each in place and in the parameters' own precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Floats

MOMENTUM = 0.9
FIRST_DECAY, SECOND_DECAY, EPSILON = 0.9, 0.999, 1e-8


class Optimizer(Protocol):
    def turn(self, gradient: Floats) -> None:
        """Turn the gradient by all parameters, (parameters,), into what is to be added to them."""


class GradientDescent:
    """-rate g: Robbins and Monro (1951)."""

    def __init__(self, rate: float, parameters: Floats) -> None:
        self._rate = rate

    def turn(self, gradient: Floats) -> None:
        gradient *= -self._rate


class Momentum:
    """v = 0.9 v + g, then -rate v: Polyak (1964), in PyTorch's form."""

    def __init__(self, rate: float, parameters: Floats) -> None:
        self._rate, self._velocity = rate, np.zeros_like(parameters)

    def turn(self, gradient: Floats) -> None:
        self._velocity *= MOMENTUM
        self._velocity += gradient
        np.multiply(self._velocity, -self._rate, out=gradient)


class Adam:
    """-rate m / (sqrt(v) + eps) with m and v bias-corrected: Kingma and Ba (2015), algorithm 1."""

    def __init__(self, rate: float, parameters: Floats) -> None:
        self._rate, self._steps = rate, 0
        self._first, self._second = np.zeros_like(parameters), np.zeros_like(parameters)
        self._scratch = np.empty_like(parameters)

    def turn(self, gradient: Floats) -> None:
        self._steps += 1
        first, second, scratch = self._first, self._second, self._scratch
        # m / (1 - b1) and v / (1 - b2): what they lack is made up for all parameters at once
        first *= FIRST_DECAY
        first += gradient
        second *= SECOND_DECAY
        np.multiply(gradient, gradient, out=scratch)
        second += scratch
        weight_of_first = (1 - FIRST_DECAY**self._steps) / (1 - FIRST_DECAY)
        weight_of_second = (1 - SECOND_DECAY**self._steps) / (1 - SECOND_DECAY)
        np.sqrt(second, out=scratch)
        scratch += EPSILON * weight_of_second**0.5
        np.divide(first, scratch, out=gradient)
        gradient *= -self._rate * weight_of_second**0.5 / weight_of_first


OPTIMIZERS: dict[str, Callable[[float, Floats], Optimizer]] = {
    "sgd": GradientDescent,
    "momentum": Momentum,
    "adam": Adam,
}
"""Every optimizer by its name in `Settings`."""


def clip(gradient: Floats, limit: float) -> None:
    """Bring the global norm down to the limit, that of each network by itself; (..., parameters), all finite.

    Pascanu, Mikolov and Bengio (2013), algorithm 1.
    """
    largest = np.abs(gradient).max(axis=-1, keepdims=True)
    shares = gradient / np.where(largest > 0, largest, 1)  # squares of float32 leave its range
    norm = largest.astype(np.float64) * np.linalg.norm(shares, axis=-1, keepdims=True)
    gradient *= np.where(norm > limit, limit / np.maximum(norm, limit), 1).astype(gradient.dtype)
