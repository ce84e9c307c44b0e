"""Averages over a normal pre-activation: what mean-field theory needs to know of an activation.

z ~ N(0, q) is integrated with the trapezoid rule on a grid that is even in log |z|, 1/10 apart, from where z is too
small to matter to where the normal density is gone. Split at z = 0, where the kinks are, the integrands are analytic
in a sector around the half-lines, and the rule converges exponentially (Trefethen and Weideman 2014).
One grid serves q from 1e-24 to 1e32, so that a layer costs one exponential and one product with a table; beyond
these, every activation is a straight line on either side of zero, and the averages are exact.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS, Activation
from tui_telescope.engine.arithmetic.arrays import Array

SMALLEST_LOG_Q, LARGEST_LOG_Q = math.log(1e-24), math.log(1e32)
"""Between these the averages are integrated; natural logarithms."""

_STEP = 1 / 10
_BELOW, _ABOVE = 37.0, math.log(9.5)
"""How far below and above log sqrt(q) the grid in log |z| reaches: both ends are below 1e-16 of the whole."""


class Averages(NamedTuple):
    """Averages over x ~ N(0, 1) of f(x) = phi(sqrt(q) x) / sqrt(q) and the slope g(x) = phi'(sqrt(q) x).

    ff is the integral of Poole et al. (2016), equation 3, over q; the others are what `mean_field` derives.
    """

    f: float
    ff: float
    gg: float
    """E[phi'^2]: sigma_w^2 times this is chi_1 of Poole et al. (2016), equation 6, and Schoenholz et al. (2017),
    equation 5."""
    ggf: float
    ggff: float
    xg: float
    xgf: float
    xxgg: float


def averages(activation: str, log_q: float) -> Averages:
    """The averages for pre-activations of variance exp(log_q), any finite number, to about 1e-14.

    By the trapezoid rule (Trefethen and Weideman 2014, section 5), or exactly where phi is two straight lines.
    """
    sides = homogeneous_slopes(activation, log_q)
    return _of_lines(*sides) if sides else _integrated(activation, log_q)


@lru_cache(maxsize=64)
def slopes_at_zero(activation: str) -> tuple[float, float] | None:
    """The one-sided slopes just below and above zero, for an activation that is zero there; else None.

    Derived from the activation itself, as are the next two: no paper's formula.
    """
    entry = ACTIVATIONS[activation]
    return _slopes(entry, 1e-30) if entry.vanishes_at_zero else None


@lru_cache(maxsize=64)
def slopes_at_infinity(activation: str) -> tuple[float, float]:
    """The slopes far below and far above zero, derived from the activation itself."""
    return _slopes(ACTIVATIONS[activation], 1e30)


def homogeneous_slopes(activation: str, log_q: float) -> tuple[float, float] | None:
    """The slopes below and above zero where the activation is as good as two straight lines; else None.

    Derived from the two before: an activation that is the same line near zero and far away is one everywhere.
    """
    at_zero, at_infinity = slopes_at_zero(activation), slopes_at_infinity(activation)
    if log_q > LARGEST_LOG_Q or at_zero == at_infinity:
        return at_infinity
    return at_zero if log_q < SMALLEST_LOG_Q else None


def _slopes(activation: Activation, distance: float) -> tuple[float, float]:
    below, above = activation.slope(np.array([-distance, distance])).product.tolist()
    return below, above


@lru_cache(maxsize=256)
def _of_lines(below: float, above: float) -> Averages:
    """The averages of two half-lines, exactly: f = below x under zero and above x over it.

    Derived from the half-normal's moments; sigma_w^2 ff = 1 is He et al. (2015), equation 10, and sigma_w^2 gg = 1
    their equation 14.
    """
    half_mean = 1 / math.sqrt(2 * math.pi)
    rise, power = (above - below) * half_mean, (above**2 + below**2) / 2
    return Averages(
        f=rise,
        ff=power,
        gg=power,
        ggf=(above**3 - below**3) * half_mean,
        ggff=(above**4 + below**4) / 2,
        xg=rise,
        xgf=power,
        xxgg=power,
    )


def _integrated(activation: str, log_q: float) -> Averages:
    origin, squares, table = _table(activation)
    middle = log_q / 2
    start = max(math.floor((middle - _BELOW) / _STEP) - origin, 0)
    stop = math.ceil((middle + _ABOVE) / _STEP) - origin
    q, root = math.exp(log_q), math.exp(middle)
    density = np.exp(squares[start:stop] * (-0.5 / q))
    f, ff, gg, ggf, ggff, zg, zgf, zzgg = (density.dot(table[start:stop]) / root).tolist()
    return Averages(f / root, ff / q, gg, ggf / root, ggff / q, zg / root, zgf / q, zzgg / q)


@lru_cache(maxsize=64)
def _table(activation: str) -> tuple[int, Array, Array]:
    """The first node's number, z^2 at the nodes, and the integrands of `Averages` times the rule's weights.

    An integrand is the sum over z and -z; the table has shape (nodes, 8).
    """
    first = math.floor((SMALLEST_LOG_Q / 2 - _BELOW) / _STEP)
    last = math.ceil((LARGEST_LOG_Q / 2 + _ABOVE) / _STEP)
    z = np.exp(_STEP * np.arange(first, last + 1))
    both = sum(_integrands(activation, side) for side in (z, -z))
    return first, z * z, np.ascontiguousarray((both * (z * _STEP / math.sqrt(2 * math.pi))).T)


def _integrands(activation: str, z: Array) -> Array:
    f, g = (body * np.exp(np.maximum(tail, -700.0)) for body, tail in ACTIVATIONS[activation].respond(z))
    g2 = g * g
    return np.array([f, f * f, g2, g2 * f, g2 * f * f, z * g, z * g * f, z * z * g2])
