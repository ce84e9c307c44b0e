"""The float64 pass forward through a network without a norm, in as few numpy calls as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.float64.layer_operands import as_arrays, offset_drifts, operands
from tui_telescope.engine.passes.float64.layer_record import Signals, Slopes, is_in_range
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.weights.draws import UnitMatrices, gain_of
from tui_telescope.networks import Shape
from tui_telescope.settings import Settings

CHUNK_ELEMENTS = 2**15
"""Layers are taken in chunks of about so many numbers, which stay in the fast cache."""
LARGE_LAYER = 2**12
"""From so many numbers on a layer is taken by itself, as long as it is in the fastest cache."""
HUGE_LAYER = 2**16
"""From so many numbers on layers are taken one at a time: the chunk's arrays would add up to more than the layers'."""
FEWEST_LAYERS = 4
CHECK_LAYERS = 16
"""Signals are checked at the first end of a chunk after so many layers."""
CHUNK_LAYERS = 64
"""At most so many, so that no chunk can run through float64's range from within the safe one."""
SAFE_SIGNAL = 1e45
"""Signals stay within 1e-45 and 1e45 at the chunks' ends."""


def is_large(settings: Settings) -> bool:
    """Whether a layer's numbers cost more than the numpy calls that take them."""
    return settings.width * settings.samples >= LARGE_LAYER


