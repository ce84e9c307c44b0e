"""The float64 pass for networks that leave float64: exponents for each sample's signal, slopes and gradient.

`without_norm` is quicker, and `extended_range_pass` goes where even this one does not: with a norm, or with diagonal
weights, where every unit needs an exponent of its own. What does not follow from the layer before is done for many
layers at once: the slopes, and where ordinary numbers will do on the way forward, the signals too.
"""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.activations.extended_range_values import phi_slope, phi_value
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange, concatenated
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.passes.float64.backward import BackwardPass
from tui_telescope.engine.passes.float64.forward import CHECK_LAYERS, ForwardPass
from tui_telescope.engine.passes.float64.layer_record import LayerRecord, Signals, Slopes, is_in_range
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.progress import FORWARD_SHARE, Progress
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import UnitMatrices, gain_of
from tui_telescope.networks import Shape
from tui_telescope.settings import Settings

SAFE_SIGNAL_SQUARE = 1e80
"""Signals are taken from float64 where all their squared norms are within 1e-80 and 1e80."""


def measure(task: Task) -> Measurement | None:
    """The readings of a network, or None where they need more care still. Raises `Stopped`."""
    _, (inputs, targets), settings, wanted, progress, workspace = task
    with np.errstate(all="ignore"):
        forward = _Forward(task.network.single, inputs.T, settings, workspace, progress.part(0, FORWARD_SHARE))
        record = LayerRecord(settings, wanted, forward.signals, workspace, may_cancel=forward.signals_may_cancel)
        back = progress.part(FORWARD_SHARE, 1)
        walk = BackwardPass(settings, forward.in_float64, forward.slopes_of, record, workspace, back)
        error = forward.error(targets.T)
        gradient = walk.run(error.mantissa, error.exponent[0])
        if gradient is None or not record.is_sound():
            return None
        return record.measurement(gradient[1:])


class _Forward:
    """The forward pass, which fills the arguments and signals of all layers, and what is read from them."""

    def __init__(
        self, matrices: UnitMatrices, inputs: Array, settings: Settings, workspace: Workspace, progress: Progress
    ) -> None:
        self._matrices, self._inputs, self._settings = matrices, inputs, settings
        self._progress = progress
        self._activation = ACTIVATIONS[settings.activation]
        self._kernel = self._activation.kernel
        self.in_float64 = ForwardPass(matrices, settings, workspace, progress, keeps_arguments=True)
        self._is_in_float64 = self.in_float64.run(inputs)
        safe = self._safe_layers()
        self._is_in_float64 &= safe == settings.depth
        self._argument_exponents = np.zeros((settings.depth, 1, settings.samples))
        self._signal_exponents = np.zeros((settings.depth + 1, 1, settings.samples))
        if not self._is_in_float64:
            self._forward(safe)
        has_offset = self._is_in_float64 and self._kernel.offset != 0
        self.signals_may_cancel = has_offset and settings.residual
        self._signals_by_arguments = has_offset and not settings.residual

    def _safe_layers(self) -> int:
        """Up to which layer float64's signals are safe on every one, so that none has shrunk to nothing and come back.

        Beside an offset nothing is small: there it is all or nothing.
        """
        reached = self.in_float64.reached
        if self._kernel.offset:
            return reached if self._is_in_float64 else 0
        signals = self.in_float64.layer_inputs.array[: reached + 1]
        squares = np.einsum("lus,lus->ls", signals, signals)
        may_be_zero = self._activation.dies
        if is_in_range(squares, SAFE_SIGNAL_SQUARE, may_be_zero=may_be_zero):
            return reached
        is_safe = [is_in_range(each, SAFE_SIGNAL_SQUARE, may_be_zero=may_be_zero) for each in squares]
        return max(0, is_safe.index(False) - 1)

    def _forward(self, start: int) -> None:
        """From a layer on, each sample's signal normalized, in the place of the float64 pass's arrays."""
        settings, signals, arguments = self._settings, self.in_float64.layer_inputs.rows, self.in_float64.arguments.rows
        gain = gain_of(settings, Shape(settings.width, settings.width))
        if start > 0:
            below = self.in_float64.layer_inputs.array[: start + 1]
            below *= self._kernel.output_scale
            self.in_float64.arguments.array[:start] /= self._kernel.input_scale
        a = ExtendedRange.of(signals[start] if start > 0 else self._inputs)
        for layer in range(start, settings.depth):
            if layer % CHECK_LAYERS == 0:
                self._progress.reach(layer / settings.depth)
            signals[layer][...], self._signal_exponents[layer] = a.mantissa, a.exponent
            # not normalized yet: what phi makes of it is
            z = self._biased(layer, ExtendedRange(self._matrices.weights[layer].dot(a.mantissa) * gain, a.exponent))
            arguments[layer][...], self._argument_exponents[layer] = z.mantissa, z.exponent
            value = phi_value(self._activation, z)
            if settings.residual:
                value = a.times(settings.skip_scale) + value.times(settings.branch_factors[layer])
            a = value
        signals[-1][...], self._signal_exponents[-1] = a.mantissa, a.exponent

    def _biased(self, layer: int, z: ExtendedRange) -> ExtendedRange:
        biases = self._matrices.biases
        if biases is None:
            return z
        return z + ExtendedRange(biases[layer][:, None], np.zeros((1, 1)))

    def _pre_activations(self, layers: slice) -> ExtendedRange:
        arguments = self.in_float64.arguments.array[layers]
        if self._is_in_float64 and self._kernel.input_scale != 1:
            arguments = arguments / self._kernel.input_scale
        return ExtendedRange(arguments, self._argument_exponents[layers])

    def slopes_of(self, layers: slice, passing: bool) -> Slopes:
        """core' of some layers, the largest in each sample between 1/2 and 1."""
        slopes = phi_slope(self._activation, self._pre_activations(layers), tolerance=1)
        exponents = slopes.exponent[:, 0] - np.log2(self._kernel.input_scale * self._kernel.output_scale)
        return Slopes(slopes.mantissa, list(slopes.mantissa), exponents)

    def signals(self, layers: slice) -> Signals:
        """a / output_scale below some layers and of each of them."""
        if not self._is_in_float64:
            reach = slice(layers.start, layers.stop + 1)
            array, exponents = self.in_float64.layer_inputs.array[reach], self._signal_exponents[reach]
        elif self._signals_by_arguments:
            a = self._signals_of_arguments(layers)
            array, exponents = a.mantissa, a.exponent
        else:
            return self.in_float64.signals(layers)
        return Signals(array, exponents[:, 0] - np.log2(self._kernel.output_scale))

    def _signals_of_arguments(self, layers: slice) -> ExtendedRange:
        """a from z rather than from h, whose offset hides how small it is."""
        first = max(0, layers.start - 1)
        a = phi_value(self._activation, self._pre_activations(slice(first, layers.stop)))
        return a if layers.start > 0 else concatenated([ExtendedRange.of(self._inputs[None]), a], axis=-3)

    def error(self, targets: Array) -> ExtendedRange:
        """The gradient by the output."""
        loss = LOSSES[self._settings.loss]
        if self._is_in_float64:
            return ExtendedRange.of(loss.gradient(self.in_float64.output, targets))
        output = ExtendedRange(self.in_float64.layer_inputs.rows[-1], self._signal_exponents[-1])
        return loss.gradient(output, ExtendedRange.of(targets), phi_value)
