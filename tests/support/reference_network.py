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


def _steepest(name: str) -> Any:
    """The maximum of |phi'|: found where phi'' is zero for GELU and SiLU, known for the rest."""
    near = {"gelu": 1.4, "silu": 2.4}
    if name in near:
        return CURVES[name].slope(mp.findroot(lambda z: mp.diff(CURVES[name].slope, z), near[name]))
    return {"sigmoid": mpf(1) / 4, "selu": SELU_SCALE * SELU_ALPHA}.get(name, mpf(1))


STEEPEST = {name: _steepest(name) for name in CURVES}

Batch = list[Vector]
"""One vector a sample: batch norm lets the samples of a network hear one another."""


def _normalised(values: Vector, centred: bool) -> Vector:
    """(x - mean) / sqrt(variance + 1e-5), population variance; without the mean for RMS norm."""
    mean = mp.fsum(values) / len(values) if centred else mpf(0)
    variance = mp.fsum((x - mean) ** 2 for x in values) / len(values)
    return [(x - mean) / mp.sqrt(variance + mpf(10) ** -5) for x in values]


def _transposed(batch: Batch) -> Batch:
    return [list(column) for column in zip(*batch, strict=True)]


NORMS: dict[str, Callable[[Batch], Batch]] = {
    "none": lambda batch: batch,
    "batch": lambda batch: _transposed([_normalised(unit, centred=True) for unit in _transposed(batch)]),
    "layer": lambda batch: [_normalised(sample, centred=True) for sample in batch],
    "rms": lambda batch: [_normalised(sample, centred=False) for sample in batch],
}


class Architecture(NamedTuple):
    """What DESIGN section 1 calls a block."""

    activation: str
    residual: bool = False
    branch_scale: Any = 1
    norm: str = "none"
    norm_place: str = "activation"

    @classmethod
    def of(cls, settings: Any) -> Architecture:
        scale = settings.branch_scale
        branch_scale = 1 / mp.sqrt(settings.depth) if scale == "1/sqrt(L)" else mpf(scale)
        return cls(settings.activation, settings.residual, branch_scale, settings.norm, settings.norm_place)


class ReferenceNetwork:
    """One network with the weights and biases of a draw, scale included."""

    def __init__(self, weights: Any, biases: Any, architecture: Architecture) -> None:
        self.weights = [[[mpf(float(w)) for w in row] for row in layer] for layer in weights]
        self.biases = [[mpf(float(b)) for b in layer] for layer in biases]
        self.architecture = architecture
        self.curve = CURVES[architecture.activation]

    @property
    def depth(self) -> int:
        return len(self.weights)

    def _normed(self, place: str, batch: Batch) -> Batch:
        return NORMS[self.architecture.norm](batch) if place == self.architecture.norm_place else batch

    def pre_activation(self, layer: int, a: Vector) -> Vector:
        """z_l = W_l a_{l-1} + b_l, layers counted from 1."""
        rows, biases = self.weights[layer - 1], self.biases[layer - 1]
        return [mp.fdot(row, a) + b for row, b in zip(rows, biases, strict=True)]

    def arguments(self, layer: int, batch: Batch) -> Batch:
        """What phi is given: z_l, or its norm."""
        return self._normed("activation", [self.pre_activation(layer, a) for a in self._normed("pre", batch)])

    def block(self, layer: int, batch: Batch) -> Batch:
        """a_l of every sample from all of a_{l-1}."""
        values = [[self.curve.value(z) for z in sample] for sample in self.arguments(layer, batch)]
        if self.architecture.residual:
            beta = self.architecture.branch_scale
            values = [
                [old + beta * new for old, new in zip(a, phi, strict=True)]
                for a, phi in zip(batch, values, strict=True)
            ]  # fmt: skip
        return self._normed("post", values)

    def signals(self, batch: Batch, after: int = 0) -> list[Batch]:
        """a_l for l = after..L, from a_after."""
        result = [batch]
        for layer in range(after + 1, self.depth + 1):
            result.append(self.block(layer, result[-1]))
        return result

    def gradients_by_differences(self, batch: Batch, loss: Callable[[Batch], Any], step: Any) -> list[Batch]:
        """d loss / d a_l for l = 1..L by central differences: the network is run again from layer l."""
        signals = self.signals(batch)

        def moved(layer: int, sample: int, unit: int, by: Any) -> Any:
            shifted = [list(a) for a in signals[layer]]
            shifted[sample][unit] += by
            return loss(self.signals(shifted, after=layer)[-1])

        def slope(*where: int) -> Any:
            return (moved(*where, step) - moved(*where, -step)) / (2 * step)

        units = range(len(batch[0]))
        return [
            [[slope(layer, sample, unit) for unit in units] for sample in range(len(batch))]
            for layer in range(1, self.depth + 1)
        ]

    def weight_gradients_by_differences(self, batch: Batch, loss: Callable[[Batch], Any], step: Any) -> list[Batch]:
        """d loss / d W_l for l = 1..L, each weight moved by itself."""
        signals = self.signals(batch)

        def moved(layer: int, row: int, column: int, by: Any) -> Any:
            kept = self.weights[layer - 1][row][column]
            self.weights[layer - 1][row][column] = kept + by
            result = loss(self.signals(signals[layer - 1], after=layer - 1)[-1])
            self.weights[layer - 1][row][column] = kept
            return result

        units = range(len(batch[0]))
        return [
            [
                [(moved(layer, row, column, step) - moved(layer, row, column, -step)) / (2 * step) for column in units]
                for row in units
            ]
            for layer in range(1, self.depth + 1)
        ]  # fmt: skip

    def bias_gradients_by_differences(self, batch: Batch, loss: Callable[[Batch], Any], step: Any) -> list[Vector]:
        """d loss / d b_l for l = 1..L, each bias moved by itself."""
        signals = self.signals(batch)

        def moved(layer: int, unit: int, by: Any) -> Any:
            kept = self.biases[layer - 1][unit]
            self.biases[layer - 1][unit] = kept + by
            result = loss(self.signals(signals[layer - 1], after=layer - 1)[-1])
            self.biases[layer - 1][unit] = kept
            return result

        return [
            [(moved(layer, unit, step) - moved(layer, unit, -step)) / (2 * step) for unit in range(len(batch[0]))]
            for layer in range(1, self.depth + 1)
        ]

    def gradients_by_reverse(self, batch: Batch, error: Callable[[Batch], Batch]) -> list[Batch]:
        """d loss / d a_l for l = 1..L by the chain rule, from the loss's gradient at the output; without a norm."""
        assert self.architecture.norm == "none"
        signals = self.signals(batch)
        result = [error(signals[-1])]
        for layer in range(self.depth, 1, -1):
            pairs = zip(self.arguments(layer, signals[layer - 1]), result[0], strict=True)
            result.insert(0, [self._through(layer, z, delta) for z, delta in pairs])
        return result

    def _through(self, layer: int, z: Vector, delta: Vector) -> Vector:
        """One sample's gradient by a_{l-1} from its gradient by a_l."""
        beta = self.architecture.branch_scale if self.architecture.residual else 1
        through = [beta * self.curve.slope(each) * d for each, d in zip(z, delta, strict=True)]
        branch = [mp.fdot(column, through) for column in zip(*self.weights[layer - 1], strict=True)]
        skip = delta if self.architecture.residual else [mpf(0)] * len(branch)
        return [old + new for old, new in zip(skip, branch, strict=True)]


