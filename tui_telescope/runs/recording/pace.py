"""Which steps are recorded, so that recording costs a training run next to nothing."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

BUDGET = 0.008
"""Of the training's own time, what the recorder may take by its own clock: to record, and to look at every step."""
SHARE, LEAST_SHARE, EARLY_SHARE = 0.005, 0.002, 0.05
"""What of it recording may take: at most, at least whatever the look at every step takes, and in the first steps."""
STANDING_SHARE, STANDING_SECONDS = 0.003, 60e-6
"""What may be spent on every step, recorded or not: the larger of both."""
EARLY_STEPS = 100
ALARM_STEPS = 10
"""How many steps are recorded in a row once a reading is no longer finite."""


class Pace:
    """Spaces the samples by what has been spent beside the steps. Steps count from 1; the first one is always due, and
    whatever the cost those that double are early on: 2, 4, 8, ...

    `every` fixes the distance in steps, whatever it costs.
    """

    def __init__(self, every: int | None = None) -> None:
        self._every = every
        self._next = 1
        self._alarmed_until = 0
        self._is_finite = True
        self._durations: deque[float] = deque(maxlen=15)
        """Of the last steps, in seconds, what the recorder spent not counted."""
        self._plain: deque[float] = deque(maxlen=15)
        """The same of those alone that were not recorded."""
        self._standing: deque[float] = deque(maxlen=15)
        """What the recorder spent on these."""
        self._excesses: deque[float] = deque(maxlen=15)
        """How much longer than these the recorded ones took: hooks' calls, memory, cold caches."""
        self._late_share = SHARE
        self._usual = 0.0
        """Seconds of a step, when the last one was recorded."""
        self._debt = 0.0
        """Seconds spent that the steps since have not yet paid for by their share."""

    def is_due(self, step: int) -> bool:
        return step >= self._next

    def affords(self, seconds: float) -> bool:
        """Whether every step may spend so much, beside what recording takes."""
        return self._usual > 0 and seconds <= max(STANDING_SECONDS, STANDING_SHARE * self._usual)

    def passed(self, step: int, seconds: float, spent: float, *, is_recorded: bool, follows_recorded: bool) -> None:
        """A step has taken so long beside the seconds spent on it; what a record takes may fall into the step after."""
        if is_recorded and self._plain:
            self._excesses.append(seconds - median(self._plain))
        elif not (is_recorded or follows_recorded):
            self._plain.append(seconds)
            self._standing.append(spent)
        cost = (spent if is_recorded or follows_recorded else 0.0) + (self._unseen(spent) if is_recorded else 0.0)
        self._durations.append(seconds)
        self._debt = max(0.0, self._debt + cost - self._share(step) * seconds)
        if step == EARLY_STEPS:  # what the beginning took is no reason to look away from the rest
            self._debt = 0.0

    def proposed(self, step: int, spent: float) -> int:
        """In how many steps after this one, which has spent so much by now, the next may be recorded."""
        if not self._durations:
            return 1
        # a clock too coarse to see a step sees its cost as nothing too
        per_step = self._share(step) * max(median(self._durations), 1e-9)
        distance = max(1, math.ceil((self._debt + spent + self._unseen(spent)) / per_step))
        return min(step, distance) if step < EARLY_STEPS else distance

    def _unseen(self, spent: float) -> float:
        """What recorded steps take that no clock sees: at most as much again, for steps may differ by themselves."""
        return min(max(0.0, median(self._excesses)), spent) if self._excesses else 0.0

    def _share(self, step: int) -> float:
        return EARLY_SHARE if step < EARLY_STEPS else self._late_share

    def _left_by_standing(self) -> float:
        """Asked at a recorded step alone: medians at every step would be a part of what they measure."""
        if not self._plain:
            return SHARE
        standing = median(self._standing) / max(median(self._plain), 1e-9)
        return min(SHARE, max(LEAST_SHARE, BUDGET - standing))

    def recorded(self, step: int, is_finite: bool, distance: int) -> None:
        """This step is recorded, and the next is due `distance` later; sooner at an `every`, or an alarm."""
        if self._is_finite and not is_finite:
            self._alarmed_until = step + ALARM_STEPS
        self._is_finite = is_finite
        self._late_share = self._left_by_standing()
        self._usual = median(self._durations) if self._durations else 0.0
        self._next = step + (self._every or (1 if step < self._alarmed_until else distance))
