"""The strip below a chart of layers: what becomes of each, legible without colour."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_telescope.charts.axes import gradient_axis, layer_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.charset import ASCII, BRAILLE
from tui_telescope.charts.drawing.frame import draw
from tui_telescope.charts.drawing.picture import row_text
from tui_telescope.charts.elements import Curve
from tui_telescope.charts.layers.layer_strip import column_states
from tui_telescope.observations.observation import LayerState

WORST: Sequence[LayerState] = ("learns", "frozen", "dead")


def chart(states, depth=None, stage="layer"):
    layers = np.arange(1.0, len(states) + 1)
    return Chart(
        "", layer_axis(depth or len(states)), gradient_axis((-5.0, 0.0)), (Curve(layers, -layers / len(states)),),
        x_title=stage, states=tuple(states),
    )  # fmt: skip


def test_a_layer_that_is_not_trained_has_no_state():
    shown = column_states(["learns", None, "frozen", None], layer_axis(4), 4, BRAILLE)
    assert shown == ("learns", None, "frozen", None)
    assert column_states(["learns", None] * 50, layer_axis(100), 4, BRAILLE) == ("learns",) * 4


@pytest.mark.parametrize("charset", [BRAILLE, ASCII])
@given(states=st.lists(st.sampled_from(WORST), min_size=1, max_size=300), width=st.integers(1, 120))
def test_every_column_shows_the_worst_of_its_layers_and_no_layer_is_lost(charset, states, width):
    axis = layer_axis(len(states))
    columns = column_states(states, axis, width, charset)
    assert len(columns) == width
    own = [charset.column(axis.fraction(float(layer)), width) for layer in range(1, len(states) + 1)]
    for column, state in zip(own, states, strict=True):
        assert state is not None
        assert WORST.index(columns[column]) >= WORST.index(state)
    for column, shown in enumerate(columns):
        near = [abs(each - column) for each in own]
        behind = {state for state, distance in zip(states, near, strict=True) if distance <= min(near) + 1}
        assert shown in behind


def test_beside_a_deeper_networks_curve_there_are_no_layers():
    columns = column_states(["frozen"] * 10, layer_axis(20), 60, BRAILLE)
    assert set(columns[:28]) == {"frozen"}
    assert set(columns[32:]) == {None}


@pytest.mark.parametrize(("ascii_only", "glyphs"), [(False, "━░×"), (True, "=:x")])
def test_the_strip_lies_below_the_axis_with_a_glyph_and_an_ink_for_each_state(ascii_only, glyphs):
    picture = draw(chart(["dead"] * 10 + ["frozen"] * 10 + ["learns"] * 10), 60, 16, ascii_only=ascii_only)
    strip = picture.rows[-2]
    assert [span.ink for span in strip if span.ink] == ["dead", "frozen", "learns"]
    learns, frozen, dead = glyphs
    assert row_text(strip).strip() == "".join(glyph * row_text(strip).count(glyph) for glyph in (dead, frozen, learns))
    assert all(f"{glyph} {word}" in row_text(picture.rows[0]) for glyph, word in zip(glyphs, WORST, strict=True))


def test_the_legend_stays_the_same_whatever_freezes_and_calls_steps_unheard():
    assert draw(chart(["learns"] * 9), 60, 16).rows[0] == draw(chart(["dead"] * 9), 60, 16).rows[0]
    assert "░ unheard" in draw(chart(["learns"] * 9, stage="step"), 60, 16).text


def test_columns_of_frozen_layers_are_shaded_and_no_others():
    picture = draw(chart(["frozen"] * 10 + ["learns"] * 20), 66, 16)
    shaded = {
        column for cells in picture.rows[1:-3] for column, character in enumerate(row_text(cells)) if character == "⠐"
    }
    strip = row_text(picture.rows[-2])
    assert shaded == {column for column, character in enumerate(strip) if character == "░"}


def test_a_chart_without_room_gives_up_the_strip_before_its_frame():
    assert "━" not in draw(chart(["learns"] * 9), 60, 7).text
    assert "┌" in draw(chart(["learns"] * 9), 60, 7).text
