"""A feedforward network in a number format: its blocks, gone through layer by layer over numbers that are rounded."""

from __future__ import annotations

from tui_telescope.engine.blocks import blocks
from tui_telescope.engine.formats.readings import as_the_format_has_it
from tui_telescope.engine.formats.rounded import kind_of
from tui_telescope.engine.formats.rounding import as_formats_are
from tui_telescope.engine.passes.exact.layer_by_layer import LayerByLayer
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.task import Task


@as_formats_are
def measure(task: Task) -> Measurement:
    """The readings of one network, as its format has them. Raises `Stopped`.

    The loss is the sum over samples, so that each sample's gradient is the format's own, whatever the others are.
    """
    network, (inputs, vectors), settings = task.network, task.samples, task.settings
    kind = kind_of(settings.precision, settings.loss_scale)
    through_layers = LayerByLayer(blocks(network, settings), task)
    return as_the_format_has_it(through_layers.measure(kind.of(inputs.T), vectors.T), settings)
