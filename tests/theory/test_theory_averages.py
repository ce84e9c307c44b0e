"""The averages that the theory is made of, against high-precision integrals that share no code with them."""

from __future__ import annotations

import math

import mpmath
import pytest
from mpmath import mp, mpf
from reference_network import CURVES

from tui_telescope.engine.mean_field.quadrature import (
    LARGEST_LOG_Q,
    SMALLEST_LOG_Q,
    Averages,
    averages,
    averages_in_batch,
)

INTEGRANDS = {
    "f": lambda x, f, g: f,
    "ff": lambda x, f, g: f * f,
    "fff": lambda x, f, g: f**3,
    "ffff": lambda x, f, g: f**4,
    "g": lambda x, f, g: g,
    "gf": lambda x, f, g: g * f,
    "gg": lambda x, f, g: g * g,
    "ggf": lambda x, f, g: g * g * f,
    "ggff": lambda x, f, g: g * g * f * f,
    "xg": lambda x, f, g: x * g,
    "xgf": lambda x, f, g: x * g * f,
    "xxgg": lambda x, f, g: x * x * g * g,
}


def integrated(activation: str, name: str, q: float, mean: float = 0.0) -> mpf:
    """The average of one integrand by mpmath's own quadrature, split where activations bend."""
    root = mp.sqrt(q)
    curve, slope = CURVES[activation]
    if name == "level":
        return curve(mpf(mean)) / root

    def integrand(x):
        z = mean + root * x
        return INTEGRANDS[name](x, (curve(z) - curve(mpf(mean))) / root, slope(z)) * mpmath.npdf(x)

    bends = [(side * bend - mean) / root for bend in (0, 0.3, 3, 30) for side in (-1, 1)]
    return mp.quad(integrand, sorted({-11, *(bend for bend in bends if abs(bend) < 11), 11}))


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


@pytest.mark.parametrize(("activation", "q", "mean"), [("gelu", 2.0, 0.7), ("sigmoid", 1e-3, -2.0), ("relu", 9.0, 1.0)])
def test_beside_a_mean_too_every_average_is_the_integral_that_it_is_called(activation, q, mean):
    with mp.workdps(17):
        reached = averages(activation, math.log(q), mean)
        for name, number in reached._asdict().items():
            expected = integrated(activation, name, q, mean)
            assert abs(number - expected) <= 1e-12 * (1 + abs(expected)), name


def test_the_moments_of_the_value_itself_follow_from_its_rise():
    with mp.workdps(17):
        here, root = averages("softplus", math.log(2.0)), mp.sqrt(2)
        curve = CURVES["softplus"][0]
        first, second = (
            mp.quad(lambda x, power=power: (curve(root * x) / root) ** power * mpmath.npdf(x), [-11, 0, 11])
            for power in (1, 2)
        )
        fourth = mp.quad(lambda x: (curve(root * x) / root - first) ** 4 * mpmath.npdf(x), [-11, 0, 11])
        assert (here.value, here.power, here.spread, here.fourth) == pytest.approx(
            [float(first), float(second), float(second - first**2), float(fourth)], abs=1e-12
        )


@pytest.mark.parametrize("samples", [8, 20, 64])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_what_a_batch_norm_gives_has_the_averages_of_a_sphere(activation, samples):
    """x^2 / (B - 1) of a point on a sphere of B - 1 dimensions has a beta distribution. Of the order of 1 / B^2 is left
    out: of the normal average, tanh's is 7% off at 8 samples."""
    half = (samples - 4) / 2
    curve, slope = CURVES[activation]

    def density(x):
        return (1 - x * x / (samples - 1)) ** half

    edge = mp.sqrt(samples - 1)
    whole = mp.quad(density, [-edge, 0, edge])
    reached = averages_in_batch(activation, 0.0, samples)
    for name, integrand in (("gg", lambda x: slope(x) ** 2), ("ff", lambda x: curve(x) ** 2), ("f", curve)):
        expected = mp.quad(lambda x, integrand=integrand: integrand(x) * density(x), [-edge, 0, edge]) / whole
        assert getattr(reached, name) == pytest.approx(float(expected), abs=0.6 / samples**2), name


def test_relu_is_exact_at_any_variance():
    root = 1 / math.sqrt(2 * math.pi)
    for log_q in (-5000.0, 0.0, 5000.0):
        assert averages("relu", log_q) == Averages(
            level=0.0, f=root, ff=0.5, fff=2 * root, ffff=1.5, g=0.5, gg=0.5, gf=root, ggf=root, ggff=0.5,
            xg=root, xgf=0.5, xxgg=0.5,
        )  # fmt: skip


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
