"""A chart of curves: what it holds is plain data, and it draws itself at any size."""

from __future__ import annotations

from dataclasses import dataclass

from tui_telescope.charts.drawing import frame
from tui_telescope.charts.drawing.charset import ASCII, BRAILLE
from tui_telescope.charts.drawing.layout import x_at
from tui_telescope.charts.drawing.picture import Picture, Row
from tui_telescope.charts.elements import Axis, Band, Bar, Curve, Rule
from tui_telescope.observations.observation import LayerState


@dataclass(frozen=True)
class Chart:
    """Curves between two axes, the first of them on top.

    Equal charts give equal pictures.

    `note` is written where the curves leave room, for what they cannot show; `hints` are the legend's last words.
    `states` say what becomes of layers 1, 2, ... on an x axis of layers: a strip below it shows them all, and columns
    that hold a frozen one are shaded. `cursor` is an x to mark.
    """

    title: str
    x_axis: Axis
    y_axis: Axis
    curves: tuple[Curve, ...] = ()
    rules: tuple[Rule, ...] = ()
    note: str = ""
    x_title: str = "layer"
    bands: tuple[Band, ...] = ()
    states: tuple[LayerState | None, ...] = ()
    hints: tuple[Row, ...] = ()
    cursor: float | None = None
    bar: Bar | None = None
    least_gutter: int = 0
    """Cells that the labels on the left take at least, so that charts below one another are aligned."""

    @property
    def gutter(self) -> int:
        """Cells that hold every label of the y axis and the x axis's title, whatever the height."""
        labels = (tick.label for choice in self.y_axis.tick_choices for tick in choice)
        return max(self.least_gutter, *map(len, (*labels, self.x_title)))

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """The chart as exactly `height` rows of `width` cells, both at least 1."""
        return frame.draw(self, width, height, ascii_only=ascii_only)

    def x_at(self, column: int, width: int, height: int, *, ascii_only: bool = False) -> float | None:
        """The x under a column, from 0, of the picture of this size; None beside the curves."""
        return x_at(self, column, width, height, ASCII if ascii_only else BRAILLE)
