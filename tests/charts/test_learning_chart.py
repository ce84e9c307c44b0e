"""The picture of a network that learns: what it says without colour, at any size."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hand_made_observations import observed
from hypothesis import given
from hypothesis import strategies as st

from tui_telescope.charts.axes import step_axis, zero_based_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.picture import row_text
from tui_telescope.charts.elements import Axis, Curve
from tui_telescope.charts.layers.trace import LearningTrace
from tui_telescope.charts.steps.learning_chart import READINGS, following, learning_chart
from tui_telescope.charts.steps.loss_and_layers import LossAndLayers
from tui_telescope.engine.learning.course.moments import Moment
from tui_telescope.engine.learning.course.training import History
from tui_telescope.engine.learning.learner import Diverged
from tui_telescope.settings import Settings


def moment(step: int, loss: float, updates: list[float], diverged: Diverged | None = None) -> Moment:
    update = np.array(updates)
    return Moment(step, loss, 0.5, observed(updates), update, update + 1, np.isneginf(update), diverged)


def history(*moments: Moment) -> History:
    return History(Settings(depth=len(moments[0].log10_update), task="glyphs"), moments)


FROZEN_BELOW = history(
    moment(0, 2.0, [-math.inf] * 5),
    *(moment(step, 2 - step / 20, [-math.inf, -9, -7, -5, -3.0]) for step in range(1, 21)),
)


def chart(*histories: History, reading: str = "update") -> LossAndLayers:
    labels = [""] if len(histories) == 1 else [f"network {number}" for number in range(len(histories))]
    traces = [LearningTrace(label, each) for label, each in zip(labels, histories, strict=True)]
    return learning_chart(traces, reading, names_keys=True)


def lines(shown: LossAndLayers, width: int = 46, height: int = 18, ascii_only: bool = True) -> list[str]:
    return [row_text(cells) for cells in shown.draw(width, height, ascii_only=ascii_only).rows]


def test_a_small_one_looks_like_this_in_ascii():
    assert lines(chart(FROZEN_BELOW), height=16) == [
        "     +- ***** loss  ooooo accuracy --- loss -+",
        "  2.5+- - - - - - - - - - - - - - guessing  -|",
        "     |*****************************oooooooooo|",
        "     |                             **********|",
        "    0+.   .   .   .   .   .   .   .   .   .  |",
        "     ++---------+--------+---------+--------++",
        " step 0         5        10        15       20",
        "layer+- log10 update .-11:-9=-7%-5# ---------+",
        "     |  x no bit in that step  v gradient    |",
        "    5+ ######################################|",
        "     | %%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%|",
        "     | ======================================|",
        "     | ::::::::::::::::::::::::::::::::::::::|",
        "    1+ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|",
        "     ++---------+--------+---------+--------++",
        " step 0         5        10        15       20",
    ]


def test_the_fuller_a_cell_the_larger_the_number_and_nothing_at_all_has_a_character_of_its_own():
    picture = chart(FROZEN_BELOW).draw(60, 20)
    body = [row_text(cells)[-2] for cells in picture.rows[-10:-2]]
    assert body == sorted(body, key="×·░▒▓█".index, reverse=True)
    assert set(body) == set("×░▒▓█")
    inks = {character: span.ink for cells in picture.rows[-10:-2] for span in cells for character in span.text}
    assert inks["×"] == "frozen"
    assert inks["░"] != inks["█"]


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("size", [(40, 8), (54, 19), (93, 33)])
def test_the_legend_says_what_is_shown_and_where_one_character_gives_way_to_the_next(size, ascii_only):
    scale = "log10 update .-11:-9=-7%-5#" if ascii_only else "log10 update ·-11░-9▒-7▓-5█"
    assert scale in "\n".join(lines(chart(FROZEN_BELOW), *size, ascii_only=ascii_only))


def test_each_reading_is_shown_by_its_own_numbers_and_the_key_goes_through_all_of_them():
    assert chart(FROZEN_BELOW, reading="change").layers.ends == tuple(
        end + 1 for end in chart(FROZEN_BELOW).layers.ends
    )
    seen = ["update"]
    while (name := following(seen[-1])) != seen[0]:
        seen.append(name)
    assert seen == list(READINGS)
    assert "v gradient" in "".join(lines(chart(FROZEN_BELOW), 60, 20))


@pytest.mark.parametrize(("steps", "share"), [(20, 1.0), (12, 1.0), (11, 11 / 12), (5, 0.5)])
def test_steps_that_are_yet_to_come_are_blank(steps, share):
    body = lines(chart(history(*FROZEN_BELOW.moments[: steps + 1])), 66, 20)[-10:-2]
    reached = [len(line[:-1].rstrip()) - 5 for line in body]
    assert len(set(reached)) == 1
    assert reached[0] / 60 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(("reading", "is_blank"), [("update", True), ("change", True), ("gradient", False)])
def test_what_steps_have_done_is_not_told_of_the_start(reading, is_blank):
    column = [line[6] for line in lines(chart(FROZEN_BELOW, reading=reading), 60, 20)[-10:-2]]
    assert (set(column) == {" "}) == is_blank


def test_a_divergence_is_said_and_what_is_not_finite_is_marked():
    wild = history(moment(0, 2.0, [-3.0, -3.0]), moment(1, math.nan, [math.inf, -1.0], Diverged(1, 2)))
    text = "\n".join(lines(chart(wild), 60, 20))
    assert "diverged at step 1: layer 2" in text
    assert "! not finite" in text


def test_the_loss_of_others_stands_beside_the_live_one_and_their_steps_have_room():
    shown = chart(history(*FROZEN_BELOW.moments[:3]), FROZEN_BELOW)
    live, other, accuracy = shown.loss.curves
    assert (live.label, other.label) == ("network 0", "network 1")
    assert live.stroke != other.stroke
    np.testing.assert_allclose(other.y, [each.loss for each in FROZEN_BELOW.moments])
    np.testing.assert_allclose(accuracy.y / shown.loss.y_axis.high, 0.5)
    assert shown.loss.x_axis.high == shown.layers.x_axis.high == 20


def test_a_loss_far_beyond_that_of_guessing_leaves_the_chart_and_not_the_others_flat():
    wild = history(moment(0, 1e13, [-3.0] * 5), moment(20, 2.0, [-3.0] * 5))
    axis = chart(FROZEN_BELOW, wild).loss.y_axis
    assert 2 * math.log(10) <= axis.high <= 5
    (rule,) = chart(FROZEN_BELOW).loss.rules
    assert rule == (math.log(10), "guessing")


COMPARED = {
    "residual": [
        ("depth 25, residual on", ("depth 25", "25", "now")),
        ("depth 9, residual off", ("depth 9", "9", "pin1")),
    ],
    "depth": [("depth 25", ("depth 25", "25", "now")), ("depth 9", ("depth 9", "9", "pin1"))],
}
GHOST = [("ghost: residual on", ("ghost",))]


@pytest.mark.parametrize(
    ("names", "highest", "told"),
    [
        (COMPARED["depth"] + GHOST, 2.0, ["depth 25", "depth 9", "ghost"]),  # in a row more
        (COMPARED["residual"], 2.0, ["25", "9"]),
        (COMPARED["residual"], 99.0, ["25", "9"]),
    ],
)
def test_where_room_is_short_curves_are_told_by_what_differs_before_they_are_by_their_parts(names, highest, told):
    live = history(moment(0, 2.0, [-3.0] * 5), moment(1, highest, [-3.0] * 5))
    traces = [
        LearningTrace(label, live if not row else FROZEN_BELOW, briefs) for row, (label, briefs) in enumerate(names)
    ]
    above = "".join(lines(learning_chart(traces, "update"), 50, 19, ascii_only=False)[:2])
    assert re.findall(r"[⠤⠄] +([a-z\d][a-z\d ]*?)(?=  | ─)", above)[: len(told)] == told


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("size", [(46, 18), (90, 30)])
def test_a_loss_that_leaves_the_chart_is_marked_there_and_its_highest_is_on_the_legend(size, ascii_only):
    wild = history(*(moment(step, 2.0 if step < 10 else 1.234e5, [-3.0] * 5) for step in range(21)))
    text = lines(chart(wild), *size, ascii_only=ascii_only)
    assert "to 1.23e+05" in "".join(text[:3])
    marks = {line.count("^" if ascii_only else "▴") for line in text}
    assert max(marks) == 11, "one for each of the later steps"
    assert not any(mark in "".join(lines(chart(FROZEN_BELOW), *size)) for mark in "^▴")


def test_the_marks_at_either_end_are_explained_where_they_are():
    wild = history(moment(0, 2.0, [-3.0] * 5), moment(20, 99.0, [-3.0] * 5))
    assert "▴ above the chart" in "\n".join(lines(chart(wild), 90, 30, ascii_only=False))
    weights = Curve(np.arange(3.0), np.array([0.0, -50.0, 0.0]), "weights", leaps=True)
    axis = Axis(-1.0, 1.0)
    both = Chart("", Axis(0.0, 2.0), axis, (Curve(np.arange(3.0), np.zeros(3), "gradient"), weights))
    assert "▾ below the chart" in both.draw(80, 20).text
    assert "below" not in replace(both, y_axis=Axis(-60.0, 1.0)).draw(80, 20).text


def test_loss_and_layers_stand_on_one_axis_of_steps():
    rows = [line for line in lines(chart(FROZEN_BELOW), 60, 20) if line.lstrip().startswith("step 0")]
    assert len(set(rows)) == 1
    assert len(rows) == 2


@given(width=st.integers(1, 120), height=st.integers(1, 40), ascii_only=st.booleans())
def test_it_has_exactly_the_size_asked_for(width, height, ascii_only):
    text = lines(chart(FROZEN_BELOW), width, height, ascii_only=ascii_only)
    assert [len(line) for line in text] == [width] * height
    assert not ascii_only or "".join(text).isascii()


@given(last=st.integers(0, 10**6))
def test_the_axis_of_steps_ends_at_a_round_number_that_is_near(last):
    axis = step_axis(last)
    assert max(last, 10) <= axis.high <= max(1.35 * last, 10)
    for choice in axis.tick_choices:
        assert (choice[0].position, choice[-1].position) == (0, axis.high)


@given(highest=st.floats(1e-300, 1e300))
def test_the_axis_of_the_loss_reaches_from_zero_to_a_round_number_above_all(highest):
    axis = zero_based_axis(highest)
    assert axis.low == 0
    assert highest * (1 - 1e-9) <= axis.high <= 1.35 * highest
    assert float(axis.tick_choices[-1][-1].label) == pytest.approx(axis.high)
