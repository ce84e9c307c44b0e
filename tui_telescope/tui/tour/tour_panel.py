"""The tour on the screen: a step's words over the live telescope, which stays in the user's hands."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from tui_telescope.settings import SettingsError
from tui_telescope.tui.messages import Declined, Failed
from tui_telescope.tui.widgets.canvas import Canvas, Line, Word
from tui_telescope.tui.widgets.status_line import ending_in_ellipsis

if TYPE_CHECKING:
    from tui_telescope.lessons.measures import Measures
    from tui_telescope.lessons.step import Step

MARGIN = 1
HINTS = ("Tab next  Shift+Tab back  Escape end", "Tab next  Escape end", "Tab next")
"""The keys that lead on: as many as there is room for."""


class StepTold(Message):
    """The numbers of a step have been measured."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__()
        self.number = number
        self.text = text


class Teller:
    """Measures what steps say, each step in a thread of its own so that no key waits; later steps find it done."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._measures: Measures | None = None
        self._lock = threading.Lock()

    def tell(self, number: int, step: Step) -> None:
        """Post `StepTold` once the step's numbers are there."""
        threading.Thread(target=self._measure, args=(number, step), daemon=True).start()

    def _measure(self, number: int, step: Step) -> None:
        from tui_telescope.lessons.measures import Measures

        try:
            with self._lock:
                self._measures = self._measures or Measures()
                text = step.told(self._measures)
        except SettingsError as refusal:
            self._post(Declined(str(refusal)))
        except Exception as error:  # told to the app, which ends with it
            self._post(Failed(error))
        else:
            self._post(StepTold(number, text))


class TourPanel(Canvas):
    """The current step: title, words, question, and the keys that lead on. Its height follows its words."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.steps: Sequence[Step] = ()
        self.text = ""
        self.display = False

    @property
    def is_on(self) -> bool:
        return bool(self.display)

    @property
    def step(self) -> Step:
        return self.steps[self.number]

    def open(self, steps: Sequence[Step], number: int) -> Step:
        """Show a step, counted from 0, without its numbers as yet."""
        self.steps = steps
        self.number = max(0, min(number, len(steps) - 1))
        self.text = "Measuring..."
        self.display = True
        self.fit_words()
        return self.step

    def on_step_told(self, message: StepTold) -> None:
        """Show what has been measured, if it is still the step on the screen."""
        if message.number == self.number:
            self.text = message.text
            self.fit_words()

    def close(self) -> None:
        self.display = False

    def on_resize(self) -> None:
        self.fit_words()

    def fit_words(self) -> None:
        """Take as many rows as the words need, but leave the chart at least half of the screen."""
        if not self.steps:
            return
        wanted = len(self._lines_at(self.app.size.width))
        self.styles.height = max(3, min(wanted, self.app.size.height // 2))
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        lines = self._lines_at(width) if self.steps else []
        if len(lines) > height:
            margin, words = lines[height - 1][:2]
            cut = words._replace(text=ending_in_ellipsis(words.text, width - 2 * MARGIN))
            lines = [*lines[: height - 1], (margin, cut)]
        return lines

    def _lines_at(self, width: int) -> list[Line]:
        room = max(width - 2 * MARGIN, 1)
        heading = f"{self.number + 1}/{len(self.steps)} {self.step.title}"
        lines: list[Line] = [(Word(" " * MARGIN), Word(heading[:room], "title"))]
        if hint := next((hint for hint in HINTS if len(heading) + len(hint) + 3 <= room), ""):
            gap = " " * (room - len(heading) - len(hint))
            lines = [(*lines[0], Word(gap), Word(hint, "muted"))]
        lines += [(Word(" " * MARGIN), Word(line)) for line in textwrap.wrap(self.text, room)]
        lines += [(Word(" " * MARGIN), Word(line, "title")) for line in textwrap.wrap(self.step.question, room)]
        return lines
