"""The lesson as it stands in a notebook: one loop over lists, Python's own random numbers, nothing else.

Sigmoid, gaussian weights, squared error. It shares nothing with the engine and nothing with the mpmath reference.
"""

from __future__ import annotations

import math
import random


def gradient_at_layer_1(depth: int, scale: float, residual: bool, width: int = 4, samples: int = 20) -> float:
    """||d loss / d a_1||, the mean over the samples, with weights from seed 42 and samples from seed 7."""
    random.seed(42)
    weights = [
        [[scale * random.gauss(0, 1) for _ in range(width)] for _ in range(width)] for _ in range(depth)
    ]  # fmt: skip
    random.seed(7)
    total = 0.0
    for _ in range(samples):
        x = [random.gauss(0, 1) for _ in range(width)]
        target = [random.gauss(0, 1) for _ in range(width)]
        total += math.hypot(*_first_gradient(weights, x, target, residual))
    return total / samples


def _first_gradient(weights: list, a: list, target: list, residual: bool) -> list:
    activations = []
    for matrix in weights:
        new = [1 / (1 + math.exp(-sum(w * x for w, x in zip(row, a, strict=True)))) for row in matrix]
        activations.append(new)
        a = [x + y for x, y in zip(a, new, strict=True)] if residual else new
    delta = [x - t for x, t in zip(a, target, strict=True)]
    for matrix, phi in zip(weights[:0:-1], activations[:0:-1], strict=True):
        through = [d * y * (1 - y) for d, y in zip(delta, phi, strict=True)]
        skip = delta if residual else [0.0] * len(delta)
        delta = [
            r + sum(row[unit] * t for row, t in zip(matrix, through, strict=True)) for unit, r in enumerate(skip)
        ]  # fmt: skip
    return delta
