"""Gradient, factor and signal at once, on one axis of layers."""

import pytest

from tui_telescope import Settings, observe
from tui_telescope.charts.layer_charts import all_charts, gradient_chart
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.picture import row_text
from tui_telescope.charts.trace import Trace

TRACES = [Trace("", observe(Settings()))]


@pytest.mark.parametrize("size", [(1, 1), (79, 40), (80, 24), (96, 30), (170, 52)])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_charts_fill_their_room_exactly(size, ascii_only):
    picture = all_charts(TRACES, ChartOptions()).draw(*size, ascii_only=ascii_only)
    assert [len(row_text(cells)) for cells in picture.rows] == [size[0]] * size[1]


def test_a_layer_stands_in_the_same_column_of_each_and_the_gradient_is_the_largest():
    rows = [row_text(cells) for cells in all_charts(TRACES, ChartOptions(cursor=20)).draw(96, 32).rows]
    labels = [number for number, cells in enumerate(rows) if cells.startswith("layer")]
    assert len({rows[number] for number in labels}) == 1
    assert len(labels) == 3
    assert labels[0] + 1 > labels[1] - labels[0] == labels[2] - labels[1]
    assert [sum(title in cells for cells in rows) for title in ("factor per layer", "signal per layer")] == [1, 1]


def test_where_room_is_short_the_gradient_stands_alone():
    alone = gradient_chart(TRACES, ChartOptions()).draw(56, 20)
    assert all_charts(TRACES, ChartOptions()).draw(56, 20) == alone
