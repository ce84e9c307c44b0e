"""The map of the accuracy that networks reach over scale and depth: the fuller a character, the more was learned."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.charset import ASCII, BRAILLE, Charset
from tui_telescope.charts.drawing.heatmap import (
    CURSOR,
    LEVELS,
    THEORY,
    Cells,
    Look,
    heatmap,
    mark,
    nearest,
    scale_of_levels,
    spans,
)
from tui_telescope.charts.drawing.picture import Picture, Row, Span, row
from tui_telescope.charts.elements import Axis
from tui_telescope.charts.surveys.log_axes import log10_or_nowhere, log_axis
from tui_telescope.engine.learning.trainability import TrainabilityMap

DEPTH_SCALES = 5
"""Of theory's depth scale, so many are drawn: about where half is learned. Schoenholz et al. (2017) say 6."""

_SHORTEST = 1e-9
"""A depth scale of 0 is drawn nowhere all the same."""
_ENDS = (0.2, 0.4, 0.6, 0.8)
"""The accuracies at which one level gives way to the next."""
_CONTOUR = Look(f"{DEPTH_SCALES} depth scales", "╌", "-", "note")


@dataclass(frozen=True, eq=False)
class TrainabilityChart:
    """What the map shows, ready to be drawn at any size."""

    grid: TrainabilityMap
    critical_scale: float | None = None
    """Theory's, drawn as a vertical line where it lies on the map; None for no line."""
    depth_scales: tuple[float, ...] = ()
    """Theory's depth scale at each scale of the map; none for no line."""

    @property
    def y_axis(self) -> Axis:
        return log_axis(self.grid.depths[0], self.grid.depths[-1])

    def x_at(self, column: int, width: int, height: int, *, ascii_only: bool = False) -> None:
        """Its columns are scales: no layer is to be read off."""

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """Exactly `height` rows of `width` cells, both at least 1; the first row is the deepest network."""
        charset = ASCII if ascii_only else BRAILLE
        return heatmap(self._frame(charset), "depth", partial(self._cells, charset), width, height, charset)

    def _frame(self, charset: Charset) -> Chart:
        return Chart(
            title="",
            x_axis=log_axis(self.grid.scales[0], self.grid.scales[-1]),
            y_axis=self.y_axis,
            x_title="scale",
            hints=self._legend(charset),
        )

    def _cells(self, charset: Charset, width: int, height: int) -> Cells:
        grid, frame = self.grid, self._frame(charset)
        columns = nearest(np.log10(grid.scales), frame.x_axis, width)
        rows = nearest(np.log10(grid.depths), frame.y_axis, height)[::-1]
        levels = np.searchsorted(_ENDS, grid.accuracy[np.ix_(rows, columns)], side="right")
        cells = [[LEVELS[level] for level in line] for line in levels.tolist()]
        self._draw_theory(cells, frame, charset)
        mark(cells, frame, charset, CURSOR, log10_or_nowhere(grid.settings.scale), math.log10(grid.settings.depth))
        return cells

    def _draw_theory(self, cells: Cells, frame: Chart, charset: Charset) -> None:
        if self.critical_scale is not None:
            mark(cells, frame, charset, THEORY, math.log10(self.critical_scale))
        if not self.depth_scales:
            return
        across = np.linspace(frame.x_axis.low, frame.x_axis.high, len(cells[0]))
        shortness = np.interp(across, np.log10(self.grid.scales), 1 / np.maximum(self.depth_scales, _SHORTEST))
        for x, short in zip(across.tolist(), shortness.tolist(), strict=True):
            depth = DEPTH_SCALES / short if short else math.inf
            if self.grid.depths[0] <= depth <= self.grid.depths[-1]:
                mark(cells, frame, charset, _CONTOUR, x, math.log10(depth))

    def _legend(self, charset: Charset) -> tuple[Row, ...]:
        """The accuracies at which one character gives way to the next, and what the marks mean."""
        scale = scale_of_levels("accuracy", [f"{end:.0%}" for end in _ENDS], charset)
        own = self.grid.own_accuracy
        cursor = [] if own is None else [replace(CURSOR, word=f"{CURSOR.word} {own:.0%}")]
        marks = [*cursor, *([THEORY] if self.critical_scale else []), *([_CONTOUR] if self.depth_scales else [])]
        return (scale, *(row(*spans([look], charset), Span(f" {look.word}", "tick")) for look in marks))
