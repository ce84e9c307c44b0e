"""Averages over a normal pre-activation: what mean-field theory needs to know of an activation.

z ~ N(0, q) is integrated with the trapezoid rule on a grid that is even in log |z|, 1/10 apart, from where z is too
small to matter to where the normal density is gone. Split at z = 0, where the kinks are, the integrands are analytic
in a sector around the half-lines, and the rule converges exponentially (Trefethen and Weideman 2014).
One grid serves q from 1e-24 to 1e32, so that a layer costs one exponential and one product with a table; beyond
these, every activation is a straight line on either side of zero, and the averages are exact.
Where z has a mean, its density is no longer even in z: panels of Gauss-Legendre nodes serve it, split at zero too.
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
_STEP_IN_Q = 0.1
"""Relatively: differences of this step are good to a thousandth."""
_UNITS = np.array([1, 2, 3, 4, 0, 0, 1, 1, 2, 1, 2, 2])
"""The power of sqrt(q) that each of `Averages` but the first is told in."""
_FAR = 1e9
"""A standard deviation so many times a mean leaves it without effect."""
_REACH, _PARTS = 9.5, (-0.6, -0.3, -0.15, 0.0, 0.15, 0.3, 0.6)
"""How many standard deviations the panels beside a mean reach, and where in that they end."""
_BELOW, _ABOVE = 37.0, math.log(9.5)
"""How far below and above log sqrt(q) the grid in log |z| reaches: both ends are below 1e-16 of the whole."""


class Averages(NamedTuple):
    """Averages over x ~ N(0, 1), for z = mean + sqrt(q) x, of the slope g = phi'(z) and the rise f of the value.

    f = (phi(z) - phi(mean)) / sqrt(q): taken from there, it does not vanish in what all units share, however small q
    is. `power` is the integral of Poole et al. (2016), equation 3, over q; the others are what `operations` derives.
    """

    level: float
    """phi(mean) / sqrt(q)."""
    f: float
    ff: float
    fff: float
    ffff: float
    g: float
    gg: float
    """E[phi'^2]: sigma_w^2 times this is chi_1 of Poole et al. (2016), equation 6, and Schoenholz et al. (2017),
    equation 5."""
    gf: float
    ggf: float
    ggff: float
    xg: float
    xgf: float
    xxgg: float

    @property
    def value(self) -> float:
        """E[phi] / sqrt(q)."""
        return self.level + self.f

    @property
    def power(self) -> float:
        """E[phi^2] / q."""
        return self.level * (self.level + 2 * self.f) + self.ff

    @property
    def fourth(self) -> float:
        """The fourth moment of phi about its mean over q^2."""
        f = self.f
        return self.ffff - 4 * f * self.fff + f * f * (6 * self.ff - 3 * f * f)

    @property
    def spread(self) -> float:
        """The variance of phi over q."""
        return max(self.ff - self.f * self.f, 0.0)


def averages(activation: str, log_q: float, mean: float = 0.0) -> Averages:
    """The averages for pre-activations of this mean and variance exp(log_q), any finite number, to about 1e-14.

    By the trapezoid rule (Trefethen and Weideman 2014, section 5), or exactly where phi is two straight lines; beside a
    mean by Gauss-Legendre panels.
    """
    if mean != 0 and log_q < 2 * math.log(_FAR * abs(mean)):
        return _beside_mean(activation, max(log_q, SMALLEST_LOG_Q), mean)
    sides = homogeneous_slopes(activation, log_q)
    if sides:
        return _of_lines(*sides)
    near_line = _integrated(activation, max(log_q, SMALLEST_LOG_Q))
    return (
        near_line
        if log_q >= SMALLEST_LOG_Q
        else near_line._replace(level=_value(activation, 0.0) * math.exp(-log_q / 2))
    )


@lru_cache(maxsize=64)
def averages_in_batch(activation: str, log_q: float, samples: int) -> Averages:
    """The averages for z = sqrt(q) x that a batch norm of so many samples has brought to variance q.

    Such x are the coordinates of points on a sphere of B - 1 dimensions (Yang et al. 2019), whose fourth moment is
    3 (B - 1) / (B + 1). Derived here: with moments beyond the fourth left as they are, E[h] is
    H - q^2 H'' / (B + 1) for H(q) = E[h(sqrt(q) x)], x normal; H'' by differences.
    """
    below, here, above = (
        np.array(averages(activation, log_q + math.log(1 + side))) * math.sqrt(1 + side) ** np.array([1, *_UNITS])
        for side in (-_STEP_IN_Q, 0.0, _STEP_IN_Q)
    )
    return Averages(*(here - (below - 2 * here + above) / (_STEP_IN_Q**2 * (samples + 1))).tolist())


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
        level=0.0,
        f=rise,
        ff=power,
        fff=2 * (above**3 - below**3) * half_mean,
        ffff=3 * (above**4 + below**4) / 2,
        g=(above + below) / 2,
        gg=power,
        gf=(above**2 - below**2) * half_mean,
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
    root = math.exp(middle)
    density = np.exp(squares[start:stop] * (-0.5 / (root * root)))
    return Averages(_value(activation, 0.0) / root, *(density.dot(table[start:stop]) / (root * root**_UNITS)).tolist())


def _value(activation: str, z: float) -> float:
    value: float = ACTIVATIONS[activation].value(np.array([z])).product.item()
    return value


@lru_cache(maxsize=64)
def _table(activation: str) -> tuple[int, Array, Array]:
    """The first node's number, z^2 at the nodes, and the integrands of `Averages` times the rule's weights.

    An integrand is the sum over z and -z; the table has shape (nodes, 12).
    """
    first = math.floor((SMALLEST_LOG_Q / 2 - _BELOW) / _STEP)
    last = math.ceil((LARGEST_LOG_Q / 2 + _ABOVE) / _STEP)
    z = np.exp(_STEP * np.arange(first, last + 1))
    both = sum(_integrands(activation, side) for side in (z, -z))
    return first, z * z, np.ascontiguousarray((both * (z * _STEP / math.sqrt(2 * math.pi))).T)


def _integrands(activation: str, z: Array, mean: float = 0.0) -> Array:
    """The integrands at mean + z."""
    value, g = (body * np.exp(np.maximum(tail, -700.0)) for body, tail in ACTIVATIONS[activation].respond(mean + z))
    f = value - _value(activation, mean)
    g2 = g * g
    f2 = f * f
    return np.array([f, f2, f2 * f, f2 * f2, g, g2, g * f, g2 * f, g2 * f2, z * g, z * g * f, z * z * g2])


def _beside_mean(activation: str, log_q: float, mean: float) -> Averages:
    """Panels are as wide as the density where that is narrow, and as the distance from zero where phi bends there."""
    root = math.exp(log_q / 2)
    reach = _REACH * root
    low, high = mean - reach, mean + reach
    doublings = [2.0**k for k in range(-2, max(math.ceil(math.log2(max(-low, high, 1.0))), 0) + 1)]
    edges = {low, high, *(mean + part * reach for part in _PARTS), 0.0, *doublings, *(-each for each in doublings)}
    ends = np.array(sorted(edge for edge in edges if low <= edge <= high))
    nodes, weights = _legendre()
    halves = np.diff(ends)[:, None] / 2
    z = ((ends[:-1, None] + halves) + halves * nodes).ravel() - mean
    density = (halves * weights).ravel() * np.exp(-0.5 * (z / root) ** 2) / (root * math.sqrt(2 * math.pi))
    return Averages(
        _value(activation, mean) / root, *(_integrands(activation, z, mean) @ density / root**_UNITS).tolist()
    )


@lru_cache(maxsize=1)
def _legendre() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(16)
    return nodes, weights
