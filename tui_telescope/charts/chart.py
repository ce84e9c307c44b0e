"""A chart of curves: what it holds is plain data, and it draws itself at any size."""

from __future__ import annotations

from dataclasses import dataclass

from tui_telescope.charts import frame
from tui_telescope.charts.elements import Axis, Curve, Rule
from tui_telescope.charts.picture import Picture


@dataclass(frozen=True)
class Chart:
    """Curves between two axes, the first of them on top.

    Equal charts give equal pictures.

    `note` is written where the curves leave room, for what they cannot show.
    """

    title: str
    x_axis: Axis
    y_axis: Axis
    curves: tuple[Curve, ...] = ()
    rules: tuple[Rule, ...] = ()
    note: str = ""
    x_title: str = "layer"

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """The chart as exactly `height` rows of `width` cells, both at least 1."""
        return frame.draw(self, width, height, ascii_only=ascii_only)
