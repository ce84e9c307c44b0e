"""Draws at scale 1 from seeds of their own, and the stream of Python's `random` that they are compared with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from tui_telescope import Settings, Telescope
from tui_telescope.engine.weights.network import Draw

SEED, SAMPLE_SEED = 11, 5


def draw(cell: str = "feedforward", **changes: Any) -> Draw:
    """A draw at scale 1 without forget bias, by a telescope of its own."""
    start = {"depth": 5, "width": 3, "scale": 1.0, "samples": 4, "seed": SEED, "sample_seed": SAMPLE_SEED}
    return Telescope().draw(Settings(**{"cell": cell, "forget_bias": 0.0} | start | changes))


def pythons_normals(seed: int) -> Iterator[float]:
    random.seed(seed)
    while True:
        yield random.gauss(0.0, 1.0)


def first(stream: Iterator[float], *shape: int) -> np.ndarray:
    """The stream's next numbers, row by row in this shape."""
    return np.array([next(stream) for _ in range(int(np.prod(shape)))]).reshape(shape)
