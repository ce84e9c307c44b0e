import ast
import math
import subprocess
import sys
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import numpy as np
import plotext
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tui_telescope
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing import plotext_canvas, plotext_import
from tui_telescope.charts.drawing.charset import ASCII, BRAILLE
from tui_telescope.charts.drawing.curves import draw_curves
from tui_telescope.charts.drawing.picture import row_text
from tui_telescope.charts.drawing.plotext_canvas import rasterized
from tui_telescope.charts.drawing.polyline import nearest_dot, polylines, straightened, walked
from tui_telescope.charts.drawing.raster import scattered, thickened
from tui_telescope.charts.elements import Axis, Curve

BITS = {(0, 0): 0x40, (0, 1): 0x04, (0, 2): 0x02, (0, 3): 0x01, (1, 0): 0x80, (1, 1): 0x20, (1, 2): 0x10, (1, 3): 0x08}
"""Unicode's braille patterns: the bit of each dot, (column, row) counted from the lower left of a cell."""


def chart(*curves, x=(0.0, 10.0), y=(0.0, 10.0)):
    return Chart("", Axis(*x), Axis(*y), tuple(curves))


def curve(x, y, **look):
    return Curve(np.array(x, dtype=np.float64), np.array(y, dtype=np.float64), **look)


def dots(rows):
    """The dots of braille rows as (column, row), counted from the lower left."""
    return {
        (2 * column + across, 4 * (len(rows) - 1 - number) + up)
        for number, cells in enumerate(rows)
        for column, character in enumerate(row_text(cells))
        for (across, up), bit in BITS.items()
        if "\u2800" <= character <= "\u28ff" and (ord(character) - 0x2800) & bit
    }


def lines(rows):
    return [row_text(cells) for cells in rows]


def test_a_diagonal_lights_exactly_the_dots_on_it():
    rows = draw_curves(chart(curve([0, 10], [0, 10])), 4, 2, BRAILLE)
    assert dots(rows) == {(each, each) for each in range(8)}


def test_the_ends_of_the_axes_are_the_outermost_dots():
    rows = draw_curves(chart(curve([0, 10], [0, 0]), curve([0, 10], [10, 10])), 5, 3, BRAILLE)
    assert dots(rows) == {(column, row) for column in range(10) for row in (0, 11)}


def test_ascii_draws_the_same_line_in_whole_cells():
    rows = draw_curves(chart(curve([0, 10], [0, 10])), 3, 3, ASCII)
    assert lines(rows) == ["  *", " * ", "*  "]


def test_values_that_are_not_finite_leave_a_gap():
    y = [5, 5, 5, 5, math.nan, -math.inf, math.inf, 5, 5, 5, 5]
    columns = {column for column, _ in dots(draw_curves(chart(curve(range(11), y)), 11, 1, BRAILLE))}
    assert columns == {*range(7), *range(15, 22)}


@pytest.mark.parametrize("place", [0, 5, 10])
def test_a_point_without_neighbours_is_visible(place):
    y = [math.nan] * 11
    y[place] = place
    assert len(dots(draw_curves(chart(curve(range(11), y)), 20, 5, BRAILLE))) >= 3
    assert "".join(lines(draw_curves(chart(curve(range(11), y)), 20, 5, ASCII))).count("*") == 1


def test_a_curve_that_leaves_the_field_ends_there_at_its_true_slope():
    leaving = dots(draw_curves(chart(curve([0, 10], [0, 20])), 20, 5, BRAILLE))
    assert max(row for _, row in leaving) == 19
    assert all(abs(row - column * 38 / 39) <= 1 for column, row in leaving)


@pytest.mark.parametrize("far", [-100.0, -1e11, 1e11, 1.7e308])
def test_a_value_far_beyond_the_limits_draws_no_line_along_the_border(far):
    y = [5, 5, 5, far, far, far, far, far, 5, 5, 5]
    rows = draw_curves(chart(curve(range(11), y)), 22, 4, BRAILLE)
    assert not {(column, row) for column, row in dots(rows) if 14 <= column <= 29}
    assert {0, 43} <= {column for column, _ in dots(rows)}


