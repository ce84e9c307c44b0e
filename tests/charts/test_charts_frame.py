from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_telescope.charts.axes import gradient_axis, layer_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.frame import draw
from tui_telescope.charts.drawing.picture import Span, row, row_text
from tui_telescope.charts.elements import Band, Curve, Rule

DEPTH = 50
LAYERS = np.arange(1.0, DEPTH + 1)
WHISPER = np.linspace(-17.6, 0.3, DEPTH)


def chart(*curves, depth=DEPTH, shown=(-17.6, 0.3), **words):
    words.setdefault("title", "gradient")
    return Chart(x_axis=layer_axis(depth), y_axis=gradient_axis(shown), curves=curves, **words)


def whisper(label="", ink="curve-1", stroke="solid", lift=0.0):
    return Curve(LAYERS, WHISPER + lift, label, ink, stroke)


def lines(picture):
    return [row_text(cells) for cells in picture.rows]


def inks(picture, text):
    return {span.ink for cells in picture.rows for span in cells if text in span.text}


def test_a_small_chart_looks_like_this():
    assert draw(chart(whisper(), title=""), 40, 11).text.splitlines() == [
        "     ┌─────────────────────────────────┐",
        "     │                                 │",
        "1e+00┤┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈⢀⣀│",
        "     │                         ⢀⣀⠤⠔⠒⠉⠁ │",
        "     │                   ⢀⣀⠤⠔⠒⠉⠁       │",
        "1e-10┤┈┈┈┈┈┈┈┈┈┈┈┈┈⢀⣀⠤⠔⠒⠉⠁┈┈┈┈┈┈┈┈┈┈┈┈┈│",
        "     │       ⣀⡠⠤⠔⠒⠉⠁                   │",
        "     │ ⣀⡠⠤⠒⠊⠉                          │",
        "1e-20┤⠉┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈│",
        "     └┬─────┬─────┬──────┬──────┬─────┬┘",
        "layer 1     10    20     30     40    50",
    ]


def test_a_small_chart_looks_like_this_in_ascii():
    assert draw(chart(whisper()), 40, 11, ascii_only=True).text.splitlines() == [
        "     +---------------------- gradient -+",
        "     |                                 |",
        "1e+00+.   .   .   .   .   .   .   .  **|",
        "     |                         ******  |",
        "     |                   ******        |",
        "1e-10+.   .   .   ******* .   .   .   .|",
        "     |      ******                     |",
        "     |******                           |",
        "1e-20+.   .   .   .   .   .   .   .   .|",
        "     ++-----+-----+------+-----+------++",
        "layer 1     10    20     30    40     50",
    ]


@given(width=st.integers(1, 140), height=st.integers(1, 50), ascii_only=st.booleans())
def test_a_picture_has_exactly_the_size_asked_for(width, height, ascii_only):
    full = chart(
        whisper("now"), whisper("pinned", "curve-2", "dashed", 3.0), rules=(Rule(0.0, "one"),), note="words " * 9
    )
    picture = draw(full, width, height, ascii_only=ascii_only)
    assert (picture.width, picture.height) == (width, height)
    assert [len(each) for each in lines(picture)] == [width] * height
    assert picture.text.isascii() or not ascii_only


@pytest.mark.parametrize("size", [(400, 120), (400, 1), (1, 120), (1, 1)])
def test_extreme_sizes_are_filled_as_exactly(size):
    picture = draw(chart(whisper()), *size)
    assert [len(each) for each in lines(picture)] == [size[0]] * size[1]


def test_where_room_runs_out_the_frame_goes_first_then_the_labels_then_the_curve():
    def has(width, height):
        text = draw(chart(whisper()), width, height).text
        return ("┌" in text, "1e-20" in text, any("\u2800" <= each <= "\u28ff" for each in text))

    assert has(40, 12) == (True, True, True)
    assert has(20, 5) == (False, True, True)
    assert has(8, 5) == (False, False, True)
    assert has(2, 5) == (False, False, False)


@given(width=st.integers(16, 200), depth=st.integers(1, 10_000))
def test_labels_below_the_curves_are_whole_and_clear_of_one_another(width, depth):
    picture = draw(chart(depth=depth), width, 12)
    title, *labels = lines(picture)[-1].split()
    assert title == "layer"
    numbers = [int(label) for label in labels]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1
    known = {tick.label for choice in layer_axis(depth).tick_choices for tick in choice}
    assert set(labels) <= known


@pytest.mark.parametrize("width", [40, 56, 80, 130])
def test_every_label_below_stands_under_a_tick(width):
    *_, border, labels = lines(draw(chart(), width, 12))
    ticks = [column for column, character in enumerate(border) if character == "┬"]
    starts = [column for column in range(6, width) if labels[column] != " " and labels[column - 1] == " "]
    assert len(ticks) == len(starts)
    assert all(start <= tick <= start + 1 for start, tick in zip(starts[:-1], ticks[:-1], strict=True))


