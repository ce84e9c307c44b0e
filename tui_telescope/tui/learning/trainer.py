"""Who has the network on the screen learn: in the background, a step after another, for as long as that is wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

from tui_telescope.networks import USUAL_STEPS
from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.messages import Declined, Failed, Learned
from tui_telescope.tui.work.progress import Work

if TYPE_CHECKING:
    from tui_telescope.engine.learning.course.training import Training

FRAME_SECONDS = 0.06
"""Between one picture and the next."""
MOST_BEHIND = 20
"""Steps that a network which joined later makes up at a time."""
NOT_ENOUGH_MEMORY = "not enough memory to learn: lower width, depth or batch"


class _Task(NamedTuple):
    """What the thread does next."""

    generation: int
    networks: tuple[Settings, ...]
    takes_step: bool
    is_last: bool
    """Whether it rests after it."""


class Trainer:
    """Trains the latest networks asked for, in one thread; `Learned` messages tell of them.

    The first network sets the pace, and the others keep beside it. It draws them with a telescope of its own, so that
    no key waits for it.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self.generation = 0
        """Counts the beginnings."""
        self.work: Work | None = None
        """Until there is something to see."""
        self._post = post
        self._thread: threading.Thread | None = None
        self._change = threading.Condition()
        self._networks: tuple[Settings, ...] = ()
        self._steps_left = 0
        self._closed = False
        self._trainings: dict[Settings, Training] = {}
        """The thread's own, as the next two."""
        self._begun = 0
        self._told = 0.0

    @property
    def is_playing(self) -> bool:
        return self._steps_left > 0

    def follow(self, networks: Sequence[Settings]) -> None:
        """Train these: from the start where the first is another than before, and on where it was playing."""
        with self._change:
            if self._networks[:1] != tuple(networks[:1]):
                self._begin_anew(USUAL_STEPS if self.is_playing else 0)
            self._networks = tuple(networks)
            self._wake()

    def return_to_start(self) -> None:
        """Forget what was learned, and rest."""
        with self._change:
            self._begin_anew(0)
            self._wake()

    def play(self) -> None:
        with self._change:
            self._steps_left = USUAL_STEPS
            self._wake()

    def pause(self) -> None:
        """Rest after the next step, which is shown."""
        with self._change:
            self._steps_left = min(self._steps_left, 1)

    def step(self) -> None:
        """Take one step more, and rest."""
        with self._change:
            self._steps_left = min(self._steps_left, 1) + 1
            self._wake()

    def stop(self) -> None:
        """Let go of all."""
        with self._change:
            self.generation += 1
            self._networks, self._steps_left, self.work = (), 0, None
            self._change.notify()

    def close(self) -> None:
        """Let go of all, for good: nobody waits for the thread."""
        with self._change:
            self._closed = True
            self._change.notify()

    def _begin_anew(self, steps: int) -> None:
        self.generation += 1
        self._steps_left = steps
        self.work = Work(self.generation, "Getting the network ready to learn", monotonic(), 0.0)

    def _wake(self) -> None:
        if self._thread is None:
            # a daemon: quitting must not wait for a matrix product
            self._thread = threading.Thread(target=self._work, name="telescope-trainer", daemon=True)
            self._thread.start()
        self._change.notify()

    # In the thread

    def _work(self) -> None:
        try:
            while task := self._next_task():
                self._pursue(task)
        except Exception as error:  # told to the app, which ends with it
            self._post(Failed(error))

    def _next_task(self) -> _Task | None:
        with self._change:
            self._change.wait_for(lambda: self._closed or self._is_behind())
            if self._closed:
                return None
            takes_step = self.is_playing
            self._steps_left -= takes_step
            return _Task(self.generation, self._networks, takes_step, not self.is_playing)

    def _is_behind(self) -> bool:
        if self._begun != self.generation or self._networks != tuple(self._trainings):
            return True
        return bool(self._trainings) and (self.is_playing or self._is_one_behind())

    def _is_one_behind(self) -> bool:
        live, *others = self._trainings.values()
        return any(other.steps < live.steps and not other.is_over for other in others)

    def _pursue(self, task: _Task) -> None:
        if self._begun != task.generation:
            self._begun, self._trainings, self._told = task.generation, {}, 0.0
        try:
            self._trainings = {each: self._trainings.get(each) or _begun(each) for each in task.networks}
        except SettingsError as refusal:
            self._decline(task, str(refusal))
        except MemoryError:
            self._decline(task, NOT_ENOUGH_MEMORY)
        else:
            if self._trainings:
                self._train(task)

    def _train(self, task: _Task) -> None:
        live, *others = self._trainings.values()
        is_close = all(live.steps - other.steps <= MOST_BEHIND or other.is_over for other in others)
        is_shown = (task.is_last and is_close) or monotonic() - self._told > FRAME_SECONDS
        if task.takes_step:
            live.step(is_shown=is_shown)
        for other in others:
            _catch_up(other, live.steps, is_shown=is_shown)
        if live.is_over and task.generation == self.generation:
            self.pause()
        if is_shown:
            self._tell(task)

    def _decline(self, task: _Task, reason: str) -> None:
        """Let go of networks that cannot learn here, and say why, if they are still wanted."""
        with self._change:
            if task.generation == self.generation:
                self.stop()
                self._post(Declined(reason))

    def _tell(self, task: _Task) -> None:
        from tui_telescope.engine.learning.course.description import divergence, summary
        from tui_telescope.observations.description import words_of

        live, *others = (training.history for training in self._trainings.values())
        words = words_of(live.latest.observation)
        text = summary(live.settings, live.moments[0], live.latest)
        for other in others:
            text += f" The ghost {lost}." if (lost := divergence(other.settings, other.latest)) else ""
        self._post(Learned(task.generation, live, others[0] if others else None, words, text))
        self._told = monotonic()
        with self._change:
            if task.generation == self.generation:
                self.work = None


def _begun(settings: Settings) -> Training:
    from tui_telescope.engine.learning.course.training import Training
    from tui_telescope.engine.telescope import Telescope

    return Training(Telescope().learner(settings))


def _catch_up(training: Training, steps: int, *, is_shown: bool) -> None:
    """Some of the steps that it is behind, if it is."""
    for missing in range(min(steps - training.steps, MOST_BEHIND), 0, -1):
        training.step(is_shown=is_shown and missing == 1)
