"""Charts of one network below one another on the same layer axis, for a screen that has room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.picture import Picture
from tui_telescope.charts.elements import Axis
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.views import View

LEAST_SIZE = 80, 24
"""Cells of the smallest picture that is worth dividing: what a screen of 120x32 leaves for it."""
_SMALL_SHARE, _SMALL_LEAST = 0.25, 7
"""Of the height, for each chart but the first; and rows that it takes to have a frame, without which it would be wider
than its neighbours."""


def stacked(chart: Chart, view: View, traces: Sequence[Trace], options: ChartOptions) -> StackedCharts:
    """The view's own chart, and below it what stands beside it; only the first one's axis may stay."""
    fitted = options._replace(previous=None)
    return StackedCharts((chart, *(each(traces, fitted) for each in view.beside)))


def has_room(width: int, height: int) -> bool:
    """Whether a picture of this size is divided."""
    return width >= LEAST_SIZE[0] and height >= LEAST_SIZE[1]


@dataclass(frozen=True)
class StackedCharts:
    """The first chart large, the others small below it; where room is short the first one alone.

    The legend of layer states, the strip and the bar belong to the first.
    """

    charts: tuple[Chart, ...]

    @property
    def y_axis(self) -> Axis:
        """The first chart's."""
        return self.charts[0].y_axis

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """Exactly `height` rows of `width` cells, both at least 1."""
        if not has_room(width, height):
            return self.charts[0].draw(width, height, ascii_only=ascii_only)
        rows = [row for chart, each in zip(self._aligned(), self._heights(height), strict=True)
                for row in chart.draw(width, each, ascii_only=ascii_only).rows]  # fmt: skip
        return Picture(width, height, tuple(rows))

    def x_at(self, column: int, width: int, height: int, *, ascii_only: bool = False) -> float | None:
        """The x under a column, the same in all of them; None beside the curves."""
        first = self._aligned()[0] if has_room(width, height) else self.charts[0]
        return first.x_at(column, width, height, ascii_only=ascii_only)

    def _aligned(self) -> Sequence[Chart]:
        """The charts with labels of one width, so that a layer stands in the same column of each."""
        first, *others = self.charts
        gutter = max(chart.gutter for chart in self.charts)
        small = (replace(each, states=(), bar=None, least_gutter=gutter) for each in others)
        return [replace(first, least_gutter=gutter), *small]

    def _heights(self, height: int) -> Sequence[int]:
        small = [max(int(height * _SMALL_SHARE), _SMALL_LEAST)] * (len(self.charts) - 1)
        return [height - sum(small), *small]
