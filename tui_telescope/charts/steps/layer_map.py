"""Layers over steps: what one number a layer reads at each step, in a field of characters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.axes import extent
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.charset import ASCII, BRAILLE, Charset
from tui_telescope.charts.drawing.heatmap import (
    CURSOR,
    LEVELS,
    UNKNOWN,
    Cells,
    Look,
    heatmap,
    mark,
    middles,
    nearest,
    scale_of_levels,
    spans,
)
from tui_telescope.charts.drawing.picture import Picture, Row, Span, row
from tui_telescope.charts.elements import Array, Axis

Bools = NDArray[np.bool_]
Entries = TypeVar("Entries", Array, Bools)

_LOST = Look("not finite", "!", "!", "curve-4")


@dataclass(frozen=True, eq=False)
class LayerMap:
    """The first layer at the bottom: the fuller a cell, the larger the number.

    Of layers and steps that share a cell the one is shown that lies farthest from what is usual at its step, so that a
    single layer that dies is seen among thousands; what is not finite goes before what is nothing, and that before all
    numbers.
    """

    title: str
    name: str
    """What is shown, in a word for the legend."""
    steps: Array
    """(n,), ascending."""
    log10: Array
    """(n, layers); -inf for nothing at all, NaN where it is not known."""
    lost: Bools
    """(n, layers): where it is not finite."""
    nothing: Look
    """How an exact zero looks."""
    x_axis: Axis
    y_axis: Axis
    stage: str = "layer"
    hint: str = ""
    cursor: tuple[float, float] | None = None
    """A step and a layer to mark."""
    least_gutter: int = 0
    """As `Chart.least_gutter`."""

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The decades at which one level gives way to the next, ascending: whole ones, equally far apart."""
        low, high = extent(self.log10) or (0.0, 0.0)
        top = int(np.ceil(high))
        step = max(int(np.ceil((top - low) / len(LEVELS))), 1)
        return tuple(top - step * k for k in range(len(LEVELS) - 1, 0, -1))

    @property
    def gutter(self) -> int:
        """As `Chart.gutter`."""
        return self._frame(BRAILLE).gutter

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """Exactly `height` rows of `width` cells, both at least 1."""
        charset = ASCII if ascii_only else BRAILLE
        frame = self._frame(charset)

        def cells(columns: int, rows: int) -> Cells:
            found = self._cells(columns, rows)
            if self.cursor:
                mark(found, frame, charset, CURSOR, *self.cursor)
            return found

        return heatmap(frame, self.stage, cells, width, height, charset)

    def x_at(self, column: int, width: int, height: int, *, ascii_only: bool = False) -> None:
        """Its columns are steps: no layer is to be read off."""

    def _frame(self, charset: Charset) -> Chart:
        return Chart(
            title=self.title,
            x_axis=self.x_axis,
            y_axis=self.y_axis,
            x_title="step",
            hints=self._legend(charset),
            least_gutter=max(self.least_gutter, len(self.stage)),
        )

    def _legend(self, charset: Charset) -> tuple[Row, ...]:
        """The scale, with the log10 at which one character gives way to the next; then what no scale holds."""
        scale = scale_of_levels(f"log10 {self.name}", [str(end) for end in self.ends], charset)
        special = [self.nothing] * bool(np.isneginf(self.log10).any())
        special += [_LOST] * bool(self.lost.any())
        words = (row(*spans([look], charset), Span(f" {look.word}", "tick")) for look in special)
        return (scale, *words, *([(Span(self.hint, "rule"),)] if self.hint else []))

    def _cells(self, width: int, height: int) -> Cells:
        across = _sharing(self.steps, self.x_axis, width)
        up = _sharing(np.arange(1.0, self.log10.shape[1] + 1), self.y_axis, height)
        shown = _farthest(_folded(np.fmin, self.log10, across, up), _folded(np.fmax, self.log10, across, up))
        levels = np.searchsorted(self.ends, shown)
        levels[np.isnan(shown)] = len(LEVELS)
        levels[np.isneginf(shown)] = len(LEVELS) + 1
        levels[_folded(np.logical_or, self.lost, across, up)] = len(LEVELS) + 2
        half = 0.5 * (self.x_axis.high - self.x_axis.low) / width
        at = middles(self.x_axis, width)
        levels[(at < self.steps[0] - half) | (at > self.steps[-1] + half)] = len(LEVELS)
        looks = (*LEVELS, UNKNOWN, self.nothing, _LOST)
        return [[looks[level] for level in line] for line in levels.T[::-1].tolist()]


class _Sharing(NamedTuple):
    """Which of ascending positions share which of the cells along an axis."""

    starts: NDArray[np.intp]
    """The index of the first position of each group that shares a cell."""
    groups: NDArray[np.intp]
    """For each cell its group; for one that has none the nearest."""


def _sharing(positions: Array, axis: Axis, count: int) -> _Sharing:
    own = np.floor(axis.fraction(positions) * (count - 1) + 0.5)
    _, starts, group_of = np.unique(own, return_index=True, return_inverse=True)
    return _Sharing(starts, group_of[nearest(positions, axis, count)])


def _folded(fold: np.ufunc, numbers: Entries, across: _Sharing, up: _Sharing) -> Entries:
    """(columns, rows): the fold over each cell's own entries."""
    by_layer = fold.reduceat(numbers, up.starts, axis=1)
    folded: Entries = fold.reduceat(by_layer, across.starts, axis=0)[np.ix_(across.groups, up.groups)]
    return folded


def _farthest(low: Array, high: Array) -> Array:
    """Of each cell's lowest and highest number the one that lies farther from the median of its column; nothing at all
    wins."""
    middle = 0.5 * (low + high)
    usual = np.array([[np.median(line[np.isfinite(line)]) if np.isfinite(line).any() else 0.0] for line in middle])
    return np.where(np.isneginf(low) | (usual - low >= high - usual), low, high)
