"""The tour's steps on the screen: first a text and a question, then the answer."""

from __future__ import annotations

from collections.abc import Hashable
from string import Formatter
from typing import TYPE_CHECKING, Any

from tui_telescope.charts.views import VIEWS
from tui_telescope.tui.tour.leader import Leader
from tui_telescope.tui.tour.stage import Pin
from tui_telescope.tui.tour.teller import Request
from tui_telescope.tui.tour.tour_panel import Page, Paragraph

if TYPE_CHECKING:
    from tui_telescope.lessons.measures import Measures
    from tui_telescope.lessons.step import Step
    from tui_telescope.settings import Settings

UNMEASURED = "........"
"""In place of a number that is being measured."""
TEXT, ANSWER, PINS, SLOPE = "text", "answer", "pins", "slope"


class Lecture(Leader):
    """Leads through the lessons."""

    _is_revealed = False
    """Whether the answer is shown."""
    _text = _answer = ""

    @property
    def step(self) -> Step:
        return _steps()[self.number]

    def open(self, number: int) -> None:
        self.number = max(0, min(number, len(_steps()) - 1))
        step, scene, here = self.step, self.step.scene, self.number
        self._is_revealed = False
        self._text, self._answer = _unmeasured(step.text), _unmeasured(step.answer)
        self._stage.set(step.settings, step.view, scene)
        self._stage.panel.show(self._page())
        self._teller.tell(
            *([self._slope(step.settings)] if scene.slope else []),
            Request((PINS, here), lambda measures: _observed(measures, step)),
            Request((TEXT, here), step.told),
            Request((ANSWER, here), step.answered),
        )

    def advance(self) -> bool:
        if not self._is_revealed:
            self._is_revealed = True
            self._stage.panel.show(self._page())
        elif self.number + 1 < len(_steps()):
            self.open(self.number + 1)
        else:
            return False
        return True

    def go_back(self) -> None:
        if self._is_revealed:
            self._is_revealed = False
            self._stage.panel.show(self._page())
        else:
            self.open(self.number - 1)

    def take(self, key: Hashable, measured: Any) -> None:
        """What was asked for by this key has been measured."""
        if key == (SLOPE, self.number, self._stage.app.settings):
            self._stage.show_picture(measured)
        if key == (PINS, self.number) and measured:
            self._stage.pin(measured)
        elif key == (TEXT, self.number):
            self._text = measured
            self._stage.panel.update_page(self._page())
        elif key == (ANSWER, self.number):
            self._answer = measured
            self._stage.panel.update_page(self._page())

    def follow(self) -> None:
        """Another network is on the screen: where its slope is shown, that follows."""
        app = self._stage.app
        if self.step.scene.slope and app.picture and app.settings:
            self._teller.tell_first(self._slope(app.settings))

    def _slope(self, settings: Settings) -> Request:
        from tui_telescope.charts.slope_chart import slope_chart

        return Request((SLOPE, self.number, settings), lambda _: slope_chart(settings))

    def _page(self) -> Page:
        step, steps = self.step, _steps()
        heading = f"{self.number + 1}/{len(steps)} {step.title}"
        if self._is_revealed:
            is_last = self.number + 1 == len(steps)
            answered = [Paragraph(step.question, "title"), Paragraph(self._answer)]
            return Page(heading, answered, "", "to the end" if is_last else "next")
        words = (Paragraph(explanation, "muted") for explanation in step.explanations)
        return Page(heading, [Paragraph(self._text), *words], step.question, "answer")


def _steps() -> tuple[Step, ...]:
    from tui_telescope.lessons.tour import STEPS  # brings the engine, which the first screen does not wait for

    return STEPS


def _unmeasured(text: str) -> str:
    return text.format(**{name: UNMEASURED for _, name, _, _ in Formatter().parse(text) if name})


def _observed(measures: Measures, step: Step) -> list[Pin]:
    """The step's pins; where its view is one of learning they have learned."""
    learns = VIEWS[step.view].learning is not None
    return [
        Pin(settings, measures.observe(settings), measures.history(settings) if learns else None)
        for settings in step.scene.pins
    ]
