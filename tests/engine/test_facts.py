"""Known facts that need neither mean-field theory nor recurrence, seen in sampled networks.

How far a sample may lie from the fact. Through one wide layer of independent gaussian weights, ln of the squared
gradient ratio scatters with a variance of about c / n for n units: c = 2 for linear units, 5 for ReLU (Hanin and Nica
2019), of that order for the others. Over L layers and K networks the mean of ln ratio^2 a layer then has a standard
deviation of sqrt(c / (n L K)) and is shifted by -c / 2n, and the factor a layer by half of either. Every tolerance
below is three such deviations and the shift, with c = 5, unless it says otherwise.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from tui_telescope import Settings, Telescope


def observe(readings=("gradient",), **settings):
    chosen = {"loss": "probe", "initializer": "xavier", "scale": 1.0, "generator": "numpy", "seed": 1} | settings
    return Telescope().observe(Settings(**chosen), readings=readings)


def factor_a_layer(width: int, depth: int, networks: int, **settings) -> float:
    """The mean over networks of the factor of one layer, geometric over the layers."""
    ends = [
        observe(width=width, depth=depth, seed=10 + k, samples=8, **settings).verdict.end_to_end
        for k in range(networks)
    ]
    return 10 ** (np.mean(ends) / (depth - 1))


def tolerance(width: int, depth: int, networks: int, scatter: float = 5.0) -> float:
    """Relative, of a factor a layer: see above."""
    return 0.5 * (3 * math.sqrt(scatter / (width * depth * networks)) + scatter / (2 * width))


WIDE = {"width": 200, "depth": 25, "networks": 4}


@pytest.mark.parametrize(("sigma_w", "factor"), [(1.0, 0.5**0.5), (2**0.5, 1.0), (2.0, 2**0.5)])
def test_relu_passes_on_sigma_w_over_the_root_of_two(sigma_w, factor):
    """chi = sigma_w^2 / 2, so that He's sigma_w^2 = 2 is exactly critical."""
    seen = factor_a_layer(**WIDE, activation="relu", scale=sigma_w)
    assert seen == pytest.approx(factor, rel=tolerance(**WIDE))


def test_he_is_the_initializer_that_makes_relu_critical():
    assert factor_a_layer(**WIDE, activation="relu", initializer="he") == pytest.approx(1.0, rel=tolerance(**WIDE))


@pytest.mark.parametrize(("sigma_w", "factor"), [(1.0, 0.236), (2.0, 0.414), (4.0, 0.632)])
def test_sigmoid_whispers_at_every_scale_that_people_guess(sigma_w, factor):
    seen = factor_a_layer(**WIDE, activation="sigmoid", scale=sigma_w)
    assert seen == pytest.approx(factor, rel=tolerance(**WIDE) + 0.0005 / factor)  # the design gives three decimals


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_batch_norm_before_relu_screams_by_1_21_at_any_scale(scale):
    """sqrt(pi / (pi - 1)) (Yang et al. 2019). A batch of S samples is to the norm what n units are to the weights."""
    size = {"width": 128, "depth": 20}
    seen = observe(
        **size, activation="relu", initializer="he", scale=scale, norm="batch", norm_place="activation", samples=400
    )
    factor = 10 ** (seen.verdict.end_to_end / (size["depth"] - 1))
    assert factor == pytest.approx(math.sqrt(math.pi / (math.pi - 1)), rel=tolerance(**size, networks=1) + 2 / 400)


def gaussian_mean(values: np.ndarray, grid: np.ndarray) -> float:
    """E f(z) for standard normal z, by the trapezoid rule."""
    density = np.exp(-0.5 * grid**2) / math.sqrt(2 * math.pi)
    return float(np.trapezoid(values * density, grid))


