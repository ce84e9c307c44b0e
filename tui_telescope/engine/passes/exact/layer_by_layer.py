"""Signals forward and gradients backward through the blocks of one network, and the readings on the way."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.blocks import Block, Linear, Respond, Step, StepBack
from tui_telescope.engine.losses import Loss
from tui_telescope.engine.passes.checkpoints import segments
from tui_telescope.engine.passes.measurement import Measurement, SignalMeasurement
from tui_telescope.engine.passes.parameter_gradients import ParameterGradients
from tui_telescope.engine.passes.progress import LAYERS_BACK, tally_of_passes
from tui_telescope.engine.passes.task import Task


class Kind(Protocol):
    """A kind of number that blocks are run over; its signals and gradients are its own."""

    def block(self, layer: int) -> Block: ...
    def signal(self, inputs: Array) -> Any:
        """From float64, (units, samples)."""

    def error(self, loss: Loss, output: Any, vectors: Array) -> Any:
        """The gradient by the output."""

    def pulled(self, step: Step, gradient: Any) -> Any:
        """See `blocks.Pull`."""

    def log2_signal_norms(self, signal: Any) -> Array:
        """(samples,)"""

    def log2_gradient_norms(self, gradient: Any) -> Array:
        """(samples,)"""

    def log2_by_weights(self, back: StepBack) -> float:
        """log2 of ||sum over samples of d loss / d W||_F."""

    def log2_by_biases(self, back: StepBack) -> float:
        """The same of the biases."""

    def saturated_and_dead(self, activation: Activation, slope: Any) -> tuple[float, float]:
        """See `measurement.saturated_and_dead`."""


class LayerByLayer:
    """Once through the blocks, there and back."""

    def __init__(self, kind: Kind, loss: Loss, task: Task) -> None:
        settings, wanted = task.settings, task.wanted
        depth, samples = settings.depth, settings.samples
        self._kind, self._loss, self._log2_samples = kind, loss, math.log2(samples)
        self._segments = segments(settings)
        self._tally = tally_of_passes(task.progress, self._segments)
        self._gradient = np.empty((depth, samples))
        self._by_parameters = ParameterGradients(settings, wanted)
        self._signal: SignalMeasurement | None = None
        """Its saturated and dead fractions are filled in on the way back, where phi' is needed."""
        if wanted.signal:
            self._signal = SignalMeasurement(np.empty((depth, samples)), np.empty(depth), np.empty(depth))

    def measure(self, inputs: Array, vectors: Array) -> Measurement:
        """The readings, from inputs and what the loss is given, (units, samples). Raises `Stopped`."""
        starts, layers = self._go_forward(self._kind.signal(inputs))
        self._go_back(starts[:-1], layers, self._kind.error(self._loss, starts[-1], vectors))
        by_parameters = self._by_parameters
        return Measurement(
            self._gradient, by_parameters.by_weights, self._signal, global_norm=by_parameters.global_norm()
        )

    def _go_forward(self, a: Any) -> tuple[list[Any], list[list[Step]]]:
        """The signal before each segment and after the last, and the steps of that one's layers."""
        starts, layers = [a], list[list[Step]]()
        for segment in self._segments:
            layers = []  # the segment before is free before this one takes its room
            a, layers = self._walk(segment, a, reads=self._signal is not None)
            starts.append(a)
        return starts, layers

    def _walk(self, segment: range, a: Any, *, reads: bool = False) -> tuple[Any, list[list[Step]]]:
        layers = []
        for layer in segment:
            self._tally.take_up(1)
            a, steps = self._kind.block(layer).forward(a)
            layers.append(steps)
            if reads and self._signal is not None:
                self._signal.norms[layer] = self._kind.log2_signal_norms(a)
        return a, layers

    def _go_back(self, starts: list[Any], layers: list[list[Step]], delta: Any) -> None:
        for segment, start in zip(reversed(self._segments), reversed(starts), strict=True):
            layers = layers or self._walk(segment, start)[1]
            for layer in reversed(segment):
                self._tally.take_up(LAYERS_BACK)
                delta = self._layer_back(layer, layers.pop(), delta)

    def _layer_back(self, layer: int, steps: list[Step], delta: Any) -> Any:
        """Read the layer; the gradient by what is below it, as far as anybody reads that."""
        self._gradient[layer] = self._kind.log2_gradient_norms(delta)
        if self._signal is not None:
            for step in steps:
                if isinstance(step.operation, Respond):
                    fractions = self._kind.saturated_and_dead(step.operation.activation, step.memory())
                    self._signal.saturated[layer], self._signal.dead[layer] = fractions
        if layer > 0 or self._by_parameters.by_weights is not None:
            delta, steps_back = self._kind.block(layer).backward(steps, delta, self._kind.pulled)
            for back in steps_back:
                if isinstance(back.step.operation, Linear):
                    self._read_parameters(layer, back)
        return delta

    def _read_parameters(self, layer: int, back: StepBack) -> None:
        by_parameters = self._by_parameters
        if by_parameters.by_weights is not None:
            by_parameters.by_weights[layer] = self._kind.log2_by_weights(back) - self._log2_samples
        if by_parameters.takes_biases:
            by_parameters.by_biases[layer] = self._kind.log2_by_biases(back) - self._log2_samples
