"""The gradient of layer 1 over the network's depth, and over scale and depth together.

A cell is one observation of `Telescope`, from the same unit draws as any other: a deeper network keeps the layers it
had, a changed scale redraws nothing, and every setting that can be observed can be swept, however extreme.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.mean_field.theory import critical_scale
from tui_telescope.engine.passes.progress import Progress, Tell, never, nobody
from tui_telescope.engine.telescope import Telescope
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.notation import nullable
from tui_telescope.observations.interruption import ShouldStop
from tui_telescope.observations.observation import Observation, State, measured
from tui_telescope.settings import Settings, SettingsError

Grid = tuple[tuple[float, ...], tuple[int, ...]]
"""Scales and depths."""
Place = tuple[int, float]
"""Depth and scale."""
Cell = TypeVar("Cell")
"""What is seen of one network."""

SWEPT_DEPTHS = 24
"""A sweep takes this many depths or a few more, where there are so many."""
MAP_SCALES = 49
"""Scales on a map, even on a log axis."""
STRIDES = (16, 8, 4, 2, 1)
"""A map's refinements take every sixteenth row and column of the grid, then every eighth, and so on to all."""

_DEEPEST = (100, 200, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True, eq=False)
class DepthSweep:
    """The gradient that reaches layer 1 of networks of several depths."""

    settings: Settings
    depths: tuple[int, ...]
    log10_gradient: Array
    """log10 of the mean ||d loss / d a_1|| over samples, one entry a depth; an exact zero is -inf, and what leaves a
    number format NaN."""

    def document(self) -> dict[str, Any]:
        """What `print --view depth` writes as JSON: an exact zero is None."""
        return {
            "settings": self.settings.as_dict(),
            "depths": list(self.depths),
            "log10_gradient_layer_1": nullable(self.log10_gradient),
        }


@dataclass(frozen=True, eq=False)
class ScaleDepthMap:
    """The gradient that reaches layer 1 over scale and depth; arrays are (depths, scales)."""

    settings: Settings
    """Those of the user; each cell has its own scale and depth."""
    scales: tuple[float, ...]
    depths: tuple[int, ...]
    log10_gradient: Array
    """log10 of the mean ||d loss / d a_1||; an exact zero is -inf."""
    log10_ratio: Array
    """log10 of the gradient of layer 1 over that of the last layer."""
    states: tuple[tuple[State | None, ...], ...]
    """The verdict of each cell, rows by depth; None for a cell that is yet to be observed, whose numbers are NaN."""
    is_finished: bool
    """Whether no finer map follows."""

    def document(self) -> dict[str, Any]:
        """What `print --view map` writes as JSON: rows by depth, an exact zero is None."""
        return {
            "settings": self.settings.as_dict(),
            "scales": list(self.scales),
            "depths": list(self.depths),
            "log10_gradient_layer_1": [nullable(row) for row in self.log10_gradient],
        }


class _Cell(NamedTuple):
    """What a map shows of one network."""

    log10_gradient: float
    log10_ratio: float
    state: State | None


_UNKNOWN = _Cell(math.nan, math.nan, None)


class CellMemory(Generic[Cell]):
    """The cells seen of a map, so that who moves about on it need not wait for it again.

    It remembers one network description: scale and depth may change, a change of anything else empties it.
    """

    def __init__(self) -> None:
        self._described: Settings | None = None
        self._cells: dict[Place, Cell] = {}

    def cells(self, settings: Settings) -> dict[Place, Cell]:
        """What is known of these settings' map, by depth and scale; new cells are to be added to it."""
        described = settings.replace(depth=1, scale=1.0)
        if described != self._described:
            self._described, self._cells = described, {}
        return self._cells


MapMemory = CellMemory[_Cell]


