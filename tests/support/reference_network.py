"""The networks a second time, in mpmath: what the engine's readings are judged against.

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


def _normalised(values: Vector, eps: Any, centred: bool) -> Vector:
    """(x - mean) / sqrt(variance + eps), population variance; without the mean for RMS norm."""
    mean = mp.fsum(values) / len(values) if centred else mpf(0)
    varying = [x - mean for x in values]
    deviation = mp.sqrt(mp.fdot(varying, varying) / len(values) + eps)
    return [x / deviation for x in varying]


def transposed(batch: Batch) -> Batch:
    return [list(column) for column in zip(*batch, strict=True)]


NORMS: dict[str, Callable[[Batch, Any], Batch]] = {
    "none": lambda batch, eps: batch,
    "batch": lambda batch, eps: transposed([_normalised(unit, eps, centred=True) for unit in transposed(batch)]),
    "layer": lambda batch, eps: [_normalised(sample, eps, centred=True) for sample in batch],
    "rms": lambda batch, eps: [_normalised(sample, eps, centred=False) for sample in batch],
}


class Architecture(NamedTuple):
    """What a network's blocks are made of."""

    activation: str
    form: str = "post-activation"
    residual: bool = False
    skip_scale: Any = 1
    branch_scales: Sequence[Any] = ()
    """Of layer 1, 2, ..."""
    norm: str = "none"
    norm_place: str = "activation"
    norm_eps: Any = mpf(10) ** -5
    final_norm: bool = False

    @classmethod
    def of(cls, settings: Any) -> Architecture:
        skip_scale, eps = mpf(settings.skip_scale), mpf(str(settings.norm_eps))
        branch_scales = [_branch_scale(settings, layer) for layer in range(1, settings.depth + 1)]
        norm = settings.norm, settings.norm_place, eps, settings.final_norm
        return cls(settings.activation, settings.form, settings.residual, skip_scale, branch_scales, *norm)


def _branch_scale(settings: Any, layer: int) -> Any:
    words = {"1/sqrt(L)": 1 / mp.sqrt(settings.depth), "1/L": 1 / mpf(settings.depth), "1/sqrt(l)": 1 / mp.sqrt(layer)}
    scale = settings.branch_scale
    return words[scale] if scale in words else mpf(scale)


MATRICES = {"post-activation": ("weights",), "pre-activation": ("weights",), "mlp": ("up", "down")}
"""Of each form of the block."""


