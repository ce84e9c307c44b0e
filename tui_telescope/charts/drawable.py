"""What everybody who shows a chart asks of it, whatever it is a chart of."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tui_telescope.charts.drawing.picture import Picture
    from tui_telescope.charts.elements import Axis


class Drawable(Hashable, Protocol):
    """A chart that draws itself; equal ones give equal pictures."""

    @property
    def y_axis(self) -> Axis:
        """The axis that the view's next chart may keep."""

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """Exactly `height` rows of `width` cells, both at least 1."""

    def x_at(self, column: int, width: int, height: int, *, ascii_only: bool = False) -> float | None:
        """The x under a column, from 0, of the picture of this size; None where none is to be read off."""
