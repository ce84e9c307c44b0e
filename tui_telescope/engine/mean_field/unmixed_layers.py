"""Layers whose weights are a multiple of the identity: no unit hears another, and an average over inputs is all.

A unit's path, such as a_l = skip a_{l-1} + branch phi(s a_{l-1} + b_l), is followed from every node of a quadrature
over its input, and the gradient by a_l is the product of the slopes further up times that of the loss. Exact in the
limit of infinite width, and derived here; no paper's formula. Biases are drawn for every node, from a fixed seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.mean_field.factors import crossing
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.networks import PHI
from tui_telescope.observations.interruption import ShouldStop, Stopped
from tui_telescope.settings import Settings

NODES = 2001
_REACH = 9.0
"""Standard deviations of the input that the nodes reach."""
_FAR = 1e60
"""A value beyond, times `_FAR`^-1, is as good on a straight line as it was."""
_SETTLED_BY = 300
_TYPICAL = np.array([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0])
_SEED = 0


def log10_gradient(settings: Settings, should_stop: ShouldStop) -> Array:
    """log10 of the norm of d loss / d a_l, root mean square over samples, l = 1..L, shape (L,). Raises `Stopped`.

    Derived in the module's docstring.
    """
    nodes, log_weights = _nodes(settings)
    log_slopes, path = _forward(settings, nodes, settings.branch_factors, should_stop)
    log_powers = log_weights + 2 * _log_error(settings, path)
    gradient = np.empty(settings.depth)
    for layer in range(settings.depth - 1, -1, -1):
        gradient[layer] = np.logaddexp.reduce(log_powers) / 2
        log_powers = log_powers + 2 * log_slopes[layer]
    return np.asarray((gradient + math.log(settings.width) / 2) / math.log(10))


def factor(settings: Settings) -> float:
    """What a layer multiplies gradients with in the long run; derived from where a few typical inputs end up.

    In the long run layers are as the network's last one.
    """
    log_slopes, _ = _forward(settings, _TYPICAL, settings.branch_factors[-1:] * _SETTLED_BY, lambda: False)
    return float(np.exp(log_slopes[_SETTLED_BY // 2 :].mean(axis=0).max()))


def critical_scale(settings: Settings) -> float | None:
    """The scale at which the factor rises through 1; None where it does not: derived from `factor`."""
    if settings.residual:
        return None
    return crossing(lambda scale: factor(settings.replace(scale=scale)))


class _Path(NamedTuple):
    """A value for every node: `value` * `_FAR` ** `far`."""

    value: Array
    far: Array


def _nodes(settings: Settings) -> tuple[Array, Array]:
    """Inputs and the logarithms of their weights: a trapezoid, or, beside biases, which are drawn, quantiles."""
    if settings.bias == 0:
        x = np.linspace(-_REACH, _REACH, NODES)
        return x, -x * x / 2 - np.logaddexp.reduce(-x * x / 2)
    normal = NormalDist()
    quantiles = [normal.inv_cdf((index + 0.5) / NODES) for index in range(NODES)]
    return np.array(quantiles), np.full(NODES, -math.log(NODES))


def _forward(
    settings: Settings, nodes: Array, branch_factors: Sequence[float], should_stop: ShouldStop
) -> tuple[Array, _Path]:
    """ln |d a_l / d a_{l-1}| at every node, (L, nodes), and a_L; there is a layer for each branch factor."""
    generator = np.random.default_rng(_SEED)
    skip = settings.skip_scale if settings.residual else 0.0
    path = _Path(settings.input_scale * nodes, np.zeros(len(nodes)))
    log_slopes = np.empty((len(branch_factors), len(nodes)))
    for layer, factor in enumerate(branch_factors):
        if should_stop():
            raise Stopped
        value, slope = _branch(settings, path, generator)
        with np.errstate(divide="ignore"):
            log_slopes[layer] = np.log(np.abs(skip + factor * slope))
        path = _near(_Path(skip * path.value + factor * value, path.far))
    return log_slopes, path


def _branch(settings: Settings, path: _Path, generator: np.random.Generator) -> tuple[Array, Array]:
    """F at every node, and its slope there."""
    activation, gain = ACTIVATIONS[settings.activation], INITIALIZERS[settings.initializer].sigma_w(settings.scale, 1)
    value, slope = path.value, np.ones(len(path.value))
    for word in settings.branch:
        if word == PHI:
            value, phi_slope = (each.product for each in activation.respond(value))
            slope = slope * phi_slope
        else:
            noise = settings.bias * generator.standard_normal(len(value)) if settings.bias else 0.0
            value = gain * value + np.where(path.far > 0, 0.0, settings.bias_mean + noise)
            slope = gain * slope
    return value, slope


def _near(path: _Path) -> _Path:
    """The same values, none of them too large for another layer; a straight line may be walked on any scale."""
    size = np.abs(path.value)
    outward, inward = size > _FAR**2, (path.far > 0) & (size < _FAR)
    factor = np.where(outward, 1 / _FAR, np.where(inward, _FAR, 1.0))
    return _Path(path.value * factor, path.far + outward - inward)


def _log_error(settings: Settings, path: _Path) -> Array:
    """ln of the root mean square of d loss / d a_L: of a_L - t for the squared error, of an entry of e for others."""
    loss = LOSSES[settings.loss]
    if not loss.hears_output:
        return np.full(NODES, -math.log(settings.width) / 2 if loss.has_unit_norm else 0.0)
    size = np.abs(path.value)
    return np.where(path.far > 0, np.log(np.maximum(size, 1.0)) + path.far * math.log(_FAR), np.log1p(size**2) / 2)