def test_a_curve_that_crosses_the_whole_field_between_two_points_is_seen():
    rows = draw_curves(chart(curve([0, 4, 6, 10], [-90, -90, 90, 90])), 11, 3, BRAILLE)
    assert {row for _, row in dots(rows)} == set(range(12))


def test_points_beside_the_field_are_not_drawn():
    beside = draw_curves(chart(curve([-5, 0, 10, 15], [5, 5, 5, 5])), 10, 3, BRAILLE)
    assert dots(beside) == dots(draw_curves(chart(curve([0, 10], [5, 5])), 10, 3, BRAILLE))


def test_one_value_of_ten_thousand_still_shows():
    y = np.zeros(10_000)
    y[7_000] = 10
    rows = draw_curves(chart(curve(np.arange(10_000), y), x=(0, 9_999)), 50, 6, BRAILLE)
    assert {column for column, row in dots(rows) if row == 23} == {69}


def test_a_long_curve_is_thinned_to_what_can_be_seen():
    noise = np.random.default_rng(0).normal(size=10_000)
    long = curve(np.arange(10_000), noise)
    points = [point for line in polylines(long, Axis(0, 9_999), Axis(-5, 5), 100, 68) for point in line]
    assert len(points) <= 200


@pytest.mark.parametrize("direction", [1, -1])
def test_thinning_turns_no_steady_curve_into_a_saw(direction):
    steady = curve(np.arange(10_000), direction * np.linspace(-5, 5, 10_000))
    (line,) = polylines(steady, Axis(0, 9_999), Axis(-5, 5), 100, 400)
    assert all(direction * (y - before) >= 0 for (_, before), (_, y) in pairwise(line))


def test_a_straightened_line_keeps_its_corners_and_stays_near_every_point_between():
    line = [(0.0, 0.0), (1.0, 1.1), (2.0, 1.9), (3.0, 3.0), (4.0, 3.0), (5.0, 3.1), (6.0, 3.0), (6.0, 0.0)]
    straight = straightened(line)
    assert straight == [(0.0, 0.0), (3.0, 3.0), (6.0, 3.0), (6.0, 0.0)]


def test_ten_thousand_lone_points_are_thinned_too():
    y = np.where(np.arange(10_000) % 2, np.nan, 5.0)
    parts = list(polylines(curve(np.arange(10_000), y), Axis(0, 9_999), Axis(0, 10), 100, 68))
    assert len(parts) == 1


def test_a_curve_that_leaps_is_no_line_where_it_jumps():
    y = [5, 5, 5, 0, 5, 5, 5, 5, 5, 5, 5]
    line, leaping = (
        dots(draw_curves(chart(curve(range(11), y, leaps=each)), 22, 6, BRAILLE)) for each in (False, True)
    )
    assert {row for _, row in leaping} == {0, 1, 12}, "the low value and the level one, nothing between"
    assert {row for _, row in line} == set(range(13))


@pytest.mark.parametrize("low", [-2, -90])
@pytest.mark.parametrize(("charset", "mark"), [(BRAILLE, "▾"), (ASCII, "v")])
def test_what_leaps_below_the_chart_is_marked_on_its_floor(charset, mark, low):
    y = [5, 5, 5, low, 5, 5, -np.inf, 5, 5, 5, 5]
    floor = lines(draw_curves(chart(curve(range(11), y, leaps=True)), 11, 6, charset))[-1]
    assert floor == f"   {mark}       "
    assert mark not in "".join(lines(draw_curves(chart(curve(range(11), y)), 11, 6, charset)))


