"""The quiz on the screen: each question is answered by the network that the user's keys have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_telescope.lessons.step import Scene
from tui_telescope.tui.tour.leader import Leader
from tui_telescope.tui.tour.stage import Stage
from tui_telescope.tui.tour.teller import Teller
from tui_telescope.tui.tour.tour_panel import Page, Paragraph

if TYPE_CHECKING:
    from tui_telescope.lessons.quiz import Question


class Examination(Leader):
    """Asks, and judges what is observed; a hint is had for the asking."""

    def __init__(self, stage: Stage, teller: Teller) -> None:
        super().__init__(stage, teller)
        self.solved: set[int] = set()
        """The numbers of the questions that were answered."""
        self._has_hint = False
        self._verdict = ""

    @property
    def question(self) -> Question:
        return _questions()[self.number]

    def open(self, number: int) -> None:
        self.number = max(0, min(number, len(_questions()) - 1))
        self._has_hint, self._verdict = False, ""
        self._stage.set(self.question.settings, "gradient", Scene())
        self._stage.panel.show(self._page())

    def advance(self) -> bool:
        if not (self._has_hint or self.number in self.solved):
            self._has_hint = True
            self._stage.panel.show(self._page())
        elif self.number + 1 < len(_questions()):
            self.open(self.number + 1)
        else:
            return False
        return True

    def go_back(self) -> None:
        self.open(self.number - 1)

    def judge(self) -> None:
        """Another network is on the screen."""
        app = self._stage.app
        if not (app.shown and app.settings) or not app.is_read:
            return
        is_begun = app.settings != self.question.settings
        self._verdict = self.question.judge(app.settings, app.shown.observation) if is_begun else ""
        if is_begun and not self._verdict:
            self.solved.add(self.number)
        self._stage.panel.update_page(self._page())

    @property
    def score(self) -> str:
        return f"{len(self.solved)} of {len(_questions())} questions answered."

    def _page(self) -> Page:
        question, questions = self.question, _questions()
        heading = f"Quiz {self.number + 1}/{len(questions)} {question.title}"
        is_last = self.number + 1 == len(questions)
        if self.number in self.solved:
            body = [Paragraph(f"Solved. {question.solved}"), Paragraph(self.score, "muted")]
            return Page(heading, body, question.task, "to the end" if is_last else "next")
        said = [Paragraph(self._verdict)] if self._verdict else []
        hint = [Paragraph(f"Hint: {question.hint}")] if self._has_hint else []
        begin = [] if said or hint else [Paragraph("Change the settings until it is so.", "muted")]
        onward = ("to the end" if is_last else "skip") if self._has_hint else "hint"
        return Page(heading, [*begin, *said, *hint], question.task, onward)


def _questions() -> tuple[Question, ...]:
    from tui_telescope.lessons.quiz import QUESTIONS  # brings the engine, which the first screen does not wait for

    return QUESTIONS
