"""What mean-field theory predicts of a network before it is run: gradients, their pace, and the critical scale.

The theory is of infinitely wide networks: Poole et al. (2016) and Schoenholz et al. (2017), with a residual connection
after Yang and Schoenholz (2017); what is derived here rather than quoted says so. At small widths measurements
scatter around it, by decades at width 4, and at any width most near an edge of chaos, where q has not settled.
Gaussian weights (gaussian, xavier, he) and orthogonal ones have the same theory of a single input, but for the part
of the gradient along the signal, which orthogonal weights leave out of the noise (see `mean_field`). Weights that are
multiples of the identity let no unit hear another: no theory, nor for norms and recurrent cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.float_errors import as_numpy_begins
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.mean_field.quadrature import (
    LARGEST_LOG_Q,
    SMALLEST_LOG_Q,
    averages,
    homogeneous_slopes,
    slopes_at_infinity,
)
from tui_telescope.engine.mean_field.recursions import Stack, forward, log10_norms
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.networks import FORMS, ORTHOGONAL
from tui_telescope.observations.from_norms import from_log10_norms
from tui_telescope.observations.observation import Observation
from tui_telescope.settings import Settings

COVERAGE = (
    "No theory here: it covers neither norms, nor identity weights or weights or inputs of zero, "
    "nor biases with a mean, nor forms beside post-activation, nor recurrent cells."
)
"""What to say where `predict` gives None."""

_GRID = np.linspace(SMALLEST_LOG_Q, LARGEST_LOG_Q, 320)
"""Values of ln q between which a fixed point is looked for."""
SETTLED_BY = 2000
"""Layers after which a signal that settles at all is taken to have settled."""
_TOUCH = 1e-13
"""A q map this close to the identity, relatively, is taken to touch it rather than to cross it."""


@dataclass(frozen=True, eq=False)
class Theory:
    """The infinite-width prediction for one network description, by the recursions derived in `mean_field`."""

    settings: Settings
    log10_gradient: Array
    """log10 of the mean ||d loss / d a_l||_2 per sample, l = 1..L, shape (L,): `Observation.gradient.log10_mean`."""
    factor: float
    """What one layer does to the gradient once the network is deep enough: sqrt(chi_1) at the fixed point of q.

    chi_1 is equation 6 of Poole et al. (2016) and equation 5 of Schoenholz et al. (2017). See `asymptotic_factor`.
    """

    @property
    def critical_scale(self) -> float | None:
        """The scale at which `factor` passes 1, see `critical_scale`."""
        return critical_scale(self.settings)

    @property
    def log10_factor(self) -> Array:
        """log10(gradient_{l-1} / gradient_l) for l = 2..L, shape (L-1,): by definition, with no theory in it."""
        return np.asarray(self.log10_gradient[:-1] - self.log10_gradient[1:])

    def as_observation(self) -> Observation:
        """The prediction as a reading without scatter, so that it can be drawn over a measurement; no theory in it."""
        return from_log10_norms(self.log10_gradient)

    @property
    def depth_scale(self) -> float:
        """Layers over which the squared gradient changes by a factor e, see `depth_scale`."""
        return depth_scale(self.factor)


def covers(settings: Settings) -> bool:
    """Whether there is a prediction for these settings (with no theory in it: it takes no time)."""
    return stack_of(settings) is not None and LOSSES[settings.loss].slope is None


@as_numpy_begins
def predict(settings: Settings) -> Theory | None:
    """The prediction for these settings, or None where there is no theory: see `COVERAGE`.

    Derived in `mean_field` from Poole et al. (2016), equation 3, and Schoenholz et al. (2017), equation 5. An error of
    norm 1 starts every gradient at 1: the norm of a Gaussian one is a factor independent of its direction.
    """
    stack, loss = stack_of(settings), LOSSES[settings.loss]
    if stack is None or loss.slope is not None:
        return None
    gradient = log10_norms(stack, forward(stack), settings.width, squared_error=loss.hears_output)
    if loss.has_unit_norm:
        gradient = gradient - gradient[-1]
    return Theory(settings, gradient, asymptotic_factor(stack))


def depth_scale(factor: float) -> float:
    """1 / |ln chi| for a factor of sqrt(chi) a layer: over so many layers the squared gradient changes by a factor e.

    xi_nabla of Schoenholz et al. (2017), derived from their equation 5: |delta|^2 changes by chi_1 a layer. Infinite
    for a factor of 1.
    """
    return math.inf if factor == 1 else 1 / abs(2 * math.log(factor))


@as_numpy_begins
def critical_scale(settings: Settings) -> float | None:
    """The scale below which gradients vanish with depth and above which they explode: the edge of chaos.

    There, chi_1 = sigma_w^2 E[phi'(sqrt(q) z)^2] = 1 at the fixed point of q (Poole et al. 2016, equation 6;
    Schoenholz et al. 2017, equation 5; for ReLU that is He et al. 2015, equation 14). Derived here: GELU and SiLU
    without bias have no fixed point with chi_1 = 1, but q runs to zero below the scale and to infinity above it.
    (Hayou, Doucet and Rousseau 2019 study the edges of such activations.) None where there is no theory, and beside a
    residual connection, which makes every factor at least 1 (Yang and Schoenholz 2017). Never out of the scale's
    range: sigma_w is between 0.69 (SELU without bias) and 15 (sigmoid with the largest) for every activation.
    """
    stack = stack_of(settings)
    if stack is None or settings.residual:
        return None
    return scale_of_sigma_w(settings, _critical_sigma_w(stack.activation, settings.bias, stack.log_power))


def scale_of_sigma_w(settings: Settings, sigma_w: float) -> float:
    """The scale, to twelve digits, that gives this sigma_w with these settings; no theory in it."""
    return float(f"{sigma_w / INITIALIZERS[settings.initializer].sigma_w(1.0, settings.width):.12g}")


def stack_of(settings: Settings) -> Stack | None:
    """The infinitely wide network that these settings are a finite one of; None where no theory covers them.

    sigma_w^2 = n Var(W) and sigma_b^2 = Var(b), as in Poole et al. (2016), section 2.
    """
    initializer = INITIALIZERS[settings.initializer]
    if settings.is_recurrent or settings.has_tokens or settings.norm_kind is not None or initializer.diagonal:
        return None
    if not FORMS[settings.form].is_dense_layer:
        return None
    if settings.bias_mean != 0 or settings.scale == 0 or settings.input_scale == 0 or _carries_nothing(settings):
        return None
    return Stack(
        activation=settings.activation,
        depth=settings.depth,
        log_power=2 * math.log(settings.input_scale),
        variance_w=initializer.sigma_w(settings.scale, settings.width) ** 2,
        variance_b=settings.bias**2,
        branches=settings.branch_factors,
        skip=settings.skip_scale if settings.residual else 0.0,
        orthogonal=initializer.family == ORTHOGONAL,
    )


def _carries_nothing(settings: Settings) -> bool:
    """Whether some layer's residual connection and branch are both multiplied with 0."""
    return settings.residual and settings.skip_scale == 0 and 0 in settings.branch_factors


