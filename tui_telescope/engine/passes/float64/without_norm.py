"""The float64 pass through a network without a norm: as few numpy calls a layer as it takes, checked on the way.

Most networks need no more. `measure` says `None` where it cannot vouch for its numbers: where signals leave a safe
range, where gradients leave it from one layer to the next, or where so many units are saturated that slopes such as
1 - tanh^2 have lost digits which then matter. There `with_exponents` goes on.
"""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.passes.float64.backward import BackwardPass
from tui_telescope.engine.passes.float64.forward import ForwardPass
from tui_telescope.engine.passes.float64.layer_record import LayerRecord
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.progress import FORWARD_SHARE
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import UnitMatrices

LEAST_FACTOR = 1e-4
"""A slope that loses digits is trusted while each layer passes on this share of the most that it could."""


def measure(task: Task) -> Measurement | None:
    """The readings of a network, or None where they need more care. Raises `Stopped`."""
    _, (inputs, targets), settings, wanted, progress, workspace = task
    matrices = task.network.single
    with np.errstate(all="ignore"):
        forward = ForwardPass(matrices, settings, workspace, progress.part(0, FORWARD_SHARE))
        if not forward.run(inputs.T):
            return None
        record = LayerRecord(settings, wanted, forward.signals, workspace, may_cancel=forward.kernel.offset != 0)
        error = LOSSES[settings.loss].gradient(forward.output, targets.T)
        back = progress.part(FORWARD_SHARE, 1)
        gradient = BackwardPass(settings, forward, forward.slopes_of, record, workspace, back).run(error)
        if gradient is None or not (_has_digits(gradient, forward, matrices) and record.is_sound()):
            return None
        return record.measurement(gradient[1:])


def _has_digits(gradient: Array, forward: ForwardPass, matrices: UnitMatrices) -> bool:
    """Whether slopes had digits enough for these gradients: see `LEAST_FACTOR`."""
    if not (forward.output_slope and forward.kernel.loses_digits):
        return True
    least = np.log2(LEAST_FACTOR * forward.factor * matrices.spread)
    return bool((np.subtract(gradient[:-1], gradient[1:]).min(axis=1) > least).all())
