"""What the next key may ask for, looked at in the pause before it: people press again what they pressed lately."""

from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from tui_telescope.settings import REGISTRY, Settings, SettingsError

CALM = 0.02
"""Seconds after an answer in which its bytes are sent; what comes next is looked at only then."""
BREATH = 0.001
"""Seconds between two pieces of work that nobody waits for, in which a key may come."""
LULL = 0.25
"""Seconds of rest before the unlikelier keys are looked at: who presses keys faster than that is not held up by it."""
MOST = 6
"""Steps that count as habits."""


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

    def guesses(self, settings: Settings) -> list[Settings]:
        """Where one of these steps leads from here, the likeliest first."""
        return _reached(settings, self._steps)

    def others(self, settings: Settings) -> list[Settings]:
        """Where any other letter leads."""
        letters = [Step(name, direction) for name in REGISTRY if REGISTRY[name].key for direction in (1, -1)]
        guesses = self.guesses(settings)
        return [other for other in _reached(settings, letters) if other not in guesses]


class Prefetcher:
    """Looks at guesses piece by piece; a change of settings begins anew."""

    def __init__(
        self,
        habits: Habits,
        look_at: Callable[[Settings], Iterable[None]],
        wait: Callable[[float, Callable[[], None]], TimerHandle],
    ) -> None:
        """`look_at` does the work for some settings in pieces; `wait` has a callback run after so many seconds."""
        self._habits, self._look_at, self._wait = habits, look_at, wait
        self._pieces: Iterator[float] = iter(())
        self._next: TimerHandle | None = None

    @property
    def is_busy(self) -> bool:
        """Whether anything is left to be looked at."""
        return self._next is not None

    def look_ahead(self, settings: Settings) -> None:
        """Let the screen be painted, then look at what may come after these settings."""
        self._pieces = self._looking(settings)
        self._go_on_after(CALM)

    def _go_on_after(self, seconds: float) -> None:
        if self._next:
            self._next.cancel()
        self._next = self._wait(seconds, self._go_on)

    def _go_on(self) -> None:
        pause = next(self._pieces, None)
        if pause is None:
            self._next = None
        else:
            self._go_on_after(pause)

    def _looking(self, settings: Settings) -> Iterator[float]:
        """Does a piece of the work, and says how long to wait with the next one."""
        for guess in self._habits.guesses(settings):
            yield from (BREATH for _ in self._look_at(guess))
        yield LULL
        for guess in self._habits.others(settings):
            yield from (BREATH for _ in self._look_at(guess))


def _reached(settings: Settings, steps: Sequence[Step]) -> list[Settings]:
    """Where the steps lead that lead anywhere, each place once."""
    reached = dict.fromkeys(chain.from_iterable(_reached_by(step, settings) for step in steps))
    return [other for other in reached if other != settings]


def _reached_by(step: Step, settings: Settings) -> Iterator[Settings]:
    with suppress(SettingsError):
        yield step.from_(settings)
