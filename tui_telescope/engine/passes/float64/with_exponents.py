"""The road for networks that leave float64: each sample's signal, slopes and gradient under exponents of its own.

`plain` is quicker, and `propagation` goes where even this road does not: with a norm, or with diagonal weights, where
every unit needs an exponent of its own. What does not follow from the layer before is done for many layers at once:
the slopes, and where plain numbers will do on the way forward, the signals too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations.definitions import ACTIVATIONS, Activation, phi_value
from tui_telescope.engine.activations.tailed_values import Tailed
from tui_telescope.engine.arithmetic.extended_range import Scaled
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.passes.float64.backward import BackwardPass
from tui_telescope.engine.passes.float64.forward import CHECK_LAYERS, ForwardPass
from tui_telescope.engine.passes.float64.layer_record import LayerRecord, Signals, Slopes, is_in_range
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.progress import FORWARD_SHARE, Progress
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import UnitNetwork
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.settings import Settings

Array = NDArray[np.float64]

PLAIN_SQUARE = 1e80
"""Plain signals are taken where all their squared norms are within 1e-80 and 1e80."""
LEAST, MOST = -500.0, 990.0
"""Activations are given arguments under exponents within these; beyond, they are linear on each side of zero."""
NOTHING = -1e307
"""Below every exponent but that of an exact zero, which is -inf."""
_LOG2_E = float(np.log2(np.e))


def measure(task: Task) -> Measurement | None:
    """The readings of a network, or None where they need more care still. Raises `Stopped`."""
    network, (inputs, targets), settings, wanted, progress, workspace = task
    with np.errstate(all="ignore"):
        road = _Road(network, inputs.T, settings, workspace, progress.part(0, FORWARD_SHARE))
        record = LayerRecord(settings, wanted, road.signals, workspace, may_cancel=road.signals_may_cancel)
        back = progress.part(FORWARD_SHARE, 1)
        walk = BackwardPass(settings, road.plainly, road.slopes_of, record, workspace, back)
        gradient = walk.run(*road.error(targets.T))
        if gradient is None or not record.is_sound():
            return None
        return record.measurement(gradient[1:])


class Lifted(NamedTuple):
    """`mantissa * 2**exponent`."""

    mantissa: Array
    """(..., n, samples)"""
    exponent: Array
    """(..., samples); -inf where all units are zero."""


class _Road:
    """The forward pass, which fills the arguments and signals of all layers, and what is read from them."""

    def __init__(
        self, network: UnitNetwork, inputs: Array, settings: Settings, workspace: Workspace, progress: Progress
    ) -> None:
        self._network, self._inputs, self._settings = network, inputs, settings
        self._workspace, self._progress = workspace, progress
        self._activation = ACTIVATIONS[settings.activation]
        self._kernel = self._activation.kernel
        self.plainly = ForwardPass(network, settings, workspace, progress, keeps_arguments=True)
        self._is_plain = self.plainly.run(inputs) and self._are_signals_safe()
        self._argument_exponents = np.zeros((settings.depth, settings.samples))
        self._signal_exponents = np.zeros((settings.depth + 1, settings.samples))
        if not self._is_plain:
            self._forward()
        has_offset = self._is_plain and self._kernel.offset != 0
        self.signals_may_cancel = has_offset and settings.residual
        self._signals_by_arguments = has_offset and not settings.residual

    def _are_signals_safe(self) -> bool:
        """Whether plain signals are safe on every layer, so that none has shrunk to nothing and come back."""
        if self._kernel.offset:  # beside which nothing is small
            return True
        heard = self.plainly.heard.array
        squares = np.einsum("lus,lus->ls", heard, heard)
        return is_in_range(squares, PLAIN_SQUARE, may_be_zero=self._activation.dies)

    def _forward(self) -> None:
        """Layer by layer, each sample's signal normalized; in the place of the plain pass's arrays."""
        settings, heard, arguments = self._settings, self.plainly.heard.rows, self.plainly.arguments.rows
        gain = settings.scale * INITIALIZERS[settings.initializer].gain(settings.width) * self._kernel.input_scale
        a = normalized(Lifted(self._inputs, np.zeros(settings.samples)))
        for layer, weights in enumerate(self._network.weights):
            if layer % CHECK_LAYERS == 0:
                self._progress.reach(layer / settings.depth)
            heard[layer][...], self._signal_exponents[layer] = a
            z = self._biased(layer, Lifted(weights.dot(a.mantissa) * gain, a.exponent))
            arguments[layer][...], self._argument_exponents[layer] = z
            phi = self._phi(z)
            a = normalized(add(a, times(phi, settings.branch_factor)) if settings.residual else phi)
        heard[-1][...], self._signal_exponents[-1] = a

    def _biased(self, layer: int, z: Lifted) -> Lifted:
        biases = self._network.biases
        if biases is None:
            return z
        bias = biases[layer][:, None] * (self._settings.bias * self._kernel.input_scale)
        return add(z, Lifted(bias, np.zeros(self._settings.samples)))

    def _phi(self, z: Lifted) -> Lifted:
        """phi of pre-activations of any size; where it is not linear there, `MOST` is as large as any."""
        argument, beyond = self._bounded(z)
        value = lifted(self._activation.value(argument))
        if not beyond.any():
            return value
        below, above = self._activation.grows
        grows = (argument > 0).any(axis=0) if above and not below else above
        carries = np.where(beyond > 0, grows, self._activation.vanishes_at_zero)
        return Lifted(value.mantissa, value.exponent + np.where(carries, beyond, 0.0))

    def _bounded(self, z: Lifted) -> tuple[Array, Array]:
        """Arguments for the activation, and the powers of two that they lack."""
        bounded = np.minimum(np.maximum(z.exponent, LEAST), MOST)
        return z.mantissa * (np.exp2(bounded) / self._kernel.input_scale)[..., None, :], z.exponent - bounded

    def _arguments(self, layers: slice) -> Array:
        arguments, exponents = self.plainly.arguments.array[layers], self._argument_exponents[layers]
        return self._bounded(Lifted(arguments, exponents))[0]

    def slopes_of(self, layers: slice, passing: bool) -> Slopes:
        """core' of some layers, the largest in each sample of ordinary size."""
        array, exponents = normalized(lifted(self._activation.slope(self._arguments(layers))))
        return Slopes(array, list(array), exponents - np.log2(self._kernel.input_scale * self._kernel.output_scale))

    def signals(self, layers: slice) -> Signals:
        """a / output_scale below some layers and of each of them."""
        if not self._is_plain:
            reach = slice(layers.start, layers.stop + 1)
            array, exponents = self.plainly.heard.array[reach], self._signal_exponents[reach]
        elif self._signals_by_arguments:
            array, exponents = self._signals_of_arguments(layers)
        else:
            return self.plainly.signals(layers)
        return Signals(array, exponents - np.log2(self._kernel.output_scale))

    def _signals_of_arguments(self, layers: slice) -> Lifted:
        """a from z rather than from h, whose offset hides how small it is."""
        first = max(0, layers.start - 1)
        array, exponents = lifted(self._activation.value(self._arguments(slice(first, layers.stop))))
        if layers.start > 0:
            return Lifted(array, exponents)
        array = np.concatenate([self._inputs[None], array])
        return Lifted(array, np.concatenate([self._signal_exponents[:1], exponents]))

    def error(self, targets: Array) -> Lifted:
        """The gradient by the output."""
        loss, zeros = LOSSES[self._settings.loss], np.zeros(self._settings.samples)
        if self._is_plain:
            return Lifted(loss.gradient(self.plainly.output, targets), zeros)
        output = Lifted(self.plainly.heard.rows[-1], self._signal_exponents[-1])
        return loss.gradient(output, Lifted(targets, zeros), difference, _response)


