"""The map of what can be trained: what it says without colour, at any size."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_telescope.charts.drawing.picture import row_text
from tui_telescope.charts.surveys.surveys import TrainabilitySurvey
from tui_telescope.charts.surveys.trainability_chart import DEPTH_SCALES, TrainabilityChart
from tui_telescope.engine.learning.trainability import TrainabilityMap
from tui_telescope.engine.sweep import mapped_scales
from tui_telescope.settings import Settings

SCALES = tuple(np.geomspace(0.1, 10, 9).tolist())
DEPTHS = (1, 2, 5, 10, 20, 50, 100)
FALLING = np.linspace(1.0, 0.1, len(DEPTHS))[:, None] * np.ones(len(SCALES))
"""The deeper, the less is learned."""


def chart(accuracy=FALLING, critical=1.3, depth_scales=(), network=None) -> TrainabilityChart:
    network = network or Settings(scale=3.0, depth=20)
    return TrainabilityChart(TrainabilityMap(network, SCALES, DEPTHS, accuracy), critical, depth_scales)


def lines(shown, width=60, height=20, ascii_only=True):
    return [row_text(cells) for cells in shown.draw(width, height, ascii_only=ascii_only).rows]


def test_the_more_is_learned_the_fuller_a_cell():
    body = [line[6] for line in lines(chart())[2:-2]]
    assert body == sorted(body, key=".:=%#".index)
    assert set(body) == set(".:=%#")
    inks = {
        character: span.ink for cells in chart().draw(60, 20).rows[2:-2] for span in cells for character in span.text
    }
    assert inks["·"] != inks["█"]


def test_your_network_the_critical_scale_and_the_depth_scales_are_marked_and_explained():
    shown = chart(depth_scales=(4.0,) * len(SCALES))
    text = lines(shown, 90, 20)
    assert sum("@" in line for line in text[2:-2]) == 1
    columns = {line.index("!") for line in text[2:-2] if "!" in line}
    assert len(columns) == 1
    (row,) = {number for number, line in enumerate(text[2:-2]) if "-----" in line}
    span = np.log10(DEPTHS[-1])
    assert row / (len(text) - 5) == pytest.approx(1 - np.log10(DEPTH_SCALES * 4) / span, abs=0.06)
    legend = " ".join(text[:2])
    for words in ("accuracy .20%:40%=60%%80%#", "@ you", "! theory", "- 5 depth scales"):
        assert words in legend


@pytest.mark.parametrize(
    ("network", "own"), [({"scale": 0.1, "depth": 1}, "100%"), ({"scale": 1.2, "depth": 48}, "25%"), ({"scale": 0}, "")]
)
def test_the_accuracy_of_your_own_network_is_told_beside_its_mark(network, own):
    legend = " ".join(lines(chart(network=Settings(**network)), 90, 20)[:2])
    assert (f"@ you {own}" in legend) == bool(own)
    assert ("you" in legend) == bool(own)


def test_without_theory_there_is_no_line_of_it():
    text = lines(chart(critical=None))
    assert not any("!" in line or "--" in line[6:-1] for line in text[2:-2])
    assert "theory" not in " ".join(text[:2])


def test_theorys_depth_scale_is_longest_at_the_critical_scale():
    tanh = Settings(activation="tanh", initializer="xavier", scale=1.0, width=32, bias=0.05**0.5)
    critical, depth_scales = TrainabilitySurvey(tanh)._theory
    assert critical == pytest.approx(1.76095**0.5, rel=1e-4)
    nearest = min(mapped_scales(tanh), key=lambda scale: abs(np.log(scale / critical)))
    assert mapped_scales(tanh)[int(np.argmax(depth_scales))] == nearest
    assert TrainabilitySurvey(tanh.replace(cell="lstm"))._theory[1] == ()


def test_where_a_norm_divides_the_scale_out_theorys_depth_scale_is_the_same_at_every_scale():
    normed = Settings(activation="tanh", initializer="xavier", width=16, norm="layer", norm_eps=1e-12)
    critical, depth_scales = TrainabilitySurvey(normed)._theory
    assert critical is None
    assert depth_scales == pytest.approx([1 / (2 * math.log(1.0853))] * len(depth_scales), rel=1e-3)


@given(width=st.integers(1, 120), height=st.integers(1, 40), ascii_only=st.booleans())
def test_it_has_exactly_the_size_asked_for(width, height, ascii_only):
    text = lines(chart(depth_scales=(4.0,) * len(SCALES)), width, height, ascii_only)
    assert [len(line) for line in text] == [width] * height
    assert not ascii_only or "".join(text).isascii()
