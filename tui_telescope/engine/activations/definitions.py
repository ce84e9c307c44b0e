"""The activations: one registry entry each, exact from the linear regime to the deepest saturation.

Both phi and phi' are given as a moderate body times the exponential of a tail that is at most zero, because in
saturation the tails leave float64: tanh'(500) is about 4 exp(-1000). Whoever only meets ordinary arguments
multiplies the two; `extended_range_values` keeps the tails apart where it must.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from tui_telescope.engine.activations import float64_kernels
from tui_telescope.engine.activations.float64_kernels import Kernel
from tui_telescope.engine.activations.gaussian_tail import SQRT_2PI, mills_ratio
from tui_telescope.engine.activations.tailed_values import Tailed, blockwise
from tui_telescope.engine.arithmetic.arrays import Array

_LN2 = float(np.log(2.0))

LEAKY_SLOPE = 0.01
"""Maas, Hannun and Ng (2013)."""
SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717
"""Klambauer et al. (2017), equation 14."""


@dataclass(frozen=True)
class Activation:
    """One nonlinearity.

    `value` and `slope` (phi') take pre-activations of any shape, |z| up to 2^990. Where z is smaller than that
    reaches, phi(z) is proportional to z if `vanishes_at_zero`; where it is larger, if it `grows` on that side (below
    zero, above zero).
    """

    name: str
    value: Callable[[Array], Tailed]
    slope: Callable[[Array], Tailed]
    steepest: float
    """The maximum of |phi'|."""
    vanishes_at_zero: bool
    grows: tuple[bool, bool]
    slopes: tuple[float, float] | None = None
    """phi' below and above zero where phi is linear on either side of it."""
    tuned_kernel: Kernel | None = None
    """The same function for the float64 pass, where that need not be made of `value` and `slope`."""
    levels: Mapping[int, Callable[[Array], Tailed]] = field(default_factory=dict)
    """phi(z) less its limit below zero (-1), phi(0) (0) or its limit above (1), for those of them that are not 0."""
    departure: Callable[[Array], Tailed] | None = None
    """phi(z) - z phi'(z), told without cancelling; None where it is the difference, or 0 because of `slopes`."""
    dies: bool = False
    """Whether phi' can be exactly zero; elsewhere only float64 makes it so."""

    @cached_property
    def kernel(self) -> Kernel:
        """The same function for the float64 pass."""
        return self.tuned_kernel or float64_kernels.of_functions(self.value, self.slope)

    @property
    def is_linear(self) -> bool:
        """Whether it is linear altogether, not only on each side of 0."""
        return self.slopes is not None and self.slopes[0] == self.slopes[1]

    def respond(self, z: Array) -> tuple[Tailed, Tailed]:
        """Value and slope together."""
        return self.value(z), self.slope(z)


def _sigmoid(z: Array) -> Tailed:
    return Tailed(1 / (1 + np.exp(-np.abs(z))), np.minimum(z, 0))


def _sigmoid_slope(z: Array) -> Tailed:
    tail = -np.abs(z)
    body = 1 / (1 + np.exp(tail))
    return Tailed(body * body, tail)


def _tanh(z: Array) -> Tailed:
    return Tailed(np.tanh(z), 0.0)


def _tanh_slope(z: Array) -> Tailed:
    tail = -2 * np.abs(z)
    body = 2 / (1 + np.exp(tail))
    return Tailed(body * body, tail)


def _sigmoid_from_half(z: Array) -> Tailed:
    return Tailed(np.tanh(z / 2) / 2, 0.0)


def _sigmoid_from_one(z: Array) -> Tailed:
    body, tail = _sigmoid(-z)
    return Tailed(-body, tail)


def _tanh_from(level: int) -> Callable[[Array], Tailed]:
    """tanh(z) - level = -2 level sigmoid(-2 level z) for a level of 1 or -1."""

    def difference(z: Array) -> Tailed:
        body, tail = _sigmoid(-2 * level * z)
        return Tailed(-2 * level * body, tail)

    return difference


def _exponential_linear_from_limit(scale: float, alpha: float) -> Callable[[Array], Tailed]:
    return lambda z: Tailed(np.where(z > 0, scale * (np.maximum(z, 0) + alpha), scale * alpha), np.minimum(z, 0))


def _softplus_from_zero(z: Array) -> Tailed:
    """log((1 + exp(z)) / 2)."""
    near = np.clip(z, -1, 1)
    far = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - _LN2
    return Tailed(np.where(near == z, np.log1p(np.expm1(near) / 2), far), 0.0)


def _sigmoid_departure(z: Array) -> Tailed:
    decay = np.exp(-np.abs(z))
    body = 1 / (1 + decay)
    return Tailed(body * (1 - z * np.where(z > 0, decay, 1.0) * body), np.minimum(z, 0))


def _tanh_departure(z: Array) -> Tailed:
    return Tailed(np.tanh(z) - z * _tanh_slope(z).product, 0.0)


def _exponential_linear_departure(scale: float, alpha: float) -> Callable[[Array], Tailed]:
    def departure(z: Array) -> Tailed:
        below = np.maximum(np.minimum(z, 0), -1e4)
        return Tailed(scale * alpha * (np.expm1(below) - below * np.exp(below)), 0.0)

    return departure


def _gelu_departure(z: Array) -> Tailed:
    """-z^2 pdf(z)."""
    square = np.minimum(np.abs(z), 1e150) ** 2
    return Tailed(-square / SQRT_2PI, -0.5 * square)


def _silu_departure(z: Array) -> Tailed:
    """-z^2 sigmoid(z) sigmoid(-z)."""
    tail = -np.abs(z)
    body = z / (1 + np.exp(tail))
    return Tailed(-body * body, tail)


def _softplus_departure(z: Array) -> Tailed:
    """log1p(exp(-|z|)) + |z| sigmoid(-|z|)."""
    tail = -np.abs(z)
    decay = np.exp(tail)
    logarithm = np.divide(np.log1p(decay), decay, out=np.ones_like(z), where=decay > 1e-300)
    return Tailed(logarithm - tail / (1 + decay), tail)


def _relu(z: Array) -> Tailed:
    return Tailed(np.maximum(z, 0), 0.0)


def _relu_slope(z: Array) -> Tailed:
    return Tailed((z > 0).astype(np.float64), 0.0)


def _leaky_relu(z: Array) -> Tailed:
    return Tailed(np.maximum(z, LEAKY_SLOPE * z), 0.0)


def _leaky_relu_slope(z: Array) -> Tailed:
    return Tailed(np.where(z > 0, 1.0, LEAKY_SLOPE), 0.0)


def _exponential_linear(scale: float, alpha: float) -> Callable[[Array], Tailed]:
    return lambda z: Tailed(scale * (np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0))), 0.0)