def _response(activation: Activation, z: Lifted) -> Lifted:
    value = phi_value(activation, Scaled(z.mantissa, z.exponent[None]))
    return Lifted(value.mantissa, value.exponent[0])


def lifted(response: Tailed) -> Lifted:
    """The same with each sample's largest tail in its exponent."""
    body, tail = response
    if isinstance(tail, float):
        return Lifted(body, np.zeros((*body.shape[:-2], body.shape[-1])))
    peak = np.maximum.reduce(tail, axis=-2)
    return Lifted(body * np.exp(tail - peak[..., None, :]), peak * _LOG2_E)


def normalized(x: Lifted) -> Lifted:
    """The same with the largest mantissa of each sample between 1/2 and 1."""
    peak = np.maximum.reduce(np.abs(x.mantissa), axis=-2)
    _, shift = np.frexp(peak)
    shift = np.maximum(shift, -1022)  # a subnormal peak stays below 1/2
    return Lifted(x.mantissa * np.ldexp(1.0, -shift)[..., None, :], np.where(peak > 0, x.exponent + shift, -np.inf))


def add(x: Lifted, y: Lifted) -> Lifted:
    exponent = np.maximum(np.maximum(x.exponent, y.exponent), NOTHING)
    return Lifted(x.mantissa * np.exp2(x.exponent - exponent) + y.mantissa * np.exp2(y.exponent - exponent), exponent)


def difference(x: Lifted, y: Lifted) -> Lifted:
    return normalized(add(x, times(y, -1.0)))


def times(x: Lifted, factor: float) -> Lifted:
    return Lifted(x.mantissa * factor, x.exponent)
