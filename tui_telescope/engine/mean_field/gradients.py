"""Gradients of infinitely wide networks on their way down: a few numbers a layer in place of n units.

The gradient by a_l is known by its moments (derived in `operations`). A layer takes the part along the signal and the
mean down linearly, and the rest, which is noise, by quadratic forms; so squares go from layer to layer by a matrix.

What is drawn once and matters for good is the random error itself: its own chance component in the mean, of variance
1/n, may grow faster than the rest. It is carried along as a covariance, and is all that depends on the width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.mean_field.operations import Moments
from tui_telescope.engine.mean_field.stacks import Signal, Stack

_QUANTILES = 64


STATE = ("tilt^2", "tilt * mean", "mean^2", "rest", "shared")
"""What of a gradient goes from layer to layer linearly; `shared` is what samples share of the rest."""


class Layers(NamedTuple):
    """What layers 2..K do to gradients on their way from a_l to a_{l-1}; those beyond K are like layer K.

    Derived in the module's docstring; [3, 3] of `passed` is chi_1 of Schoenholz et al. (2017), equation 5, plus the
    skip.
    """

    passed: Array
    """The matrices that multiply `STATE`, (K - 1, 5, 5)."""
    injected: Array
    """What a random error of variance 1 adds to it by chance, times n, (K - 1, 5)."""
    straight: Array
    """What such an error that gets past the branch as it is is multiplied with, (K - 1,)."""


def layers_of(stack: Stack, signal: Signal) -> Layers:
    """Derived by sending unit gradients through the operations."""
    ones = np.ones_like(signal.layers.join.skip)
    tilted, levelled, both, noisy, alike = (
        _through(stack, signal, Moments(*(number * ones for number in numbers)))
        for numbers in ((1, 0, 1, 0, 1), (0, 1, 1, 1, 1), (1, 1, 2, 1, 2), (0, 0, 1, 0, 1), (0, 0, 0, 1, 0))
    )
    tt, mt, tm, mm = tilted.tilt, tilted.mean, levelled.tilt, levelled.mean
    passed = np.zeros((len(ones), 5, 5))
    passed[:, 0, :3] = np.transpose([tt * tt, 2 * tt * tm, tm * tm])
    passed[:, 1, :3] = np.transpose([tt * mt, tt * mm + tm * mt, tm * mm])
    passed[:, 2, :3] = np.transpose([mt * mt, 2 * mt * mm, mm * mm])
    passed[:, 3] = np.transpose(_row([each.rest for each in (tilted, both, levelled, noisy, alike)]))
    passed[:, 4] = np.transpose(_row([each.shared_rest for each in (tilted, both, levelled, noisy, alike)]))
    straight, below = _straight(signal), signal.layers.below
    chance = np.maximum(noisy.stray - tm * tm - (mm - straight) ** 2, 0.0)
    injected = np.zeros((len(ones), 5))
    injected[:, 0], injected[:, 2] = chance * below.spread, chance * below.mean**2
    injected[:, 1] = chance * np.sqrt(below.spread) * below.mean
    return Layers(passed, injected, straight)


def _row(quadratic: Sequence[Array]) -> list[Array]:
    """Coefficients of `STATE` from what comes of tilt 1, of tilt and mean 1, of mean 1, and of the others."""
    tilted, both, levelled, *others = quadratic
    return [tilted, both - tilted - levelled, levelled, *others]


def _through(stack: Stack, signal: Signal, gradient: Moments) -> Moments:
    """The gradient by a_{l-1} from the one by a_l, for many layers at once."""
    memory = signal.layers
    if stack.after:
        gradient = stack.after.pull(gradient, memory.after[0])
    by_branch = stack.join.to_branch(gradient, memory.join)
    for operation, remembered in zip(reversed(stack.branch), reversed(memory.branch), strict=True):
        by_branch = operation.pull(by_branch, remembered)
    return stack.join.pull(gradient, memory.join, by_branch)


def _straight(signal: Signal) -> Array:
    factors = signal.layers.join.skip
    for after in signal.layers.after:
        factors = factors * after.shrink
    return np.asarray(factors)


def log10_norms(stack: Stack, signal: Signal, width: int, *, squared_error: bool) -> Array:
    """log10 of the expected ||d loss / d a_l|| of one sample, l = 1..L, shape (L,).

    Derived in the module's docstring; with a probe and no mean it is the recursion of q tilde of Schoenholz et al.
    (2017), a factor chi_1 (their equation 5) on the square for every layer.
    """
    sizes, log_units = np.empty((stack.depth, 3)), np.empty(stack.depth)
    gradients = _descend(stack, signal, width, squared_error)
    for layer, (certain, chance, log_unit) in zip(range(stack.depth - 1, -1, -1), gradients, strict=True):
        sizes[layer] = certain[0] + certain[2], certain[3], chance[0] + chance[2] + chance[3]
        log_units[layer] = log_unit
    log_norms = _log_expected_root(*sizes.T) + log_units + 0.5 * math.log(width)
    return np.asarray(log_norms / math.log(10))


def _descend(stack: Stack, signal: Signal, width: int, squared_error: bool) -> Iterator[tuple[Array, Array, float]]:
    """The gradient at every layer from the output down, in units of its own size exp(log_unit).

    Its state is told twice: what is certain, and the covariances that the one error drawn decides.
    """
    state, source, log_unit = _at_output(stack, signal, width, squared_error)
    yield (*state, log_unit)
    if stack.depth == 1:
        return
    layers = layers_of(stack, signal)
    for index in range(stack.depth - 2, -1, -1):
        layer = min(index, len(layers.straight) - 1)
        state = state @ layers.passed[layer].T
        state[1] += layers.injected[layer] * (source / width)
        size = state[0, 0] + state[0, 2] + state[0, 3] + state[1, 0] + state[1, 2] + state[1, 3]
        if size < _LEAST:
            size, state = _LEAST, np.array([[0.0, 0.0, 0.0, _LEAST, 0.0], np.zeros(5)])
        state[:, 4] = np.clip(state[:, 4], -state[:, 3], state[:, 3])  # beside rounding, samples share no more than all
        state /= size
        source *= layers.straight[layer] ** 2 / size
        log_unit += math.log(size) / 2
        yield (*state, log_unit)


def _at_output(stack: Stack, signal: Signal, width: int, squared_error: bool) -> tuple[Array, float, float]:
    """N(a_L) - t for the squared error, e for the probe, pulled back through the final norm; t and e are N(0, I).

    The state, the variance of the error as it was drawn, and the logarithm of the unit of both.
    """
    output, norm = signal.output, stack.before_loss
    if norm:
        output, memory = norm.forward(output)
    unit = max(output.log_power, 0.0) / 2 if squared_error else 0.0
    size = math.exp(output.log_power / 2 - unit) if squared_error else 0.0
    tilt, mean, source = size * math.sqrt(output.spread), size * output.mean, math.exp(-2 * unit)
    certain, chance = (
        (tilt**2, tilt * mean, mean**2, source * (1 - 1 / width), 0.0),
        (0.0, 0.0, source / width, 0.0, 0.0),
    )
    if norm:
        pulled = norm.pull(Moments(tilt, mean, tilt**2 + mean**2 + source, mean**2, 0.0), memory)
        certain = (pulled.tilt**2, pulled.tilt * pulled.mean, pulled.mean**2, pulled.rest, pulled.shared_rest)
        chance, source = (0.0,) * 5, 0.0
    return np.array([certain, chance]), source, unit


_LEAST = 1e-300
"""What a layer leaves of a squared gradient, at least: less cannot be told from nothing."""


def _log_expected_root(certain: Array, scatter: Array, chance: Array) -> Array:
    """ln E sqrt(scatter + (sqrt(certain) + sqrt(chance) x)^2) with x ~ N(0, 1): the mean norm, not its square's."""
    passed = np.sqrt(np.maximum(certain, 0))[:, None] + np.sqrt(np.maximum(chance, 0))[:, None] * _normal_quantiles()
    return np.asarray(np.log(np.sqrt(scatter[:, None] + passed * passed).mean(axis=1)))


@lru_cache(maxsize=1)
def _normal_quantiles() -> Array:
    normal = NormalDist()
    return np.array([normal.inv_cdf((index + 0.5) / _QUANTILES) for index in range(_QUANTILES)])
