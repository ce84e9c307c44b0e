"""The training of one network as it goes on: what has been seen of it so far, however long it takes."""

from __future__ import annotations

from dataclasses import dataclass

from tui_telescope.engine.learning.course.moments import Moment, Watch
from tui_telescope.engine.learning.learner import Learner
from tui_telescope.settings import Settings

MOST_MOMENTS = 128
"""More of them no picture has room for."""


@dataclass(frozen=True, eq=False)
class History:
    """Some moments of a learning network, from before its first step to the latest."""

    settings: Settings
    moments: tuple[Moment, ...]
    every: int = 1
    """Between the steps that are kept; twice as many each time that there are too many of them."""

    @property
    def latest(self) -> Moment:
        return self.moments[-1]

    def keeps(self, step: int) -> bool:
        """Whether a moment after this step is to stay."""
        return step % self.every == 0

    def with_moment(self, moment: Moment) -> History:
        """With one more, in the place of the latest where that is not to stay."""
        kept = self.moments if self.keeps(self.latest.step) else self.moments[:-1]
        if len(kept) < MOST_MOMENTS:
            return History(self.settings, (*kept, moment), self.every)
        every = 2 * self.every
        return History(self.settings, (*(each for each in kept if each.step % every == 0), moment), every)


class Training:
    """A learner, and its history."""

    def __init__(self, learner: Learner) -> None:
        self._watch = Watch(learner)
        self.history = History(learner.settings, (self._watch.moment(),))

    @property
    def steps(self) -> int:
        """How many were taken."""
        return self._watch.learner.steps

    @property
    def is_over(self) -> bool:
        """Whether it has diverged."""
        return self._watch.learner.diverged is not None

    def step(self, *, is_shown: bool = False) -> None:
        """Learn from the next batch; the history tells of it where it keeps such a step, or it is to be shown."""
        if self.is_over:
            return
        is_kept = self.history.keeps(self.steps + 1)
        if moment := self._watch.step(is_shown=is_shown or is_kept):
            self.history = self.history.with_moment(moment)
