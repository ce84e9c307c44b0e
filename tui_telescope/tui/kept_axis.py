"""The y axis from one chart to the next: it stays where nothing but one setting was stepped, if the curves allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_telescope.charts.elements import Axis


class KeptAxis:
    """Remembers what a chart may keep, so that its picture depends on its data and on the last step alone."""

    def __init__(self) -> None:
        self.drawn: Axis | None = None
        """That of the chart; None where it is one of another view, or of what was compared on it before."""
        self.previous: Axis | None = None
        """That before the step which led here; None where anything else did."""

    def keep(self) -> None:
        """One setting was stepped, or the network went on: charts from here on may keep the axis."""
        self.previous = self.drawn

    def fit(self) -> None:
        """Anything else happened: the next chart chooses its own."""
        self.drawn = self.previous = None
