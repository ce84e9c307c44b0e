"""The activations again, for the float64 pass: a few in-place numpy calls each, for arguments of ordinary size, of
float64 and, where networks learn, of float32.

An activation is written as a = output_scale * h + offset with h = core(input_scale * z), so that sigmoid is tanh
with other weights and costs one call. `core(z, h, stash)` fills h from z and may leave in `stash` what
`slope(z, h, stash)`, which turns the stash into core', can use. All three arrays have one shape; z is scratch for
`slope`. Where core' can be had from h alone, `output_slope(h, slope)` spares storing it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations.gaussian_tail import memory_for, tail_and_density
from tui_telescope.engine.activations.tailed_values import Tailed
from tui_telescope.engine.arithmetic.arrays import Array

InPlace = Callable[[Array, Array, Array], None]
FromOutput = Callable[[Array, Array], None]


def _in_each_precision(number: float) -> dict[int, NDArray[Any]]:
    """A constant by the bytes of the numbers beside it: as an array, because numpy converts a Python number anew at
    every call; of their own type, because it would convert all of them to a wider one."""
    return {8: np.array(number), 4: np.array(number, dtype=np.float32)}


_ZERO, _ONE, _FOUR, _MINUS_TWO = map(_in_each_precision, (0.0, 1.0, 4.0, -2.0))

_BLOCK_ELEMENTS = 2**14
"""GELU is taken in blocks of about so many numbers, whose powers stay in the fast cache."""


@dataclass(frozen=True)
class Kernel:
    core: InPlace
    slope: InPlace
    input_scale: float = 1.0
    output_scale: float = 1.0
    offset: float = 0.0
    output_slope: FromOutput | None = None
    loses_digits: bool = False
    """Whether `output_slope` loses digits in saturation, where `slope` keeps them."""
    is_monotone: bool = True
    """Whether core' is nowhere below zero."""


def of_functions(value: Callable[[Array], Tailed], slope: Callable[[Array], Tailed]) -> Kernel:
    """A kernel of an activation that has none of its own."""

    def core(z: Array, h: Array, stash: Array) -> None:
        np.copyto(h, value(z).product)

    def core_slope(z: Array, h: Array, stash: Array) -> None:
        np.copyto(stash, slope(z).product)

    return Kernel(core, core_slope, is_monotone=False)


def _from_output(output_slope: FromOutput) -> InPlace:
    """The same slope for callers that have z and the stash as well."""

    def slope(z: Array, h: Array, stash: Array) -> None:
        output_slope(h, stash)

    return slope


def _by_output(core: InPlace, output_slope: FromOutput) -> Kernel:
    """A kernel whose slope is exact in terms of h."""
    return Kernel(core, _from_output(output_slope), output_slope=output_slope)


def _tanh(z: Array, h: Array, stash: Array) -> None:
    np.tanh(z, h)


def _tanh_slope(z: Array, h: Array, stash: Array) -> None:
    """4 E / (1 + E)^2 with E = exp(-2 |z|)."""
    np.abs(z, z)
    np.multiply(z, _MINUS_TWO[z.itemsize], z)
    np.exp(z, z)
    np.add(z, _ONE[z.itemsize], stash)
    np.multiply(stash, stash, stash)
    np.divide(z, stash, stash)
    np.multiply(stash, _FOUR[stash.itemsize], stash)


def _tanh_output_slope(h: Array, slope: Array) -> None:
    """1 - tanh^2."""
    np.multiply(h, h, slope)
    np.subtract(_ONE[slope.itemsize], slope, slope)


def _relu(z: Array, h: Array, stash: Array) -> None:
    np.maximum(z, _ZERO[z.itemsize], out=h)


def _relu_output_slope(h: Array, slope: Array) -> None:
    np.greater(h, _ZERO[h.itemsize], out=slope, casting="unsafe")


