"""One step of the tour: words with gaps, and how the engine fills them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui_telescope.settings import Settings

if TYPE_CHECKING:
    from tui_telescope.lessons.measures import Measures

MOST_WORDS = 60


@dataclass(frozen=True)
class Step:
    """What the tour says, asks and shows at one point of the story."""

    title: str
    text: str
    """At most `MOST_WORDS` words; `{name}` stands for a number of `numbers`."""
    question: str
    settings: Settings
    claim: Callable[[Measures], bool]
    """What the text maintains; true on every machine, or the text is wrong."""
    answer: Callable[[Measures], bool]
    """What whoever plays finds out about the question; as true as the claim."""
    numbers: Mapping[str, Callable[[Measures], str]] = field(default_factory=dict)
    view: str = "gradient"

    def told(self, measures: Measures) -> str:
        """The text with its numbers, measured now."""
        return self.text.format(**{name: number(measures) for name, number in self.numbers.items()})
