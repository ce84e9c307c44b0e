"""Signals forward and gradients backward through one network, at any depth and any scale.

Every sample's signal and gradient carries an exponent of its own, so that nothing overflows, underflows or loses
a digit on the way. Arrays are feature-major, (units, samples): a layer is then one product W a.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine import normed
from tui_telescope.engine.activations import ACTIVATIONS, Activation, phi
from tui_telescope.engine.draws import UnitNetwork
from tui_telescope.engine.initializers import INITIALIZERS
from tui_telescope.engine.measurement import SATURATED, Measurement, ShouldStop, SignalMeasurement, Wanted, ask
from tui_telescope.engine.normalization import NORMS, Pullback
from tui_telescope.engine.scaled import (
    Scaled,
    add,
    log2_norm,
    log2_outer_norm,
    multiply,
    normalized,
    scaled,
    times,
    values,
)
from tui_telescope.settings import Settings

Array = NDArray[np.float64]


def measure(
    network: UnitNetwork,
    samples: tuple[Array, Array],
    settings: Settings,
    wanted: Wanted,
    should_stop: ShouldStop,
) -> Measurement:
    """The readings of one network; `samples` holds inputs and targets, each (samples, n). Raises `Stopped`.

    In ordinary numbers where there is a norm and `normed` vouches for them: `plain` has seen to all other networks.
    """
    ordinary = normed.measure(network, samples, settings, wanted, should_stop) if settings.norm in NORMS else None
    return ordinary or measure_carefully(network, samples, settings, wanted, should_stop)


def measure_carefully(
    network: UnitNetwork,
    samples: tuple[Array, Array],
    settings: Settings,
    wanted: Wanted,
    should_stop: ShouldStop,
) -> Measurement:
    """The same, every number with an exponent, whatever the settings."""
    blocks = _Blocks(network, settings)
    inputs, targets = (scaled(each.T, per_unit=blocks.diagonal) for each in samples)
    forward = _propagate_forward(blocks, inputs, wanted, should_stop)
    error = LOSSES[settings.loss](forward.output, targets)
    gradient, weight_gradient = _propagate_backward(blocks, forward, error, wanted, should_stop)
    return Measurement(gradient, weight_gradient, forward.signal)


@dataclass(frozen=True, eq=False)
class _Step:
    """What the backward pass needs of one layer."""

    heard: Scaled | None
    """What the weights multiplied: a_{l-1}, or its norm; kept for the weight gradient."""
    slope: Scaled
    """phi' at what the activation was given."""
    pullbacks: dict[str, Pullback]
    """The norm's pullback under the place where it stands; empty without one."""


@dataclass(frozen=True, eq=False)
class _Forward:
    steps: list[_Step]
    output: Scaled
    signal: SignalMeasurement | None