def each_depth(
    telescope: Telescope,
    settings: Settings,
    depths: Sequence[int] | None = None,
    *,
    should_stop: ShouldStop = never,
    progress: Tell = nobody,
) -> Iterator[DepthSweep]:
    """The layer-1 gradient at the depths, those of `swept_depths` unless given; after each as far as it has come.

    `progress` is told which share of the work is done. Raises `Stopped` soon after `should_stop` says
    yes, `SettingsError` for a depth out of range.
    """
    chosen = tuple(swept_depths(settings.depth) if depths is None else depths)
    networks = [settings.replace(depth=depth) for depth in chosen]
    pieces = Progress(should_stop, progress).parts([telescope.expected_seconds(each) for each in networks])
    log10: list[float] = []
    for network, piece in zip(networks, pieces, strict=True):
        log10.append(_first_gradient(_observe(telescope, network, piece)))
        yield DepthSweep(settings, chosen[: len(log10)], np.array(log10))


def map_scales_and_depths(
    telescope: Telescope,
    settings: Settings,
    scales: Sequence[float] | None = None,
    depths: Sequence[int] | None = None,
    *,
    memory: MapMemory | None = None,
    by_row: bool = False,
    should_stop: ShouldStop = never,
    progress: Tell = nobody,
) -> Iterator[ScaleDepthMap]:
    """Maps of the same region, each finer than the one before; what one has observed the next does not observe again.

    `scales` and `depths`, both ascending, are those of the finest map: `mapped_scales` and `mapped_depths` unless
    given. With a `memory` the first map is the finest that it holds, if it holds one. `by_row` gives each map after
    every row that is new, cells that are yet to be observed as their neighbours in the map before, or as unknown.
    `progress` is told which share of all cells' work is done. Raises `Stopped` soon after `should_stop`
    says yes, `SettingsError` for a cell out of range.
    """
    grid = (
        tuple(mapped_scales(settings) if scales is None else scales),
        tuple(mapped_depths(settings) if depths is None else depths),
    )
    seen = (memory or MapMemory()).cells(settings)
    survey = _Survey(telescope, settings, grid, seen, Progress(should_stop, progress))
    coarser: Grid | None = None
    for columns, rows in _unseen_refinements(grid, seen):
        for depth in rows:
            is_new = survey.observe_row(depth, columns)
            if by_row and is_new and depth != rows[-1]:
                yield _assembled(settings, (columns, rows), _Known(seen, coarser), is_finished=False)
        coarser = columns, rows
        yield _assembled(settings, coarser, _Known(seen, None), is_finished=coarser == grid)


class _Survey:
    """Observes a map's cells, and tells which share of the work is done."""

    def __init__(
        self, telescope: Telescope, settings: Settings, grid: Grid, seen: dict[Place, _Cell], progress: Progress
    ) -> None:
        self._telescope, self._settings, self._seen, self._progress = telescope, settings, seen, progress
        costs = {depth: telescope.expected_seconds(settings.replace(depth=depth)) for depth in grid[1]}
        self._shares = {depth: cost / (sum(costs.values()) * len(grid[0])) for depth, cost in costs.items()}
        self._done = sum(self._shares[depth] for depth, scale in product(grid[1], grid[0]) if (depth, scale) in seen)

    def observe_row(self, depth: int, scales: Sequence[float]) -> bool:
        """Those networks of one depth that are not known yet; whether there were any."""
        missing = [scale for scale in scales if (depth, scale) not in self._seen]
        for scale in missing:
            share = self._shares[depth]
            piece = self._progress.part(self._done, self._done + share)
            network = self._settings.replace(depth=depth, scale=scale)
            observation = _observe(self._telescope, network, piece)
            self._seen[depth, scale] = _cell_of(observation)
            self._done += share
        return bool(missing)


class _Known(NamedTuple):
    """What is known of a map's cells."""

    seen: Mapping[Place, _Cell]
    coarser: Grid | None
    """A map all of whose cells were seen, for those that were not."""

    def cell(self, depth: int, scale: float) -> _Cell:
        if (depth, scale) in self.seen:
            return self.seen[depth, scale]
        if self.coarser is None:
            return _UNKNOWN
        scales, depths = self.coarser
        return self.seen[_nearest(depth, depths), _nearest(scale, scales)]


