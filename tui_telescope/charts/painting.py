"""Any chart as a picture: one way in for everybody who shows one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from tui_telescope.charts import frame
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.picture import Picture

if TYPE_CHECKING:
    from tui_telescope.charts.map_chart import MapChart

Paintable: TypeAlias = "Chart | MapChart"


def paint(chart: Paintable, width: int, height: int, *, ascii_only: bool = False) -> Picture:
    """The chart as exactly `height` rows of `width` cells, both at least 1."""
    if isinstance(chart, Chart):
        return frame.draw(chart, width, height, ascii_only=ascii_only)
    # Only now: the map brings sweeps and theory with it, which the first picture must not wait for.
    from tui_telescope.charts.map_chart import draw_map

    return draw_map(chart, width, height, ascii_only=ascii_only)
