"""The gradient of layer 1 over the network's depth, and over scale and depth together.

A cell is one observation of `Telescope`, from the same unit draws as any other: a deeper network keeps the layers it
had, a changed scale redraws nothing, and every setting that can be observed can be swept, however extreme.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.initializers import INITIALIZERS
from tui_telescope.engine.measurement import ShouldStop
from tui_telescope.engine.observation import Observation, State
from tui_telescope.engine.telescope import Telescope
from tui_telescope.engine.theory import critical_scale
from tui_telescope.settings import WEIGHT_BUDGET, Settings

Array = NDArray[np.float64]

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
    """log10 of the mean ||d loss / d a_1|| over samples, one entry a depth; an exact zero is -inf."""

    def document(self) -> dict[str, Any]:
        """What `print --view depth` writes as JSON: an exact zero is None."""
        return {
            "settings": self.settings.as_dict(),
            "depths": list(self.depths),
            "log10_gradient_layer_1": _nullable(self.log10_gradient),
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
    states: tuple[tuple[State, ...], ...]
    """The verdict of each cell, rows by depth."""
    is_finished: bool
    """Whether no finer map follows."""

    def document(self) -> dict[str, Any]:
        """What `print --view map` writes as JSON: rows by depth, an exact zero is None."""
        return {
            "settings": self.settings.as_dict(),
            "scales": list(self.scales),
            "depths": list(self.depths),
            "log10_gradient_layer_1": [_nullable(row) for row in self.log10_gradient],
        }


def _never() -> bool:
    return False


def sweep_depths(
    telescope: Telescope, settings: Settings, depths: Sequence[int] | None = None, *, should_stop: ShouldStop = _never
) -> DepthSweep:
    """The layer-1 gradient of these settings at each of the depths, those of `swept_depths` unless given.

    Raises `measurement.Stopped` soon after `should_stop` says yes, `SettingsError` for a depth out of range.
    """
    chosen = tuple(swept_depths(settings.depth) if depths is None else depths)
    log10 = [float(_observe(telescope, settings, {"depth": d}, should_stop).gradient.log10_mean[0]) for d in chosen]
    return DepthSweep(settings, chosen, np.array(log10))


def map_scales_and_depths(
    telescope: Telescope,
    settings: Settings,
    scales: Sequence[float] | None = None,
    depths: Sequence[int] | None = None,
    *,
    should_stop: ShouldStop = _never,
) -> Iterator[ScaleDepthMap]:
    """Maps of the same region, each finer than the one before; what one has observed the next does not observe again.

    `scales` and `depths`, both ascending, are those of the finest map: `mapped_scales` and `mapped_depths` unless
    given. Raises `measurement.Stopped` soon after `should_stop` says yes, `SettingsError` for a cell out of range.
    """
    grid = (
        tuple(mapped_scales(settings) if scales is None else scales),
        tuple(mapped_depths(settings) if depths is None else depths),
    )
    seen: dict[tuple[int, float], tuple[float, float, State]] = {}
    for stride in STRIDES:
        columns, rows = (_every(axis, stride) for axis in grid)
        if stride > 1 and (columns, rows) == grid:
            continue  # too small for a coarser map
        for cell in ((depth, scale) for depth in rows for scale in columns):
            if cell not in seen:
                observation = _observe(telescope, settings, {"depth": cell[0], "scale": cell[1]}, should_stop)
                verdict = observation.verdict
                seen[cell] = float(observation.gradient.log10_mean[0]), verdict.end_to_end, verdict.state
        yield _assembled(settings, columns, rows, seen, is_finished=stride == STRIDES[-1])


def swept_depths(deepest: int, least: int = SWEPT_DEPTHS) -> tuple[int, ...]:
    """Whole depths from 1 to `deepest`, even on a log axis, `least` of them or a few more; fewer have no room."""
    if deepest <= least:
        return tuple(range(1, deepest + 1))
    even = (np.unique(np.round(np.geomspace(1, deepest, points)).astype(int)) for points in count(least))
    return tuple(next(depths for depths in even if len(depths) >= least).tolist())


def mapped_depths(settings: Settings) -> tuple[int, ...]:
    """Depths for a map that holds the settings' own and keeps its edge while that one changes a little."""
    affordable = max(1, WEIGHT_BUDGET // (8 * settings.networks * settings.width**2))
    deepest = min(next(each for each in _DEEPEST if each >= settings.depth), affordable)
    return swept_depths(max(deepest, settings.depth))


def mapped_scales(settings: Settings) -> tuple[float, ...]:
    """Scales over whole decades, with a decade to each side of the critical one and the settings' own among them."""
    middle = critical_scale(settings.replace(residual=False, norm="none"))
    if middle is None:
        middle = 1 / INITIALIZERS[settings.initializer].sigma_w(1.0, settings.width)
    low = math.floor(math.log10(min(middle / 10, settings.scale)))
    high = math.ceil(math.log10(max(middle * 10, settings.scale)))
    exponents = np.linspace(max(low, -3), min(high, 3), MAP_SCALES)
    return tuple(float(f"{10**exponent:.4g}") for exponent in exponents.tolist())


def _observe(telescope: Telescope, settings: Settings, changes: dict[str, Any], should_stop: ShouldStop) -> Observation:
    return telescope.observe(settings.replace(**changes), readings=("gradient",), should_stop=should_stop)


def _every(axis: tuple[Any, ...], stride: int) -> tuple[Any, ...]:
    """Every so many entries, the last one always among them."""
    return tuple(dict.fromkeys((*axis[::stride], axis[-1])))


def _assembled(
    settings: Settings,
    scales: tuple[float, ...],
    depths: tuple[int, ...],
    seen: dict[tuple[int, float], tuple[float, float, State]],
    *,
    is_finished: bool,
) -> ScaleDepthMap:
    rows = [[seen[depth, scale] for scale in scales] for depth in depths]
    return ScaleDepthMap(
        settings,
        scales,
        depths,
        log10_gradient=np.array([[cell[0] for cell in row] for row in rows]),
        log10_ratio=np.array([[cell[1] for cell in row] for row in rows]),
        states=tuple(tuple(cell[2] for cell in row) for row in rows),
        is_finished=is_finished,
    )


def _nullable(log10: Array) -> list[float | None]:
    return [number if math.isfinite(number) else None for number in log10.tolist()]
