"""Which keys are likely next: people press again what they pressed lately."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tui_telescope.settings import Settings, SettingsError

MOST = 6
"""Steps to think of."""


class Step(NamedTuple):
    """What a key does to the settings."""

    name: str
    direction: int
    coarse: bool = False

    def from_(self, settings: Settings) -> Settings:
        """The settings after the step. Raises `SettingsError`."""
        return settings.stepped(self.name, self.direction, coarse=self.coarse)


class Habits:
    """The latest steps; at first those that a newcomer tries."""

    def __init__(self) -> None:
        self._steps = [Step("residual", 1), Step("scale", 1), Step("scale", -1)]

    def note(self, step: Step) -> None:
        """This step was taken."""
        self._steps = [step, *(other for other in self._steps if other != step)][:MOST]

    def guesses(self, settings: Settings) -> Iterator[Settings]:
        """Where a step from these settings is likely to lead, the likeliest first."""
        for step in self._steps:
            try:
                guess = step.from_(settings)
            except SettingsError:
                continue
            if guess != settings:
                yield guess
