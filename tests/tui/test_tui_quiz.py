"""The quiz on the screen: answered by playing, judged by what is observed."""

from __future__ import annotations

import pytest
from exploring import Explorer, exploring

from tui_telescope.lessons.quiz import QUESTIONS
from tui_telescope.settings import Settings
from tui_telescope.tui.screens.end_screen import EndScreen, EndText
from tui_telescope.tui.tour.tour_panel import TourPanel


def words(explorer: Explorer) -> str:
    return " ".join(explorer.text(TourPanel).split())


def end(explorer: Explorer) -> str:
    """What the page at the end says; nothing before it is there."""
    return explorer.text(EndText) if explorer.app.screen.query(EndText) else ""


async def test_a_question_is_answered_by_the_network_that_the_keys_make() -> None:
    async with exploring() as explorer:
        explorer.app.action_show_quiz()
        await explorer.settle()
        assert f"Quiz 1/8 {QUESTIONS[0].title}" in words(explorer)
        assert QUESTIONS[0].task in words(explorer)
        await explorer.press("s")
        assert "Not yet." in words(explorer)
        await explorer.press("s", "s")
        assert explorer.app.settings == Settings(scale=4.0)
        assert f"Solved. {QUESTIONS[0].solved}" in words(explorer)
        assert "1 of 8 questions answered." in words(explorer)
        await explorer.press("S")
        assert "Solved." in words(explorer), "what is solved stays so"
        await explorer.press("tab")
        assert f"Quiz 2/8 {QUESTIONS[1].title}" in words(explorer)


async def test_a_way_out_that_is_not_allowed_is_named() -> None:
    async with exploring() as explorer:
        explorer.app.action_show_quiz()
        await explorer.settle()
        await explorer.press("D")
        assert "To be kept as it was: depth." in words(explorer)


async def test_tab_gives_a_hint_first_and_skips_then_and_t_begins_the_question_anew() -> None:
    async with exploring() as explorer:
        explorer.app.action_show_quiz()
        await explorer.settle()
        await explorer.press("s", "t")
        assert explorer.app.settings == QUESTIONS[0].settings
        await explorer.press("tab")
        assert f"Hint: {QUESTIONS[0].hint}" in words(explorer)
        await explorer.press("tab")
        assert "Quiz 2/8" in words(explorer)
        await explorer.press("shift+tab")
        assert "Quiz 1/8" in words(explorer)


async def test_the_end_says_how_many_were_answered_and_leads_to_another_try() -> None:
    async with exploring(Settings(depth=7)) as explorer:
        explorer.app.action_show_quiz()
        for question in QUESTIONS[:2]:
            await explorer.settle()
            explorer.app.try_settings(lambda _, question=question: question.solution)
            await explorer.until(lambda: "Solved." in words(explorer))
            await explorer.press("tab")
        explorer.app.guide.examination.open(len(QUESTIONS) - 1)
        await explorer.press("tab")
        assert "Tab to the end" in words(explorer)
        await explorer.pilot.press("tab")
        await explorer.until(lambda: "What was learned" in end(explorer))
        assert "2 of 8 questions answered." in end(explorer)
        await explorer.pilot.press("enter")
        await explorer.settle()
        assert "Quiz 1/8" in words(explorer)
        assert "Solved." not in words(explorer)
        await explorer.press("escape")
        assert explorer.app.settings == Settings(depth=7)


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
async def test_the_end_page_names_the_key_that_scrolls_it(size: tuple[int, int]) -> None:
    async with exploring(Settings(depth=7), size=size) as explorer:
        explorer.app.push_screen(screen := EndScreen("8 of 8 questions answered."))
        await explorer.pilot.pause()
        screen.show([("What was learned", tuple(f"sentence {number}" for number in range(60)))])
        await explorer.pilot.pause()
        first, *_, keys = explorer.lines(EndText)
        assert "Space scroll" in keys
        assert ("Shift+Tab back" in keys) == (size[0] == 80)
        await explorer.pilot.press("space")
        assert explorer.lines(EndText)[0] != first


async def test_the_remedy_that_is_known_is_kept_to_itself_until_the_quiz_is_left() -> None:
    async with exploring() as explorer:
        await explorer.until(lambda: "Try r" in explorer.said())
        explorer.app.action_show_quiz()
        await explorer.settle()
        await explorer.press("s", "S")
        await explorer.pilot.pause(0.3)
        assert "Layer 1 receives" in explorer.said()
        assert "Try" not in explorer.said()
        await explorer.press("escape")
        await explorer.until(lambda: "Try r" in explorer.said())