@pytest.mark.parametrize(("charset", "mark"), [(BRAILLE, "▴"), (ASCII, "^")])
def test_what_lies_above_the_chart_is_marked_at_its_ceiling(charset, mark):
    y = [5, 5, 5, 5, 900, 900, 900, 5, 5, np.inf, 5]
    ceiling = lines(draw_curves(chart(curve(range(11), y)), 11, 6, charset))[0]
    assert ceiling[5] == mark
    assert mark not in ceiling[:4] + ceiling[8:]
    assert mark not in "".join(lines(draw_curves(chart(curve(range(11), [10] * 11)), 11, 6, charset)))


def test_where_curves_cross_the_first_one_is_on_top():
    rows = draw_curves(
        chart(curve([0, 10], [5, 5], ink="curve-1"), curve([5, 5], [0, 10], ink="curve-2")), 11, 3, BRAILLE
    )
    assert [span.ink for span in rows[1]] == ["curve-1"]
    assert "curve-2" in [span.ink for span in rows[0]]


def test_every_stroke_is_told_apart_without_colour():
    strokes = ("solid", "dashed", "long-dashed", "dash-dotted", "dotted", "sparse")
    for charset in (BRAILLE, ASCII):
        drawn = {
            tuple(lines(draw_curves(chart(curve([0, 10], [5, 5], stroke=each)), 20, 3, charset))) for each in strokes
        }
        assert len(drawn) == len(strokes)
        assert len({charset.sample(each) for each in strokes}) == len(strokes)


@pytest.mark.parametrize("far", [0.0, 3.0, 10.0])
def test_dashes_lie_on_the_line_they_break(far):
    solid = dots(draw_curves(chart(curve([0, 10], [0, far])), 20, 6, BRAILLE))
    dashed = dots(draw_curves(chart(curve([0, 10], [0, far], stroke="dashed")), 20, 6, BRAILLE))
    assert dashed < solid
    assert len(dashed) > len(solid) / 3


@given(heights=st.lists(st.floats(0, 19), min_size=2, max_size=6))
def test_dashes_are_the_dots_nearest_to_the_line_with_none_left_out(heights):
    columns = np.linspace(0, 17, len(heights))
    run = list(zip(columns.tolist(), heights, strict=True))
    found, number = walked([run])
    drawn = set(map(tuple, found.tolist()))
    x = np.linspace(0, 17, 2001)
    near = np.column_stack([x, np.interp(x, columns, heights)])
    for dot in drawn:
        assert np.abs(near - dot).max(axis=1).min() <= 0.51
    for dot in set(map(nearest_dot, near.tolist())):
        assert np.abs(found - dot).max(axis=1).min() <= 1
    assert {nearest_dot(run[0]), nearest_dot(run[-1])} <= drawn
    assert all(each in dot for dot, each in zip(found.tolist(), number.tolist(), strict=True))


def test_a_steep_line_is_dashed_as_well():
    dashed = dots(draw_curves(chart(curve([5, 5], [0, 10], stroke="dashed")), 9, 6, BRAILLE))
    assert 8 < len(dashed) < 20


def test_dotted_curves_give_way_to_the_others():
    live, band = curve([0, 10], [5, 5]), curve([0, 10], [5.4, 5.4], ink="band", stroke="dotted")
    alone = draw_curves(chart(live), 20, 3, BRAILLE)
    assert draw_curves(chart(live, band), 20, 3, BRAILLE) == alone


@given(
    width=st.integers(1, 40),
    height=st.integers(1, 12),
    values=st.lists(st.floats(), max_size=12),
    stroke=st.sampled_from(["solid", "dashed", "dotted", "sparse"]),
)
def test_any_values_fill_the_canvas_and_nothing_beyond_it(width, height, values, stroke):
    some = chart(curve(range(len(values)), values, stroke=stroke))
    for charset in (BRAILLE, ASCII):
        rows = draw_curves(some, width, height, charset)
        assert [len(row_text(cells)) for cells in rows] == [width] * height
        assert "\x1b" not in "".join(lines(rows))


