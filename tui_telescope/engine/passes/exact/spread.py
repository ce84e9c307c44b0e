"""How much samples still differ at each layer or step, however little that is: one way forward, apart from all others.

Small networks take it ten or twenty times as long as all that a pass reads on its way, large ones five times: only
who looks at it asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.blocks import blocks
from tui_telescope.engine.formats.rounded import kind_of
from tui_telescope.engine.passes.exact.apart import Apart
from tui_telescope.engine.passes.task import SequenceTask, Task
from tui_telescope.engine.recurrent.through_time import WeightedCell
from tui_telescope.settings import Settings


def log2_differing(task: Task | SequenceTask) -> Array:
    """log2 of ||a_l - mean over samples||, (depth, samples); -inf where samples do not differ. Raises `Stopped`.

    In a number format it is what the format's own signals differ by.
    """
    depth = task.settings.depth
    signals = _steps(task) if isinstance(task, SequenceTask) else _layers(task)
    log2 = []
    with np.errstate(all="ignore"):
        for layer, signal in enumerate(signals):
            task.progress.reach(layer / depth)
            log2.append(signal.log2_differing())
    return np.stack(log2)


def _kind(settings: Settings) -> Any:
    """A way forward asks no more of a number than these can."""
    return kind_of(settings.precision, settings.loss_scale) if settings.number_format else Apart


def _layers(task: Task) -> Iterator[Any]:
    a = _kind(task.settings).of(task.samples[0].T)
    for block in blocks(task.network, task.settings):
        a, _ = block.forward(a)
        yield a


def _steps(task: SequenceTask) -> Iterator[Any]:
    network = WeightedCell[Any](_kind(task.settings), task.network, task.samples, task.settings)
    state = network.start()
    for t in range(task.settings.depth):
        state = network.step(t, state).state
        yield state[0]