@pytest.mark.parametrize("height", [8, 12, 20, 30, 60])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_curve_through_a_tick_passes_the_row_of_its_label(height, ascii_only):
    flat = Curve(LAYERS, np.full(DEPTH, -20.0))
    cells = next(each for each in lines(draw(chart(flat), 56, height, ascii_only=ascii_only)) if "1e-20" in each)
    assert set(cells[6:-1].strip()) <= set("⣀*")
    assert len(cells[6:-1].strip()) == 49


@pytest.mark.parametrize("height", range(7, 60))
def test_labels_on_the_left_leave_rows_between_them(height):
    rows = [number for number, each in enumerate(lines(draw(chart(), 56, height))) if each.startswith("1e")]
    assert len(rows) >= 2
    assert all(below - above >= 3 for above, below in pairwise(rows))


def test_the_legend_is_there_only_where_there_are_curves_to_tell_apart():
    alone = draw(chart(whisper("now"), whisper("", "band", "dotted")), 56, 20)
    assert "now" not in alone.text
    both = draw(chart(whisper("now"), whisper("pinned", "curve-2", "dashed")), 56, 20)
    assert "⠤⠤⠤⠤⠤ now  ⠤⠤ ⠤⠤ pinned" in lines(both)[0]
    assert inks(both, "⠤⠤ ⠤⠤") == {"curve-2"}


def test_a_legend_without_room_leaves_its_last_curves_out_before_it_cuts_words():
    curves = (whisper("gradient"), whisper("weights", "curve-2", "dashed"), whisper("10-90%", "band", "dotted"))
    narrow = draw(chart(*curves), 34, 11).text
    assert "gradient" in narrow
    assert "weights" in narrow
    assert "10-" not in narrow
    assert "10-90%" in draw(chart(*curves), 60, 15).text


def test_where_a_curve_and_its_band_have_no_room_the_curve_is_named_whole_and_alone():
    band = Band(LAYERS, WHISPER - 4, WHISPER + 4, "10-90%")
    text = draw(chart(whisper("gradient"), bands=(band,), title=""), 35, 8).text
    assert " gradient " in text
    assert not [words for words in ("…", "10-") if words in text]


def test_a_legend_of_one_line_costs_the_curves_no_row():
    alone = draw(chart(whisper("now")), 56, 20)
    both = draw(chart(whisper("now"), whisper("again")), 56, 20)
    assert alone.rows[1:] == both.rows[1:]


@pytest.mark.parametrize("width", [30, 56, 80])
@pytest.mark.parametrize("curves", [2, 3, 6])
def test_long_labels_are_shortened_with_an_ellipsis_rather_than_overflow(width, curves):
    long = [whisper(f"{number} " + "residual road with layer norm " * 4) for number in range(curves)]
    text = draw(chart(*long), width, 20).text
    assert "…" in text
    assert "..." in draw(chart(*long), width, 20, ascii_only=True).text


def test_words_come_out_one_cell_a_character_without_control_codes():
    hostile = "a\x1b[31mb\nc\u200bd漢e\u0301"
    picture = draw(chart(whisper(hostile), whisper("x"), title=hostile, note=hostile), 80, 20)
    assert "a?[31mb?c?d?e?" in picture.text
    assert not set("\x1b\u200b漢\u0301") & set(picture.text)


def test_a_rule_lies_on_its_row_with_its_label_and_under_the_curves():
    picture = draw(chart(whisper(), rules=(Rule(0.0, "the line at one"),)), 56, 20)
    cells = next(each for each in lines(picture) if "1e+00" in each)
    assert "┄┄ the line at one ┄┄" in cells
    assert inks(picture, "the line at one") == {"rule"}
    assert lines(draw(chart(whisper()), 56, 20))[4][-6:-1].strip() in cells


def test_a_rule_outside_the_axis_is_not_drawn():
    with_rule = draw(chart(whisper(), rules=(Rule(70.0, "far away"),)), 56, 20)
    assert with_rule == draw(chart(whisper()), 56, 20)


def test_a_note_stands_in_the_middle_of_an_empty_chart():
    picture = draw(chart(note="nothing arrives"), 56, 20)
    (number,) = [number for number, each in enumerate(lines(picture)) if "nothing arrives" in each]
    assert number == 9
    assert lines(picture)[number][6:-1].strip() == "nothing arrives"
    assert inks(picture, "nothing arrives") == {"note"}


def test_a_note_makes_way_for_the_curve():
    flat = Curve(LAYERS, np.full(DEPTH, -7.5))
    silent = lines(draw(chart(flat), 56, 20))
    noted = lines(draw(chart(flat, note="nothing arrives"), 56, 20))
    changed = [number for number, each in enumerate(noted) if each != silent[number]]
    assert [noted[number].strip("│ ") for number in changed] == ["nothing arrives"]


