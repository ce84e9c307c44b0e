"""What one layer does to gradients in the long run, and the scale at which that is neither more nor less than 1.

Both are derived from the fixed points of Poole et al. (2016), and the layers that `gradients` derives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.mean_field.gradients import layers_of
from tui_telescope.engine.mean_field.operations import Respond
from tui_telescope.engine.mean_field.quadrature import (
    LARGEST_LOG_Q,
    SMALLEST_LOG_Q,
    averages,
    homogeneous_slopes,
    slopes_at_infinity,
)
from tui_telescope.engine.mean_field.stacks import Stack, forward

_GRID = np.linspace(SMALLEST_LOG_Q, LARGEST_LOG_Q, 320)
"""Values of ln q between which a fixed point is looked for."""
SETTLED_BY = 2000
"""Layers after which a signal that settles at all is taken to have settled."""
_TOUCH = 1e-13
"""A q map this close to the identity, relatively, is taken to touch it rather than to cross it."""
_NEARLY_SETTLED = 1e-9
"""Layers whose numbers differ by less than so much, relatively, have the factor that they will settle at."""
_LEVEL = 1e-6
"""A factor this close to 1 is not told from it."""


def asymptotic_factor(stack: Stack, settled_by: int = SETTLED_BY) -> float:
    """The factor that layers settle at as the depth grows without bound, their branches like the last one's.

    Plain: sqrt(chi_1) at the fixed point of q (Schoenholz et al. 2017, equation 5). With a residual connection of
    skip scale 1 q has no fixed point, unless a norm crosses it. Where phi is bounded, or a norm bounds the branch, the
    factor goes to 1: gradients grow more slowly than exponentially (Yang and Schoenholz 2017). Else, derived here, phi
    becomes two straight lines, a_l . delta_l is the same for all l by Euler's theorem, and the gradient grows downwards
    as fast as the signal grows upwards. Another skip scale, or a norm, may let q settle, and the factor is that of the
    layer where it has.
    """
    if stack.skip == 1 and not stack.after:
        return 1.0 if stack.bounds_branch else _growth_at_infinity(stack)
    if not stack.is_bare:
        return _settled_factor(stack, settled_by)
    (product,), respond = stack.products, next(each for each in stack.branch if isinstance(each, Respond))
    log_q = limit_log_q(respond.activation, product.variance_w, product.variance_b, stack.log_power)
    return math.sqrt(product.variance_w * averages(respond.activation, log_q).gg)


def _growth_at_infinity(stack: Stack) -> float:
    """What each layer multiplies a signal with that is so large that phi is two straight lines, beside a skip of 1.

    Where F ends with phi, it has a mean that adds up.
    """
    respond = next(each for each in stack.branch if isinstance(each, Respond))
    below, above = slopes_at_infinity(respond.activation)
    reach = stack.factors[-1] * math.sqrt(math.prod(product.variance_w for product in stack.products))
    power = (above**2 + below**2) / 2
    rise = (above - below) / math.sqrt(2 * math.pi) if stack.branch[-1] is respond else 0.0
    mean, growth = 0.0, 1.0
    for _ in range(1000):
        growth = math.sqrt(1 + 2 * mean * reach * rise + reach * reach * power)
        mean, before = (mean + reach * rise) / growth, mean
        if abs(mean - before) < 1e-15:
            break
    return growth


def _settled_factor(stack: Stack, settled_by: int) -> float:
    """The factor of the layer at which the signal has settled: of whatever part of a gradient shrinks least there."""
    deep = replace(stack, depth=settled_by, factors=stack.factors[-1:] * settled_by)
    passed = layers_of(deep, forward(deep, settled=_NEARLY_SETTLED)).passed[-1]
    return float(np.sqrt(np.abs(np.linalg.eigvals(passed)).max()))


def limit_log_q(activation: str, variance_w: float, variance_b: float, log_power: float = 0.0) -> float:
    """ln of the variance of z that a plain network ends at; -+1e300 where it runs to 0 or away.

    `log_power` is ln of the variance of its inputs. q -> sigma_w^2 E[phi(sqrt(q) z)^2] + sigma_b^2 (Poole et al. 2016,
    equation 3) rises with q, so that q moves towards the nearest fixed point without ever crossing one.
    """
    start = float(np.logaddexp(math.log(variance_w) + log_power, math.log(variance_b) if variance_b else -np.inf))
    trends = _grid_trends(activation, variance_w, variance_b)
    direction = np.sign(_trend(activation, start, variance_w, variance_b))
    rises = bool(direction > 0)
    ahead = np.flatnonzero(((start - _GRID) * direction < 0) & (np.sign(trends) == -direction))
    if direction == 0:
        return start
    if len(ahead) == 0:
        return 1e300 if rises else -1e300
    beyond = ahead[0] if rises else ahead[-1]
    near = max(start, _GRID[beyond - 1]) if rises else min(start, _GRID[beyond + 1])
    return _fixed_point(activation, variance_w, variance_b, float(near), float(_GRID[beyond]))


def _trend(activation: str, log_q: float, variance_w: float, variance_b: float) -> float:
    """ln(V(q) / q) for the q map V, and 0 where that is rounding alone."""
    trend = math.log(variance_w * averages(activation, log_q).power + variance_b * math.exp(-log_q))
    return trend if abs(trend) > _TOUCH else 0.0


def _grid_trends(activation: str, variance_w: float, variance_b: float) -> Array:
    trends = np.log(variance_w * _grid_powers(activation) + variance_b * np.exp(-_GRID))
    return np.where(np.abs(trends) > _TOUCH, trends, 0.0)


@lru_cache(maxsize=64)
def _grid_powers(activation: str) -> Array:
    """E[phi^2] / q over the grid."""
    return np.array([averages(activation, log_q).power for log_q in _GRID.tolist()])


def _fixed_point(activation: str, variance_w: float, variance_b: float, near: float, beyond: float) -> float:
    """ln q between two points of opposite trend, by regula falsi (Dowell and Jarratt 1971, the Illinois method)."""
    low, high = near, beyond
    at_low, at_high = (_trend(activation, x, variance_w, variance_b) for x in (low, high))
    for _ in range(100):
        if at_low == 0 or at_high == at_low or abs(high - low) < 1e-15 * max(1.0, abs(low)):
            break
        middle = high - at_high * (high - low) / (at_high - at_low)
        at_middle = _trend(activation, middle, variance_w, variance_b)
        if at_middle == 0:
            return middle
        if at_middle * at_high < 0:
            low, at_low = high, at_high
        else:
            at_low /= 2
        high, at_high = middle, at_middle
    return high


@lru_cache(maxsize=256)
def critical_sigma_w(activation: str, sigma_b: float, log_power: float) -> float:
    """The sigma_w at which the chi of a plain network without norms passes 1, by bisection of its logarithm.

    There, chi_1 = sigma_w^2 E[phi'(sqrt(q) z)^2] = 1 at the fixed point of q (Poole et al. 2016, equation 6;
    Schoenholz et al. 2017, equation 5; for ReLU that is He et al. 2015, equation 14).
    """
    if homogeneous_slopes(activation, 0.0):
        return 1 / math.sqrt(averages(activation, 0.0).gg)
    low, high = -20.0, 20.0
    for _ in range(52):
        middle = (low + high) / 2
        variance_w = math.exp(2 * middle)
        chi = variance_w * averages(activation, limit_log_q(activation, variance_w, sigma_b**2, log_power)).gg
        low, high = (middle, high) if chi < 1 else (low, middle)
    return math.exp((low + high) / 2)


def crossing(factor: Callable[[float], float]) -> float | None:
    """The scale at which a factor of the scale first rises through 1; None where it does not.

    By bisection of the logarithm, to five digits or six.
    """
    low = None
    for scale in (10 ** (k / 2) for k in range(-6, 7)):
        here = factor(scale)
        if here < 1 - _LEVEL:
            low = scale
        elif here > 1 + _LEVEL and low:
            return _bisected(factor, low, scale)
    return None


def _bisected(factor: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(20):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if factor(middle) < 1 else (low, middle)
    return float(f"{high:.6g}")
