"""The map and the depth chart: what they say without colour, at any size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_telescope.charts.drawing.frame import draw
from tui_telescope.charts.drawing.picture import row_text
from tui_telescope.charts.surveys.depth_chart import depth_chart
from tui_telescope.charts.surveys.log_axes import log_axis
from tui_telescope.charts.surveys.map_chart import MapChart
from tui_telescope.charts.surveys.surveys import DepthSurvey
from tui_telescope.engine.sweep import DepthSweep, ScaleDepthMap
from tui_telescope.settings import Settings

SCALES = tuple(np.geomspace(0.1, 10, 9).tolist())
DEPTHS = (1, 2, 5, 10, 20, 50, 100)


def grid(network=None, ratio=None) -> ScaleDepthMap:
    """A network that is critical at scale 1: a layer multiplies the gradient by the scale."""
    if ratio is None:
        ratio = np.outer([depth - 1 for depth in DEPTHS], np.log10(SCALES))
    states = tuple(
        tuple(
            "dead" if each == -np.inf else "vanishing" if each < -2 else "exploding" if each > 2 else "healthy"
            for each in line
        )
        for line in ratio
    )
    return ScaleDepthMap(network or Settings(scale=3.0, depth=20), SCALES, DEPTHS, ratio, ratio, states, True)


def lines(width, height, critical=1.3, ascii_only=False, shown=None):
    picture = MapChart(shown or grid(), critical).draw(width, height, ascii_only=ascii_only)
    return [row_text(cells) for cells in picture.rows]


def test_a_small_map_looks_like_this_in_ascii():
    assert lines(42, 12, ascii_only=True) == [
        "depth+- .: vanishing  = healthy ---------+",
        "     |  %# exploding  @ you  | ratio 1   |",
        "     |...............==|=!###############|",
        "  100+...............==|=!###############|",
        "     |...........::::==|=!%%%%#@#########|",
        "     |...::::::::::::==|=!%%%%%%%%%%%%###|",
        "   10+...::::::::::::==|=!%%%%%%%%%%%%###|",
        "     |:::::::==========|=!========%%%%%%%|",
        "     |=================|=!===============|",
        "    1+===================!===============|",
        "     ++-------+--------+-------+--------++",
        "scale 0.1    0.3       1       3        10",
    ]


def test_whispers_are_empty_screams_are_full_and_inks_differ_too():
    picture = MapChart(grid(), None).draw(60, 20)
    inks = {character: span.ink for cells in picture.rows[1:-2] for span in cells for character in span.text}
    assert inks["·"] == inks["░"] == "curve-1"
    assert inks["▒"] == "curve-3"
    assert inks["▓"] == inks["█"] == "curve-4"
    assert lines(60, 20)[2][6:].startswith("·")
    assert lines(60, 20)[2].endswith("█│")


def contour(picture):
    """The columns of dots of the line at ratio 1, for each row of the map."""
    lit = [(0, "\u2847"), (1, "\u28b8")]
    found = []
    for cells in picture.rows[3:-2]:
        text = row_text(cells)[6:-1]
        found.append([2 * column + side for column, each in enumerate(text) for side, bits in lit
                      if "\u2800" < each <= "\u28ff" and (ord(each) & ord(bits) & 0xFF)])  # fmt: skip
    return found


def test_the_contour_is_a_line_where_the_ratio_is_one():
    picture = MapChart(grid(), None).draw(130, 24)
    rows = contour(picture)
    assert sum(bool(columns) for columns in rows) >= len(rows) - 2, "at depth 1 every ratio is 1"
    assert all(abs(column - 123) <= 2 for columns in rows for column in columns)


def test_a_contour_that_turns_follows_the_ratio_across_and_down():
    ratio = np.add.outer(np.log10(DEPTHS) - 1, np.log10(SCALES))
    picture = MapChart(grid(ratio=ratio), None).draw(130, 43)
    rows = contour(picture)
    middles = [float(np.mean(columns)) for columns in rows if columns]
    assert len(middles) >= len(rows) - 1
    assert all(above <= below for above, below in pairwise(middles)), "to the right as the depth falls"


def test_a_map_of_equal_ratios_has_no_contour():
    picture = MapChart(grid(ratio=np.zeros((len(DEPTHS), len(SCALES)))), None).draw(60, 20)
    assert not any(contour(picture))


def test_the_critical_scale_is_a_line_over_all_depths():
    columns = {line.index("┃") for line in lines(60, 20, critical=4.0)[2:-2]}
    assert len(columns) == 1
    assert not any("┃" in line for line in lines(60, 20, critical=None))
    assert not any("┃" in line[6:] for line in lines(60, 20, critical=50.0)[2:-2])


@pytest.mark.parametrize(("scale", "depth", "column", "row"), [(0.1, 1, 0, -3), (10.0, 100, -2, 1), (1.0, 10, 28, 9)])
def test_the_cursor_stands_where_the_settings_are(scale, depth, column, row):
    body = lines(61, 21, shown=grid(Settings(scale=scale, depth=depth)))
    number = row % len(body)
    left = 5
    (found,) = [index for index, line in enumerate(body[1:-2], 1) if "◆" in line]
    assert abs(found - number) <= 1
    expected = left + 1 + column if column >= 0 else len(body[0]) + column
    assert abs(body[found].index("◆") - expected) <= 1


def test_a_cursor_beside_the_map_is_not_drawn():
    assert not any("◆" in line for line in lines(60, 20, shown=grid(Settings(scale=100.0)))[1:])


def test_a_dead_region_has_a_character_of_its_own_and_is_explained():
    ratio = np.full((len(DEPTHS), len(SCALES)), -np.inf)
    text = lines(70, 20, shown=grid(ratio=ratio))
    assert "× dead" in text[0]
    assert "×××" in text[5]
    assert "x dead" in lines(70, 20, ascii_only=True, shown=grid(ratio=ratio))[0]


def test_the_legend_says_as_much_as_fits_and_the_theory_only_where_it_is():
    assert "┃ theory" in "".join(lines(80, 20)[:2])
    assert "theory" not in "".join(lines(80, 20, critical=None)[:2])
    assert "░ vanishing" in lines(30, 9)[0]
    assert "theory" not in "".join(lines(30, 9))


def test_the_legend_wears_the_inks_of_the_map():
    spans = MapChart(grid(), 1.3).draw(80, 20).rows[0]
    inks = {before.text: before.ink for before, after in pairwise(spans) if after.ink == "tick"}
    assert (inks["·░"], inks["▒"], inks["▓█"]) == ("curve-1", "curve-3", "curve-4")


@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_scale_of_decades_says_where_one_shade_gives_way_to_the_next(ascii_only):
    scale = ".-7:-2=+2%+7# decades" if ascii_only else "·-7░-2▒+2▓+7█ decades"
    assert scale in "".join(lines(80, 20, ascii_only=ascii_only)[:3])


@pytest.mark.parametrize("critical", [None, 1.3])
def test_at_home_in_80_columns_the_legend_explains_every_character_of_the_map(critical):
    text = lines(54, 20, critical=critical, ascii_only=True)
    drawn = {character for line in text[3:-2] for character in line[6:-1]}
    explained = {each for line in text[:3] for word in line[6:].split() if len(word) <= 2 for each in word}
    assert drawn <= explained


@settings(deadline=None)
@given(width=st.integers(1, 120), height=st.integers(1, 40), ascii_only=st.booleans())
def test_a_map_has_exactly_the_size_asked_for(width, height, ascii_only):
    text = lines(width, height, ascii_only=ascii_only)
    assert [len(line) for line in text] == [width] * height
    assert not ascii_only or "".join(text).isascii()


def test_a_map_of_one_cell_draws():
    single = ScaleDepthMap(Settings(scale=1.0), (1.0,), (1,), np.zeros((1, 1)), np.zeros((1, 1)), (("healthy",),), True)
    assert [len(line) for line in lines(40, 10, shown=single)] == [40] * 10


@settings(deadline=None)
@given(low=st.floats(0.001, 1000), factor=st.floats(1, 1e6))
def test_log_axes_have_round_ticks_within_their_limits(low, factor):
    axis = log_axis(low, low * factor)
    for choice in axis.tick_choices:
        positions = [tick.position for tick in choice]
        assert positions == sorted(positions)
        assert all(axis.low - 1e-9 <= position <= axis.high + 1e-9 for position in positions)
    for tick in axis.tick_choices[0] if len(axis.tick_choices) > 1 else ():
        assert 10**tick.position == pytest.approx(float(tick.label), rel=1e-9)


def sweep(log10, residual=False):
    return DepthSweep(Settings(residual=residual), DEPTHS, np.asarray(log10, dtype=np.float64))


def test_the_depth_chart_lays_residual_on_and_off_together():
    chart = depth_chart([sweep(np.linspace(0, -36, 7)), sweep(np.linspace(0, 2, 7), residual=True)])
    off, on = chart.curves
    assert (off.label, on.label) == ("layer 1, residual off", "layer 1, residual on")
    assert off.stroke != on.stroke
    assert off.x.tolist() == list(DEPTHS)
    bottom = row_text(draw(chart, 70, 18).rows[-1]).split()
    assert bottom[0] == "depth"
    assert (bottom[1], bottom[-1]) == ("1", "100")


def test_equal_factors_make_a_straight_line_from_depth_1_to_the_networks_own():
    chart = depth_chart([sweep(-0.37 * np.array(DEPTHS))])
    (curve,) = chart.curves
    x, y = chart.x_axis.fraction(curve.x), chart.y_axis.fraction(curve.y)
    assert (x[0], x[-1]) == (0, 1)
    assert np.diff(y) / np.diff(x) == pytest.approx([(y[-1] - y[0])] * (len(DEPTHS) - 1))


@pytest.mark.parametrize("depth", [1, 2, 25, 50, 10_000])
def test_the_depths_looked_at_are_even_and_end_at_the_networks_own(depth):
    depths = DepthSurvey.usual_depths(Settings(depth=depth))
    assert (depths[0], depths[-1]) == (1, depth)
    steps = np.diff(depths)
    assert depth == 1 or steps.max() - steps.min() <= 1


def test_depths_at_which_nothing_arrives_are_said_in_words():
    dying = depth_chart([sweep([0, -1, -2, -3, -np.inf, -np.inf, -np.inf])])
    assert dying.note == "the gradient of layer 1 is exactly zero at depth 20"
    silent = depth_chart([sweep([-np.inf] * 7)])
    assert silent.note == "the gradient of layer 1 is exactly zero at every depth"
    assert len(draw(silent, 70, 18).rows) == 18


def test_the_depth_charts_axis_stays_while_the_curves_fit():
    axis = depth_chart([sweep(np.linspace(0, -16, 7))]).y_axis
    assert depth_chart([sweep(np.linspace(0, -15, 7))], axis).y_axis is axis


def test_a_scale_of_zero_has_no_place_on_a_log_axis_and_no_mark_on_the_map():
    marked, unmarked = ("".join(lines(60, 20, shown=grid(Settings(scale=scale)))[2:]) for scale in (2.0, 0.0))
    assert "◆" in marked
    assert "◆" not in unmarked