def _exponential_linear_slope(scale: float, alpha: float) -> Callable[[Array], Tailed]:
    return lambda z: Tailed(np.where(z > 0, scale, scale * alpha), np.minimum(z, 0))


def _gelu(z: Array) -> Tailed:
    """z Phi(z), exact: Hendrycks and Gimpel (2016), section 2."""
    _, tail, ratio = _normal_tail(z)
    above = z > 0
    value = np.where(above, z * (1 - np.exp(tail) / SQRT_2PI * ratio), z * ratio / SQRT_2PI)
    return Tailed(value, np.where(above, 0.0, tail))


def _gelu_slope(z: Array) -> Tailed:
    """Phi(z) + z pdf(z)."""
    size, tail, ratio = _normal_tail(z)
    above = z > 0
    slope = np.where(above, 1 + np.exp(tail) / SQRT_2PI * (size - ratio), (ratio - size) / SQRT_2PI)
    return Tailed(slope, np.where(above, 0.0, tail))


def _normal_tail(z: Array) -> tuple[Array, Array, Array]:
    """|z|, the logarithm of exp(-z^2 / 2), and (1 - Phi(|z|)) / pdf(z)."""
    size = np.minimum(np.abs(z), 1e150)
    return size, -0.5 * size * size, mills_ratio(np.minimum(size, 1e25))


def _silu(z: Array) -> Tailed:
    """z sigmoid(z): Elfwing, Uchibe and Doya (2018), equation 3."""
    body, tail = _sigmoid(z)
    return Tailed(z * body, tail)


def _silu_slope(z: Array) -> Tailed:
    """Elfwing, Uchibe and Doya (2018), equation 5."""
    decay = np.exp(-np.abs(z))
    body = 1 / (1 + decay)
    slope = np.where(z > 0, 1 + decay * (1 + z), 1 + decay + z) * body * body
    return Tailed(slope, np.minimum(z, 0))


