"""Any chart as a picture: one way in for everybody who shows one."""

from __future__ import annotations

from tui_telescope.charts import frame
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.map_chart import MapChart, draw_map
from tui_telescope.charts.picture import Picture

Paintable = Chart | MapChart


def paint(chart: Paintable, width: int, height: int, *, ascii_only: bool = False) -> Picture:
    """The chart as exactly `height` rows of `width` cells, both at least 1."""
    if isinstance(chart, MapChart):
        return draw_map(chart, width, height, ascii_only=ascii_only)
    return frame.draw(chart, width, height, ascii_only=ascii_only)
