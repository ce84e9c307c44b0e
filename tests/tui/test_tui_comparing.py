"""Pins, the ghost, the floors, and the ways back: what a user compares, and how nothing gets lost."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from drawn_settings import settings_within
from exploring import Explorer, exploring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_telescope import observe
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.charset import BRAILLE
from tui_telescope.charts.drawing.layout import layout
from tui_telescope.charts.drawing.picture import row_text
from tui_telescope.charts.elements import Curve
from tui_telescope.charts.layers.floors import CEILINGS, FLOORS
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.views import VIEWS
from tui_telescope.observations.observation import Observation
from tui_telescope.presets import PRESETS
from tui_telescope.settings import Settings
from tui_telescope.tui.changing.history import History
from tui_telescope.tui.comparison.comparison import MOST, Compared, Comparison
from tui_telescope.tui.comparison.distinctions import distinctions
from tui_telescope.tui.sources.telescope_source import TelescopeSource
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.status_line import StatusLine
from tui_telescope.tui.widgets.top_line import TopLine


def chart_of(explorer: Explorer) -> Chart:
    chart = explorer.app.screen.query_one(ChartView).chart
    assert chart
    return chart


def curve_labelled(explorer: Explorer, label: str) -> Curve:
    return next(curve for curve in chart_of(explorer).curves if curve.label == label)


async def test_a_pinned_curve_stays_and_each_curve_is_named_by_what_tells_it_from_the_others() -> None:
    async with exploring() as explorer:
        await explorer.press("p", "r", "s")
        pinned = curve_labelled(explorer, "residual off, scale 2.0")
        assert np.array_equal(pinned.y, observe(Settings()).gradient.log10_mean)
        curve_labelled(explorer, "residual on, scale 2.5")
        await explorer.press("u")
        assert "residual off" not in explorer.text(ChartView)
        assert "Dropped 1 pin." in explorer.text(StatusLine)


async def test_the_ghost_is_the_same_network_with_residual_flipped_and_follows_every_change() -> None:
    async with exploring() as explorer:
        await explorer.press("g", "s")
        ghost = curve_labelled(explorer, "ghost: residual on")
        expected = observe(Settings(scale=2.5, residual=True)).gradient.log10_mean
        assert np.allclose(ghost.y, expected)
        await explorer.press("g")
        assert "ghost" not in explorer.text(ChartView)


async def test_a_slow_ghost_is_observed_in_the_background_and_joins_its_curve() -> None:
    slow = Settings(width=64, depth=60, samples=100, generator="numpy")
    async with exploring(slow) as explorer:
        await explorer.pilot.press("g")
        await explorer.until(lambda: "ghost: residual on" in explorer.text(ChartView))
        ghost = curve_labelled(explorer, "ghost: residual on")
        assert np.allclose(ghost.y, observe(TelescopeSource().ghost(slow).subject).gradient.log10_mean)


async def test_no_more_curves_are_taken_than_stay_apart_and_none_twice() -> None:
    async with exploring() as explorer:
        await explorer.press("p", "p")
        assert "pinned already" in explorer.text(StatusLine)
        for _ in range(MOST - 1):
            await explorer.press("s", "p")
        await explorer.press("s", "p")
        assert "u drops the pins" in explorer.said()
        assert len(explorer.app.comparing.comparison.pins) == MOST
        await explorer.press("g")
        assert not explorer.app.comparing.comparison.wants_ghost


@pytest.mark.parametrize("view", ["gradient", "factor"])
def test_as_many_curves_as_may_be_compared_have_strokes_of_their_own(view: str) -> None:
    observation = observe(Settings(depth=5))
    traces = [Trace(str(number), observation) for number in range(MOST + 1)]
    curves = VIEWS[view].chart(traces, ChartOptions()).curves
    assert len({curve.stroke for curve in curves if curve.label.isdigit()}) == MOST + 1


def test_each_curve_is_told_by_the_settings_that_differ_and_briefly_by_as_few_as_it_takes() -> None:
    live = Settings(activation="tanh", scale=1.32699066071)
    told = distinctions(live, (Settings(norm="batch", scale=1.3269907), Settings(seed=43)))
    assert told.whole == [
        "tanh, norm none, scale 1.32699066071, seed 42",
        "sigmoid, batch, scale 1.3269907, seed 42",
        "sigmoid, norm none, scale 2.0, seed 43",
    ]
    assert told.brief == ["scale 1.32699066071", "scale 1.3269907", "scale 2.0"]
    assert distinctions(live, (Settings(scale=1.5),)).brief == ["tanh", "sigmoid"]
    assert distinctions(Settings(scale=1.32699), (Settings(scale=1.5),)).brief == ["scale 1.33", "scale 1.5"]


def test_where_numbers_of_one_setting_tell_curves_apart_they_may_stand_alone() -> None:
    assert distinctions(Settings(depth=25), (Settings(depth=20, residual=True),)).briefest == ["25", "20"]
    assert distinctions(Settings(residual=True), (Settings(),)).briefest == ["residual on", "residual off"]
    by_two = distinctions(Settings(), (Settings(depth=20), Settings(scale=3.0), Settings(depth=20, scale=3.0)))
    assert by_two.briefest == by_two.brief
    assert by_two.brief[1] == "depth 20, scale 2.0"
    told = distinctions(Settings(), (Settings(depth=9), Settings()))
    assert told.briefest == ["now: 50", "9", "50"]


def test_what_has_no_effect_is_told_only_where_nothing_else_differs() -> None:
    idle = Settings(forget_bias=2.0)
    assert distinctions(Settings(), (idle,)).whole == ["forget bias 1.0", "forget bias 2.0"]
    assert distinctions(Settings(scale=1.0), (idle,)).whole == ["scale 1.0", "scale 2.0"]


def test_the_live_curve_is_told_from_a_pin_of_the_very_same_network() -> None:
    assert distinctions(Settings(), (Settings(),)).whole == ["now", "pinned"]
    told = distinctions(Settings(), (Settings(depth=9), Settings()))
    assert told.whole == ["now: depth 50", "depth 9", "depth 50"]


LEGENDS = {(60, 16): (35, 11), (60, 24): (35, 19), (80, 24): (55, 19), (120, 32): (95, 26)}
"""The chart's room by the size of the terminal."""