class _Blocks:
    """The network's layers: forward through one, and backward through the same."""

    def __init__(self, network: UnitNetwork, settings: Settings) -> None:
        initializer = INITIALIZERS[settings.initializer]
        self.depth = settings.depth
        self.diagonal = initializer.diagonal
        self.activation = ACTIVATIONS[settings.activation]
        self._residual = settings.residual
        self._branch_factor = settings.branch_factor
        self._gain = settings.scale * initializer.gain(settings.width)
        self._norm = NORMS.get(settings.norm)
        self._norm_place = settings.norm_place
        self._weights = network.weights
        self._biases = None if network.biases is None else settings.bias * network.biases

    def forward(self, layer: int, a: Scaled, *, keep_heard: bool) -> tuple[Scaled, _Step]:
        """a_l and what was met on the way, from a_{l-1}; `layer` counts from 0."""
        pullbacks: dict[str, Pullback] = {}
        heard = self._normed("pre", a, pullbacks)
        z = self._through(self._weights[layer], heard)
        if self._biases is not None:
            z = add(z, scaled(self._biases[layer][:, None]))
        value, slope = phi(self.activation, self._normed("activation", z, pullbacks))
        if self._residual:
            value = add(a, times(value, self._branch_factor))
        return self._normed("post", value, pullbacks), _Step(heard if keep_heard else None, slope, pullbacks)

    def backward(self, layer: int, step: _Step, delta: Scaled) -> tuple[Scaled, Scaled]:
        """The gradients by W a (before any norm) and by a_{l-1}, from the one by a_l."""
        road = _pulled("post", step, delta)
        branch = multiply(step.slope, times(road, self._branch_factor))
        by_product = _pulled("activation", step, branch)
        below = _pulled("pre", step, self._through(self._weights[layer].T, by_product))
        return by_product, add(road, below) if self._residual else below

    def _normed(self, place: str, x: Scaled, pullbacks: dict[str, Pullback]) -> Scaled:
        if self._norm is None or place != self._norm_place:
            return x
        normed, pullbacks[place] = self._norm(x)
        return normed

    def _through(self, weights: Array, x: Scaled) -> Scaled:
        product = x.mantissa if self.diagonal else weights.dot(x.mantissa)
        return normalized(Scaled(product * self._gain, x.exponent))


def _pulled(place: str, step: _Step, gradient: Scaled) -> Scaled:
    return step.pullbacks[place](gradient) if place in step.pullbacks else gradient


def _propagate_forward(blocks: _Blocks, a: Scaled, wanted: Wanted, should_stop: ShouldStop) -> _Forward:
    steps = []
    signal = _empty_signal(blocks.depth, a.mantissa.shape[1]) if wanted.signal else None
    for layer in range(blocks.depth):
        ask(should_stop)
        a, step = blocks.forward(layer, a, keep_heard=wanted.weight_gradient)
        steps.append(step)
        if signal is not None:
            signal.norms[layer] = log2_norm(a)
            signal.saturated[layer], signal.dead[layer] = _silent_fractions(blocks.activation, step.slope)
    return _Forward(steps, a, signal)


def _empty_signal(depth: int, samples: int) -> SignalMeasurement:
    return SignalMeasurement(np.empty((depth, samples)), np.empty(depth), np.empty(depth))


def _silent_fractions(activation: Activation, slope: Scaled) -> tuple[float, float]:
    """The fractions of saturated units (over all samples) and of units that are dead on every sample."""
    saturated = np.mean(np.abs(values(slope)) < SATURATED * activation.steepest)
    dead = np.mean(~slope.mantissa.any(axis=1)) if activation.dies else 0.0
    return float(saturated), float(dead)


def _propagate_backward(
    blocks: _Blocks, forward: _Forward, error: Scaled, wanted: Wanted, should_stop: ShouldStop
) -> tuple[Array, Array | None]:
    samples = error.mantissa.shape[1]
    gradient = np.empty((blocks.depth, samples))
    weight_gradient = np.empty(blocks.depth) if wanted.weight_gradient else None
    delta = error
    for layer in reversed(range(blocks.depth)):
        ask(should_stop)
        gradient[layer] = log2_norm(delta)
        if layer > 0 or wanted.weight_gradient:
            step = forward.steps.pop()
            by_product, delta = blocks.backward(layer, step, delta)
            if weight_gradient is not None and step.heard is not None:
                weight_gradient[layer] = log2_outer_norm(by_product, step.heard) - np.log2(samples)
    return gradient, weight_gradient


def _squared_error(output: Scaled, targets: Scaled) -> Scaled:
    """d (1/2 ||a - t||^2) / d a = a - t."""
    return add(output, times(targets, -1.0))


def _probe(output: Scaled, targets: Scaled) -> Scaled:
    """d (e . a) / d a = e."""
    return targets


LOSSES: dict[str, Callable[[Scaled, Scaled], Scaled]] = {"mse": _squared_error, "probe": _probe}
"""The gradient of each loss by the output, from output and targets."""
