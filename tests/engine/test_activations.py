"""phi, phi' and the normal tail against mpmath, from 1e-300 to a million on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf
from reference_network import CURVES

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.activations.extended_range_values import phi
from tui_telescope.engine.activations.gaussian_tail import mills_ratio
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange
from tui_telescope.settings import REGISTRY

SIZES = np.concatenate([np.logspace(-300, -3, 60), np.logspace(-3, 6, 400), [37.0, 38.6, 709.0, 746.0]])
ARGUMENTS = np.concatenate([-SIZES[::-1], [0.0], SIZES])


def response(name: str) -> tuple[list, list]:
    """phi and phi' at every argument as mpmath numbers: the engine gives a body times the exponential of a tail."""
    seen = ACTIVATIONS[name].respond(ARGUMENTS[:, None])
    return tuple(
        [
            mpf(float(b)) * mp.exp(mpf(float(t)))
            for b, t in zip(body[:, 0], np.broadcast_to(tail, body.shape)[:, 0], strict=True)
        ]
        for body, tail in seen
    )


def assert_close(seen, true, z) -> None:
    """Relative to 1e-14, for an exponential tail of its logarithm; beside a root of phi' (GELU, SiLU) absolute."""
    decades_deep = max(1, abs(mp.log(abs(true)))) if true else 1
    beside_a_root = mpf("4e-16") if -1.5 < z < -0.5 else 0
    assert abs(seen - true) <= mpf("1e-14") * abs(true) * decades_deep + beside_a_root, f"at {z}: {seen} for {true}"


def test_every_activation_of_the_settings_exists():
    assert tuple(ACTIVATIONS) == REGISTRY["activation"].values
    assert all(entry.name == name for name, entry in ACTIVATIONS.items())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_phi_and_its_slope_are_exact_from_1e_300_to_a_million(name):
    with mp.workdps(50), np.errstate(all="raise", under="ignore"):
        values, slopes = response(name)
        for z, value, slope in zip(ARGUMENTS, values, slopes, strict=True):
            argument = mpf(float(z))
            assert_close(value, CURVES[name].value(argument), z)
            assert_close(slope, CURVES[name].slope(argument), z)


def value_of(x: ExtendedRange, unit: int):
    return mp.ldexp(mpf(float(x.mantissa[unit, 0])), int(np.broadcast_to(x.exponent, x.mantissa.shape)[unit, 0]))


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("power", [-30_000, -1200, 0])
@pytest.mark.parametrize("per_unit", [False, True], ids=["one exponent a sample", "one a unit"])
def test_small_pre_activations_beyond_float64_keep_their_size(name, power, per_unit):
    assert_exact_at([-0.75, 0.625], power, per_unit, name)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "linear", "gelu", "silu", "softplus", "elu", "selu"])
@pytest.mark.parametrize("power", [1200, 30_000])
@pytest.mark.parametrize("per_unit", [False, True], ids=["one exponent a sample", "one a unit"])
def test_large_pre_activations_beyond_float64_grow_on(name, power, per_unit):
    sizes = [-0.75, 0.625] if name in ("relu", "leaky_relu", "linear") else [0.75, 0.625]
    assert_exact_at(sizes, power, per_unit, name)


def assert_exact_at(mantissas, power, per_unit, name) -> None:
    """phi and phi' at mantissas * 2^power, given in the extended range."""
    exponent = np.full((2, 1) if per_unit else (1, 1), float(power))
    with mp.workdps(50), np.errstate(all="raise", under="ignore"):
        value, slope = phi(ACTIVATIONS[name], ExtendedRange(np.array(mantissas)[:, None], exponent))
        for unit, mantissa in enumerate(mantissas):
            z = mp.ldexp(mpf(mantissa), power)
            assert_close(value_of(value, unit), CURVES[name].value(z), z)
            assert_close(value_of(slope, unit), CURVES[name].slope(z), z)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_steepest_slope_is_the_maximum_of_phis_derivative(name):
    grid = np.concatenate([np.linspace(-6, 6, 401), [1e-12, -1e-12, 2**0.5, 2.399357280520]])
    steepest = max(abs(CURVES[name].slope(mpf(float(z)))) for z in grid)
    assert ACTIVATIONS[name].steepest == pytest.approx(float(steepest), rel=5e-3 if name == "softplus" else 1e-8)


def test_mills_ratio_is_the_normal_tail_over_the_density_to_the_last_bits():
    sizes = np.array([0.0, 1e-300, 1e-9, *np.logspace(-3, 25, 200), 0.5, 1.0, 5.0, 37.5])
    with mp.workdps(120):  # the exponential of x^2 / 2 = 5e49 takes fifty digits by itself
        for x, seen in zip(sizes, mills_ratio(sizes), strict=True):
            at = mpf(float(x))
            expected = mp.erfc(at / mp.sqrt(2)) * mp.exp(at * at / 2) * mp.sqrt(mp.pi / 2)
            assert abs(mpf(float(seen)) / expected - 1) <= 2e-15, f"at {x}"


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 1e-5)])
def test_gelu_in_the_precision_of_its_numbers_is_the_same_whatever_shape_they_have(dtype, tolerance):
    """Down to where the tail leaves float32; in one block, in blocks of units, and in those of several networks."""
    line = np.concatenate([-np.logspace(-6, 1, 250), np.logspace(-6, 1, 250)]).astype(dtype)
    true = np.array([float(CURVES["gelu"].value(mpf(float(z)))) for z in line])
    steepness = np.array([float(CURVES["gelu"].slope(mpf(float(z)))) for z in line])
    for shape in [(1, 1), (70, 1), (2, 3, 70, 1)]:
        z = np.tile(line, shape)
        value, slope = np.empty_like(z), np.empty_like(z)
        kernel = ACTIVATIONS["gelu"].kernel
        kernel.core(z, value, slope)
        kernel.slope(z, value, slope)
        np.testing.assert_allclose(value.astype(np.float64), np.tile(true, shape), rtol=tolerance)
        np.testing.assert_allclose(slope.astype(np.float64), np.tile(steepness, shape), rtol=tolerance, atol=tolerance)


def test_gelu_of_float32_ends_in_zeros_and_in_its_own_argument():
    z = np.array([[-3e38, -1e5, -40.0, 40.0, 1e5, 3e38]], dtype=np.float32)
    value, slope = np.empty_like(z), np.empty_like(z)
    ACTIVATIONS["gelu"].kernel.core(z.copy(), value, slope)
    np.testing.assert_array_equal(value, np.maximum(z, 0))
    np.testing.assert_array_equal(slope, z > 0)
