"""Which steps are recorded, so that recording costs a training run next to nothing."""

from __future__ import annotations

import math
from collections import deque
from statistics import fmean, median

SHARE, EARLY_SHARE = 0.01, 0.05
"""Of the training's own time, what recording may take: later, and in the first steps."""
EARLY_STEPS = 100
ALARM_STEPS = 10
"""How many steps are recorded in a row once a reading is no longer finite."""


class Pace:
    """Spaces the samples by what they cost beside a step. Steps count from 1; the first one is always due, and whatever
    the cost those that double are early on: 2, 4, 8, ...

    `every` fixes the distance in steps, whatever it costs.
    """

    def __init__(self, every: int | None = None) -> None:
        self._every = every
        self._next = 1
        self._alarmed_until = 0
        self._is_finite = True
        self._durations: deque[float] = deque(maxlen=15)
        self._costs: deque[float] = deque(maxlen=5)

    def is_due(self, step: int) -> bool:
        return step >= self._next

    def passed(self, seconds: float) -> None:
        """A step has taken so long, its recording not counted."""
        self._durations.append(seconds)

    def cost(self, seconds: float) -> None:
        """Recording a step has taken so long."""
        self._costs.append(seconds)

    def proposed(self, step: int) -> int:
        """In how many steps after this one the next may be recorded."""
        if not self._durations or not self._costs:
            return 1
        is_early = step < EARLY_STEPS
        share = EARLY_SHARE if is_early else SHARE
        # a clock too coarse to see a step sees its cost as nothing too
        distance = max(1, math.ceil(fmean(self._costs) / (share * max(median(self._durations), 1e-9))))
        return min(step, distance) if is_early else distance

    def recorded(self, step: int, is_finite: bool, distance: int) -> None:
        """This step is recorded, and the next is due `distance` later; sooner at an `every`, or an alarm."""
        if self._is_finite and not is_finite:
            self._alarmed_until = step + ALARM_STEPS
        self._is_finite = is_finite
        self._next = step + (self._every or (1 if step < self._alarmed_until else distance))
