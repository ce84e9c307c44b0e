"""Many layers over many steps in few cells: what may not be lost to view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_telescope.charts.axes import layer_axis, step_axis
from tui_telescope.charts.drawing.heatmap import Look
from tui_telescope.charts.drawing.picture import row_text
from tui_telescope.charts.steps.layer_map import LayerMap

GONE = Look("exactly zero", "×", "x", "dead")


def layer_map(log10: Any, steps: Any = None, **options: Any) -> LayerMap:
    found = np.array(log10, dtype=float)
    lost = options.pop("lost", np.zeros(found.shape, dtype=bool))
    at = np.arange(len(found), dtype=float) if steps is None else np.array(steps, dtype=float)
    axes = {"x_axis": step_axis(int(at[-1])), "y_axis": layer_axis(found.shape[1])}
    return LayerMap("a title", "gradient", at, found, lost, GONE, **axes, **options)


def field(shown: LayerMap, width: int = 40, height: int = 12) -> list[str]:
    """The field's rows, from the top, without frame and labels."""
    return ["".join(look.plain_glyph for look in line) for line in shown._cells(width, height)]


def columns_of(rows: list[str]) -> list[str]:
    return ["".join(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize(("number", "character"), [(-np.inf, "x"), (-9.0, "."), (6.0, "#")])
@pytest.mark.parametrize("layer", [0, 4321, 9999])
def test_one_layer_of_ten_thousand_that_differs_at_one_step_of_a_thousand_is_seen(number, character, layer):
    log10 = np.zeros((1000, 10_000))
    log10[500, layer] = number
    rows = field(layer_map(log10))
    assert "".join(rows).count(character) == 1
    assert character in rows[round((1 - layer / 9999) * (len(rows) - 1))]


def test_what_is_not_finite_goes_before_what_is_nothing():
    log10, lost = np.zeros((10, 100)), np.zeros((10, 100), dtype=bool)
    log10[3, 40], log10[3, 41], lost[3, 41] = -np.inf, np.nan, True
    assert "".join(field(layer_map(log10, lost=lost), height=9)).count("!") >= 1
    assert "x" not in "".join(field(layer_map(log10, lost=lost), height=9))


def test_what_was_not_recorded_is_blank_and_no_step_before_the_first_or_after_the_last_is_made_up():
    log10 = np.zeros((3, 4))
    log10[:, 2] = np.nan
    columns = columns_of(field(layer_map(log10, steps=[40, 45, 50]), height=8))
    filled = [index for index, column in enumerate(columns) if column.strip()]
    assert filled[0] / (len(columns) - 1) == pytest.approx(0.8, abs=0.03)
    assert filled[-1] == len(columns) - 1
    assert all(" " in columns[index] for index in filled)


def test_steps_far_apart_leave_no_gap_between_them():
    columns = columns_of(field(layer_map(np.zeros((3, 2)), steps=[0, 1, 100])))
    assert all(column.strip() for column in columns)


def test_the_cursor_marks_its_step_and_layer():
    picture = layer_map(np.zeros((11, 5)), cursor=(10, 5)).draw(46, 16, ascii_only=True)
    marked = [row_text(cells) for cells in picture.rows if "@" in row_text(cells)]
    assert len(marked) == 1
    assert marked[0].startswith("    5+")
    assert marked[0].endswith("@|")


@given(
    count=st.integers(1, 30), layers=st.integers(1, 30), width=st.integers(1, 60), height=st.integers(1, 20),
    at=st.tuples(st.integers(0, 29), st.integers(0, 29)),
)  # fmt: skip
def test_a_dead_layer_is_seen_at_any_size(count, layers, width, height, at):
    log10 = np.zeros((count, layers))
    log10[at[0] % count, at[1] % layers] = -np.inf
    assert "x" in "".join(field(layer_map(log10), width, height))
