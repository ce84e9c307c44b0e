"""The loss above, and below it what becomes of the layers, on one axis of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.picture import Picture
from tui_telescope.charts.elements import Array, Axis, Curve, Ink, Stroke
from tui_telescope.charts.steps.layer_map import LayerMap

LEAST_HEIGHT = 14
"""Rows of the smallest picture that holds both parts; in a smaller one the layers stand alone."""
_LOSS_SHARE = 0.4


def loss_curve(
    steps: Array, loss: Array, name: str, look: tuple[Ink, Stroke], axis: Axis, briefs: Sequence[str] = ()
) -> Curve:
    """A loss over the steps, (n,) each; where it goes beyond the axis, the legend says how far.

    It has as many names either way, so that the legend makes those of two losses briefer alike.
    """
    highest = np.max(loss, initial=-np.inf, where=np.isfinite(loss))
    if highest <= axis.high:
        return Curve(steps, loss, name, *look, briefs=(name, *briefs) if briefs else ())
    return Curve(steps, loss, f"{name}, up to {highest:.3g}", *look, briefs=(f"{name} to {highest:.3g}", *briefs))


@dataclass(frozen=True, eq=False)
class LossAndLayers:
    """Two charts with labels of one width, so that a step stands in the same column of both."""

    loss: Chart
    layers: Chart | LayerMap

    @property
    def y_axis(self) -> Axis:
        return self.layers.y_axis

    def x_at(self, column: int, width: int, height: int, *, ascii_only: bool = False) -> None:
        """Its columns are steps: no layer is to be read off."""

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """Exactly `height` rows of `width` cells, both at least 1; where room is short the layers alone."""
        if height < LEAST_HEIGHT:
            return self.layers.draw(width, height, ascii_only=ascii_only)
        gutter, above = max(self.loss.gutter, self.layers.gutter), max(int(height * _LOSS_SHARE), LEAST_HEIGHT // 2)
        parts = [replace(each, least_gutter=gutter) for each in (self.loss, self.layers)]
        heights = (above, height - above)
        rows = [
            row
            for part, rows in zip(parts, heights, strict=True)
            for row in part.draw(width, rows, ascii_only=ascii_only).rows
        ]
        return Picture(width, height, tuple(rows))