def _nearest(number: Any, among: Sequence[Any]) -> Any:
    """On a log axis."""
    return min(among, key=lambda each: abs(math.log(each / number)))


def _unseen_refinements(grid: Grid, seen: Container[Place]) -> list[Grid]:
    """The scales and depths of each map to come, from the finest of which all is seen to the whole grid."""
    refinements = list(dict.fromkeys(coarsened(grid, stride) for stride in STRIDES))
    known = [all((depth, scale) in seen for scale in scales for depth in depths) for scales, depths in refinements]
    return refinements[max(sum(known) - 1, 0) :]


def coarsened(grid: Grid, stride: int) -> Grid:
    """Every so many entries of both axes, the last ones always among them."""
    scales, depths = grid
    return (*scales[:-1:stride], scales[-1]), (*depths[:-1:stride], depths[-1])


def swept_depths(deepest: int, least: int = SWEPT_DEPTHS) -> tuple[int, ...]:
    """Whole depths from 1 to `deepest`, even on a log axis, `least` of them or a few more; fewer have no room."""
    if deepest <= least:
        return tuple(range(1, deepest + 1))
    even = (np.unique(np.round(np.geomspace(1, deepest, points)).astype(int)) for points in count(least))
    return tuple(next(depths for depths in even if len(depths) >= least).tolist())


def mapped_depths(settings: Settings) -> tuple[int, ...]:
    """Depths for a map that holds the settings' own and keeps its edge while that one changes a little."""
    wanted = next(each for each in _DEEPEST if each >= settings.depth)
    depths = range(settings.depth, wanted + 1)
    return swept_depths(depths[bisect_left(depths, True, key=lambda depth: not _is_allowed(settings, depth)) - 1])


def _is_allowed(settings: Settings, depth: int) -> bool:
    try:
        settings.replace(depth=depth)
    except SettingsError:
        return False
    return True


def mapped_scales(settings: Settings) -> tuple[float, ...]:
    """Scales over whole decades, with a decade to each side of the critical one and the settings' own among them."""
    middle = critical_scale(settings.replace(residual=False, norm="none"))
    if middle is None:
        middle = 1 / INITIALIZERS[settings.initializer].sigma_w(1.0, settings.width)
    own = settings.scale or middle  # a log axis has no place for 0
    low, high = math.floor(math.log10(min(middle / 10, own))), math.ceil(math.log10(max(middle * 10, own)))
    exponents = np.linspace(max(low, -3), min(high, 3), MAP_SCALES)
    return tuple(float(f"{10**exponent:.4g}") for exponent in exponents.tolist())


def _observe(telescope: Telescope, settings: Settings, progress: Progress) -> Observation:
    return telescope.observe(settings, readings=("gradient",), should_stop=progress.should_stop, progress=progress.tell)


def _cell_of(observation: Observation) -> _Cell:
    """What is not finite is not known."""
    verdict = observation.verdict
    if verdict.end_to_end is None:
        return _UNKNOWN
    return _Cell(_first_gradient(observation), verdict.end_to_end, verdict.state)


def _first_gradient(observation: Observation) -> float:
    """log10 of the mean at layer 1; NaN where the gradient is not finite."""
    if observation.verdict.state is None:
        return math.nan
    return float(measured(observation.gradient).log10_mean[0])


def _assembled(settings: Settings, grid: Grid, known: _Known, *, is_finished: bool) -> ScaleDepthMap:
    scales, depths = grid
    rows = [[known.cell(depth, scale) for scale in scales] for depth in depths]
    return ScaleDepthMap(
        settings,
        scales,
        depths,
        log10_gradient=np.array([[cell.log10_gradient for cell in row] for row in rows]),
        log10_ratio=np.array([[cell.log10_ratio for cell in row] for row in rows]),
        states=tuple(tuple(cell.state for cell in row) for row in rows),
        is_finished=is_finished,
    )
