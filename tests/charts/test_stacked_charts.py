"""Gradient, factor and signal at once, on one axis of layers."""

import pytest

from tui_telescope import Settings, observe
from tui_telescope.charts.drawing.picture import row_text
from tui_telescope.charts.layers.layer_charts import gradient_chart
from tui_telescope.charts.layers.stacked_charts import StackedCharts, stacked
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.views import VIEWS

TRACES = [Trace("", observe(Settings()))]


def gradient_with_others(traces: list[Trace], options: ChartOptions) -> StackedCharts:
    return stacked(gradient_chart(traces, options), VIEWS["gradient"], traces, options)


@pytest.mark.parametrize("size", [(1, 1), (79, 40), (80, 24), (96, 30), (170, 52)])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_charts_fill_their_room_exactly(size, ascii_only):
    picture = gradient_with_others(TRACES, ChartOptions()).draw(*size, ascii_only=ascii_only)
    assert [len(row_text(cells)) for cells in picture.rows] == [size[0]] * size[1]


def test_a_layer_stands_in_the_same_column_of_each_and_the_gradient_is_the_largest():
    rows = [row_text(cells) for cells in gradient_with_others(TRACES, ChartOptions(cursor=20)).draw(96, 32).rows]
    labels = [number for number, cells in enumerate(rows) if cells.startswith("layer")]
    assert len({rows[number] for number in labels}) == 1
    assert len(labels) == 3
    assert labels[0] + 1 > labels[1] - labels[0] == labels[2] - labels[1]
    assert [sum(title in cells for cells in rows) for title in ("factor per layer", "signal per layer")] == [1, 1]


def test_where_room_is_short_the_gradient_stands_alone():
    alone = gradient_chart(TRACES, ChartOptions()).draw(56, 20)
    assert gradient_with_others(TRACES, ChartOptions()).draw(56, 20) == alone


def test_any_column_of_any_of_them_stands_for_its_layer():
    charts = gradient_with_others(TRACES, ChartOptions(cursor=20))
    rows = [row_text(cells) for cells in charts.draw(96, 32).rows]
    (column,) = {cells.rindex("│", 8, 90) for cells in rows if cells.count("│") == 3}
    assert round(charts.x_at(column, 96, 32)) == 20
    assert charts.x_at(0, 96, 32) is None
    assert charts.x_at(95, 96, 32) is None


@pytest.mark.parametrize(("width", "height"), [(20, 8), (56, 20), (1, 1)])
def test_each_layer_is_found_under_some_column_of_a_picture_with_room(width, height):
    chart = gradient_chart([Trace("", observe(Settings(depth=5)))], ChartOptions())
    found = {round(x) for column in range(width) if (x := chart.x_at(column, width, height)) is not None}
    assert found == (set(range(1, 6)) if width > 1 else set())


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("layer", [1, 2, 19, 49, 50])
def test_the_column_of_the_cursor_stands_for_its_layer(layer, ascii_only):
    plain = gradient_chart(TRACES, ChartOptions()).draw(64, 20, ascii_only=ascii_only)
    marked = gradient_chart(TRACES, ChartOptions(cursor=layer))
    pairs = zip(plain.rows, marked.draw(64, 20, ascii_only=ascii_only).rows, strict=True)
    rows = [(row_text(before), row_text(after)) for before, after in pairs]
    columns = {x for before, after in rows for x in range(64) if before[x] != after[x]}
    assert {round(marked.x_at(column, 64, 20, ascii_only=ascii_only)) for column in columns} == {layer}
