"""What the threads tell the screen, each in the past tense; only the app's handlers touch widgets."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

if TYPE_CHECKING:
    from tui_telescope.charts.layers.trace import Trace
    from tui_telescope.charts.surveys.surveys import Finding
    from tui_telescope.engine.learning.course.training import History
    from tui_telescope.observations.description import Words
    from tui_telescope.observations.observation import Array, Observation
    from tui_telescope.settings import Settings


@dataclass(frozen=True, eq=False)
class Observed:
    """A subject was observed.

    `remedy` is empty until the source has found one, and where it finds none. `companion` is what the subject to
    compare with was observed as, None until then and where none was given.
    """

    generation: int
    subject: Hashable
    observation: Observation
    words: Words
    remedy: str = ""
    companion: Observation | None = None

    def looks_like(self, other: Observed) -> bool:
        """Whether the same curves come of both."""
        return self.observation is other.observation and self.companion is other.companion


class Refused(NamedTuple):
    """A subject could not be observed, for a reason that the user can mend."""

    generation: int
    subject: Hashable
    reason: str


Outcome = Observed | Refused


class Answered(Message):
    """The background thread has an outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Declined(Message):
    """Work in the background met settings that are not allowed, for a reason that the user can mend."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Failed(Message):
    """Work in the background ended in an error of the program's own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Surveyed(Message):
    """A survey has something to show; more may follow, each finer."""

    def __init__(self, generation: int, view: str, finding: Finding) -> None:
        super().__init__()
        self.generation = generation
        self.view = view
        self.finding = finding


class Learned(Message):
    """The network on the screen has learned, or is ready to; so has the one that it is compared with, if there is one.

    `words` are those of the latest observation, `text` what came of learning so far.
    """

    def __init__(self, generation: int, history: History, companion: History | None, words: Words, text: str) -> None:
        super().__init__()
        self.generation = generation
        self.history = history
        self.companion = companion
        self.words = words
        self.text = text


class SpreadTaken(Message):
    """It is known how much the samples differ in the network of these settings."""

    def __init__(self, settings: Settings, log10_spread: Array) -> None:
        super().__init__()
        self.settings = settings
        self.log10_spread = log10_spread


class Predicted(Message):
    """The theory of settings that take long has been worked out."""

    def __init__(self, settings: Settings, prediction: Trace) -> None:
        super().__init__()
        self.settings = settings
        self.prediction = prediction


class Judged(Message):
    """How the scale of these settings stands to the critical one; where it was tried, `target` is what x jumps to."""

    def __init__(self, settings: Settings, text: str, target: Settings | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.text = text
        self.target = target
