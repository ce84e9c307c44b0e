"""Signals forward and gradients backward through the blocks of one network, and the readings on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.blocks import Block, Linear, Respond, Signal, Step, StepBack, final_norm, pulled
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.passes.checkpoints import segments
from tui_telescope.engine.passes.measurement import EntryShares, Measurement, SignalMeasurement, saturated_and_dead
from tui_telescope.engine.passes.parameter_gradients import ParameterGradients
from tui_telescope.engine.passes.progress import LAYERS_BACK, tally_of_passes
from tui_telescope.engine.passes.task import Task


class LayerByLayer:
    """Once through the blocks, there and back, over the kind of number that the inputs are given in."""

    def __init__(self, blocks: Sequence[Block], task: Task) -> None:
        settings, wanted = task.settings, task.wanted
        depth, samples = settings.depth, settings.samples
        self._blocks, self._loss, self._log2_samples = blocks, LOSSES[settings.loss], math.log2(samples)
        self._final_norm = final_norm(settings)
        self._segments = segments(settings)
        self._tally = tally_of_passes(task.progress, self._segments)
        self._gradient = np.empty((depth, samples))
        self._entries = EntryShares.of(settings)
        self._by_parameters = ParameterGradients(settings, wanted)
        self._signal: SignalMeasurement | None = None
        """Its saturated and dead fractions are filled in on the way back, where phi' is needed."""
        if wanted.signal:
            self._signal = SignalMeasurement(np.empty((depth, samples)), np.empty(depth), np.empty(depth))

    def measure(self, inputs: Signal, vectors: Array) -> Measurement:
        """The readings, from a_0 and what the loss is given, (units, samples). Raises `Stopped`."""
        starts, layers = self._go_forward(inputs)
        self._go_back(starts[:-1], layers, self._error(starts[-1], vectors))
        by_parameters = self._by_parameters
        return Measurement(
            self._gradient,
            by_parameters.by_weights,
            self._signal,
            global_norm=by_parameters.global_norm(),
            entries=self._entries,
        )

    def _error(self, output: Signal, vectors: Array) -> Any:
        """The gradient by a_L."""
        if self._final_norm is None:
            return output.error(self._loss, vectors)
        normed, pullback = self._final_norm.forward(output)
        return self.pulled(Step(self._final_norm, pullback), normed.error(self._loss, vectors))

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
            a, steps = self._blocks[layer].forward(a)
            layers.append(steps)
            if reads and self._signal is not None:
                self._signal.norms[layer] = a.log2_norm()
        return a, layers

    def _go_back(self, starts: list[Any], layers: list[list[Step]], delta: Any) -> None:
        for segment, start in zip(reversed(self._segments), reversed(starts), strict=True):
            layers = layers or self._walk(segment, start)[1]
            for layer in reversed(segment):
                self._tally.take_up(LAYERS_BACK)
                delta = self._layer_back(layer, layers.pop(), delta)

    def _layer_back(self, layer: int, steps: list[Step], delta: Any) -> Any:
        """Read the layer; the gradient by what is below it, as far as anybody reads that."""
        self._gradient[layer] = delta.log2_norm()
        if self._entries is not None:
            self._entries.take(layer, delta.values())
        if self._signal is not None:
            fractions = _saturated_and_dead(steps, is_rounded=self._entries is not None)
            self._signal.saturated[layer], self._signal.dead[layer] = fractions
        if layer > 0 or self._by_parameters.by_weights is not None:
            delta, steps_back = self._blocks[layer].backward(steps, delta, self.pulled)
            for back in steps_back:
                if isinstance(back.step.operation, Linear):
                    self._read_parameters(layer, back)
        return delta

    def _read_parameters(self, layer: int, back: StepBack) -> None:
        by_parameters = self._by_parameters
        if by_parameters.by_weights is not None:
            by_parameters.add_weights(layer, self.log2_by_weights(back) - self._log2_samples)
        if back.step.operation.name in by_parameters.takes_biases:
            sums = back.by_output.sum(1).log2_norm()
            by_parameters.add_biases(layer, float(sums[0]) - self._log2_samples)

    def pulled(self, step: Step, gradient: Any) -> Any:
        """See `blocks.Pull`."""
        return pulled(step, gradient)

    def log2_by_weights(self, back: StepBack) -> float:
        """log2 of ||sum over samples of d loss / d W||_F."""
        log2_norm: float = back.by_output.log2_outer_norm(back.step.memory)
        return log2_norm


def _saturated_and_dead(steps: Sequence[Step], *, is_rounded: bool) -> tuple[float, float]:
    """The fractions of a layer's units, of all its activations together."""
    counted = []
    for step in steps:
        if isinstance(step.operation, Respond):
            slope = step.memory()
            sizes, phi = np.abs(slope.values()), step.operation.activation
            saturated, dead = saturated_and_dead(sizes, phi, slope.is_zero(), is_rounded=is_rounded)
            counted.append((float(saturated), float(dead), len(sizes)))
    units = sum(count for *_, count in counted)
    return (
        sum(saturated * (count / units) for saturated, _, count in counted),
        sum(dead * (count / units) for _, dead, count in counted),
    )
