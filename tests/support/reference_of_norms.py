"""The chain rule through batch, layer and RMS norm, in mpmath: for networks too large for finite differences.

Arrays are (units, samples), of mpmath's numbers. Nothing here is shared with the engine; the tests check it against
`reference_network`, which writes no derivative down.
"""

from __future__ import annotations

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


def gradients(settings: Any, draw: Any) -> list[list[Any]]:
    """||d loss / d a_l|| of each sample, for l = 1..L, of the first network; in the digits that mpmath works with."""
    norm, place, curve = _Norm(settings.norm, settings.norm_eps), settings.norm_place, CURVES[settings.activation]
    value, slope = np.frompyfunc(curve.value, 1, 1), np.frompyfunc(curve.slope, 1, 1)
    skip = mpf(settings.skip_scale)
    betas = [mpf(factor) for factor in settings.branch_factors]
    a, steps = _exact(draw.inputs.T), []
    for weights, biases, beta in zip(draw.weights[0], draw.biases[0], betas, strict=True):
        state: dict[str, tuple[Numbers, Numbers]] = {}

        def at(here: str, x: Numbers, state: dict[str, tuple[Numbers, Numbers]] = state) -> Numbers:
            if here == place:
                state[here] = norm.normed(x)
            return state[here][0] if here == place else x

        z = at("activation", _through(weights, at("pre", a)) + _exact(biases)[:, None])
        a = at("post", beta * at("branch", value(z)) + (skip * a if settings.residual else 0))
        steps.append((weights, slope(z), state, beta))
    output, final = norm.normed(a) if settings.final_norm else (a, None)
    delta = output - _exact(draw.targets.T) if settings.loss == "mse" else _exact(draw.targets.T)
    delta = delta if final is None else norm.pulled(delta, output, final)
    result = [delta]
    for weights, slopes, state, beta in steps[:0:-1]:
        above = norm.pulled(delta, *state["post"]) if "post" in state else delta
        branch = beta * above
        branch = slopes * (norm.pulled(branch, *state["branch"]) if "branch" in state else branch)
        branch = norm.pulled(branch, *state["activation"]) if "activation" in state else branch
        below = _through(weights.T, branch)
        below = norm.pulled(below, *state["pre"]) if "pre" in state else below
        delta = below + skip * above if settings.residual else below
        result.insert(0, delta)
    return [[mp.sqrt(square) for square in (each * each).sum(axis=0)] for each in result]


def _through(weights: np.ndarray, x: Numbers) -> Numbers:
    """W x; of diagonal weights in as many products as there are units."""
    diagonal = np.diagonal(weights)
    return _exact(weights).dot(x) if np.count_nonzero(weights - np.diag(diagonal)) else _exact(diagonal)[:, None] * x


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
