"""Each optimizer against its own paper's algorithm, a number at a time; and clipping by the global norm."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tui_telescope.engine.learning.optimizers import OPTIMIZERS, clip

RATE = 0.3


def sgd(gradients: list[float]) -> float:
    """How far a parameter has moved."""
    return sum(-RATE * g for g in gradients)


def momentum(gradients: list[float]) -> float:
    velocity = moved = 0.0
    for g in gradients:
        velocity = 0.9 * velocity + g
        moved -= RATE * velocity
    return moved


def adam(gradients: list[float]) -> float:
    """Kingma and Ba (2015), algorithm 1, as it stands there."""
    m = v = moved = 0.0
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        moved -= RATE * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return moved


@pytest.mark.parametrize("algorithm", [sgd, momentum, adam], ids=lambda each: each.__name__)
@pytest.mark.parametrize("shape", [(7,), (2, 7)])
def test_it_moves_each_parameter_as_its_algorithm_says(algorithm, shape):
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((30, *shape)) * 10.0 ** rng.integers(-9, 3, shape)
    optimizer, moved = OPTIMIZERS[algorithm.__name__](RATE, np.zeros(shape)), np.zeros(shape)
    for gradient in gradients.copy():
        optimizer.turn(gradient)
        moved += gradient
    for place in np.ndindex(shape):
        assert moved[place] == pytest.approx(algorithm([each[place] for each in gradients]), rel=1e-12)


def test_clipping_shortens_each_networks_gradient_by_itself_and_lengthens_none():
    gradient = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0], [3e200, 4e200]])
    clip(gradient, 1.0)
    np.testing.assert_allclose(gradient, [[0.6, 0.8], [0.3, 0.4], [0.0, 0.0], [0.6, 0.8]], rtol=1e-15)
    single = np.array([3e30, 4e30], dtype=np.float32)
    clip(single, 1.0)
    np.testing.assert_allclose(single, [0.6, 0.8], rtol=1e-6)