def test_a_note_is_broken_between_words_and_left_out_where_it_cannot_stand_whole():
    note = "the gradient is exactly zero at every layer"
    text = draw(chart(note=note), 30, 14).text
    assert all(word in text for word in note.split())
    assert "zero" not in draw(chart(note=note), 4, 3).text


def test_rows_that_look_alike_are_equal():
    assert row(Span("ab", "tick"), Span("", "frame"), Span("c", "tick")) == row(Span("abc", "tick"))


def test_drawing_twice_gives_equal_pictures():
    twice = [draw(chart(whisper("now"), whisper("b", "curve-2", "dashed", 2.0)), 56, 20) for _ in range(2)]
    assert twice[0] == twice[1]


@pytest.mark.parametrize("height", range(8, 50))
@pytest.mark.parametrize("shown", [(-17.6, 0.3), (1.7, 1.9), (-1234.0, 0.0)])
def test_lines_of_the_grid_stand_at_every_tick_at_even_distances(height, shown):
    text = lines(draw(chart(shown=shown), 56, height))
    rows = [number for number, each in enumerate(text) if "┤" in each]
    assert [number for number, each in enumerate(text) if "┈┈┈" in each] == rows
    distances = {below - above for above, below in pairwise(rows)}
    assert max(distances) - min(distances) <= (1 if height < 12 else 0)


def test_a_line_of_the_grid_gives_way_to_all_else():
    flat = Curve(LAYERS, np.full(DEPTH, -20.0))
    cells = next(each for each in lines(draw(chart(flat), 56, 20)) if each.startswith("1e-20"))
    assert "┈" not in cells
    noted = draw(chart(note="nothing arrives", rules=(Rule(-10.0, "a rule"),)), 56, 20)
    assert "nothing arrives" in noted.text
    assert "a rule" in noted.text


def test_the_band_is_a_regular_fill_where_no_curve_is():
    band = Band(LAYERS, WHISPER - 4, WHISPER + 4, "10-90%")
    picture = draw(chart(whisper(stroke="heavy"), bands=(band,)), 56, 20)
    body = [span for cells in picture.rows[1:-2] for span in cells]
    assert {character for span in body if span.ink == "band" for character in span.text} == {"⡂", "⠅"}
    alone = draw(chart(whisper(stroke="heavy")), 56, 20)
    curves = [
        [(number, span.text) for number, cells in enumerate(each.rows[1:-2]) for span in cells if span.ink == "curve-1"]
        for each in (picture, alone)
    ]
    assert curves[0] == curves[1]
    shaded = sum(len(span.text) for span in body if span.ink == "band")
    drawn = sum(len(text) for _, text in curves[0])
    height = len(picture.rows) - 3
    assert shaded + drawn == pytest.approx(49 * height * 8 / 27, rel=0.15), "8 of some 27 decades"


def test_a_band_of_infinite_edges_fills_the_field_and_a_band_beside_it_nothing():
    whole = Band(LAYERS, np.full(DEPTH, -np.inf), np.full(DEPTH, np.inf))
    beside = Band(LAYERS + 100, WHISPER, WHISPER)
    lost = Band(LAYERS, np.full(DEPTH, -np.inf), np.full(DEPTH, -np.inf))
    shaded = {
        name: sum(
            len(span.text) for cells in draw(chart(bands=(band,)), 56, 20).rows for span in cells if span.ink == "band"
        )
        for name, band in {"whole": whole, "beside": beside, "lost": lost}.items()
    }
    assert shaded == {"whole": 49 * 17, "beside": 0, "lost": 0}


def test_where_curves_cross_no_cell_mixes_their_dots():
    falling = Curve(LAYERS, WHISPER[::-1].copy(), "b", "curve-2", "long-dashed")
    alone = draw(chart(whisper("a")), 56, 20)
    crossed = draw(chart(whisper("a"), falling), 56, 20)
    texts = [
        [[span.text for span in cells if span.ink == "curve-1"] for cells in picture.rows[1:-2]]
        for picture in (alone, crossed)
    ]
    assert texts[0] == texts[1]


def test_the_cursor_is_a_line_over_its_layer_and_beneath_the_curves():
    picture = draw(chart(whisper(), cursor=25.0), 56, 20)
    marked = [cells for cells in picture.rows if any(span.ink == "cursor" for span in cells)]
    columns = {row_text(cells).index("│", 7) for cells in marked}
    assert len(columns) == 1
    assert len(marked) == 16, "all but the row of the curve"
    assert draw(chart(whisper(), cursor=99.0), 56, 20) == draw(chart(whisper()), 56, 20)
