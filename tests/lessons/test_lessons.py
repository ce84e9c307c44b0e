"""The tour tells the truth on the machine that runs it."""

from __future__ import annotations

import math
import re
from string import Formatter

import pytest

from tui_telescope.engine.telescope import Telescope
from tui_telescope.lessons.ending import FIXES, Fix, table
from tui_telescope.lessons.measures import Measures, slope_at
from tui_telescope.lessons.step import MOST_NUMBERS, MOST_WORDS, Step
from tui_telescope.lessons.tour import STEPS
from tui_telescope.lessons.words import WORDS
from tui_telescope.settings import Settings

each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)

GIVEN = {
    "0.2", "0.25", "0.01", "0.1", "1.5", "0.001", "0.5", "0.14",  # slopes and values that a step shows
    "10.15", "0.8", "1.2",  # scales
    "0.3", "0.4",  # branch scales
    "1e-06", "6e-08",
}  # fmt: skip
"""Numbers that are given, not measured."""


@pytest.fixture(scope="module")
def measures() -> Measures:
    return Measures()


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@each_step
def test_what_a_step_claims_holds(step: Step, measures: Measures) -> None:
    assert step.claim(measures)


@each_step
def test_who_plays_finds_the_answer_to_the_question(step: Step, measures: Measures) -> None:
    assert step.question.endswith("?")
    assert step.proof(measures)


@each_step
def test_a_step_is_told_in_at_most_sixty_words_with_every_number_filled_in(step: Step, measures: Measures) -> None:
    for told in (step.told(measures), step.answered(measures)):
        assert len(told.split()) <= MOST_WORDS
        assert "{" not in told
        assert "nan" not in told.split()


@each_step
def test_a_step_shows_at_most_three_measured_numbers_at_once_and_uses_each(step: Step) -> None:
    assert gaps(step.text) == set(step.numbers)
    assert gaps(step.answer) == set(step.found)
    assert max(len(step.numbers), len(step.found)) <= MOST_NUMBERS


@each_step
def test_no_measured_number_is_typed_in(step: Step) -> None:
    typed = set(re.findall(r"\d+\.\d+(?:e[+-]\d+)?|\d+e[+-]\d+", f"{step.text} {step.answer}"))
    assert typed <= GIVEN


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_explained_once_at_the_step_where_it_is_first_met(word: str) -> None:
    explaining = [step for step in STEPS if word in step.explains]
    assert len(explaining) == 1
    alone = re.compile(r"(?<![\w-])" + re.escape(word) + r"s?(?![\w-])", re.IGNORECASE)
    met = [step for step in STEPS if alone.search(f"{step.text} {step.question} {step.answer}")]
    assert not met or STEPS.index(met[0]) >= STEPS.index(explaining[0])


def test_the_losses_and_the_curves_of_the_chart_are_explained_by_the_step_that_first_shows_them() -> None:
    for name, is_shown in (
        ("unit", lambda step: step.settings.loss == "unit"),
        ("probe", lambda step: step.settings.loss == "probe"),
        ("pin", lambda step: step.scene.pins),
        ("weights", lambda step: step.scene.weights),
    ):
        first = next(step for step in STEPS if is_shown(step))
        assert STEPS.index(next(step for step in STEPS if name in step.explains)) <= STEPS.index(first)


def test_a_step_that_compares_has_its_curves_set() -> None:
    for step in STEPS:
        words = f"{step.text} {step.question}"
        assert bool(step.scene.pins) == ("pinned" in words.lower()), step.title
        assert step.scene.ghost == ("ghost" in words.lower()), step.title


def test_the_numbers_come_from_the_settings_that_are_shown() -> None:
    step = next(step for step in STEPS if step.title == "The whispering line")
    assert "2.51e-18" in step.told(Measures())

    class Deaf(Telescope):
        def observe(self, settings: Settings, **options: object) -> object:  # type: ignore[override]
            return super().observe(settings.replace(depth=5), **options)  # type: ignore[arg-type]

    assert "4.06e-01" in step.told(Measures(Deaf()))


def test_a_claim_that_is_wrong_is_found_out(measures: Measures) -> None:
    whisper = Settings()
    wrong = Step("wrong", "", "", "?", "", whisper, lambda m: m.state(whisper) == "exploding", lambda m: True)
    assert not wrong.claim(measures)


def test_every_step_has_a_title_and_a_line_of_its_own_that_fits_two_rows_of_the_palette() -> None:
    assert len({step.title for step in STEPS}) == len({step.shows for step in STEPS}) == len(STEPS)
    assert all(0 < len(step.shows) <= 74 for step in STEPS)


def test_the_slopes_of_the_sigmoid_are_those_of_its_formula() -> None:
    for z in (0, 1, 2, 4, -3):
        assert slope_at("sigmoid", z) == pytest.approx(math.exp(-z) / (1 + math.exp(-z)) ** 2, rel=1e-12)


@pytest.mark.parametrize("fix", FIXES, ids=lambda fix: fix.name)
def test_a_cure_does_to_the_factor_what_the_table_says(fix: Fix, measures: Measures) -> None:
    assert fix.holds(measures.factor(fix.before), measures.factor(fix.after))
    assert fix.before != fix.after


def test_the_table_of_cures_holds_the_measured_factors_in_columns_that_fit(measures: Measures) -> None:
    header, *rows = table(measures)
    assert len(rows) == len(FIXES) == 6
    for row, fix in zip(rows, FIXES, strict=True):
        assert f"{measures.factor(fix.before):.2f}" in row[: header.index("before") + len("before")]
        assert f"{measures.factor(fix.after):.2f}" in row[header.index("before") + len("before") : len(header)]
    assert max(map(len, rows)) <= 78