class ReferenceNetwork:
    """One network with the weights and biases of a draw, scale included."""

    def __init__(self, weights: Any, biases: Any, architecture: Architecture) -> None:
        """Arrays (depth, rows, columns) and (depth, rows); of a block with several matrices, by their names."""
        names = MATRICES[architecture.form]
        weights, biases = (each if isinstance(each, dict) else {names[0]: each} for each in (weights, biases))
        self.weights = {
            name: [[[mpf(float(w)) for w in row] for row in layer] for layer in weights[name]] for name in names
        }
        self.biases = {name: [[mpf(float(b)) for b in layer] for layer in biases[name]] for name in names}
        self.depth = len(self.weights[names[0]])
        self.architecture = architecture
        self.curve = CURVES[architecture.activation]

    def _normed(self, place: str, batch: Batch) -> Batch:
        return (
            NORMS[self.architecture.norm](batch, self.architecture.norm_eps)
            if place == self.architecture.norm_place
            else batch
        )

    def _linear(self, name: str, layer: int, batch: Batch) -> Batch:
        """W x + b of every sample, layers counted from 1."""
        rows, biases = self.weights[name][layer - 1], self.biases[name][layer - 1]
        return [[mp.fdot(row, a) + b for row, b in zip(rows, biases, strict=True)] for a in batch]

    def _phi(self, batch: Batch) -> Batch:
        return [[self.curve.value(z) for z in sample] for sample in batch]

    def arguments(self, layer: int, batch: Batch) -> Batch:
        """What phi is given."""
        given = self._normed("pre", batch)
        if self.architecture.form != "pre-activation":
            given = self._linear("up" if self.architecture.form == "mlp" else "weights", layer, given)
        return self._normed("activation", given)

    def branch(self, layer: int, batch: Batch) -> Batch:
        """F(a), normed where the norm stands there."""
        value = self._phi(self.arguments(layer, batch))
        if self.architecture.form == "pre-activation":
            value = self._linear("weights", layer, value)
        if self.architecture.form == "mlp":
            value = self._linear("down", layer, value)
        return self._normed("branch", value)

    def block(self, layer: int, batch: Batch) -> Batch:
        """a_l of every sample from all of a_{l-1}."""
        values = self.branch(layer, batch)
        if self.architecture.residual:
            skip, beta = self.architecture.skip_scale, self.architecture.branch_scales[layer - 1]
            values = [
                [skip * old + beta * new for old, new in zip(a, phi, strict=True)]
                for a, phi in zip(batch, values, strict=True)
            ]  # fmt: skip
        return self._normed("post", values)

    def signals(self, batch: Batch, after: int = 0) -> list[Batch]:
        """a_l for l = after..L, from a_after."""
        result = [batch]
        for layer in range(after + 1, self.depth + 1):
            result.append(self.block(layer, result[-1]))
        return result

    def output(self, batch: Batch, after: int) -> Batch:
        """What the loss is given, from a_after."""
        last, architecture = self.signals(batch, after)[-1], self.architecture
        return NORMS[architecture.norm](last, architecture.norm_eps) if architecture.final_norm else last

    def gradients_by_differences(self, batch: Batch, loss: Callable[[Batch], Any], step: Any) -> list[Batch]:
        """d loss / d a_l for l = 1..L by forward differences: the network is run again from layer l.

        They err by about as much as the step, which numbers of many digits may take as small as they like.
        """
        signals = self.signals(batch)
        there = loss(self.output(signals[-1], after=self.depth))

        def moved(layer: int, sample: int, unit: int, by: Any) -> Any:
            shifted = [list(a) for a in signals[layer]]
            shifted[sample][unit] += by
            return loss(self.output(shifted, after=layer))

        def slope(*where: int) -> Any:
            return (moved(*where, step) - there) / step

        units = range(len(batch[0]))
        return [
            [[slope(layer, sample, unit) for unit in units] for sample in range(len(batch))]
            for layer in range(1, self.depth + 1)
        ]

    def weight_gradients_by_differences(self, batch: Batch, loss: Callable[[Batch], Any], step: Any) -> list[Vector]:
        """d loss / d W_l for l = 1..L, the entries of all of a layer's matrices, each moved by itself."""
        numbers = [
            [row for matrices in self.weights.values() for row in matrices[layer]] for layer in range(self.depth)
        ]
        return self._differences(numbers, batch, loss, step)

    def bias_gradients_by_differences(self, batch: Batch, loss: Callable[[Batch], Any], step: Any) -> list[Vector]:
        """d loss / d b_l for l = 1..L, each bias moved by itself."""
        numbers = [[biases[layer] for biases in self.biases.values()] for layer in range(self.depth)]
        return self._differences(numbers, batch, loss, step)

    def _differences(
        self, numbers: list[list[Vector]], batch: Batch, loss: Callable[[Batch], Any], step: Any
    ) -> list[Vector]:
        """d loss by some vectors of each layer, entry by entry."""
        signals = self.signals(batch)
        there = loss(self.output(signals[-1], after=self.depth))

        def moved(layer: int, vector: Vector, index: int, by: Any) -> Any:
            kept = vector[index]
            vector[index] = kept + by
            result = loss(self.output(signals[layer], after=layer))
            vector[index] = kept
            return result

        def slope(*where: Any) -> Any:
            return (moved(*where, step) - there) / step

        return [
            [slope(layer, vector, index) for vector in vectors for index in range(len(vector))]
            for layer, vectors in enumerate(numbers)
        ]

    def gradients_by_reverse(self, batch: Batch, error: Callable[[Batch], Batch]) -> list[Batch]:
        """d loss / d a_l for l = 1..L by the chain rule, from the loss's gradient at the output.

        Of dense layers without a norm.
        """
        assert (self.architecture.norm, self.architecture.form) == ("none", "post-activation")
        signals = self.signals(batch)
        result = [error(signals[-1])]
        for layer in range(self.depth, 1, -1):
            pairs = zip(self.arguments(layer, signals[layer - 1]), result[0], strict=True)
            result.insert(0, [self._through(layer, z, delta) for z, delta in pairs])
        return result

    def _through(self, layer: int, z: Vector, delta: Vector) -> Vector:
        """One sample's gradient by a_{l-1} from its gradient by a_l."""
        residual, skip_scale = self.architecture.residual, self.architecture.skip_scale
        beta = self.architecture.branch_scales[layer - 1] if residual else 1
        through = [beta * self.curve.slope(each) * d for each, d in zip(z, delta, strict=True)]
        branch = [mp.fdot(column, through) for column in zip(*self.weights["weights"][layer - 1], strict=True)]
        skip = [skip_scale * d for d in delta] if residual else [mpf(0)] * len(branch)
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