def squared_error(targets: Batch) -> tuple[Callable[[Batch], Any], Callable[[Batch], Batch]]:
    """1/2 ||a - t||^2, summed over the samples, and its gradient."""

    def error(batch: Batch) -> Batch:
        return [[x - t for x, t in zip(a, target, strict=True)] for a, target in zip(batch, targets, strict=True)]

    return lambda batch: mp.fsum(x**2 for sample in error(batch) for x in sample) / 2, error


def probe(errors: Batch) -> tuple[Callable[[Batch], Any], Callable[[Batch], Batch]]:
    """e . a, summed over the samples, and its gradient; the draw holds e, which is of norm 1 for the loss `unit`."""
    return lambda batch: mp.fsum(mp.fdot(e, a) for e, a in zip(errors, batch, strict=True)), lambda batch: errors


LOSSES = {"mse": squared_error, "probe": probe, "unit": probe}


class Expected(NamedTuple):
    """What the engine should read, log10 per layer."""

    mean: list[float]
    low: list[float]
    high: list[float]


class WeightGradient(NamedTuple):
    """What the engine should read by the weights."""

    log10: list[float]
    log10_clipped_from: float | None
    """The median network's global norm; None where clip is off."""


class Signals(NamedTuple):
    """What the engine should read of the signal, per layer."""

    log10_rms: list[float]
    saturated: list[float]
    dead: list[float]


def networks(draw: Any, settings: Any) -> list[ReferenceNetwork]:
    """The networks of a draw of the engine's."""
    architecture = Architecture.of(settings)
    return [
        ReferenceNetwork(weights, biases, architecture)
        for weights, biases in zip(draw.weights, draw.biases, strict=True)
    ]


def exact(array: Any) -> Batch:
    """A matrix of floats as mpmath's numbers."""
    return [[mpf(float(x)) for x in row] for row in array]