def _softplus(z: Array) -> Tailed:
    """log(1 + exp(z)): Dugas et al. (2001)."""
    decay = np.exp(-np.abs(z))
    logarithm = np.log1p(decay)
    # below zero the body is log1p(decay) / decay, whose limit is 1
    body = np.divide(logarithm, decay, out=np.ones_like(z), where=decay > 1e-300)
    return Tailed(np.where(z > 0, z + logarithm, body), np.minimum(z, 0))


def _linear(z: Array) -> Tailed:
    return Tailed(z, 0.0)


def _linear_slope(z: Array) -> Tailed:
    return Tailed(np.ones_like(z), 0.0)


GELU_STEEPEST = 1.128904145
"""gelu' at sqrt(2), where gelu'' = pdf(z) (2 - z^2) is zero."""
SILU_STEEPEST = 1.099839320
"""silu' at z = 2.399357, where silu'' is zero."""

ACTIVATIONS: dict[str, Activation] = {
    entry.name: replace(entry, value=blockwise(entry.value), slope=blockwise(entry.slope))
    for entry in (
        Activation(
            "sigmoid",
            _sigmoid,
            _sigmoid_slope,
            0.25,
            vanishes_at_zero=False,
            grows=(False, False),
            levels={0: _sigmoid_from_half, 1: _sigmoid_from_one},
            departure=_sigmoid_departure,
            tuned_kernel=float64_kernels.SIGMOID,
        ),
        Activation(
            "tanh",
            _tanh,
            _tanh_slope,
            1.0,
            vanishes_at_zero=True,
            grows=(False, False),
            levels={-1: _tanh_from(-1), 1: _tanh_from(1)},
            departure=_tanh_departure,
            tuned_kernel=float64_kernels.TANH,
        ),
        Activation(
            "relu",
            _relu,
            _relu_slope,
            1.0,
            vanishes_at_zero=True,
            grows=(False, True),
            slopes=(0.0, 1.0),
            tuned_kernel=float64_kernels.RELU,
            dies=True,
        ),
        Activation(
            "leaky_relu",
            _leaky_relu,
            _leaky_relu_slope,
            1.0,
            vanishes_at_zero=True,
            grows=(True, True),
            slopes=(LEAKY_SLOPE, 1.0),
            tuned_kernel=float64_kernels.leaky_relu(LEAKY_SLOPE),
        ),
        Activation(
            "elu",
            _exponential_linear(1.0, 1.0),
            _exponential_linear_slope(1.0, 1.0),
            1.0,
            vanishes_at_zero=True,
            grows=(False, True),
            levels={-1: _exponential_linear_from_limit(1.0, 1.0)},
            departure=_exponential_linear_departure(1.0, 1.0),
            tuned_kernel=float64_kernels.exponential_linear(1.0, 1.0),
        ),
        Activation(
            "selu",
            _exponential_linear(SELU_SCALE, SELU_ALPHA),
            _exponential_linear_slope(SELU_SCALE, SELU_ALPHA),
            SELU_SCALE * SELU_ALPHA,
            vanishes_at_zero=True,
            grows=(False, True),
            levels={-1: _exponential_linear_from_limit(SELU_SCALE, SELU_ALPHA)},
            departure=_exponential_linear_departure(SELU_SCALE, SELU_ALPHA),
            tuned_kernel=float64_kernels.exponential_linear(SELU_SCALE, SELU_ALPHA),
        ),
        Activation(
            "gelu",
            _gelu,
            _gelu_slope,
            GELU_STEEPEST,
            vanishes_at_zero=True,
            grows=(False, True),
            departure=_gelu_departure,
            tuned_kernel=float64_kernels.GELU,
        ),
        Activation(
            "silu",
            _silu,
            _silu_slope,
            SILU_STEEPEST,
            vanishes_at_zero=True,
            grows=(False, True),
            departure=_silu_departure,
            tuned_kernel=float64_kernels.SILU,
        ),
        Activation(
            "softplus",
            _softplus,
            _sigmoid,
            1.0,
            vanishes_at_zero=False,
            grows=(False, True),
            levels={0: _softplus_from_zero},
            departure=_softplus_departure,
            tuned_kernel=float64_kernels.SOFTPLUS,
        ),
        Activation(
            "linear",
            _linear,
            _linear_slope,
            1.0,
            vanishes_at_zero=True,
            grows=(True, True),
            slopes=(1.0, 1.0),
            tuned_kernel=float64_kernels.LINEAR,
        ),
    )
}
"""Every activation by its name in `Settings`."""