def test_what_others_left_in_the_figure_does_not_matter():
    first = chart(curve([0, 10], [0, 10]), curve([0, 10], [10, 0], ink="curve-2"))
    before = draw_curves(first, 20, 6, BRAILLE)
    draw_curves(chart(curve([0, 1], [3, 4]), y=(0, 100)), 7, 2, ASCII)
    plotext.figure.title("somebody else's plot")
    plotext.figure.subplots(2, 2)
    plotext.figure.theme("dark")
    plotext.terminal.limit(True, True)
    plotext_canvas._drawn.cache_clear()
    assert draw_curves(first, 20, 6, BRAILLE) == before


def test_no_value_whatever_ends_the_process():
    """plotext aborts at a NaN and at far points, and takes pytest with it: so this runs elsewhere."""
    program = """
import numpy as np
from tui_telescope.charts.drawing.charset import ASCII, BRAILLE
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.elements import Axis, Curve
from tui_telescope.charts.drawing.curves import draw_curves
from tui_telescope.charts.drawing.picture import row_text
hostile = np.array([1.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 1.7e308, -1.7e308, 5e-324, np.nan, 2.0])
for x in (np.arange(11.0), hostile, np.zeros(11)):
    for y in (hostile, hostile[::-1].copy(), np.full(11, np.nan), np.full(11, -np.inf)):
        for stroke in ("solid", "dashed", "dotted"):
            for charset in (BRAILLE, ASCII):
                curve = Curve(x, y, stroke=stroke)
                rows = draw_curves(Chart("", Axis(0, 10), Axis(0, 10), (curve, curve)), 30, 9, charset)
                assert [len(row_text(cells)) for cells in rows] == [30] * 9
print("survived")
"""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "survived\n", "")


def test_the_guard_before_plotext_stands_on_its_own():
    program = """
import math
from tui_telescope.charts.drawing.charset import BRAILLE
from tui_telescope.charts.drawing.plotext_canvas import rasterized
hostile = [(math.nan, math.nan), (math.inf, 0.0), (0.0, -math.inf), (1e12, 1e12), (-1e300, 3.0), (1.0, 1.0)]
dots = rasterized([hostile], 30, 9, BRAILLE)
print((dots > 0).sum())
"""
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (finished.returncode, finished.stdout) == (0, "1\n")


@pytest.mark.parametrize("version", [plotext_import.KNOWN_VERSION, "0.0.0"], ids=["known", "unknown"])
def test_plotext_draws_the_same_with_its_manual_and_tests_and_without(version):
    brings_both = version != metadata.version("plotext")
    program = f"""
import sys
from tui_telescope.charts.drawing import plotext_import
plotext_import.KNOWN_VERSION = {version!r}
from tui_telescope.charts.drawing.charset import BRAILLE
from tui_telescope.charts.drawing.plotext_canvas import rasterized
dots = rasterized([[(0.0, 0.0), (19.0, 11.0)]], 10, 3, BRAILLE)
print("plotext._doc.tools" in sys.modules, "unittest" in sys.modules, dots.tolist())
"""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60
    )
    expected = rasterized([[(0.0, 0.0), (19.0, 11.0)]], 10, 3, BRAILLE).tolist()
    assert (finished.stdout, finished.stderr) == (f"{brings_both} {brings_both} {expected}\n", "")


def test_one_module_alone_imports_plotext():
    package = Path(tui_telescope.__file__).parent
    importers = {
        source.name
        for source in package.rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name.split(".")[0] == "plotext"
    }
    assert importers == {"plotext_canvas.py"}


def test_a_heavy_stroke_lights_the_dot_below_each_dot_across_cells_too():
    rng = np.random.default_rng(3)
    dots = np.unique(rng.integers(0, (12, 20), (40, 2)), axis=0)
    below = dots - (0, 1)
    both = scattered(np.concatenate([dots, below]), 6, 5, BRAILLE)
    assert np.array_equal(thickened(scattered(dots, 6, 5, BRAILLE)), both)
