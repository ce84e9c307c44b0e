"""The averages that the theory is made of, against high-precision integrals that share no code with them."""

from __future__ import annotations

import math

import mpmath
import pytest
from mpmath import mp, mpf
from reference_network import CURVES

from tui_telescope.engine.mean_field.quadrature import LARGEST_LOG_Q, SMALLEST_LOG_Q, Averages, averages

INTEGRANDS = {
    "f": lambda x, f, g: f,
    "ff": lambda x, f, g: f * f,
    "gg": lambda x, f, g: g * g,
    "ggf": lambda x, f, g: g * g * f,
    "ggff": lambda x, f, g: g * g * f * f,
    "xg": lambda x, f, g: x * g,
    "xgf": lambda x, f, g: x * g * f,
    "xxgg": lambda x, f, g: x * x * g * g,
}


def integrated(activation: str, name: str, q: float) -> mpf:
    """The average of one integrand by mpmath's own quadrature, split where activations bend."""
    root = mp.sqrt(q)
    curve, slope = CURVES[activation]

    def integrand(x):
        return INTEGRANDS[name](x, curve(root * x) / root, slope(root * x)) * mpmath.npdf(x)

    bends = [bend / root for bend in (0.3, 3, 30) if bend < 11 * root]
    return mp.quad(integrand, [-11, *(-bend for bend in reversed(bends)), 0, *bends, 11])


@pytest.mark.parametrize("activation", CURVES)
def test_every_average_agrees_with_high_precision_integrals(activation):
    with mp.workdps(17):
        for q, names in ((1e-3, ["f"]), (45.6, ["ff", "gg", "xgf"]), (1e4, ["gg"])):
            reached = averages(activation, math.log(q))._asdict()
            for name in names:
                expected = integrated(activation, name, q)
                assert abs(reached[name] - expected) <= 1e-12 * (1 + abs(expected)), (name, q)


def test_every_integrand_of_a_bent_activation_is_the_one_it_is_called():
    with mp.workdps(17):
        reached = averages("gelu", math.log(2.0))
        for name, number in reached._asdict().items():
            assert abs(number - integrated("gelu", name, 2.0)) <= 1e-13, name


def test_relu_is_exact_at_any_variance():
    root = 1 / math.sqrt(2 * math.pi)
    for log_q in (-5000.0, 0.0, 5000.0):
        assert averages("relu", log_q) == Averages(root, 0.5, 0.5, root, 0.5, root, 0.5, 0.5)


@pytest.mark.parametrize("activation", CURVES)
def test_where_the_grid_ends_straight_lines_take_over_without_a_step(activation):
    ends = [LARGEST_LOG_Q] if activation in ("sigmoid", "softplus") else [SMALLEST_LOG_Q, LARGEST_LOG_Q]
    for end in ends:
        inside, outside = averages(activation, end * (1 - 1e-9)), averages(activation, end * (1 + 1e-9))
        assert list(inside) == pytest.approx(list(outside), abs=1e-10)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "gelu"])
@pytest.mark.parametrize("log_q", [-1e4, -40.0, 20.0, 1e5])
def test_averages_are_finite_however_far_the_variance_has_run(activation, log_q):
    if activation != "sigmoid" or log_q > -40:
        assert all(math.isfinite(number) for number in averages(activation, log_q))
