"""DESIGN section 1 a second time, in mpmath: what the engine's readings are judged against.

Nothing here is shared with the engine. Numbers are mpmath's, which neither overflow nor underflow, so the formulas
stand as they are in the papers. Gradients come in two ways: by finite differences of the loss (no derivative is
written down), and by a reverse pass (for depth), which the tests check against the differences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mpmath import mp, mpf

Vector = list[Any]


class Curve(NamedTuple):
    """phi and phi', of one mpf each."""

    value: Callable[[Any], Any]
    slope: Callable[[Any], Any]


def _logistic(z):
    return 1 / (1 + mp.exp(-z))


def _logistic_slope(z):
    return _logistic(z) * _logistic(-z)


def _tanh_slope(z):
    return 1 / mp.cosh(z) ** 2


def _normal_cdf(z):
    if z < -1e5:  # mpmath's erfc gives up where its result has a billion digits of exponent: Mills' series
        return _normal_pdf(z) / -z * (1 - 1 / z**2 + 3 / z**4 - 15 / z**6 + 105 / z**8)
    return mp.erfc(-z / mp.sqrt(2)) / 2 if z < 1e5 else mpf(1)


def _normal_pdf(z):
    return mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)


def _softplus(z):
    return max(z, mpf(0)) + mp.log1p(mp.exp(-abs(z)))


SELU_SCALE, SELU_ALPHA = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")

CURVES: dict[str, Curve] = {
    "sigmoid": Curve(_logistic, _logistic_slope),
    "tanh": Curve(mp.tanh, _tanh_slope),
    "relu": Curve(lambda z: z if z > 0 else mpf(0), lambda z: mpf(z > 0)),
    "leaky_relu": Curve(lambda z: z if z > 0 else z / 100, lambda z: mpf(1) if z > 0 else mpf(1) / 100),
    "elu": Curve(lambda z: z if z > 0 else mp.expm1(z), lambda z: mpf(1) if z > 0 else mp.exp(z)),
    "selu": Curve(
        lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * mp.expm1(z)),
        lambda z: SELU_SCALE * (1 if z > 0 else SELU_ALPHA * mp.exp(z)),
    ),
    "gelu": Curve(lambda z: z * _normal_cdf(z), lambda z: _normal_cdf(z) + z * _normal_pdf(z)),
    "silu": Curve(lambda z: z * _logistic(z), lambda z: _logistic(z) * (1 + z * _logistic(-z))),
    "softplus": Curve(_softplus, _logistic),
    "linear": Curve(lambda z: z, lambda z: mpf(1)),
}


class ReferenceNetwork:
    """One network with the weights and biases of a draw, scale included."""

    def __init__(self, weights: Any, biases: Any, activation: str, residual: bool) -> None:
        self.weights = [[[mpf(float(w)) for w in row] for row in layer] for layer in weights]
        self.biases = [[mpf(float(b)) for b in layer] for layer in biases]
        self.curve = CURVES[activation]
        self.residual = residual

    @property
    def depth(self) -> int:
        return len(self.weights)

    def pre_activation(self, layer: int, a: Vector) -> Vector:
        """z_l = W_l a_{l-1} + b_l, layers counted from 1."""
        rows, biases = self.weights[layer - 1], self.biases[layer - 1]
        return [mp.fdot(row, a) + b for row, b in zip(rows, biases, strict=True)]

    def block(self, layer: int, a: Vector) -> Vector:
        """a_l from a_{l-1}."""
        values = [self.curve.value(z) for z in self.pre_activation(layer, a)]
        return [old + new for old, new in zip(a, values, strict=True)] if self.residual else values

    def signals(self, a: Vector, after: int = 0) -> list[Vector]:
        """a_l for l = after..L, from a_after."""
        result = [a]
        for layer in range(after + 1, self.depth + 1):
            result.append(self.block(layer, result[-1]))
        return result

    def gradients_by_differences(self, a: Vector, loss: Callable[[Vector], Any], step: Any) -> list[Vector]:
        """d loss / d a_l for l = 1..L by central differences: the network is run again from layer l."""
        signals = self.signals(a)

        def moved(layer: int, unit: int, by: Any) -> Any:
            shifted = list(signals[layer])
            shifted[unit] += by
            return loss(self.signals(shifted, after=layer)[-1])

        return [
            [(moved(layer, unit, step) - moved(layer, unit, -step)) / (2 * step) for unit in range(len(a))]
            for layer in range(1, self.depth + 1)
        ]

    def gradients_by_reverse(self, a: Vector, error: Callable[[Vector], Vector]) -> list[Vector]:
        """d loss / d a_l for l = 1..L by the chain rule, from the loss's gradient at the output."""
        signals = self.signals(a)
        result = [error(signals[-1])]
        for layer in range(self.depth, 1, -1):
            slopes = [self.curve.slope(z) for z in self.pre_activation(layer, signals[layer - 1])]
            through = [slope * d for slope, d in zip(slopes, result[0], strict=True)]
            columns = zip(*self.weights[layer - 1], strict=True)
            branch = [mp.fdot(column, through) for column in columns]
            road = result[0] if self.residual else [mpf(0)] * len(branch)
            result.insert(0, [old + new for old, new in zip(road, branch, strict=True)])
        return result