def gradient_norms(settings: Any, draw: Any, *, digits: int = 50, differences: bool = False) -> list[list[Any]]:
    """||d loss / d a_l|| for l = 1..L, each a list over networks and samples, from a draw of the engine's."""
    with mp.workdps(digits):
        inputs, (loss, error) = exact(draw.inputs), LOSSES[settings.loss](exact(draw.targets))
        per_network = [
            network.gradients_by_differences(inputs, loss, mpf(10) ** (-digits // 3))
            if differences
            else network.gradients_by_reverse(inputs, error)
            for network in networks(draw, settings)
        ]
        return [
            [mp.norm(sample) for batch in layer for sample in batch]
            for layer in zip(*per_network, strict=True)
        ]  # fmt: skip


def single_unit_gradients(settings: Any, draw: Any, *, digits: int = 25) -> list[Any]:
    """|d loss / d a_l| for l = 1..L of a single unit that hears a single sample: what is quick at 10,000 layers."""
    with mp.workdps(digits):
        curve, beta = CURVES[settings.activation], Architecture.of(settings).branch_scale
        skip, share = (1, beta) if settings.residual else (0, 1)
        a, target = mpf(float(draw.inputs[0, 0])), mpf(float(draw.targets[0, 0]))
        factors = []
        for weight, bias in zip(draw.weights[0, :, 0, 0].tolist(), draw.biases[0, :, 0].tolist(), strict=True):
            z = weight * a + bias
            factors.append(skip + share * weight * curve.slope(z))
            a = skip * a + share * curve.value(z)
        gradients = LOSSES[settings.loss]([[target]])[1]([[a]])[0]
        for factor in factors[:0:-1]:
            gradients.append(gradients[-1] * factor)
        return [abs(gradient) for gradient in reversed(gradients)]


def expected_reading(settings: Any, draw: Any, *, digits: int = 50, differences: bool = False) -> Expected:
    """Mean of the norms, and their 10% and 90% quantiles, over networks and samples."""
    norms = gradient_norms(settings, draw, digits=digits, differences=differences)
    with mp.workdps(digits):
        return Expected(
            [log10(mp.fsum(layer) / len(layer)) for layer in norms],
            [log10(quantile(layer, mpf(1) / 10)) for layer in norms],
            [log10(quantile(layer, mpf(9) / 10)) for layer in norms],
        )


def expected_weight_gradient(settings: Any, draw: Any, *, digits: int = 50) -> WeightGradient:
    """log10 of ||d mean loss / d W_l||_F by finite differences, each network's clipped, then the mean over networks."""
    with mp.workdps(digits):
        loss, _ = LOSSES[settings.loss](exact(draw.targets))
        inputs, step = exact(draw.inputs), mpf(10) ** (-digits // 3)
        clipped, wholes = [], []
        for network in networks(draw, settings):
            matrices = network.weight_gradients_by_differences(inputs, loss, step)
            norms = [mp.norm([x for row in matrix for x in row]) / settings.samples for matrix in matrices]
            if settings.clip != "off":
                biases = network.bias_gradients_by_differences(inputs, loss, step) if settings.bias > 0 else []
                wholes.append(mp.norm([*norms, *(mp.norm(vector) / settings.samples for vector in biases)]))
                norms = [norm * min(1, settings.clip / wholes[-1]) if norm else norm for norm in norms]
            clipped.append(norms)
        means = [mp.fsum(layer) / len(layer) for layer in zip(*clipped, strict=True)]
        return WeightGradient([log10(mean) for mean in means], log10(quantile(wholes, mpf(1) / 2)) if wholes else None)


def expected_signal(settings: Any, draw: Any, *, digits: int = 50) -> Signals:
    """Root mean square, share of |phi'| below 1% of its maximum, share of units with phi' = 0 on every sample."""
    with mp.workdps(digits):
        runs = [(network, network.signals(exact(draw.inputs))) for network in networks(draw, settings)]
        steepest = STEEPEST[settings.activation]
        result = Signals([], [], [])
        for layer in range(1, settings.depth + 1):
            squares = [x**2 for _, signals in runs for sample in signals[layer] for x in sample]
            slopes = [
                [network.curve.slope(z) for z in unit]
                for network, signals in runs
                for unit in _transposed(network.arguments(layer, signals[layer - 1]))
            ]
            flat = [abs(slope) < steepest / 100 for unit in slopes for slope in unit]
            result.log10_rms.append(log10(mp.sqrt(mp.fsum(squares) / len(squares))))
            result.saturated.append(sum(flat) / len(flat))
            result.dead.append(sum(not any(unit) for unit in slopes) / len(slopes))
        return result


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


def log10_agree(seen: Sequence[float], expected: Sequence[float], tolerance: float, name: str) -> None:
    """|error of log10| <= tolerance * max(1, |log10|) at every layer; a zero must be an exact one."""
    assert len(seen) == len(expected)
    for layer, (log10_seen, true) in enumerate(zip(seen, expected, strict=True), start=1):
        close = log10_seen == true or abs(log10_seen - true) <= tolerance * max(1.0, abs(true))
        assert close, f"{name} at layer {layer}: log10 is {log10_seen}, the reference says {true}"


def assert_agrees(reading: Any, expected: Expected, tolerance: float) -> None:
    """Mean and quantiles within `log10_agree`'s tolerance."""
    readings = (reading.log10_mean, reading.log10_low, reading.log10_high)
    for name, observed, wanted in zip(Expected._fields, readings, expected, strict=True):
        log10_agree(observed, wanted, tolerance, name)