def leaky_relu(slope_below: float) -> Kernel:
    below, step = map(_in_each_precision, (slope_below, 1 - slope_below))

    def core(z: Array, h: Array, stash: Array) -> None:
        np.multiply(z, below[z.itemsize], h)
        np.maximum(z, h, out=h)

    def output_slope(h: Array, slope: Array) -> None:
        np.greater(h, _ZERO[h.itemsize], out=slope, casting="unsafe")
        np.multiply(slope, step[slope.itemsize], slope)
        np.add(slope, below[slope.itemsize], slope)

    return _by_output(core, output_slope)


def exponential_linear(scale: float, alpha: float) -> Kernel:
    factor = _in_each_precision(alpha)

    def core(z: Array, h: Array, stash: Array) -> None:
        np.minimum(z, _ZERO[z.itemsize], out=stash)
        np.expm1(stash, stash)
        np.multiply(stash, factor[stash.itemsize], stash)
        np.maximum(z, _ZERO[z.itemsize], out=h)
        np.add(h, stash, h)

    def slope(z: Array, h: Array, stash: Array) -> None:
        np.minimum(z, _ZERO[z.itemsize], out=stash)
        np.exp(stash, stash)
        np.multiply(stash, factor[stash.itemsize], stash)
        np.copyto(stash, _ONE[stash.itemsize], where=np.greater(h, _ZERO[h.itemsize]))

    return Kernel(core, slope, output_scale=scale)


def _gelu(z: Array, h: Array, stash: Array) -> None:
    """h = z Phi(z); leaves phi' = Phi(z) + z pdf(z) in the stash. Both tails keep their relative precision."""
    if z.size <= _BLOCK_ELEMENTS:
        _gelu_block(z, h, stash, memory_for(z))
        return
    rows = _BLOCK_ELEMENTS * len(z) // z.size
    if rows == 0 and z.ndim > 2:  # a single network of several side by side is too large
        for each in zip(z, h, stash, strict=True):
            _gelu(*each)
        return
    rows = max(1, rows)
    memory = memory_for(z[:rows])
    for start in range(0, len(z), rows):
        block = slice(start, start + rows)
        if start + rows > len(z):
            memory = memory_for(z[block])
        _gelu_block(z[block], h[block], stash[block], memory)


def _gelu_block(z: Array, h: Array, stash: Array, memory: Array) -> None:
    density = tail_and_density(z, stash, memory)
    np.greater(z, _ZERO[z.itemsize], out=h, casting="unsafe")
    np.subtract(h, stash, stash)
    np.abs(stash, stash)
    np.multiply(z, stash, h)
    np.multiply(z, density, z)
    np.add(stash, z, stash)


def _gelu_slope(z: Array, h: Array, stash: Array) -> None:
    """It is there already."""


def _silu(z: Array, h: Array, stash: Array) -> None:
    np.negative(z, stash)
    np.exp(stash, stash)
    np.add(stash, _ONE[stash.itemsize], stash)
    np.reciprocal(stash, stash)
    np.multiply(z, stash, h)


def _silu_slope(z: Array, h: Array, stash: Array) -> None:
    """g + a (1 - g): written g + a - a g it would cancel."""
    np.subtract(_ONE[stash.itemsize], stash, z)
    np.multiply(z, h, z)
    np.add(stash, z, stash)


def _softplus(z: Array, h: Array, stash: Array) -> None:
    np.logaddexp(z, _ZERO[z.itemsize], h)


def _softplus_output_slope(h: Array, slope: Array) -> None:
    """1 - exp(-a), to full precision."""
    np.negative(h, slope)
    np.expm1(slope, slope)
    np.negative(slope, slope)


def _linear(z: Array, h: Array, stash: Array) -> None:
    np.copyto(h, z)


def _linear_output_slope(h: Array, slope: Array) -> None:
    slope.fill(1.0)


TANH = Kernel(_tanh, _tanh_slope, output_slope=_tanh_output_slope, loses_digits=True)
SIGMOID = replace(TANH, input_scale=0.5, output_scale=0.5, offset=0.5)
RELU = _by_output(_relu, _relu_output_slope)
GELU = Kernel(_gelu, _gelu_slope, is_monotone=False)
SILU = Kernel(_silu, _silu_slope, is_monotone=False)
SOFTPLUS = _by_output(_softplus, _softplus_output_slope)
LINEAR = _by_output(_linear, _linear_output_slope)
