"""The activations: one registry entry each, exact from the linear regime to the deepest saturation.

Both phi and phi' are given as a moderate body times the exponential of a tail that is at most zero, because in
saturation the tails leave float64: tanh'(500) is about 4 exp(-1000). Whoever only meets ordinary arguments
multiplies the two; `phi` below keeps the tails apart where it must.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine import kernels
from tui_telescope.engine.gaussian import SQRT_2PI, mills_ratio
from tui_telescope.engine.kernels import Kernel
from tui_telescope.engine.scaled import REPRESENTABLE, Scaled, exponential, normalized, per_sample, shifted

Array = NDArray[np.float64]

LEAKY_SLOPE = 0.01
"""Maas, Hannun and Ng (2013)."""
SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717
"""Klambauer et al. (2017), equation 14."""


class Response(NamedTuple):
    """phi(z) = value * exp(value_tail) and phi'(z) = slope * exp(slope_tail), elementwise."""

    value: Array
    value_tail: Array | float
    slope: Array
    slope_tail: Array | float


@dataclass(frozen=True)
class Activation:
    """One nonlinearity.

    `respond` takes pre-activations of any shape, |z| up to 2^990. Where z is smaller than that reaches, phi(z) is
    proportional to z if `vanishes_at_zero`; where it is larger, if it `grows` on that side (below zero, above zero).
    """

    name: str
    respond: Callable[[Array], Response]
    steepest: float
    """The maximum of |phi'|."""
    vanishes_at_zero: bool
    grows: tuple[bool, bool]
    kernel: Kernel
    """The same function for the plain road."""
    dies: bool = False
    """Whether phi' can be exactly zero; elsewhere only float64 makes it so."""


def phi(activation: Activation, z: Scaled) -> tuple[Scaled, Scaled]:
    """phi(z) and phi'(z) for pre-activations of any size, under the exponents' own shape."""
    bounded = np.clip(z.exponent, -REPRESENTABLE, REPRESENTABLE)
    beyond = z.exponent - bounded
    argument = shifted(z.mantissa, bounded)
    response = activation.respond(argument)
    value = _assemble(response.value, response.value_tail, z.per_unit)
    slope = _assemble(response.slope, response.slope_tail, z.per_unit)
    if beyond.any():
        value = _carry(activation, value, argument, beyond)
    return value, slope


def _assemble(body: Array, tail: Array | float, per_unit: bool) -> Scaled:
    """body * exp(tail) with an exponent a sample or a unit."""
    if isinstance(tail, float) or tail.min() > -600:
        rows = body.shape[0] if per_unit else 1
        return normalized(Scaled(body * np.exp(tail), np.zeros((rows, body.shape[1]))))
    whole = normalized(exponential(body, tail))
    return whole if per_unit else per_sample(whole)


def _carry(activation: Activation, value: Scaled, argument: Array, beyond: Array) -> Scaled:
    """Give back the powers of two that the argument could not hold, where phi is proportional to it."""
    below, above = activation.grows
    grows = np.where(argument > 0, above, below)
    carries = np.where(beyond > 0, grows, activation.vanishes_at_zero)
    exponents = value.exponent + np.where(carries, beyond, 0.0)
    whole = normalized(Scaled(value.mantissa, exponents))
    return whole if value.per_unit else per_sample(whole)


def _sigmoid(z: Array) -> Response:
    decay = np.exp(-np.abs(z))
    body = 1 / (1 + decay)
    return Response(body, np.minimum(z, 0), body * body, -np.abs(z))


def _tanh(z: Array) -> Response:
    decay = np.exp(-2 * np.abs(z))
    return Response(np.tanh(z), 0.0, 4 / (1 + decay) ** 2, -2 * np.abs(z))


def _relu(z: Array) -> Response:
    return Response(np.maximum(z, 0), 0.0, (z > 0).astype(np.float64), 0.0)


def _leaky_relu(z: Array) -> Response:
    return Response(np.maximum(z, LEAKY_SLOPE * z), 0.0, np.where(z > 0, 1.0, LEAKY_SLOPE), 0.0)


def _elu(z: Array) -> Response:
    return _exponential_linear(z, 1.0, 1.0)