def asymptotic_factor(stack: Stack) -> float:
    """The factor that layers settle at as the depth grows without bound, their branches like the last one's.

    Plain: sqrt(chi_1) at the fixed point of q (Schoenholz et al. 2017, equation 5). With a residual connection of
    skip scale 1 q has no fixed point. Where phi is bounded, chi_1 fades and the factor goes to 1: gradients grow more
    slowly than exponentially (Yang and Schoenholz 2017). Else, derived here, phi becomes two straight lines, a_l .
    delta_l is the same for all l by Euler's theorem, and the gradient grows downwards as fast as the signal grows
    upwards. Another skip scale may let q settle, and the factor is that of the layer where it has.
    """
    if not stack.skip and stack.branches[-1] == 1:
        log_q = limit_log_q(stack.activation, stack.variance_w, stack.variance_b, stack.log_power)
        return math.sqrt(stack.variance_w * averages(stack.activation, log_q).gg)
    return _growth_at_infinity(stack) if stack.skip == 1 else _settled_factor(stack)


def _growth_at_infinity(stack: Stack) -> float:
    """What each layer multiplies a signal with that is so large that phi is two straight lines, beside a skip of 1."""
    below, above = slopes_at_infinity(stack.activation)
    reach = stack.branches[-1] * math.sqrt(stack.variance_w)
    rise, power = (above - below) / math.sqrt(2 * math.pi), (above**2 + below**2) / 2
    mean, growth = 0.0, 1.0
    for _ in range(1000):
        growth = math.sqrt(1 + 2 * mean * reach * rise + reach * reach * power)
        mean, before = (mean + reach * rise) / growth, mean
        if abs(mean - before) < 1e-15:
            break
    return growth


def _settled_factor(stack: Stack) -> float:
    """The factor of the layer at which the signal has settled: of whatever part of a gradient shrinks least there."""
    deep = replace(stack, depth=SETTLED_BY, branches=stack.branches[-1:] * SETTLED_BY)
    last = forward(deep).layers[-1]
    parts = np.linalg.eigvals([[last.aa, last.au], [last.ua, last.uu]])
    return max(float(np.abs(parts).max()), math.sqrt(last.kept))


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
    trend = math.log(variance_w * averages(activation, log_q).ff + variance_b * math.exp(-log_q))
    return trend if abs(trend) > _TOUCH else 0.0


def _grid_trends(activation: str, variance_w: float, variance_b: float) -> Array:
    trends = np.log(variance_w * _grid_powers(activation) + variance_b * np.exp(-_GRID))
    return np.where(np.abs(trends) > _TOUCH, trends, 0.0)


@lru_cache(maxsize=64)
def _grid_powers(activation: str) -> Array:
    """E[phi^2] / q over the grid."""
    return np.array([averages(activation, log_q).ff for log_q in _GRID.tolist()])


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
def _critical_sigma_w(activation: str, sigma_b: float, log_power: float) -> float:
    """The sigma_w at which a plain network's chi passes 1, by bisection of its logarithm."""
    if homogeneous_slopes(activation, 0.0):
        return 1 / math.sqrt(averages(activation, 0.0).gg)
    low, high = -20.0, 20.0
    for _ in range(52):
        middle = (low + high) / 2
        variance_w = math.exp(2 * middle)
        chi = variance_w * averages(activation, limit_log_q(activation, variance_w, sigma_b**2, log_power)).gg
        low, high = (middle, high) if chi < 1 else (low, middle)
    return math.exp((low + high) / 2)
