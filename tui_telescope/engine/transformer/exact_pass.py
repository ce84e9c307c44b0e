"""The blocks of a transformer over numbers that neither overflow nor underflow, and a look at what rounding decides."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tui_telescope.engine.arithmetic.extended_range import ExtendedRange
from tui_telescope.engine.blocks import Block, Respond, Step, StepBack, final_norm, pulled
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.passes.checkpoints import segments
from tui_telescope.engine.passes.measurement import Measurement, SignalMeasurement, saturated_and_dead
from tui_telescope.engine.passes.progress import LAYERS_BACK, tally_of_passes
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.transformer.matrix_gradients import MatrixGradients
from tui_telescope.engine.transformer.recipe import Product, columns_of, halves
from tui_telescope.engine.transformer.token_signals import TokenSignal, log2_norms_of_samples
from tui_telescope.networks import MATRICES

Halves = list[list[Step]]
"""The steps of attention and of the mlp."""


def measure(task: Task) -> Measurement:
    """The readings of one transformer. Raises `Stopped`."""
    return _ThroughBlocks(task).measure()


class _ThroughBlocks:
    """Once through the blocks, there and back."""

    def __init__(self, task: Task) -> None:
        settings, wanted = task.settings, task.wanted
        depth, samples = settings.depth, settings.samples
        self._network, self._samples, self._settings = task.network, task.samples, settings
        self._segments = segments(settings)
        self._tally = tally_of_passes(task.progress, self._segments)
        self._gradient = np.empty((depth, samples))
        self._by_matrices = MatrixGradients(settings, wanted)
        self._signal: SignalMeasurement | None = None
        if wanted.signal:
            self._signal = SignalMeasurement(*(np.empty(shape) for shape in ((depth, samples), depth, depth)))
            self._signal = dataclasses.replace(self._signal, differing=np.empty((depth, samples)))

    def measure(self) -> Measurement:
        starts, layers = self._go_forward()
        self._go_back(starts[:-1], layers, self._error(starts[-1]))
        by_matrices = self._by_matrices
        return Measurement(
            self._gradient,
            by_matrices.of_blocks(),
            self._signal,
            global_norm=by_matrices.global_norm(),
            weight_gradient_parts=by_matrices.of_parts(),
        )

    def _halves(self, layer: int) -> tuple[Block, Block]:
        return halves(self._network, self._settings, layer)

    def _error(self, output: TokenSignal) -> ExtendedRange:
        """The gradient by X_L."""
        loss, vectors, norm = LOSSES[self._settings.loss], columns_of(self._samples[1]), final_norm(self._settings)
        if norm is None:
            return output.error(loss, vectors)
        normed, pullback = norm.forward(output)
        return norm.backward(normed.error(loss, vectors), pullback)

    def _go_forward(self) -> tuple[list[TokenSignal], list[Halves]]:
        """The signal before each segment and after the last, and the steps of that one's blocks."""
        x = TokenSignal.of(columns_of(self._samples[0]), self._settings.tokens)
        starts, layers = [x], list[Halves]()
        for segment in self._segments:
            layers = []  # the segment before is free before this one takes its room
            x, layers = self._walk(segment, x, reads=self._signal is not None)
            starts.append(x)
        return starts, layers

    def _walk(self, segment: range, x: TokenSignal, *, reads: bool = False) -> tuple[TokenSignal, list[Halves]]:
        layers = []
        for layer in segment:
            self._tally.take_up(1)
            steps_of_halves = []
            for half in self._halves(layer):
                x, steps = half.forward(x)
                steps_of_halves.append(steps)
            layers.append(steps_of_halves)
            if reads and self._signal is not None and self._signal.differing is not None:
                self._signal.norms[layer], self._signal.differing[layer] = x.log2_norm(), x.log2_spread()
        return x, layers

    def _go_back(self, starts: list[TokenSignal], layers: list[Halves], delta: ExtendedRange) -> None:
        for segment, start in zip(reversed(self._segments), reversed(starts), strict=True):
            layers = layers or self._walk(segment, start)[1]
            for layer in reversed(segment):
                self._tally.take_up(LAYERS_BACK)
                delta = self._block_back(layer, layers.pop(), delta)

    def _block_back(self, layer: int, steps_of_halves: Halves, delta: ExtendedRange) -> ExtendedRange:
        """Read the block; the gradient by what is below it."""
        self._gradient[layer] = log2_norms_of_samples(delta, self._settings.tokens)
        for half, steps in zip(reversed(self._halves(layer)), reversed(steps_of_halves), strict=True):
            delta, steps_back = half.backward(steps, delta, pulled)
            for back in steps_back:
                self._read(layer, back)
        return delta

    def _read(self, layer: int, back: StepBack) -> None:
        operation = back.step.operation
        if isinstance(operation, Respond) and self._signal is not None:
            slope = back.step.memory()
            fractions = saturated_and_dead(np.abs(slope.values()), operation.activation, slope.is_zero())
            self._signal.saturated[layer], self._signal.dead[layer] = fractions
        if isinstance(operation, Product) and self._by_matrices.is_wanted:
            x: Any = back.step.memory
            for name, by_product in zip(operation.names, back.by_output.split(len(operation.names)), strict=True):
                heard = x.difference if MATRICES[name].is_levelled else x.value
                self._by_matrices.take(name, layer, by_product.log2_outer_norm(heard))
                if self._by_matrices.takes_biases and not MATRICES[name].is_levelled:
                    self._by_matrices.take_biases(name, layer, float(by_product.sum(1).log2_norm()[0]))
