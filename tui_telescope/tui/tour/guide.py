"""Who leads: through the tour or the quiz, to the page at its end, and back to what the user had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_telescope.charts.views import VIEWS
from tui_telescope.tui.tour.examination import Examination
from tui_telescope.tui.tour.leader import Leader
from tui_telescope.tui.tour.lecture import Lecture
from tui_telescope.tui.tour.stage import Stage
from tui_telescope.tui.tour.teller import Request, Teller, Told

if TYPE_CHECKING:
    from tui_telescope.lessons.measures import Measures
    from tui_telescope.tui.screens.end_screen import EndScreen
    from tui_telescope.tui.showing import ShowingApp

AUTOPLAY_SECONDS = 20.0
"""How long an unattended tour stays at a text, and at an answer."""
ENDING = "ending"


class Guide:
    """Starts the tour or the quiz, takes keys to whichever is on, and ends it."""

    def __init__(self, app: ShowingApp) -> None:
        self._app = app
        self._stage = Stage(app)
        self._teller = Teller(app.post_message)
        self.lecture = Lecture(self._stage, self._teller)
        self.examination = Examination(self._stage, self._teller)
        self._leader: Leader = self.lecture
        self._end: EndScreen | None = None

    @property
    def is_on(self) -> bool:
        return self._stage.is_on

    def show(self) -> None:
        """Start the tour; while it or the quiz is on, bring back the network of its page."""
        leader = self._leader if self.is_on else self.lecture
        self._lead(leader, leader.number)

    def show_step(self, number: int) -> None:
        """A step of the tour, counted from 0."""
        self._lead(self.lecture, number)

    def show_quiz(self) -> None:
        """The quiz, from its first question."""
        self.examination.solved.clear()
        self._lead(self.examination, 0)

    def _lead(self, leader: Leader, number: int) -> None:
        if self._stage.enter():
            self._leader = leader
            leader.open(number)

    def step(self, direction: int) -> None:
        """More of the text, or the answer, or the next page (1); or back (-1); while the tour is on."""
        if not self.is_on:
            return
        if direction < 0:
            self._leader.go_back()
        elif not self._stage.panel.turn() and not self._leader.advance():
            self._show_end()

    def leave(self) -> None:
        """Close the tour; all that the user had comes back."""
        self._stage.leave()

    def judge(self) -> None:
        """Another network is on the screen."""
        if self.is_on and self._leader is self.examination:
            self.examination.judge()
        elif self.is_on:
            self.lecture.follow()

    def take(self, message: Told) -> None:
        """Something has been measured."""
        if message.key == ENDING:
            if self._end:
                self._end.show(message.measured)
        elif self.is_on and self._leader is self.lecture:
            self.lecture.take(message.key, message.measured)

    # The end

    def _show_end(self) -> None:
        from tui_telescope.tui.screens.end_screen import EndScreen

        score = self.examination.score if self._leader is self.examination else ""
        self._end = EndScreen(score)
        self._end.text.ascii_only = self._app.ascii_only
        self._app.push_screen(self._end, self._leave_end)
        self._teller.tell(Request(ENDING, _ending))

    def _leave_end(self, choice: str | None) -> None:
        self._end = None
        if choice == "quiz":
            self.show_quiz()
        elif choice != "back":
            self.leave()

    # Unattended

    def play(self, *, unattended: bool) -> None:
        """Start the tour; unattended, it goes on by itself and quits after its last step."""
        self.show()
        if unattended:
            self._app.set_interval(AUTOPLAY_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if not self._stage.panel.turn() and not self._leader.advance():
            self._app.exit()
        elif VIEWS[self._app.view].learning and not self._app.learning.has_begun:
            self._app.learning.toggle_play()


def _ending(measures: Measures) -> list[tuple[str, tuple[str, ...]]]:
    from tui_telescope.lessons.ending import told

    return list(told(measures))
