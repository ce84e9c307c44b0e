"""The chain rule through blocks of every form and norm, in mpmath: for networks too large for finite differences.

Arrays are (units, samples), of mpmath's numbers. Nothing here is shared with the engine; the tests check it against
`reference_network`, which writes no derivative down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp, mpf
from reference_network import CURVES
from reference_readings import Expected, log10, log10_agree, quantile

Numbers = np.ndarray
AXIS = {"batch": 1, "layer": 0, "rms": 0}

_exact = np.frompyfunc(lambda x: mpf(float(x)), 1, 1)
_roots = np.frompyfunc(mp.sqrt, 1, 1)


class _Norm:
    def __init__(self, name: str, eps: float) -> None:
        self.axis, self.centred, self.eps = AXIS[name], name != "rms", mpf(str(eps))

    def mean(self, x: Numbers) -> Numbers:
        return x.sum(axis=self.axis, keepdims=True) / x.shape[self.axis]

    def centre(self, x: Numbers) -> Numbers:
        return x - self.mean(x) if self.centred else x

    def normed(self, x: Numbers) -> tuple[Numbers, Numbers]:
        """N(x), and 1 / sqrt(variance + eps)."""
        varying = self.centre(x)
        inverse = 1 / _roots(self.mean(varying * varying) + self.eps)
        return varying * inverse, inverse

    def pulled(self, gradient: Numbers, normed: Numbers, inverse: Numbers) -> Numbers:
        """The gradient by x from the one by N(x): Ioffe and Szegedy (2015), section 3."""
        gradient = self.centre(gradient)
        return (gradient - normed * self.mean(gradient * normed)) * inverse


FORMS = {"post-activation": ("weights", "phi"), "pre-activation": ("phi", "weights"), "mlp": ("up", "phi", "down")}
Pull = Callable[[Numbers], Numbers]


class _Block:
    """One layer of the first network of a draw; remembers how gradients come back through it."""

    def __init__(self, settings: Any, draw: Any, layer: int) -> None:
        self.settings, self.layer, self.curve = settings, layer, CURVES[settings.activation]
        self.norm = _Norm(settings.norm, settings.norm_eps) if settings.norm != "none" else None
        self.words = FORMS[settings.form]
        single = {"weights": draw.weights, "biases": draw.biases}
        of_network = (
            (draw.weights, draw.biases) if settings.form == "mlp" else ({"weights": each} for each in single.values())
        )
        self.weights, self.biases = of_network
        self.skip, self.beta = mpf(settings.skip_scale), mpf(settings.branch_factors[layer])
        self.in_branch: list[Pull] = []
        self.after: list[Pull] = []

    def forward(self, a: Numbers) -> Numbers:
        x = self._at("pre", a, self.in_branch)
        for word in self.words:
            x = self._phi(self._at("activation", x, self.in_branch)) if word == "phi" else self._linear(word, x)
        x = self.beta * self._at("branch", x, self.in_branch)
        return self._at("post", x + self.skip * a if self.settings.residual else x, self.after)

    def backward(self, gradient: Numbers) -> Numbers:
        for pull in reversed(self.after):
            gradient = pull(gradient)
        below = self.beta * gradient
        for pull in reversed(self.in_branch):
            below = pull(below)
        return below + self.skip * gradient if self.settings.residual else below

    def _at(self, place: str, x: Numbers, pulls: list[Pull]) -> Numbers:
        norm = self.norm
        if norm is None or place != self.settings.norm_place:
            return x
        y, inverse = norm.normed(x)
        pulls.append(lambda gradient: norm.pulled(gradient, y, inverse))
        return y

    def _phi(self, z: Numbers) -> Numbers:
        slopes = np.frompyfunc(self.curve.slope, 1, 1)(z)
        self.in_branch.append(lambda gradient: slopes * gradient)
        return np.frompyfunc(self.curve.value, 1, 1)(z)

    def _linear(self, name: str, x: Numbers) -> Numbers:
        weights, biases = self.weights[name][0, self.layer], self.biases[name][0, self.layer]
        self.in_branch.append(lambda gradient: _through(weights.T, gradient))
        return _through(weights, x) + _exact(biases)[:, None]


def gradients(settings: Any, draw: Any) -> list[list[Any]]:
    """||d loss / d a_l|| of each sample, for l = 1..L, of the first network; in the digits that mpmath works with."""
    a, blocks = _exact(draw.inputs.T), [_Block(settings, draw, layer) for layer in range(settings.depth)]
    for block in blocks:
        a = block.forward(a)
    norm = _Norm(settings.norm, settings.norm_eps) if settings.final_norm and settings.norm != "none" else None
    output, final = norm.normed(a) if norm else (a, None)
    delta = output - _exact(draw.targets.T) if settings.loss == "mse" else _exact(draw.targets.T)
    result = [delta if norm is None else norm.pulled(delta, output, final)]
    for block in blocks[:0:-1]:
        result.insert(0, block.backward(result[0]))
    return [[mp.sqrt(square) for square in (each * each).sum(axis=0)] for each in result]


def _through(weights: np.ndarray, x: Numbers) -> Numbers:
    """W x; of diagonal weights in as many products as there are units."""
    diagonal = np.diagonal(weights)
    is_diagonal = weights.shape == (len(diagonal),) * 2 and not np.count_nonzero(weights - np.diag(diagonal))
    return _exact(diagonal)[:, None] * x if is_diagonal else _exact(weights).dot(x)


def reading(settings: Any, draw: Any, digits: int = 40) -> Expected:
    """Mean and quantiles over the samples, in ever more digits until twice as many change nothing."""
    before = None
    while True:
        with mp.workdps(digits):
            norms = gradients(settings, draw)
            now = Expected(
                [log10(mp.fsum(layer) / len(layer)) for layer in norms],
                [log10(quantile(layer, mpf(1) / 10)) for layer in norms],
                [log10(quantile(layer, mpf(9) / 10)) for layer in norms],
            )
        if before is not None and _agree(before, now):
            return now
        before, digits = now, 2 * digits


def _agree(before: Expected, now: Expected) -> bool:
    try:
        for one, other in zip(before, now, strict=True):
            log10_agree(one, other, 1e-12, "with fewer digits")
    except AssertionError:
        return False
    return True
