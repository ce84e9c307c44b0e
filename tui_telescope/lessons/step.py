"""One step of the tour: words with gaps, and how the engine fills them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui_telescope.lessons.words import WORDS
from tui_telescope.settings import Settings

if TYPE_CHECKING:
    from tui_telescope.lessons.measures import Measures

MOST_WORDS = 60
MOST_NUMBERS = 3
"""That are measured for a text, and for an answer: more would not be read."""

Numbers = Mapping[str, Callable[["Measures"], str]]


@dataclass(frozen=True)
class Scene:
    """What stands on the screen beside a step's own network."""

    pins: tuple[Settings, ...] = ()
    ghost: bool = False
    theory: bool = False
    weights: bool = False
    """Whether the gradient by the weights is shown."""
    slope: bool = False
    """Whether the activation and its slope stand there in place of the view."""
    cursor: int | None = None
    """The layer that is read off."""
    selected: str = "depth"
    """The setting that the arrows change."""


@dataclass(frozen=True)
class Step:
    """What the tour says, asks and shows at one point of the story."""

    title: str
    shows: str
    """What is to be seen, in a line by which who looks for it finds it."""
    text: str
    """At most `MOST_WORDS` words; `{name}` stands for a number of `numbers`."""
    question: str
    answer: str
    """What whoever plays finds out, likewise; its numbers are `found`."""
    settings: Settings
    claim: Callable[[Measures], bool]
    """What the text maintains; true on every machine, or the text is wrong."""
    proof: Callable[[Measures], bool]
    """What the answer maintains; as true as the claim."""
    numbers: Numbers = field(default_factory=dict)
    found: Numbers = field(default_factory=dict)
    explains: tuple[str, ...] = ()
    """The words, of `WORDS`, that are met here for the first time."""
    view: str = "gradient"
    scene: Scene = Scene()

    def told(self, measures: Measures) -> str:
        """The text with its numbers, measured now."""
        return _filled(self.text, self.numbers, measures)

    def answered(self, measures: Measures) -> str:
        """The answer with its numbers, measured now."""
        return _filled(self.answer, self.found, measures)

    @property
    def explanations(self) -> tuple[str, ...]:
        """What the new words mean, each with the word before it."""
        return tuple(f"{word}: {WORDS[word]}" for word in self.explains)


def _filled(text: str, numbers: Numbers, measures: Measures) -> str:
    return text.format(**{name: number(measures) for name, number in numbers.items()})
