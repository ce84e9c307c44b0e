"""The activations a third time, of one `decimal.Decimal` each, to the digits of the current decimal context.

For `decimal_pass`, which meets what float64 rounds away. Each function gives phi(z) and phi'(z), both to nearly all
digits of the context relative to themselves, in saturation too.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, getcontext, localcontext
from functools import lru_cache

from tui_telescope.engine.activations.definitions import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE

Response = tuple[Decimal, Decimal]
"""phi(z) and phi'(z)."""

_ZERO, _ONE, _TWO, _HALF = Decimal(0), Decimal(1), Decimal(2), Decimal("0.5")
_LN10 = 2.302585092994046


def _exp_less_one(z: Decimal, exp: Decimal) -> Decimal:
    """exp(z) - 1 for z <= 0; near 0 by its series, where the difference would cancel."""
    if z < -_HALF:
        return exp - 1
    term = total = z
    count = 1
    while abs(term) > abs(total) * _precision():
        count += 1
        term = term * z / count
        total += term
    return total


def _log_of_one_plus(x: Decimal) -> Decimal:
    """log(1 + x) = 2 artanh(x / (2 + x)) for 0 < x <= 1, by artanh's series."""
    power = x / (2 + x)
    square, total, odd = power * power, power, 1
    while power > total * _precision():
        odd += 2
        power *= square
        total += power / odd
    return 2 * total


def _precision() -> Decimal:
    """What is too little to be seen beside 1."""
    return _ONE.scaleb(-getcontext().prec - 1)


def _arctan_of_reciprocal(n: int) -> Decimal:
    power = total = _ONE / n
    odd, sign = 1, 1
    while power > _precision():
        odd, sign, power = odd + 2, -sign, power / (n * n)
        total += sign * power / odd
    return total


@lru_cache(maxsize=8)
def _root_of_two_pi(digits: int) -> Decimal:
    """sqrt(2 pi), with pi = 16 arctan(1/5) - 4 arctan(1/239) (Machin 1706)."""
    with localcontext() as context:
        context.prec = digits + 10
        return (32 * _arctan_of_reciprocal(5) - 8 * _arctan_of_reciprocal(239)).sqrt()


def _normal(z: Decimal) -> tuple[Decimal, Decimal]:
    """Phi(z) and pdf(z): Abramowitz and Stegun (1964), equations 26.2.11 and, far out, 26.2.12."""
    digits, exponent = getcontext().prec, z * z / 2
    # far out the asymptotic series comes down to exp(-z^2 / 2); nearer the tail is a difference of which that is left
    is_far = exponent > (digits + 10) * Decimal(_LN10)
    with localcontext() as context:
        context.prec = digits + 5 + (0 if is_far else int(float(exponent) / _LN10))
        density = (-z * z / 2).exp() / _root_of_two_pi(context.prec)
        if is_far:
            tail = density * _far_mills_ratio(abs(z))
            return (1 - tail if z > 0 else tail), density
        term = total = z
        odd = 1
        while abs(term) > abs(total) * _precision():
            odd += 2
            term = term * z * z / odd
            total += term
        return _HALF + density * total, density


def _far_mills_ratio(size: Decimal) -> Decimal:
    """The asymptotic series of (1 - Phi) / pdf, whose smallest term is about exp(-size^2 / 2)."""
    term = total = 1 / size
    odd = -1
    while abs(term) > total * _precision():
        odd += 2
        term = -term * odd / (size * size)
        total += term
    return total


def _sigmoid(z: Decimal) -> Response:
    decay = (-abs(z)).exp()
    whole = 1 + decay
    return (_ONE if z > 0 else decay) / whole, decay / (whole * whole)


def _tanh(z: Decimal) -> Response:
    exponent = -2 * abs(z)
    decay = exponent.exp()
    size = -_exp_less_one(exponent, decay) / (1 + decay)
    return size.copy_sign(z), 4 * decay / (1 + decay) ** 2


def _linear_on_both_sides(below: float) -> Callable[[Decimal], Response]:
    slope = Decimal(below)
    return lambda z: (z, _ONE) if z > 0 else (slope * z, slope)


def _exponential_linear(scale: float, alpha: float) -> Callable[[Decimal], Response]:
    above, below = Decimal(scale), Decimal(scale) * Decimal(alpha)

    def respond(z: Decimal) -> Response:
        if z > 0:
            return above * z, above
        decay = z.exp()
        return below * _exp_less_one(z, decay), below * decay

    return respond


def _gelu(z: Decimal) -> Response:
    probability, density = _normal(z)
    return z * probability, probability + z * density


def _silu(z: Decimal) -> Response:
    gate, (below, _) = _sigmoid(z)[0], _sigmoid(-z)
    return z * gate, gate * (1 + z * below)


def _softplus(z: Decimal) -> Response:
    return max(z, _ZERO) + _log_of_one_plus((-abs(z)).exp()), _sigmoid(z)[0]


RESPONSES: dict[str, Callable[[Decimal], Response]] = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _linear_on_both_sides(0.0),
    "leaky_relu": _linear_on_both_sides(LEAKY_SLOPE),
    "elu": _exponential_linear(1.0, 1.0),
    "selu": _exponential_linear(SELU_SCALE, SELU_ALPHA),
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
    "linear": _linear_on_both_sides(1.0),
}
"""phi and phi' by the activation's name in `Settings`."""
