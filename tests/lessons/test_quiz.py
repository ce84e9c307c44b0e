"""The quiz can be answered, is not answered to begin with, and is judged by the engine."""

from __future__ import annotations

import pytest

from tui_telescope.engine.telescope import Telescope
from tui_telescope.lessons.quiz import QUESTIONS, Question
from tui_telescope.settings import Settings

each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.title)


@pytest.fixture(scope="module")
def telescope() -> Telescope:
    return Telescope()


@each_question
def test_it_is_not_answered_before_anything_is_changed(question: Question, telescope: Telescope) -> None:
    assert question.judge(question.settings, telescope.observe(question.settings)) == "Not yet."


@each_question
def test_its_solution_answers_it(question: Question, telescope: Telescope) -> None:
    assert question.judge(question.solution, telescope.observe(question.solution)) == ""


@each_question
def test_what_is_to_be_kept_is_named_where_it_was_changed(question: Question, telescope: Telescope) -> None:
    way_out = Settings(depth=1, cell=question.settings.cell)
    said = question.judge(way_out, telescope.observe(way_out))
    assert said.startswith("To be kept as it was: ")
    assert "depth" in said


def test_there_are_eight_questions_each_with_a_title_a_hint_and_a_reason() -> None:
    assert len(QUESTIONS) == len({question.title for question in QUESTIONS}) == 8
    assert all(question.hint and question.solved for question in QUESTIONS)


def test_any_other_way_that_works_is_an_answer_too(telescope: Telescope) -> None:
    quieter = QUESTIONS[0]
    for scale in (0.5, 6.0):
        settings = quieter.settings.replace(scale=scale)
        assert quieter.judge(settings, telescope.observe(settings)) == ""
    wake = next(question for question in QUESTIONS if question.title == "Wake the dead")
    settings = wake.settings.replace(residual=True)
    assert wake.judge(settings, telescope.observe(settings)) == ""
