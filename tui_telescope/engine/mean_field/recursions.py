"""Signals and gradients of infinitely wide networks: a few numbers a layer in place of n units.

Forward, a layer is known by the mean and the second moment m of its a_l over units, and by the variance
q = sigma_w^2 m + sigma_b^2 of its pre-activations (Poole et al. 2016, equation 3; with a residual connection Yang and
Schoenholz 2017; the mean of a_l besides).

Backward, the gradient by a_l is written as

    delta_l = along * a_l / sqrt(m_l) + uniform + noise,      noise ~ N(0, scatter) independent of a_l,

because W^T u, for u = phi'(z) delta and h = W a, is a (h.u)/||a||^2 plus what a fresh W would give. By Stein's lemma
the first term is n-independent: sigma_w^2 E[z u] / q times a. It vanishes where delta knows nothing of a, and
leaves the textbook s' = chi_1 s with chi_1 = sigma_w^2 E[phi'^2] (Schoenholz et al. 2017, equation 5 and the
recursion of q tilde). But the squared error's gradient is a_L - t, and a residual connection takes a_L's share of it
down; where activations have a mean, it grows faster than the rest. In a homogeneous network a_l . delta_l is the
same at every layer (Euler's theorem), which this recursion obeys. That part is no paper's: it is derived here.

What is drawn once and matters for good is the random error itself: its own chance component along a, of variance 1/n,
may grow faster than the rest too. It is carried along as a covariance, and is all that depends on the width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.mean_field.quadrature import Averages, averages

_SETTLED = 4e-16
"""Layers whose numbers differ by less than so much, relatively, are one and the same."""
_QUANTILES = 64


@dataclass(frozen=True)
class Stack:
    """A feed-forward network of infinite width, inputs N(0, I): Poole et al. (2016), equation 1, with a skip."""

    activation: str
    depth: int
    variance_w: float
    """sigma_w^2 = n Var(W)."""
    variance_b: float
    """sigma_b^2."""
    branch: float
    """What phi(z) is multiplied with."""
    skip: float
    """1 with a residual connection, 0 without."""
    orthogonal: bool
    """Whether W / sigma_w preserves lengths exactly."""


class Layer(NamedTuple):
    """What one layer does to gradients on their way from a_l to a_{l-1}; coefficients of linear and squared parts.

    Derived in the module's docstring; `kept` alone is chi_1 of Schoenholz et al. (2017), equation 5, plus the skip.
    (along, uniform) goes to (aa * along + au * uniform, ua * along + uu * uniform), and scatter to
    kept * scatter + caa * along^2 + 2 * cau * along * uniform + cuu * uniform^2.
    """

    mean_below: float
    """The mean of a_{l-1} over units, over the root of its second moment."""
    aa: float
    au: float
    ua: float
    uu: float
    kept: float
    caa: float
    cau: float
    cuu: float
    injected: float
    """The variance that `along` gains, times n, from a random error of variance 1."""


class Signal(NamedTuple):
    """What travels forward: q of Poole et al. (2016), equation 3, and the mean besides."""

    layers: list[Layer]
    """Layers 1..L."""
    log_q: Array
    """Natural logarithm of the variance of z_l, l = 1..L, shape (L,)."""
    log_m: float
    """Natural logarithm of the second moment of a_L."""
    mean: float
    """The mean of a_L over the root of its second moment."""


def forward(stack: Stack) -> Signal:
    """The signal through all layers; once it repeats itself, the rest is extrapolated.

    Poole et al. (2016), equation 3; with a residual connection derived from the independence of a_{l-1} and phi(z_l).
    """
    layers: list[Layer] = []
    log_qs = np.empty(stack.depth)
    log_m, mean, before = 0.0, 0.0, None
    for index in range(stack.depth):
        log_q = log_variance(stack, log_m)
        step = averages(stack.activation, log_q)
        rho = math.exp((log_q - log_m) / 2)
        mean_above, log_growth = _signal_step(stack, step, rho, mean)
        log_qs[index] = log_q
        state = (mean, rho, log_growth, *step)
        if before is not None and _is_same(state, before):
            rest = stack.depth - index
            log_qs[index:] = log_q + log_growth * np.arange(rest)
            return Signal(layers + layers[-1:] * rest, log_qs, log_m + log_growth * rest, mean_above)
        layers.append(_layer(stack, step, rho, mean, math.exp(log_growth / 2)))
        log_m, mean, before = log_m + log_growth, mean_above, state
    return Signal(layers, log_qs, log_m, mean)


def log_variance(stack: Stack, log_m: float) -> float:
    """ln q for the second moment exp(log_m) of the layer below: q = sigma_w^2 m + sigma_b^2.

    Poole et al. (2016), equation 3, where m is the integral.
    """
    by_weights = math.log(stack.variance_w) + log_m
    if stack.variance_b == 0:
        return by_weights
    by_bias = math.log(stack.variance_b)
    larger, smaller = max(by_weights, by_bias), min(by_weights, by_bias)
    return larger + math.log1p(math.exp(smaller - larger))


def _is_same(state: tuple[float, ...], before: tuple[float, ...]) -> bool:
    return all(abs(x - y) <= _SETTLED * abs(y) for x, y in zip(state, before, strict=True))


def _signal_step(stack: Stack, step: Averages, rho: float, mean: float) -> tuple[float, float]:
    """The mean of a_l over the root of its second moment, and ln(m_l / m_{l-1}); rho = sqrt(q_l / m_{l-1}).

    a_l = skip a_{l-1} + branch phi(z_l), whose terms are independent of one another, unit by unit.
    """
    reach = stack.branch * rho
    total_mean = stack.skip * mean + reach * step.f
    spread = stack.skip * (1 - mean * mean) + reach * reach * (step.ff - step.f * step.f)
    power = total_mean * total_mean + spread
    return total_mean / math.sqrt(power), math.log(power)


def _layer(stack: Stack, step: Averages, rho: float, mean: float, growth: float) -> Layer:
    """The layer's effect on gradients; growth = sqrt(m_l / m_{l-1}).

    With a = a_{l-1} / sqrt(m_{l-1}) and delta = along (skip a + reach f) / growth + uniform + noise, the averages of
    u^2 = g^2 delta^2 and of x u follow term by term.
    """
    skip, reach = stack.skip, stack.branch * rho
    pull = stack.branch * stack.variance_w / rho  # of E[x u], on `along`
    xa, xu = (skip * mean * step.xg + reach * step.xgf) / growth, step.xg
    square = skip * step.gg + 2 * skip * mean * reach * step.ggf + reach * reach * step.ggff
    cross = skip * mean * step.gg + reach * step.ggf
    # an orthogonal W turns the part of u along h into the part along a, and no more
    share = stack.variance_w / (rho * rho)
    twice = share if stack.orthogonal else 0.0
    noise = stack.branch**2 * stack.variance_w
    leftover = skip * (reach / growth) ** 2 * max(step.ff - step.f**2, 0.0)
    passed = stack.variance_w * (share * step.xxgg + (1 - share) * step.gg)
    return Layer(
        mean_below=mean,
        aa=skip / growth + pull * xa,
        au=pull * xu,
        ua=skip * reach * step.f / growth,
        uu=skip,
        kept=skip + noise * step.gg,
        caa=noise * (square / growth**2 - twice * xa * xa) + leftover,
        cau=noise * (cross / growth - twice * xa * xu),
        cuu=noise * (step.gg - twice * xu * xu),
        injected=max(stack.branch**2 * passed - (pull * xu) ** 2, 0.0),
    )


class _Gradient(NamedTuple):
    """delta_l in units of exp(log_unit): what is certain, and (co)variances of what the one error drawn decides."""

    along: float
    uniform: float
    scatter: float
    var_along: float
    cov: float
    var_uniform: float
    var_scatter: float
    """What the variances above have brought about of scatter."""
    source: float
    """The variance of the drawn error that is still there as it was drawn."""
    log_unit: float


def log10_norms(stack: Stack, signal: Signal, width: int, *, squared_error: bool) -> Array:
    """log10 of the expected ||d loss / d a_l|| of one sample, l = 1..L, shape (L,).

    Derived in the module's docstring; with a probe and no mean it is the recursion of q tilde of Schoenholz et al.
    (2017), a factor chi_1 (their equation 5) on the square for every layer.
    """
    parts = np.empty((stack.depth, 4))
    for row, (gradient, mean) in zip(parts[::-1], _descend(stack, signal, width, squared_error), strict=True):
        row[:] = _parts(gradient, mean)
    certain, scatter, chance, log_unit = parts.T
    log_norms = _log_expected_root(certain, scatter, chance) + log_unit + 0.5 * math.log(width)
    return np.asarray(log_norms / math.log(10))


def _descend(stack: Stack, signal: Signal, width: int, squared_error: bool) -> Iterator[tuple[_Gradient, float]]:
    """The gradient and the mean of the signal at every layer, from the output down."""
    gradient, mean = _at_output(signal, width, squared_error), signal.mean
    yield gradient, mean
    for layer in reversed(signal.layers[1:]):
        gradient, mean = _below(gradient, layer, stack.skip, width), layer.mean_below
        yield gradient, mean


def _at_output(signal: Signal, width: int, squared_error: bool) -> _Gradient:
    """a_L - t for the squared error, e for the probe; t and e are N(0, I)."""
    unit = max(signal.log_m, 0.0) / 2 if squared_error else 0.0
    along = math.exp(signal.log_m / 2 - unit) if squared_error else 0.0
    source = math.exp(-2 * unit)
    return _Gradient(along, 0.0, source * (1 - 1 / width), 0.0, 0.0, source / width, 0.0, source, unit)


def _below(top: _Gradient, layer: Layer, skip: float, width: int) -> _Gradient:
    """The gradient one layer down, in units of its own size."""
    _, aa, au, ua, uu, kept, caa, cau, cuu, injected = layer
    along, uniform, scatter, var_along, cov, var_uniform, var_scatter, source, log_unit = top
    new = (
        aa * along + au * uniform,
        ua * along + uu * uniform,
        kept * scatter + caa * along * along + 2 * cau * along * uniform + cuu * uniform * uniform,
        aa * aa * var_along + 2 * aa * au * cov + au * au * var_uniform + injected * source / width,
        aa * ua * var_along + (aa * uu + au * ua) * cov + au * uu * var_uniform,
        ua * ua * var_along + 2 * ua * uu * cov + uu * uu * var_uniform,
        kept * var_scatter + caa * var_along + 2 * cau * cov + cuu * var_uniform,
    )
    size = new[0] ** 2 + new[1] ** 2 + new[2] + new[3] + new[5] + new[6]
    root = math.sqrt(size)
    return _Gradient(
        new[0] / root, new[1] / root, new[2] / size, new[3] / size, new[4] / size, new[5] / size, new[6] / size,
        skip * source / size, log_unit + math.log(root),
    )  # fmt: skip


def _parts(gradient: _Gradient, mean: float) -> tuple[float, float, float, float]:
    """The squared norm over n by origin (certain, scatter, chance), and the logarithm of its unit."""
    along, uniform, scatter, var_along, cov, var_uniform, var_scatter, _, log_unit = gradient
    certain = along**2 + 2 * along * uniform * mean + uniform**2
    chance = var_along + 2 * cov * mean + var_uniform + var_scatter
    return certain, scatter, chance, log_unit


def _log_expected_root(certain: Array, scatter: Array, chance: Array) -> Array:
    """ln E sqrt(scatter + (sqrt(certain) + sqrt(chance) x)^2) with x ~ N(0, 1): the mean norm, not its square's."""
    passed = np.sqrt(np.maximum(certain, 0))[:, None] + np.sqrt(np.maximum(chance, 0))[:, None] * _normal_quantiles()
    return np.asarray(np.log(np.sqrt(scatter[:, None] + passed * passed).mean(axis=1)))


@lru_cache(maxsize=1)
def _normal_quantiles() -> Array:
    normal = NormalDist()
    return np.array([normal.inv_cdf((index + 0.5) / _QUANTILES) for index in range(_QUANTILES)])
