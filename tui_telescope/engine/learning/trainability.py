"""Which depths and scales can be trained: the accuracy that networks reach in a fixed number of steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.sweep import STRIDES, CellMemory, Place, mapped_depths, mapped_scales
from tui_telescope.engine.telescope import Telescope
from tui_telescope.networks import EXACT
from tui_telescope.settings import Settings

STEPS = 100
"""That every network of a map may take, with momentum."""


@dataclass(frozen=True, eq=False)
class TrainabilityMap:
    """The accuracy over scale and depth, after Schoenholz et al. (2017), section 5."""

    settings: Settings
    """Those of the user; each cell has its own scale and depth."""
    scales: tuple[float, ...]
    depths: tuple[int, ...]
    accuracy: Array
    """(depths, scales); what is yet to be trained is as the nearest that has been."""

    def document(self) -> dict[str, Any]:
        """What `print --view trainable` writes as JSON: rows by depth."""
        return {
            "settings": self.settings.as_dict(),
            "steps": STEPS,
            "scales": list(self.scales),
            "depths": list(self.depths),
            "accuracy": self.accuracy.tolist(),
        }


TrainabilityMemory = CellMemory[float]
"""Of accuracies."""


def trainability(
    telescope: Telescope,
    settings: Settings,
    scales: Sequence[float] | None = None,
    depths: Sequence[int] | None = None,
    *,
    memory: TrainabilityMemory,
    progress: Progress,
) -> Iterator[TrainabilityMap]:
    """The map after each row of a refinement that has new cells, in the end with all of them.

    `scales` and `depths`, both ascending, are `mapped_scales` and `mapped_depths` unless given. Raises
    `Stopped`, and `SettingsError` for a cell that cannot be.
    """
    grid = tuple(scales or mapped_scales(settings)), tuple(depths or mapped_depths(settings))
    seen = memory.cells(settings)
    missing = [place for place in _in_order(*grid) if place not in seen]
    pieces = progress.parts([depth for depth, _ in missing])
    row = missing[0][0] if missing else 0
    for (depth, scale), piece in zip(missing, pieces, strict=True):
        if depth != row:
            yield _assembled(settings, *grid, seen)
        row = depth
        seen[depth, scale] = _accuracy(telescope, settings.replace(depth=depth, scale=scale), piece)
    yield _assembled(settings, *grid, seen)


def _in_order(scales: Sequence[float], depths: Sequence[int]) -> Iterator[Place]:
    """All cells, those of coarse maps first; the last scale and depth are on every map."""
    places: dict[Place, None] = {}
    for stride in STRIDES:
        rows, columns = depths[::-1][::stride], [*scales[:-1:stride], scales[-1]]
        places |= dict.fromkeys(product(rows, columns))
    return iter(places)


def _accuracy(telescope: Telescope, settings: Settings, progress: Progress) -> float:
    """What one network reaches in float32; guessing where it diverges."""
    learner = telescope.learner(settings.replace(optimizer="momentum", precision=EXACT))
    for step in range(STEPS):
        progress.reach(step / STEPS)
        learner.step()
    return learner.evaluate()[1]


def _assembled(
    settings: Settings, scales: tuple[float, ...], depths: tuple[int, ...], seen: Mapping[Place, float]
) -> TrainabilityMap:
    known = [place for place in product(range(len(depths)), range(len(scales))) if _at(place, scales, depths) in seen]
    numbers = np.array([seen[_at(place, scales, depths)] for place in known])
    rows, columns = np.array(known).T
    down, across = np.arange(len(depths))[:, None, None] - rows, np.arange(len(scales))[:, None] - columns
    return TrainabilityMap(settings, scales, depths, numbers[(down * down + across * across).argmin(axis=-1)])


def _at(place: tuple[int, int], scales: Sequence[float], depths: Sequence[int]) -> Place:
    row, column = place
    return depths[row], scales[column]
