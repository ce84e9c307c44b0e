"""Which depths and scales can be trained: the accuracy that networks reach in a fixed number of steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.learning.model import most_at_once
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.sweep import STRIDES, CellMemory, Grid, Place, coarsened, mapped_depths, mapped_scales
from tui_telescope.engine.telescope import Telescope
from tui_telescope.networks import EXACT
from tui_telescope.settings import Settings

STEPS = 100
"""That every network of a map may take, with momentum."""
_NUMBERS_AT_ONCE = 2**14
"""Of a layer's signal, of all networks that learn side by side: more of them leave the fast cache."""


@dataclass(frozen=True, eq=False)
class TrainabilityMap:
    """The accuracy over scale and depth, after Schoenholz et al. (2017), section 5."""

    settings: Settings
    """Those of the user; each cell has its own scale and depth."""
    scales: tuple[float, ...]
    depths: tuple[int, ...]
    accuracy: Array
    """(depths, scales); what is yet to be trained is as the nearest that has been."""

    @property
    def own_accuracy(self) -> float | None:
        """That of the settings themselves, or of the cell nearest to them; None where the map has no place for them."""
        if self.settings.scale == 0:
            return None
        row, column = (
            int(np.abs(np.log(np.array(each) / own)).argmin())
            for each, own in ((self.depths, self.settings.depth), (self.scales, self.settings.scale))
        )
        return float(self.accuracy[row, column])

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
    rows = _rows_to_come(grid, seen)
    template = settings.replace(optimizer="momentum", precision=EXACT)
    pieces = progress.parts([depth * len(missing) for depth, missing in rows])
    if not rows:
        yield _assembled(settings, *grid, seen)
    for (depth, missing), piece in zip(rows, pieces, strict=True):
        networks = [template.replace(depth=depth, scale=scale) for scale in missing]
        accuracies = _accuracies(telescope, networks, piece)
        seen.update({(depth, scale): accuracy for scale, accuracy in zip(missing, accuracies, strict=True)})
        yield _assembled(settings, *grid, seen)


def _rows_to_come(grid: Grid, seen: Iterable[Place]) -> list[tuple[int, list[float]]]:
    """Depths, each with the scales that are missing: those of coarse maps first, and of a map the deepest first."""
    known, rows = set(seen), []
    for scales, depths in (coarsened(grid, stride) for stride in STRIDES):
        for depth in reversed(depths):
            if missing := [scale for scale in scales if (depth, scale) not in known]:
                rows.append((depth, missing))
                known.update((depth, scale) for scale in missing)
    return rows


def _accuracies(telescope: Telescope, networks: Sequence[Settings], progress: Progress) -> list[float]:
    """What networks of one depth reach; guessing where they diverge."""
    in_cache = _NUMBERS_AT_ONCE // (networks[0].width * networks[0].batch)
    size = max(1, min(in_cache, most_at_once(networks[0], np.float32)))
    groups = [networks[start : start + size] for start in range(0, len(networks), size)]
    accuracies: list[float] = []
    for group, piece in zip(groups, progress.parts([len(group) for group in groups]), strict=True):
        learners = telescope.learners(group)
        for step in range(STEPS):
            piece.reach(step / STEPS)
            learners.step()
        accuracies += learners.accuracies().tolist()
    return accuracies


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