def squared_error(target: Vector) -> tuple[Callable[[Vector], Any], Callable[[Vector], Vector]]:
    """1/2 ||a - t||^2 and its gradient."""
    return (
        lambda a: sum((x - t) ** 2 for x, t in zip(a, target, strict=True)) / 2,
        lambda a: [x - t for x, t in zip(a, target, strict=True)],
    )


def probe(error: Vector) -> tuple[Callable[[Vector], Any], Callable[[Vector], Vector]]:
    """e . a and its gradient."""
    return lambda a: mp.fdot(error, a), lambda a: error


LOSSES = {"mse": squared_error, "probe": probe}


class Expected(NamedTuple):
    """What the engine should read, log10 per layer."""

    mean: list[float]
    low: list[float]
    high: list[float]


def gradient_norms(settings: Any, draw: Any, *, digits: int = 50, differences: bool = False) -> list[list[Any]]:
    """||d loss / d a_l|| for l = 1..L, each a list over networks and samples, from a draw of the engine's."""
    with mp.workdps(digits):
        per_sample = []
        for weights, biases in zip(draw.weights, draw.biases, strict=True):
            network = ReferenceNetwork(weights, biases, settings.activation, settings.residual)
            for a, t in zip(draw.inputs, draw.targets, strict=True):
                start, end = ([mpf(float(x)) for x in vector] for vector in (a, t))
                loss, error = LOSSES[settings.loss](end)
                gradients = (
                    network.gradients_by_differences(start, loss, mpf(10) ** (-digits // 3))
                    if differences
                    else network.gradients_by_reverse(start, error)
                )
                per_sample.append([mp.norm(gradient) for gradient in gradients])
        return [list(layer) for layer in zip(*per_sample, strict=True)]


def expected_reading(settings: Any, draw: Any, *, digits: int = 50, differences: bool = False) -> Expected:
    """Mean of the norms, and their 10% and 90% quantiles, over networks and samples."""
    norms = gradient_norms(settings, draw, digits=digits, differences=differences)
    with mp.workdps(digits):
        return Expected(
            [log10(mp.fsum(layer) / len(layer)) for layer in norms],
            [log10(quantile(layer, mpf(1) / 10)) for layer in norms],
            [log10(quantile(layer, mpf(9) / 10)) for layer in norms],
        )


def quantile(values: Sequence[Any], fraction: Any) -> Any:
    """Linear between the order statistics: Hyndman and Fan (1996), type 7."""
    ordered = sorted(values)
    position = fraction * (len(ordered) - 1)
    below = int(mp.floor(position))
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def log10(value: Any) -> float:
    """log10 as a float; -inf for an exact zero."""
    return float(mp.log10(value)) if value else float("-inf")


def assert_agrees(reading: Any, expected: Expected, tolerance: float) -> None:
    """Mean and quantiles within |error of log10| <= tolerance * max(1, |log10|); a zero must be an exact one."""
    readings = (reading.log10_mean, reading.log10_low, reading.log10_high)
    for name, observed, wanted in zip(Expected._fields, readings, expected, strict=True):
        assert len(observed) == len(wanted)
        for layer, (seen, true) in enumerate(zip(observed, wanted, strict=True), start=1):
            close = seen == true or abs(seen - true) <= tolerance * max(1.0, abs(true))
            assert close, f"{name} at layer {layer}: log10 is {seen}, the reference says {true}"
