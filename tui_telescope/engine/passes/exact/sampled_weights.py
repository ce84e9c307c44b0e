"""The blocks of networks whose weights are sampled where they are needed, and not stored."""

from __future__ import annotations

import dataclasses
from typing import Any

from tui_telescope.engine.blocks import Block, G, Linear, Operation, blocks
from tui_telescope.engine.passes.exact.extended_range_pass import Guards
from tui_telescope.engine.passes.exact.layer_by_layer import LayerByLayer
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.task import Task
from tui_telescope.networks import SAMPLES


def measure(task: Task) -> Measurement:
    """The readings of one network. Raises `Stopped`.

    What samples have in common is not kept apart from what differs: each matrix may be multiplied with signals once.
    """
    inputs, vectors = task.samples
    guards = dataclasses.replace(Guards.of(task.settings), tracked_axis=None)
    if guards.spread_axis == SAMPLES:
        guards = dataclasses.replace(guards, spread_axis=None)
    layers = [_sampled(block) for block in blocks(task.network, task.settings)]
    return LayerByLayer(layers, task).measure(guards.signal(inputs.T), vectors.T)


class SampledLinear(Linear):
    """A linear operation whose way back hangs on what was met on the way there."""

    def backward(self, gradient: G, layer_input: Any = None) -> G:
        weights: Any = self.weights
        return gradient.through(weights.transposed(layer_input.mantissa), self.gain)


def _sampled(block: Block) -> Block:
    return dataclasses.replace(block, branch=[_operation(each) for each in block.branch])


def _operation(operation: Operation) -> Operation:
    return SampledLinear(**vars(operation)) if isinstance(operation, Linear) else operation