def chunk_layers(settings: Settings) -> int:
    """How many layers are taken at a time."""
    numbers = settings.width * settings.samples
    fewest = FEWEST_LAYERS if numbers < HUGE_LAYER else 1
    return min(max(fewest, CHUNK_ELEMENTS // numbers), CHUNK_LAYERS, settings.depth)


class LayerInputs(NamedTuple):
    """The h that each layer is given, and last the one that the loss is given."""

    array: Array
    """(depth + 1, n, samples)"""
    rows: list[Array]
    padded_rows: list[Array]
    """Each with the row of ones that folded matrices ask for, if they do."""


def _layer_inputs(memory: Array, width: int) -> LayerInputs:
    memory[:, width:] = 1.0
    array = memory[:, :width]
    return LayerInputs(array, list(array), list(memory))


class ForwardPass:
    """One run fills `layer_inputs`, and the slopes or the arguments of all layers where they are kept.

    Slopes are kept where they cannot be had from h. With `keeps_arguments` z' takes their place (see
    `float64_kernels`).
    """

    def __init__(
        self,
        matrices: UnitMatrices,
        settings: Settings,
        workspace: Workspace,
        progress: Progress,
        *,
        keeps_arguments: bool = False,
    ) -> None:
        n, depth, samples = settings.width, settings.depth, settings.samples
        self._settings, self._progress, self._workspace = settings, progress, workspace
        self._activation = ACTIVATIONS[settings.activation]
        self.kernel = kernel = self._activation.kernel
        self.factor = gain_of(settings, Shape(n, n)) * kernel.input_scale
        self.factor *= kernel.output_scale
        self.drifts = offset_drifts(settings)
        self.branch_factors = as_arrays(settings.branch_factors)
        self.operands = operands(matrices, settings, self.factor, self.drifts[:-1], workspace)
        self._chunk = chunk = chunk_layers(settings)
        shape = depth + 1, n + self.operands.ones, samples
        self.layer_inputs = workspace.keep(
            "layer_inputs", (n, *shape), lambda: _layer_inputs(workspace.take("layer_inputs", *shape), n)
        )
        # beside a residual connection h is a sum, from which no slope can be had
        self.output_slope = None if settings.residual else kernel.output_slope
        """How slopes are had from h; None where they cannot."""
        self._keeps_arguments = keeps_arguments
        self._keeps_slopes = not (self.output_slope or keeps_arguments)
        self._slopes_at_once = self._keeps_slopes and is_large(settings)
        """Whether slopes are told layer by layer; elsewhere for a whole chunk, in fewer calls."""
        # what nobody reads any more stays in the fastest cache
        in_use = chunk if self._keeps_slopes and not self._slopes_at_once else 1
        self._arguments = workspace.take_stack("arguments", in_use, n, samples)
        self._argument_rows = self._arguments.rows * (chunk // in_use)
        self._branches = workspace.take_stack("branches", in_use, n, samples) if settings.residual else None
        self._skipped = workspace.take("skipped", n, samples)
        self._branch_rows = self._branches.rows * (chunk // in_use) if self._branches else []
        keeps = self._keeps_slopes or keeps_arguments
        kept = workspace.take_stack("slopes", depth if keeps else chunk, n, samples)
        self._slopes = workspace.take_stack("stashes", chunk, n, samples) if keeps_arguments else kept
        self.arguments = kept
        """z' of all layers, where they are kept."""
        self.reached = 0
        """Layers of the run whose signals were found safe."""

    @property
    def output(self) -> Array:
        """a_L, (n, samples)."""
        return np.asarray(self.kernel.output_scale * (self.layer_inputs.rows[-1] + self.drifts[-1]))

    def slopes_of(self, layers: slice, passing: bool) -> Slopes:
        """core' of some layers, from h or from what was kept; `passing` says that each row is read once."""
        if self.output_slope is None:
            return Slopes(self._slopes.array[layers], self._slopes.rows[layers])
        count = layers.stop - layers.start
        if passing:
            row, layer_inputs = self._slopes.rows[0], self.layer_inputs.rows[layers.start + 1 : layers.stop + 1]
            return Slopes(self._slopes.array[:1], [row] * count, fill=self.output_slope, layer_inputs=layer_inputs)
        slopes = self._slopes.array[:count]
        self.output_slope(self.layer_inputs.array[1:][layers], slopes)
        return Slopes(slopes, self._slopes.rows[:count])

    def signals(self, layers: slice) -> Signals:
        """a / output_scale below some layers and of each of them."""
        reach = slice(layers.start, layers.stop + 1)
        layer_inputs = self.layer_inputs.array[reach]
        if not self.drifts[-1]:
            return Signals(layer_inputs)
        out = self._workspace.take("signals", *layer_inputs.shape)
        return Signals(np.add(layer_inputs, self.drifts[reach, None, None], out=out))

    def run(self, inputs: Array) -> bool:
        """Fill all that is kept, from inputs (n, samples); whether the signals stayed in the safe range."""
        layer_inputs, depth = self.layer_inputs, self._settings.depth
        np.multiply(inputs, 1 / self.kernel.output_scale, layer_inputs.rows[0])
        self.reached = 0
        for start in range(0, depth, self._chunk):
            self._progress.reach(start / depth)
            layers = slice(start, min(start + self._chunk, depth))
            self._run_chunk(layers)
            if layers.stop - self.reached >= CHECK_LAYERS or layers.stop == depth:
                if not self._is_safe(layer_inputs.rows[layers.stop]):
                    return False
                self.reached = layers.stop
        return True

    def _run_chunk(self, layers: slice) -> None:
        above, count = slice(layers.start + 1, layers.stop + 1), layers.stop - layers.start
        branches = self._branches
        stashes = self._slopes.rows[layers] if self._keeps_slopes else self._slopes.rows
        self._run_layers(layers, self._branch_rows if branches else self.layer_inputs.rows[above], stashes)
        if self._keeps_slopes and not self._slopes_at_once:
            responses = branches.array[:count] if branches else self.layer_inputs.array[above]
            self.kernel.slope(self._arguments.array[:count], responses, self._slopes.array[layers])

    def _run_layers(self, layers: slice, responses: Sequence[Array], stashes: Sequence[Array]) -> None:
        rescale, shifts, core = self.operands.rescale, self.operands.shifts, self.kernel.core
        residual, layer_inputs = self._settings.residual, self.layer_inputs.rows
        skip = None if self._settings.skip_scale == 1 else np.array(self._settings.skip_scale)
        kept = self.arguments.rows if self._keeps_arguments else None
        slope = self.kernel.slope if self._slopes_at_once else None
        steps = zip(
            range(layers.start, layers.stop), self.operands.forward[layers], self.layer_inputs.padded_rows[layers],
            self._argument_rows, responses, stashes, self.branch_factors[layers], strict=False,
        )  # fmt: skip
        for layer, product, padded, argument, response, stash, branch_factor in steps:
            product(padded, argument)
            if rescale is not None:
                np.multiply(argument, rescale, argument)
            if shifts is not None:
                np.add(argument, shifts[layer], argument)
            if kept is not None:
                np.copyto(kept[layer], argument)
            core(argument, response, stash)
            if slope is not None:
                slope(argument, response, stash)
            if residual:
                np.multiply(response, branch_factor, layer_inputs[layer + 1])
                skipped = layer_inputs[layer] if skip is None else np.multiply(layer_inputs[layer], skip, self._skipped)
                np.add(skipped, layer_inputs[layer + 1], layer_inputs[layer + 1])

    def _is_safe(self, h: Array) -> bool:
        """Whether each sample's largest signal is within the safe range, or zero because its units are dead."""
        peaks = np.maximum.reduce(np.abs(h))
        if self.kernel.offset:  # beside which nothing is small
            return bool(peaks.max() < SAFE_SIGNAL)
        return is_in_range(peaks, SAFE_SIGNAL, may_be_zero=self._activation.dies)