def _selu(z: Array) -> Response:
    return _exponential_linear(z, SELU_SCALE, SELU_ALPHA)


def _exponential_linear(z: Array, scale: float, alpha: float) -> Response:
    below = np.minimum(z, 0)
    value = scale * (np.maximum(z, 0) + alpha * np.expm1(below))
    return Response(value, 0.0, np.where(z > 0, scale, scale * alpha), below)


def _gelu(z: Array) -> Response:
    """z Phi(z), exact: Hendrycks and Gimpel (2016), section 2."""
    size = np.minimum(np.abs(z), 1e150)
    tail = -0.5 * size * size
    ratio = mills_ratio(np.minimum(size, 1e25))
    positive = z > 0
    upper = np.exp(tail) / SQRT_2PI
    value = np.where(positive, z * (1 - upper * ratio), z * ratio / SQRT_2PI)
    slope = np.where(positive, 1 + upper * (size - ratio), (ratio - size) / SQRT_2PI)
    below = np.where(positive, 0.0, tail)
    return Response(value, below, slope, below)


def _silu(z: Array) -> Response:
    """z sigmoid(z): Elfwing, Uchibe and Doya (2018), equations 3 and 5."""
    decay = np.exp(-np.abs(z))
    body = 1 / (1 + decay)
    slope = np.where(z > 0, 1 + decay * (1 + z), 1 + decay + z) * body * body
    below = np.minimum(z, 0)
    return Response(z * body, below, slope, below)


def _softplus(z: Array) -> Response:
    """log(1 + exp(z)): Dugas et al. (2001)."""
    decay = np.exp(-np.abs(z))
    logarithm = np.log1p(decay)
    # below zero the body is log1p(decay) / decay, whose limit is 1
    body = np.divide(logarithm, decay, out=np.ones_like(z), where=decay > 1e-300)
    below = np.minimum(z, 0)
    return Response(np.where(z > 0, z + logarithm, body), below, 1 / (1 + decay), below)


def _linear(z: Array) -> Response:
    return Response(z, 0.0, np.ones_like(z), 0.0)


GELU_STEEPEST = 1.128904145
"""gelu' at sqrt(2), where gelu'' = pdf(z) (2 - z^2) is zero."""
SILU_STEEPEST = 1.099839320
"""silu' at z = 2.399357, where silu'' is zero."""

ACTIVATIONS: dict[str, Activation] = {
    entry.name: entry
    for entry in (
        Activation("sigmoid", _sigmoid, 0.25, vanishes_at_zero=False, grows=(False, False), kernel=kernels.SIGMOID),
        Activation("tanh", _tanh, 1.0, vanishes_at_zero=True, grows=(False, False), kernel=kernels.TANH),
        Activation("relu", _relu, 1.0, vanishes_at_zero=True, grows=(False, True), kernel=kernels.RELU, dies=True),
        Activation(
            "leaky_relu",
            _leaky_relu,
            1.0,
            vanishes_at_zero=True,
            grows=(True, True),
            kernel=kernels.leaky_relu(LEAKY_SLOPE),
        ),
        Activation(
            "elu", _elu, 1.0, vanishes_at_zero=True, grows=(False, True), kernel=kernels.exponential_linear(1.0, 1.0)
        ),
        Activation(
            "selu",
            _selu,
            SELU_SCALE * SELU_ALPHA,
            vanishes_at_zero=True,
            grows=(False, True),
            kernel=kernels.exponential_linear(SELU_SCALE, SELU_ALPHA),
        ),
        Activation("gelu", _gelu, GELU_STEEPEST, vanishes_at_zero=True, grows=(False, True), kernel=kernels.GELU),
        Activation("silu", _silu, SILU_STEEPEST, vanishes_at_zero=True, grows=(False, True), kernel=kernels.SILU),
        Activation("softplus", _softplus, 1.0, vanishes_at_zero=False, grows=(False, True), kernel=kernels.SOFTPLUS),
        Activation("linear", _linear, 1.0, vanishes_at_zero=True, grows=(True, True), kernel=kernels.LINEAR),
    )
}
"""Every activation by its name in `Settings`."""
