"""The guided tour on the screen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from exploring import Explorer, exploring

from tui_telescope.lessons.measures import Measures
from tui_telescope.lessons.step import Step
from tui_telescope.lessons.tour import STEPS
from tui_telescope.networks import USUAL_STEPS
from tui_telescope.presets import PRESETS
from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.screens.end_screen import EndText
from tui_telescope.tui.screens.palette import entries, matching
from tui_telescope.tui.tour.lecture import UNMEASURED, Lecture
from tui_telescope.tui.tour.tour_panel import HINTS, MARGIN, TourPanel
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.status_line import StatusLine

LAST = len(STEPS) - 1


def is_on(explorer: Explorer) -> bool:
    return any(panel.is_on for panel in explorer.app.query(TourPanel))


def words(explorer: Explorer) -> str:
    return " ".join(explorer.text(TourPanel).split())


def end(explorer: Explorer) -> str:
    """What the page at the end says; nothing before it is there."""
    return explorer.text(EndText) if explorer.app.screen.query(EndText) else ""


def number_of(title: str) -> int:
    return next(number for number, step in enumerate(STEPS) if step.title == title)


async def measured(explorer: Explorer) -> None:
    await explorer.until(lambda: UNMEASURED not in words(explorer))


async def test_t_starts_the_tour_and_its_numbers_are_filled_in() -> None:
    async with exploring() as explorer:
        await explorer.press("t")
        await explorer.until(lambda: "2.51e-18" in words(explorer))
        assert words(explorer).startswith(f"1/{len(STEPS)} The whispering line")
        assert STEPS[0].question in words(explorer)
        assert "1e-18: " in words(explorer)
        assert "{" not in words(explorer)


async def test_tab_reveals_the_answer_with_what_playing_would_have_found_and_then_goes_on() -> None:
    async with exploring() as explorer:
        await explorer.press("t")
        assert STEPS[0].answered(Measures()) not in words(explorer)
        await explorer.press("tab")
        await measured(explorer)
        assert STEPS[0].answered(Measures()) in words(explorer)
        assert STEPS[0].question in words(explorer)
        assert explorer.app.settings == STEPS[0].settings
        await explorer.press("tab")
        assert f"2/{len(STEPS)} {STEPS[1].title}" in words(explorer)
        await explorer.press("shift+tab", "tab", "shift+tab")
        assert f"1/{len(STEPS)} {STEPS[0].title}" in words(explorer)
        assert STEPS[0].answered(Measures()) not in words(explorer), "back from the answer is the text again"


@pytest.mark.parametrize("number", range(len(STEPS)), ids=[step.title for step in STEPS])
async def test_a_step_shows_its_network_its_view_and_what_it_is_compared_with(number: int) -> None:
    step = STEPS[number]
    async with exploring() as explorer:
        explorer.app.guide.show_step(number)
        await explorer.settle()
        comparing = explorer.app.comparing
        await explorer.until(lambda: tuple(pin.subject for pin in comparing.comparison.pins) == step.scene.pins)
        await measured(explorer)
        assert f"{number + 1}/{len(STEPS)} {step.title}" in words(explorer)
        assert (explorer.app.settings, explorer.app.view) == (step.settings, step.view)
        assert bool(comparing.comparison.wants_ghost) == step.scene.ghost
        assert comparing.comparison.wants_theory == step.scene.theory
        assert comparing.shows_weights == step.scene.weights
        assert explorer.app.reading_off.layer == step.scene.cursor
        assert explorer.app.selected == step.scene.selected


async def test_a_step_that_compares_losses_has_those_of_its_pins_on_the_chart_at_80x24() -> None:
    async with exploring(size=(80, 24)) as explorer:
        explorer.app.guide.show_step(number_of("56 layers worse than 20"))
        await explorer.until(lambda: explorer.app.comparing.comparison.pins)
        (pin,) = explorer.app.comparing.comparison.pins
        assert pin.history is not None
        assert pin.history.latest.step == USUAL_STEPS
        await explorer.until(lambda: "guessing" in explorer.text(ChartView) and "depth 20" in explorer.text(ChartView))


async def test_what_would_mend_a_network_is_not_said_while_the_tour_asks_for_it() -> None:
    async with exploring() as explorer:
        await explorer.until(lambda: "Try r" in explorer.text(StatusLine))
        await explorer.press("t")
        assert "Try" not in explorer.text(StatusLine)
        await explorer.press("tab")
        assert "Try" not in explorer.text(StatusLine)
        await explorer.press("escape")
        await explorer.until(lambda: "Try r" in explorer.text(StatusLine))


async def test_a_step_begins_with_its_own_reading_of_what_learns_and_leaving_gives_back_the_users() -> None:
    async with exploring() as explorer:
        learning = explorer.app.learning
        await explorer.press("6", "v", "1")
        chosen = learning.reading
        explorer.app.guide.show_step(number_of("The early layers stay"))
        await explorer.settle()
        first = learning.reading
        assert first != chosen
        await explorer.press("v", "v")
        explorer.app.guide.show_step(number_of("With the skip they learn"))
        await explorer.settle()
        assert learning.reading == first
        await explorer.press("escape")
        assert learning.reading == chosen


@pytest.mark.parametrize("then", ["the next step", "the end"])
async def test_a_network_that_learns_is_let_go_of_with_its_step(then: str) -> None:
    async with exploring() as explorer:
        app = explorer.app
        app.guide.show_step(number_of("56 layers worse than 20"))
        await explorer.settle()
        explorer.send("space")
        await explorer.until(lambda: app.learning.has_begun and app.learning.is_playing)
        if then == "the end":
            explorer.send("escape")
            await explorer.until(lambda: not is_on(explorer))
        else:
            app.guide.show_step(number_of("Number formats"))
        await explorer.settle()
        assert not app.learning.is_playing
        assert not app.learning.has_begun
        assert "steps" not in explorer.said()


async def test_what_differs_from_the_steps_own_network_is_marked_and_nothing_else() -> None:
    async with exploring(Settings(width=128, activation="relu")) as explorer:
        for title in ("Scale 1 and scale 6", "Xavier and He"):
            explorer.app.guide.show_step(number_of(title))
            await explorer.settle()
            assert "*" not in explorer.text(Panels)
        await explorer.press("r")
        assert explorer.text(Panels).count("*") == 1


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_at_80_columns_the_keys_that_lead_on_stand_beside_the_title(step: Step) -> None:
    for onward in ("answer", "to the end" if step is STEPS[-1] else "next"):
        hint = HINTS[0].format(next=onward)
        assert len(f"{len(STEPS)}/{len(STEPS)} {step.title}") + len(hint) + 3 <= 80 - 2 * MARGIN


async def test_the_keys_still_work_and_t_comes_back_to_the_steps_network() -> None:
    async with exploring() as explorer:
        await explorer.press("t", "r", "d")
        assert explorer.app.settings != STEPS[0].settings
        assert is_on(explorer)
        await explorer.press("t")
        assert explorer.app.settings == STEPS[0].settings


async def test_leaving_gives_back_settings_pins_undo_view_axis_and_cursor() -> None:
    async with exploring() as explorer:
        app = explorer.app
        await explorer.press("p", "o", "v", "s", "s", "d", "2", "1", "s", "less_than_sign")
        axis, before, layer = app.axis.drawn, app.settings, app.reading_off.layer
        assert axis is not None
        await explorer.press("2", "t", "tab", "tab", "r", "p", "z", "3", "escape")
        assert not is_on(explorer)
        assert (app.settings, app.view, app.reading_off.layer) == (before, "factor", layer)
        assert [pin.subject for pin in app.comparing.comparison.pins] == [Settings()]
        assert app.comparing.comparison.wants_theory
        assert app.comparing.shows_weights
        await explorer.press("z", "z")
        assert app.settings == Settings(scale=3.0), "undo goes back to before the tour, not into it"


async def test_leaving_gives_back_the_axis_that_was_kept() -> None:
    async with exploring() as explorer:
        await explorer.press("d", "D")
        axis = explorer.app.axis.drawn
        await explorer.press("t", "tab", "tab", "escape")
        assert explorer.app.axis.drawn == axis
        await explorer.press("equals_sign")
        assert explorer.app.axis.drawn != axis, "a fresh one would have been another"


async def test_a_step_is_shown_without_the_users_own_curves_and_without_those_of_the_step_before() -> None:
    async with exploring() as explorer:
        await explorer.press("p", "o", "t")
        assert not explorer.app.comparing.comparison.pins
        assert not explorer.app.comparing.comparison.wants_theory
        await explorer.press("s", "p")
        assert len(explorer.app.comparing.comparison.pins) == 1, "the keys still work"
        await explorer.press("t")
        assert not explorer.app.comparing.comparison.pins


async def test_escape_ends_the_tour_and_gives_the_chart_its_room_back() -> None:
    async with exploring() as explorer:
        height = explorer.app.query_one("ChartView").size.height
        await explorer.press("t")
        assert explorer.app.query_one("ChartView").size.height < height
        await explorer.press("escape")
        assert not is_on(explorer)
        assert explorer.app.query_one("ChartView").size.height == height


async def test_outside_the_tour_tab_and_escape_do_nothing() -> None:
    async with exploring() as explorer:
        before = explorer.app.settings
        await explorer.press("tab", "shift+tab", "escape")
        assert explorer.app.settings == before
        assert not is_on(explorer)


@pytest.mark.parametrize("size", [(60, 16), (45, 12)])
@pytest.mark.parametrize("number", [0, 6, 12, LAST])
async def test_where_room_is_short_the_text_scrolls_by_tab_and_no_question_is_cut(
    size: tuple[int, int], number: int
) -> None:
    step = STEPS[number]
    async with exploring(size=size) as explorer:
        explorer.app.guide.show_step(number)
        await explorer.settle()
        await measured(explorer)
        seen = ""
        while "Tab more" in words(explorer):
            seen += words(explorer)
            assert step.question in words(explorer)
            await explorer.press("tab")
        assert seen or number, "there is more than a page, but for the shortest"
        seen += words(explorer)
        assert "Tab answer" in words(explorer)
        told = " ".join([step.told(Measures()), *step.explanations])
        assert all(word in seen for word in told.split())
        if size == (60, 16):
            assert explorer.app.query_one(TourPanel).size.height <= 8


async def test_the_wheel_scrolls_the_text_both_ways() -> None:
    async with exploring(size=(60, 16)) as explorer:
        await explorer.press("t")
        await measured(explorer)
        before = words(explorer)
        panel = explorer.app.query_one(TourPanel)
        await panel.on_mouse_scroll_down()
        assert words(explorer) != before
        await panel.on_mouse_scroll_up()
        assert words(explorer) == before


async def test_the_tour_does_not_go_on_under_the_help() -> None:
    async with exploring() as explorer:
        await explorer.press("t", "question_mark", "tab")
        await explorer.pilot.press("escape")
        assert f"1/{len(STEPS)} " in words(explorer)


async def test_it_ends_with_a_page_of_what_was_learned_and_the_measured_table_of_cures() -> None:
    async with exploring() as explorer:
        explorer.app.guide.show_step(LAST)
        await explorer.settle()
        await explorer.press("tab")
        assert "Tab to the end" in words(explorer)
        await explorer.pilot.press("tab")
        await explorer.until(lambda: "0.43" in end(explorer))
        text = end(explorer)
        for said in ("What was learned", "clipping", "1.31", "residual connection", "Enter quiz"):
            assert said in text
        await explorer.pilot.press("shift+tab")
        assert is_on(explorer)
        await explorer.pilot.press("tab", "escape")
        assert not is_on(explorer)
        assert explorer.app.settings == Settings()


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("0.25^20", "The best case"),
        ("0.2^5", "By hand"),
        ("0.1^20", "It multiplies both ways"),
        ("1.5^20", "It multiplies both ways"),
        ("2^50", "It multiplies both ways"),
        ("sigma'", "The slope"),
        ("sigmoid relu one axis", "Sigmoid and ReLU"),
        ("scale 6.0", "Scale 1 and scale 6"),
        ("||W||", "Two parts of a factor"),
        ("dying", "ReLU, and dying"),
        ("leaky", "The leak"),
        ("pre-norm post-norm", "Before or after"),
        ("56", "56 layers worse than 20"),
        ("clipping", "Clipping"),
        ("rate", "The learning rate"),
        ("own model", "Your own model"),
    ],
)
def test_each_item_of_a_lecture_is_found_by_its_words_in_the_palette(query: str, title: str) -> None:
    found = matching(query, list(entries()))
    assert f"show_step({number_of(title)})" in [entry.call for entry in found[:4]]


async def test_a_step_chosen_in_the_palette_starts_the_tour_there() -> None:
    async with exploring(PRESETS["he-relu"].settings) as explorer:
        await explorer.pilot.press("ctrl+p", *"two parts", "enter")
        await explorer.settle()
        assert STEPS[number_of("Two parts of a factor")].title in words(explorer)
        await explorer.press("escape")
        assert explorer.app.settings == PRESETS["he-relu"].settings


def test_without_a_terminal_the_tour_is_told_as_text() -> None:
    script = Path(sys.executable).with_name("tui-telescope")
    told = subprocess.run(
        [script, "tour"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=True
    )
    assert told.stderr == ""
    assert all(f"{number}. {step.title}\n" in told.stdout for number, step in enumerate(STEPS, 1))
    flowing = " ".join(told.stdout.split())
    assert "2.51e-18" in flowing
    assert STEPS[0].answered(Measures()) in flowing
    assert "cure before after" in flowing


async def test_unattended_the_tour_goes_on_by_itself_plays_what_learns_and_quits_after_its_last_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui_telescope.tui.tour.guide.AUTOPLAY_SECONDS", 0.05)
    opened: list[int] = []
    open_step = Lecture.open
    monkeypatch.setattr(Lecture, "open", lambda self, number: (opened.append(number), open_step(self, number))[1])
    played: list[str] = []
    async with exploring() as explorer:
        toggle = explorer.app.learning.toggle_play
        monkeypatch.setattr(
            explorer.app.learning, "toggle_play", lambda: (played.append(explorer.app.view), toggle())[1]
        )
        explorer.app.guide.play(unattended=True)
        await explorer.until(lambda: len(opened) == len(STEPS))
        await explorer.until(lambda: not explorer.app.is_running or explorer.app._exit)
    assert opened == list(range(len(STEPS)))
    assert set(played) == {"learn"}


async def test_a_step_that_cannot_be_measured_says_why_in_place_of_the_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told(step: Step, measures: Measures) -> str:
        raise SettingsError("width: too wide to measure")

    monkeypatch.setattr(Step, "told", told)
    async with exploring() as explorer:
        await explorer.press("t")
        await explorer.until(lambda: "too wide to measure" in explorer.text(StatusLine))
        assert is_on(explorer)


async def test_the_slope_stands_there_with_the_units_of_the_network_on_the_screen_until_a_view_is_chosen() -> None:
    async with exploring(size=(100, 36)) as explorer:
        explorer.app.guide.show_step(number_of("The slope"))
        await explorer.settle()
        await explorer.until(lambda: "slope at -3" in explorer.text(ChartView))
        before = explorer.text(ChartView)
        await explorer.press("s", "s", "s", "s")
        await explorer.until(lambda: explorer.text(ChartView) != before)
        assert "slope at -3" in explorer.text(ChartView)
        await explorer.press("3")
        assert "slope at -3" not in explorer.text(ChartView)
        await explorer.press("t")
        await explorer.until(lambda: "slope at -3" in explorer.text(ChartView))
        await explorer.press("escape")
        assert "slope at -3" not in explorer.text(ChartView)
