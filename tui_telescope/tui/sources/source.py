"""Where the observations on the screen come from: networks made up here, one that learns, a run that trains elsewhere.

The app is given a source and a subject, and knows neither the engine nor any file. A new source is one subclass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from tui_telescope.observations.interruption import ShouldStop
    from tui_telescope.observations.observation import Observation
    from tui_telescope.settings import Settings

Subject = TypeVar("Subject", bound=Hashable)
Tell = Callable[[float], object]
"""Is told which share of the work is done, from 0 to 1."""


def nobody(share: float) -> None:
    """Nobody is told."""


class SourceError(ValueError):
    """The subject cannot be observed, for a reason that the user can mend; the message says it in one line."""


class Heading(NamedTuple):
    """What a subject is called."""

    title: str = ""
    line: str = ""
    """What it shows, where there is room for it."""
    standing: str = ""
    """How far it has come, which stays where even the title has no room."""


class Ghost(NamedTuple, Generic[Subject]):
    """What a subject is set against by one key, and the words that tell the two apart."""

    subject: Subject
    label: str
    live: str
    """What the subject itself is called beside it."""
    is_unasked: bool = False
    """Whether it is shown until it is put off, because the subject says little without it."""


class Labels(NamedTuple):
    """Words for each of some subjects, in their order; within either list no two are the same."""

    whole: list[str]
    """All in which they differ."""
    brief: list[str]
    """As few words as tell them apart."""
    briefest: list[str]
    """The same without the name of what differs, where numbers alone tell them apart."""


class Source(ABC, Generic[Subject]):
    """Gives the observation of a subject: a hashable value that says wholly what is observed.

    Requests, pins, what is kept and what is exported go by the subject: equal ones give equal readings. `load`,
    `observe` and `remedy` are asked by one thread at a time; everything else is quick, and asked by the screen, before
    `load` as well unless it says otherwise. What a source cannot do it leaves as it is here.
    """

    def load(self) -> None:
        """Get ready to observe: imports and files that the first screen does not wait for. Called once, first."""

    @abstractmethod
    def observe(self, subject: Subject, *, should_stop: ShouldStop, progress: Tell = nobody) -> Observation:
        """The readings. Raises `SourceError`, and `Stopped` once `should_stop` says yes."""

    @abstractmethod
    def expected_seconds(self, subject: Subject) -> float:
        """What `observe` will take; asked after `load` alone."""

    def remedy(self, subject: Subject, observation: Observation, *, should_stop: ShouldStop) -> str:
        """A change that has been seen to mend what was observed, in a sentence; empty where there is none.

        Raises `Stopped` once `should_stop` says yes.
        """
        return ""

    @abstractmethod
    def heading(self, subject: Subject) -> Heading:
        """Its title, for the first line and the pictures; an empty one where it has no name of its own."""

    @abstractmethod
    def size(self, subject: Subject) -> str:
        """What makes it long to observe, in a few words: `50 layers of width 4`."""

    @abstractmethod
    def arguments(self, subject: Subject) -> list[str]:
        """What the command line takes to bring it back, without the program's name and the view."""

    @abstractmethod
    def labels(self, live: Subject, pins: Sequence[Subject]) -> Labels:
        """Words for the live subject and then for the pins, which are all different; the live one may be among them."""

    def ghost(self, subject: Subject) -> Ghost[Subject] | None:
        """What `g` sets it against; None where there is nothing."""
        return None

    def why_no_ghost(self, subject: Subject) -> str:
        """In a sentence, why `ghost` has nothing; empty where it has something."""
        return "Nothing is known to compare it with."

    def settings_of(self, subject: Subject) -> Settings | None:
        """The settings that keys change and theory reads; None where it has none, as what was recorded elsewhere."""
        return None

    def with_settings(self, subject: Subject, settings: Settings) -> Subject:
        """What the subject becomes by other settings; asked only where it has some."""
        raise NotImplementedError
