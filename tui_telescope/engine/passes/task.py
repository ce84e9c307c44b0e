"""What every pass through a network is asked."""

from __future__ import annotations

from typing import NamedTuple

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Wanted
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.weights.draws import Sequences, UnitCell, UnitNetwork
from tui_telescope.settings import Settings


class Task(NamedTuple):
    """One network to measure."""

    network: UnitNetwork
    samples: tuple[Array, Array]
    """Inputs and targets, each (samples, n)."""
    settings: Settings
    wanted: Wanted
    progress: Progress
    """Told between layers how far the passes are; raises `Stopped` there."""
    workspace: Workspace


class SequenceTask(NamedTuple):
    """One recurrent network to measure."""

    network: UnitCell
    samples: Sequences
    settings: Settings
    wanted: Wanted
    progress: Progress
    workspace: Workspace
