"""Where units sit: held against a plain forward pass in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.engine.pre_activations import shares_of_units

EDGES = np.linspace(-6, 6, 25)
SMALL = Settings(depth=5, width=6, samples=7, bias=0.5, initializer="xavier", scale=3.0)


def plain_pre_activations(settings: Settings) -> np.ndarray:
    """W a + b of every layer, (depth * samples * n,), in the words of the definition."""
    draw = Telescope().draw(settings)
    a, met = draw.inputs, []
    for weights, biases in zip(draw.weights[0], draw.biases[0], strict=True):
        z = a @ weights.T + biases
        met.append(z)
        phi = np.tanh(z) if settings.activation == "tanh" else 1 / (1 + np.exp(-z))
        a = a + phi if settings.residual else phi
    return np.concatenate(met, axis=None)


@pytest.mark.parametrize("changes", [{}, {"residual": True}, {"activation": "tanh"}, {"scale": 30.0}], ids=str)
def test_the_shares_are_those_of_a_plain_forward_pass(changes: dict[str, object]) -> None:
    settings = SMALL.replace(**changes)
    z = plain_pre_activations(settings)
    np.testing.assert_allclose(shares_of_units(settings, EDGES), np.histogram(z, EDGES)[0] / z.size, atol=1e-12)


def test_what_lies_beyond_the_edges_is_in_no_share() -> None:
    far = SMALL.replace(scale=100.0)
    assert shares_of_units(far, EDGES).sum() == pytest.approx(np.mean(np.abs(plain_pre_activations(far)) <= 6))


def test_a_norm_before_the_activation_brings_its_units_to_where_it_has_them() -> None:
    settings = Settings(depth=3, width=64, norm="layer", scale=50.0, samples=30)
    within = shares_of_units(settings, np.array([-1.0, 1.0]))[0]
    assert within == pytest.approx(0.683, abs=0.02), "68.3% of a standard normal distribution"