def test_a_residual_connection_with_tanh_passes_on_the_root_of_one_plus_branch_squared_chi():
    """The signal grows with every branch, and chi falls with it: the factors of all layers together."""
    branch, sigma_w, depth = 0.5, 1.5, 30
    grid, signal, expected = np.linspace(-10, 10, 4001), 1.0, []
    for _ in range(depth):
        z = grid * sigma_w * math.sqrt(signal)
        expected.append(0.5 * math.log10(1 + branch**2 * sigma_w**2 * gaussian_mean(np.cosh(z) ** -4, grid)))
        signal += branch**2 * gaussian_mean(np.tanh(z) ** 2, grid)
    ends = [
        observe(
            width=200, depth=depth, samples=20, seed=seed, activation="tanh", scale=sigma_w, residual=True,
            branch_scale=branch,
        ).verdict.end_to_end
        for seed in range(4)
    ]  # fmt: skip
    # A branch adds a share s of the squared gradient, in which the cross term with the skip scatters by 4 s / n.
    share = 1 - 10 ** (-2 * np.mean(expected))
    scatter = math.sqrt((4 * share + 5 * share**2) * depth / 200 / 4) / (2 * math.log(10))
    assert sum(expected[1:]) > 4 * scatter, "too little to see"
    assert np.mean(ends) == pytest.approx(sum(expected[1:]), abs=3 * scatter + 0.01)


def test_finite_relu_networks_scatter_as_a_lognormal_says():
    """ln ratio^2: mean -5 L / 2n and variance 5 L / n, over 400 networks to within four standard errors."""
    width, depth, networks = 50, 20, 400
    telescope = Telescope()
    logs = []
    for seed in range(networks):
        settings = Settings(
            width=width, depth=depth + 1, samples=1, seed=seed, activation="relu", initializer="he", scale=1.0,
            loss="probe", generator="numpy",
        )  # fmt: skip
        logs.append(2 * math.log(10) * telescope.observe(settings, readings=("gradient",)).verdict.end_to_end)
    mean, variance = -5 * depth / (2 * width), 5 * depth / width
    assert np.mean(logs) == pytest.approx(mean, abs=4 * math.sqrt(variance / networks))
    # 5 L / n is the first order in 1 / n, the next is some tenth of it
    assert np.var(logs) == pytest.approx(variance, rel=4 * math.sqrt(2 / networks) + 0.1)


def test_tanh_at_sigma_w_1_fades_as_a_power_of_depth():
    """q_l = 1 / 2l and chi_l = 1 - 1/l, so that four times the depth cost half of log10(4) decades, always.

    Orthogonal weights keep the linear part of a layer from scattering at all.
    """

    def end_to_end(depth: int) -> float:
        ends = [
            observe(width=100, depth=depth, samples=8, seed=seed, activation="tanh", initializer="orthogonal")
            for seed in range(2)
        ]  # fmt: skip
        return float(np.mean([each.verdict.end_to_end for each in ends]))

    steps = np.diff([end_to_end(depth) for depth in (16, 64, 256)])
    assert steps == pytest.approx([-0.5 * math.log10(4)] * 2, rel=0.2)


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_a_uniform_shrink_of_every_weight_tilts_the_gradient_but_not_the_gradient_by_the_weights(activation):
    """Homogeneous units: ||d loss / d a_l|| has L - l factors of the scale, ||d loss / d W_l|| L - 1 for all l."""
    depth = 20
    both = ("gradient", "weight_gradient")
    large, small = (observe(both, width=20, depth=depth, activation=activation, scale=scale) for scale in (1.4, 0.7))
    halvings = np.arange(depth - 1, -1, -1)
    np.testing.assert_allclose(
        large.gradient.log10_mean - small.gradient.log10_mean, halvings * math.log10(2), rtol=0, atol=1e-11
    )
    np.testing.assert_allclose(
        large.weight_gradient.log10 - small.weight_gradient.log10, (depth - 1) * math.log10(2), rtol=0, atol=1e-11
    )


def test_clipping_changes_no_ratio_between_layers():
    free, clipped = (observe(("weight_gradient",), width=8, depth=12, clip=clip) for clip in ("off", 1e-4))
    assert math.hypot(*10**clipped.weight_gradient.log10) == pytest.approx(1e-4)
    np.testing.assert_allclose(np.diff(free.weight_gradient.log10), np.diff(clipped.weight_gradient.log10), atol=1e-12)
    np.testing.assert_array_equal(free.log10_factor, clipped.log10_factor)


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_orthogonal_linear_layers_pass_on_exactly_the_scale(scale):
    factors = observe(width=16, depth=60, activation="linear", initializer="orthogonal", scale=scale).log10_factor
    np.testing.assert_allclose(factors, math.log10(scale), rtol=0, atol=1e-13)