@cache
def seen() -> Observation:
    """A gradient whose axis takes more room than any other's."""
    deep = {"depth": 10_000, "width": 1, "samples": 2, "scale": 0.001}
    return observe(Settings(**deep, activation="linear", initializer="orthogonal"))  # type: ignore[arg-type]


COMPARABLE = settings_within(seed=st.integers(42, 44), scale=st.floats(0.5, 2) | st.just(2.0))
NEIGHBOURS = st.builds(
    lambda seed, sample_seed, scale, depth: Settings(seed=seed, sample_seed=sample_seed, scale=scale, depth=depth),
    st.integers(0, 1), st.integers(2**31, 2**31 + 1), st.sampled_from((2.0, 1.3269906, 1.32699060001)),
    st.sampled_from((50, 51)),
)  # fmt: skip


@given(
    others=st.sampled_from(("pins", "ghost", "ghost and theory")),
    networks=st.lists(COMPARABLE | NEIGHBOURS, min_size=4, max_size=4, unique=True),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_legend_tells_any_two_compared_curves_apart(others: str, networks: list[Settings]) -> None:
    live, *pins = networks
    comparison = Comparison()
    comparison.wants_ghost, comparison.wants_theory = "ghost" in others, "theory" in others
    comparison.pins = [Compared(pin, seen()) for pin in pins[: MOST - comparison.wants_ghost - comparison.wants_theory]]
    traces = comparison.traces(
        TelescopeSource(), Compared(live, seen()), seen(), Trace("theory: infinite width", seen(), ("theory",))
    )
    chart = VIEWS["gradient"].chart(traces, ChartOptions())  # type: ignore[misc]
    for terminal, room in LEGENDS.items():
        plan = layout(chart, *room, BRAILLE)
        assert plan, terminal
        said = "  ".join(row_text(each) for each in plan.legend) + "  "
        names = [re.search(rf"{BRAILLE.sample(curve.stroke)} (.*?)  ", said) for curve in chart.curves[: len(traces)]]
        told = [match.group(1) for match in names if match]
        assert len(set(told)) == len(traces), (terminal, said)
        assert "…" not in said, terminal


async def test_floors_lie_where_the_formats_run_out_for_this_network_and_only_on_gradients() -> None:
    async with exploring() as explorer:
        await explorer.press("f")
        assert " float16: about half zero " in explorer.text(ChartView)
        assert "below 2e-06 in float16" in explorer.said()
        one_entry_of_a_sample = np.log10(4**0.5 * 20)
        ends = [*FLOORS.values(), *CEILINGS.values()]
        assert [rule.y for rule in chart_of(explorer).rules] == pytest.approx(np.add(ends, one_entry_of_a_sample))
        await explorer.press("w")
        assert "Most entries are zero at layers 1 to " in explorer.said()
        assert chart_of(explorer).rules[0].y == pytest.approx(FLOORS["float16"] + np.log10(6**0.5 * 20))
        await explorer.press("2")
        assert "float16" not in explorer.text(ChartView)
        await explorer.press("1", "f")
        assert "float16" not in explorer.text(ChartView) + explorer.text(StatusLine)


def test_the_ends_are_the_formats_own_smallest_and_largest_numbers() -> None:
    assert 10 ** FLOORS["float16"] == pytest.approx(float(np.finfo(np.float16).smallest_subnormal))
    float32 = np.finfo(np.float32)
    assert FLOORS["float32"] == pytest.approx(np.log10(float(float32.smallest_subnormal)))
    # bfloat16 is float32 with 7 instead of 23 bits of fraction.
    assert FLOORS["bfloat16"] == pytest.approx(np.log10(float(float32.smallest_normal)) - 7 * np.log10(2))
    assert 10 ** CEILINGS["float16"] == pytest.approx(float(np.finfo(np.float16).max))
    assert CEILINGS["bfloat16 and float32"] == pytest.approx(np.log10(float(float32.max)))


async def test_undo_goes_back_through_every_change_and_redo_forward_again() -> None:
    async with exploring() as explorer:
        app = explorer.app
        await explorer.press("r", "s", "right_square_bracket")
        third = app.settings
        await explorer.press("z")
        assert app.settings == Settings(residual=True, scale=2.5)
        await explorer.press("z", "z")
        assert app.settings == Settings()
        await explorer.press("z")
        assert "Nothing to undo" in explorer.text(StatusLine)
        await explorer.press("Z", "Z", "Z")
        assert app.settings == third
        await explorer.press("z", "w", "Z")
        assert "Nothing to redo" in explorer.text(StatusLine)


def test_undo_skips_changes_that_made_no_difference() -> None:
    history = History()
    first, second = Settings(), Settings(depth=5)
    history.record(first)
    history.record(second)
    assert history.undo(second) == first
    assert history.redo(first) == second
    assert history.redo(second) is None


async def test_brackets_step_through_the_presets_and_the_top_line_names_the_one_that_is_on() -> None:
    async with exploring(size=(120, 24)) as explorer:
        assert "Telescope · the telephone game " in explorer.lines(TopLine)[0]
        await explorer.press("right_square_bracket")
        assert explorer.app.settings == PRESETS["residual"].settings
        assert "· skip connections " in explorer.lines(TopLine)[0]
        await explorer.press("s")
        assert "·" not in explorer.lines(TopLine)[0]
        await explorer.press("right_square_bracket")
        assert explorer.app.settings == PRESETS["sigmoid"].settings, "the next after the latest"
        await explorer.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert explorer.app.settings == list(PRESETS.values())[-1].settings


async def test_a_preset_opens_in_its_own_view_and_one_that_has_none_keeps_the_one_on_the_screen() -> None:
    async with exploring(view="factor") as explorer:
        for key, name, view in (
            ("right_square_bracket", "residual", "factor"),
            (None, "orthogonal", "factor"),
            ("right_square_bracket", "isometry", "spectrum"),
            ("left_square_bracket", "orthogonal", "spectrum"),
            (None, "isometry", "spectrum"),
            (None, "frozen-sigmoids", "learn"),
        ):
            if key:
                explorer.send(key)
            else:
                explorer.app.action_show_preset(name)
            await explorer.settle()
            assert (explorer.app.preset.name, explorer.app.view) == (name, view)
        explorer.send("y")
        await explorer.until(lambda: explorer.app.clipboard.endswith("--view learn"))
        assert "--preset" not in explorer.app.clipboard


async def test_a_wide_top_line_says_what_the_preset_shows() -> None:
    async with exploring(size=(200, 30)) as explorer:
        assert f"the telephone game: {PRESETS['telephone'].line}" in explorer.lines(TopLine)[0]


@pytest.mark.parametrize(
    ("view", "key", "said"),
    [
        ("map", "p", "Pinned: change the settings and compare. u drops the pins. To see it press 1 or 2 or 3 or 6."),
        ("depth", "g", "The ghost is on. To see it press 1 or 2 or 3 or 6."),
        ("map", "o", "The theory is on. To see it press 1 or 2 or 3."),
        ("factor", "f", "To see it press 1."),
    ],
)
async def test_what_the_view_does_not_show_is_said_to_be_elsewhere(view: str, key: str, said: str) -> None:
    async with exploring(Settings(depth=5), view=view) as explorer:
        explorer.send(key)
        await explorer.until(lambda: said in explorer.said())
