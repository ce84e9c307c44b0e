"""Theory's depth scale, drawn on the layer axis itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tui_telescope.charts.drawing.picture import row_text
from tui_telescope.charts.layers.layer_charts import gradient_chart
from tui_telescope.charts.layers.stacked_charts import StackedCharts
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.observations.from_norms import from_log10_norms

DEPTH = 41
OBSERVATION = from_log10_norms(np.linspace(-4, 0, DEPTH))


def chart(depth_scale: float | None):
    theory = Trace("theory: infinite width", OBSERVATION, ("theory",), depth_scale)
    return gradient_chart([Trace("", OBSERVATION), theory], ChartOptions())


def lines(depth_scale: float | None, width: int = 80, height: int = 24, *, ascii_only: bool = False) -> list[str]:
    picture = chart(depth_scale).draw(width, height, ascii_only=ascii_only)
    return [row_text(row) for row in picture.rows]


def axis(text: list[str], corner: str) -> str:
    """The row that the layers' ticks stand on, without what stands left and right of it."""
    (row,) = (line for line in text[2:] if line.strip().startswith(corner))
    return row.strip()[1:-1]


@pytest.mark.parametrize(("ascii_only", "corner", "bar"), [(False, "└", "═"), (True, "+", "~")])
def test_a_bar_reaches_as_many_layers_down_from_the_last_as_a_signal_lasts(ascii_only, corner, bar):
    text = lines(10.0, ascii_only=ascii_only)
    row = axis(text, corner)
    assert row == row[: row.index(bar)] + bar * row.count(bar)
    assert row.count(bar) / len(row) == pytest.approx(10 / (DEPTH - 1), abs=0.03)
    assert f"{bar * 3} depth scale: 10 layers" in " ".join(text[:3])


def test_a_signal_that_outlasts_the_network_bars_the_whole_axis_and_one_that_dies_at_once_a_cell_of_it():
    assert set(axis(lines(math.inf), "└")) == {"═"}
    assert "depth scale: infinite" in " ".join(lines(math.inf)[:3])
    assert axis(lines(0.0), "└").count("═") == 1


def test_what_was_observed_has_no_bar():
    assert "═" not in "".join(lines(None))


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (20, 6), (5, 3)])
def test_the_picture_keeps_its_size(size):
    width, height = size
    assert [len(line) for line in lines(3.0, width, height)] == [width] * height


def test_of_charts_below_one_another_the_first_alone_has_the_bar():
    picture = StackedCharts((chart(5.0), chart(5.0))).draw(100, 30)
    assert sum("═══" in row_text(row) and "depth" not in row_text(row) for row in picture.rows) == 1
