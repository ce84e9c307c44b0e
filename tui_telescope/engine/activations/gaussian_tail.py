"""The normal distribution's tail to the full precision of its numbers, which numpy alone does not have."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array, Floats, aligned

SQRT_2PI = float(np.sqrt(2 * np.pi))

# Minimax-like rational fit of degree 10/11 made for this module in 60-digit arithmetic, relative error 1e-17 on
# [0, inf). All coefficients are positive, so that evaluating it cancels nothing.
_NUMERATOR = (
    1522545.6271684638, 2609856.05604529, 2210284.9975025626, 1198438.5769975346, 456980.9680250069,
    127570.82744635643, 26387.739229400122, 4001.7361342752124, 427.90416653801157, 29.388572047090083, 1.0,
)  # fmt: skip
_DENOMINATOR = (
    1214815.6490356328, 3051646.5036236406, 3591006.080232953, 2618694.911875572, 1318299.845776435,
    482522.89798456716, 131513.78645887558, 26813.6433955837, 4031.124706325707, 428.90416653799457,
    29.38857204709012, 1.0,
)  # fmt: skip


_TERMS = 6
_HALVES = np.array([[*_NUMERATOR[1::2], 0.0], _DENOMINATOR[1::2], _NUMERATOR[::2], _DENOMINATOR[::2]])
"""Each polynomial is x * odd(x^2) + even(x^2); one product with the powers of x^2 up to 5 gives all four halves."""


class _Constants(NamedTuple):
    """In the precision of the numbers beside them: mixed with another, all of them would be converted."""

    halves: Floats
    minus_half: Floats
    peak: Floats
    farthest: Floats
    """Farther out the normal density leaves the precision's range."""

    @classmethod
    def of(cls, precision: type[np.floating], farthest: float) -> _Constants:
        return cls(*(np.array(each, precision) for each in (_HALVES, -0.5, 1 / SQRT_2PI, farthest)))


_CONSTANTS = {8: _Constants.of(np.float64, 38.0), 4: _Constants.of(np.float32, 15.0)}
"""By the bytes of a number."""


def mills_ratio(x: Array) -> Array:
    """(1 - Phi(x)) / pdf(x) for x from 0 to 1e25, any shape: the upper tail without its exponential.

    Mills (1926); here to a few units in the last place.
    """
    ratio = np.array(x)
    _mills_ratio(ratio, memory_for(ratio))
    return ratio


def memory_for(x: Floats) -> Floats:
    """What `tail_and_density` of arrays like this one computes in, over and over."""
    memory = aligned(_TERMS + len(_HALVES), *x.shape, dtype=x.dtype)
    memory[0] = 1.0
    return memory


def tail_and_density(z: Floats, tail: Floats, memory: Floats) -> Floats:
    """1 - Phi(|z|) into `tail`, and pdf(z), which stands in `memory`; any shape, best of some 16,000 numbers."""
    _, minus_half, peak, farthest = _CONSTANTS[z.itemsize]
    np.abs(z, tail)
    np.minimum(tail, farthest, out=tail)
    density = _mills_ratio(tail, memory)
    np.multiply(density, minus_half, density)
    np.exp(density, density)
    np.multiply(density, peak, density)
    np.multiply(tail, density, tail)
    return density


def _mills_ratio(x: Floats, memory: Floats) -> Floats:
    """Turns x into its ratio; returns x^2, which stands in `memory`."""
    powers, halves = memory[:_TERMS], memory[_TERMS:]
    first, second = powers[1], powers[2]
    np.multiply(x, x, first)
    np.multiply(first, first, second)
    np.multiply(powers[1:3], second, powers[3:5])
    np.multiply(powers[3], second, powers[5])
    coefficients = _CONSTANTS[x.itemsize].halves
    np.dot(coefficients, powers.reshape(_TERMS, -1), halves.reshape(len(coefficients), -1))
    total = halves[:2]
    np.multiply(total, x, total)
    np.add(total, halves[2:], total)
    np.divide(total[0], total[1], x)
    return np.asarray(first)
