"""The chart on the screen: a drawn picture, put into cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tui_telescope.tui.canvas import Canvas, Line, Word

if TYPE_CHECKING:
    from tui_telescope.charts.chart import Chart


class ChartView(Canvas):
    """Draws its chart anew at any size."""

    def __init__(self, *, ascii_only: bool, **options: Any) -> None:
        super().__init__(**options)
        self.chart: Chart | None = None
        self.ascii_only = ascii_only

    def show(self, chart: Chart) -> None:
        self.chart = chart
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        if self.chart is None:
            return []
        # Only now: plotext and numpy must not delay the first paint.
        from tui_telescope.charts.frame import draw

        picture = draw(self.chart, width, height, ascii_only=self.ascii_only)
        return [tuple(Word(span.text, span.ink) for span in row) for row in picture.rows]
