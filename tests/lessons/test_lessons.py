"""The tour tells the truth on the machine that runs it."""

from __future__ import annotations

import re

import pytest

from tui_telescope.engine.telescope import Telescope
from tui_telescope.lessons.measures import Measures
from tui_telescope.lessons.step import MOST_WORDS, Step
from tui_telescope.lessons.tour import STEPS
from tui_telescope.settings import Settings
from tui_telescope.tui.tour.tour_panel import HINTS, MARGIN

each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)

GIVEN = {"0.25", "10.15", "0.8", "1.5"}
"""The sigmoid's steepest slope, its critical sigma_w, and two scales that a step shows: given, not measured."""


@pytest.fixture(scope="module")
def measures() -> Measures:
    return Measures()


@each_step
def test_what_a_step_claims_holds(step: Step, measures: Measures) -> None:
    assert step.claim(measures)


@each_step
def test_who_plays_finds_the_answer_to_the_question(step: Step, measures: Measures) -> None:
    assert step.question.endswith("?")
    assert step.answer(measures)


@each_step
def test_at_80_columns_the_keys_that_lead_on_stand_beside_the_title(step: Step) -> None:
    assert len(f"{len(STEPS)}/{len(STEPS)} {step.title}") + len(HINTS[0]) + 3 <= 80 - 2 * MARGIN


@each_step
def test_a_step_is_told_in_at_most_sixty_words_with_every_number_filled_in(step: Step, measures: Measures) -> None:
    told = step.told(measures)
    assert len(told.split()) <= MOST_WORDS
    assert "{" not in told


@each_step
def test_no_measured_number_is_typed_in(step: Step) -> None:
    typed = set(re.findall(r"\d+\.\d+(?:e[+-]\d+)?|\d+e[+-]\d+", step.text))
    assert typed <= GIVEN


def test_the_numbers_come_from_the_settings_that_are_shown() -> None:
    step = next(step for step in STEPS if step.title == "The whispering line")
    assert "2.51e-18" in step.told(Measures())

    class Deaf(Telescope):
        def observe(self, settings: Settings, **options: object) -> object:  # type: ignore[override]
            return super().observe(settings.replace(depth=5), **options)  # type: ignore[arg-type]

    assert "4.06e-01" in step.told(Measures(Deaf()))


def test_a_claim_that_is_wrong_is_found_out(measures: Measures) -> None:
    whisper = Settings()
    wrong = Step("wrong", "", "?", whisper, lambda m: m.state(whisper) == "exploding", lambda m: True)
    assert not wrong.claim(measures)


def test_every_step_has_a_title_and_settings_of_its_own() -> None:
    assert len({step.title for step in STEPS}) == len(STEPS) == 14
