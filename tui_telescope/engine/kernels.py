"""The activations again, for the plain road: a few in-place numpy calls each, for arguments of ordinary size.

An activation is written as a = output_scale * h + offset with h = core(input_scale * z), so that sigmoid is tanh
with other weights and costs one call. `core(z, h, stash)` fills h from z and may leave in `stash` what
`slope(z, h, stash)`, which turns the stash into core', can use. All three arrays have one shape; z is scratch for
`slope`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.gaussian import SQRT_2PI, mills_ratio

Array = NDArray[np.float64]
InPlace = Callable[[Array, Array, Array], None]

_ZERO, _ONE, _FOUR, _MINUS_TWO, _MINUS_HALF = (np.array(number) for number in (0.0, 1.0, 4.0, -2.0, -0.5))
"""Arrays, because numpy converts a Python number anew at every call."""


_PEAK = np.array(1 / SQRT_2PI)
_FARTHEST = np.array(38.0)
"""Farther out the normal density leaves float64."""


@dataclass(frozen=True)
class Kernel:
    core: InPlace
    slope: InPlace
    input_scale: float = 1.0
    output_scale: float = 1.0
    offset: float = 0.0
    quick_slope: InPlace | None = None
    """The slope in fewer calls, where one exists that loses digits in saturation."""


def _tanh(z: Array, h: Array, stash: Array) -> None:
    np.tanh(z, h)


def _tanh_slope(z: Array, h: Array, stash: Array) -> None:
    """4 E / (1 + E)^2 with E = exp(-2 |z|)."""
    np.abs(z, z)
    np.multiply(z, _MINUS_TWO, z)
    np.exp(z, z)
    np.add(z, _ONE, stash)
    np.multiply(stash, stash, stash)
    np.divide(z, stash, stash)
    np.multiply(stash, _FOUR, stash)


def _tanh_quick_slope(z: Array, h: Array, stash: Array) -> None:
    """1 - tanh^2."""
    np.multiply(h, h, stash)
    np.subtract(_ONE, stash, stash)


def _relu(z: Array, h: Array, stash: Array) -> None:
    np.maximum(z, _ZERO, out=h)


def _relu_slope(z: Array, h: Array, stash: Array) -> None:
    np.greater(h, _ZERO, out=stash, casting="unsafe")


def leaky_relu(slope_below: float) -> Kernel:
    below, step = np.array(slope_below), np.array(1 - slope_below)

    def core(z: Array, h: Array, stash: Array) -> None:
        np.multiply(z, below, h)
        np.maximum(z, h, out=h)

    def slope(z: Array, h: Array, stash: Array) -> None:
        np.greater(h, _ZERO, out=stash, casting="unsafe")
        np.multiply(stash, step, stash)
        np.add(stash, below, stash)

    return Kernel(core, slope)


def exponential_linear(scale: float, alpha: float) -> Kernel:
    factor = np.array(alpha)

    def core(z: Array, h: Array, stash: Array) -> None:
        np.minimum(z, _ZERO, out=stash)
        np.expm1(stash, stash)
        np.multiply(stash, factor, stash)
        np.maximum(z, _ZERO, out=h)
        np.add(h, stash, h)

    def slope(z: Array, h: Array, stash: Array) -> None:
        np.minimum(z, _ZERO, out=stash)
        np.exp(stash, stash)
        np.multiply(stash, factor, stash)
        np.copyto(stash, _ONE, where=np.greater(h, _ZERO))

    return Kernel(core, slope, output_scale=scale)


def _gelu(z: Array, h: Array, stash: Array) -> None:
    """h = z Phi(z); leaves Phi(z) in the stash and z pdf(z) in z. Both tails keep their relative precision."""
    size = np.minimum(np.abs(z), _FARTHEST)
    mills_ratio(size, stash, h)
    np.multiply(size, size, size)
    np.multiply(size, _MINUS_HALF, size)
    density = np.exp(size, size)
    np.multiply(density, _PEAK, density)
    np.multiply(stash, density, stash)
    np.greater(z, _ZERO, out=h, casting="unsafe")
    np.subtract(h, stash, stash)
    np.abs(stash, stash)
    np.multiply(z, stash, h)
    np.multiply(z, density, z)


def _gelu_slope(z: Array, h: Array, stash: Array) -> None:
    """Phi(z) + z pdf(z)."""
    np.add(stash, z, stash)


def _silu(z: Array, h: Array, stash: Array) -> None:
    np.negative(z, stash)
    np.exp(stash, stash)
    np.add(stash, _ONE, stash)
    np.reciprocal(stash, stash)
    np.multiply(z, stash, h)


def _silu_slope(z: Array, h: Array, stash: Array) -> None:
    """g + a (1 - g): written g + a - a g it would cancel."""
    np.subtract(_ONE, stash, z)
    np.multiply(z, h, z)
    np.add(stash, z, stash)


def _softplus(z: Array, h: Array, stash: Array) -> None:
    np.logaddexp(z, _ZERO, h)


def _softplus_slope(z: Array, h: Array, stash: Array) -> None:
    """1 - exp(-a), to full precision."""
    np.negative(h, stash)
    np.expm1(stash, stash)
    np.negative(stash, stash)


def _linear(z: Array, h: Array, stash: Array) -> None:
    np.copyto(h, z)


def _linear_slope(z: Array, h: Array, stash: Array) -> None:
    stash.fill(1.0)


TANH = Kernel(_tanh, _tanh_slope, quick_slope=_tanh_quick_slope)
SIGMOID = replace(TANH, input_scale=0.5, output_scale=0.5, offset=0.5)
RELU = Kernel(_relu, _relu_slope)
GELU = Kernel(_gelu, _gelu_slope)
SILU = Kernel(_silu, _silu_slope)
SOFTPLUS = Kernel(_softplus, _softplus_slope)
LINEAR = Kernel(_linear, _linear_slope)
