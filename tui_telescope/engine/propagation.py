"""Signals forward and gradients backward through one network, at any depth and any scale.

Every sample's signal and gradient carries an exponent of its own, so that nothing overflows, underflows or loses
a digit on the way. Arrays are feature-major, (units, samples): a layer is then one product W a.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations import ACTIVATIONS, phi
from tui_telescope.engine.draws import UnitNetwork
from tui_telescope.engine.initializers import INITIALIZERS
from tui_telescope.engine.scaled import Scaled, add, log2_norm, multiply, normalized, scaled
from tui_telescope.settings import Settings

Array = NDArray[np.float64]
ShouldStop = Callable[[], bool]


class Stopped(Exception):
    """Whoever asked for an observation no longer wants it."""


@dataclass(frozen=True, eq=False)
class Forward:
    """What the backward pass needs of the forward one."""

    slopes: list[Scaled]
    """phi'(z_l) for l = 1..L, each (units, samples)."""
    output: Scaled
    """a_L."""


def gradient_log2_norms(
    network: UnitNetwork, samples: tuple[Array, Array], settings: Settings, should_stop: ShouldStop
) -> Array:
    """log2 of ||d loss / d a_l||_2 per sample for l = 1..L, shape (depth, samples); -inf where it is exactly zero.

    `samples` holds inputs and targets, each (samples, n). Raises `Stopped` once `should_stop` says so.
    """
    layers = _Layers(network, settings)
    inputs, targets = samples
    forward = _propagate_forward(layers, inputs, should_stop)
    error = LOSSES[settings.loss](forward.output, scaled(targets.T, per_unit=layers.diagonal))
    return _propagate_backward(layers, forward, error, should_stop)


class _Layers:
    """The network's blocks as two maps a layer: pre-activations from activations, and the transpose of that."""

    def __init__(self, network: UnitNetwork, settings: Settings) -> None:
        initializer = INITIALIZERS[settings.initializer]
        self.depth = settings.depth
        self.diagonal = initializer.diagonal
        self.activation = ACTIVATIONS[settings.activation]
        self.residual = settings.residual
        self._gain = settings.scale * initializer.gain(settings.width)
        self._weights = network.weights
        self._biases = [normalized(Scaled(settings.bias * b[:, None], np.zeros((1, 1)))) for b in network.biases]

    def pre_activation(self, layer: int, a: Scaled) -> Scaled:
        """z = W a + b for the layer of this index (from 0)."""
        z = self._through(self._weights[layer], a)
        return add(z, self._biases[layer]) if self._biases else z

    def transposed(self, layer: int, v: Scaled) -> Scaled:
        """W^T v."""
        return self._through(self._weights[layer].T, v)

    def _through(self, weights: Array, x: Scaled) -> Scaled:
        product = x.mantissa if self.diagonal else weights.dot(x.mantissa)
        return normalized(Scaled(product * self._gain, x.exponent))


def _propagate_forward(layers: _Layers, inputs: Array, should_stop: ShouldStop) -> Forward:
    a = scaled(inputs.T, per_unit=layers.diagonal)
    slopes = []
    for layer in range(layers.depth):
        _ask(should_stop)
        value, slope = phi(layers.activation, layers.pre_activation(layer, a))
        slopes.append(slope)
        a = add(a, value) if layers.residual else value
    return Forward(slopes, a)


def _propagate_backward(layers: _Layers, forward: Forward, error: Scaled, should_stop: ShouldStop) -> Array:
    norms = np.empty((layers.depth, error.mantissa.shape[1]))
    delta = error
    for layer in reversed(range(layers.depth)):
        _ask(should_stop)
        norms[layer] = log2_norm(delta)
        if layer > 0:
            branch = layers.transposed(layer, multiply(forward.slopes[layer], delta))
            delta = add(delta, branch) if layers.residual else branch
    return norms


def _ask(should_stop: ShouldStop) -> None:
    if should_stop():
        raise Stopped


def _squared_error(output: Scaled, targets: Scaled) -> Scaled:
    """d (1/2 ||a - t||^2) / d a = a - t."""
    return add(output, Scaled(-targets.mantissa, targets.exponent))


def _probe(output: Scaled, targets: Scaled) -> Scaled:
    """d (e . a) / d a = e."""
    return targets


LOSSES: dict[str, Callable[[Scaled, Scaled], Scaled]] = {"mse": _squared_error, "probe": _probe}
"""The gradient of each loss by the output, from output and targets."""
