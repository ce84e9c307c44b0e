"""The network on the screen while it learns: played, paused, taken back, and shown as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_telescope.tui.learning.trainer import Trainer
from tui_telescope.tui.messages import Learned, Observed

if TYPE_CHECKING:
    from tui_telescope.charts.drawable import Drawable
    from tui_telescope.charts.layers.trace import LearningTrace
    from tui_telescope.engine.learning.course.training import History
    from tui_telescope.observations.description import Words
    from tui_telescope.tui.showing import ShowingApp

FIRST_READING = "update"


class Learning:
    """Has the network learn while its view is shown, and goes on with it in the others once it has begun."""

    def __init__(self, app: ShowingApp) -> None:
        self.trainer = Trainer(app.post_message)
        self._app = app
        self.reading = FIRST_READING
        """What its view tells of each layer, by name."""
        self._latest: Learned | None = None

    def follow(self) -> None:
        """Train what is on the screen; a network that is not looked at and has not begun is let go of."""
        app = self._app
        settings = app.settings
        if settings is None or not (app.current_view.learning or self.has_begun):
            self.trainer.stop()
            return
        companion = app.comparing.companion_of(app.subject)
        beside = None if companion is None else app.source.settings_of(companion)
        self.trainer.follow([settings, beside] if beside else [settings])
        app.background.watch()

    def take(self, message: Learned) -> bool:
        """Whether it tells of what is on the screen."""
        if message.generation != self.trainer.generation:
            return False
        self._latest = message
        return True

    @property
    def told(self) -> Learned | None:
        """What was told last of the network on the screen."""
        latest = self._latest
        return latest if latest and latest.generation == self.trainer.generation else None

    @property
    def history(self) -> History | None:
        return self.told.history if self.told else None

    @property
    def is_playing(self) -> bool:
        return self.trainer.is_playing

    @property
    def has_begun(self) -> bool:
        """Whether it has taken a step, or is about to."""
        return self.is_playing or (self.history is not None and self.history.latest.step > 0)

    @property
    def seen(self) -> Observed | None:
        """The network as it is, once it has begun to learn."""
        told = self.told
        if told is None or told.history.latest.step == 0:
            return None
        from tui_telescope.observations.description import Words

        latest, companion = told.history.latest, told.companion
        words = Words(told.words.headline, f"after {latest.step} steps {told.words.sentences}")
        beside = companion.latest.observation if companion else None
        return Observed(0, self._app.subject, latest.observation, words, companion=beside)

    def words(self) -> Words | None:
        """The verdict's headline, what came of learning so far, and the key that goes on with it."""
        if (told := self.told) is None:
            return None
        from tui_telescope.observations.description import Words

        return Words(told.words.headline, f"{told.text} {self._keys(told.history)}")

    def _keys(self, history: History) -> str:
        """What may be pressed next."""
        if history.latest.diverged:
            return "Comma begins anew."
        if self.is_playing:
            return "Space pauses."
        return (
            "Space goes on, comma begins anew." if history.latest.step else "Space plays, a full stop takes one step."
        )

    def text(self) -> str:
        """What came of learning so far; empty where the view is another."""
        return self.told.text if self._app.current_view.learning and self.told else ""

    def chart(self, *, names_keys: bool = True) -> Drawable | None:
        """The view of it, beside what it is compared with."""
        make, traces = self._app.current_view.learning, self.traces()
        return make(traces, self.reading, names_keys) if make and traces else None

    def traces(self) -> list[LearningTrace]:
        """The network, and what it is compared with; nothing where the view is another, or has nothing to show yet."""
        if not self._app.current_view.learning or (told := self.told) is None:
            return []
        comparison = self._app.comparing.comparison
        return comparison.learning_traces(self._app.source, self._app.subject, told.history, told.companion)

    def let_go(self) -> None:
        """Forget what was learned, and learn nothing until that is asked for."""
        self.trainer.stop()

    # What keys ask for

    def toggle_play(self) -> None:
        self.follow()
        if self.is_playing:
            self.trainer.pause()
        else:
            self.trainer.play()
        self._app.show_words()

    def take_step(self) -> None:
        if self._is_shown():
            self.follow()
            self.trainer.step()

    def return_to_start(self) -> None:
        if self._is_shown():
            self.follow()
            self.trainer.return_to_start()
            self._app.background.watch()

    def show_next_reading(self) -> None:
        from tui_telescope.charts.steps.learning_chart import following

        self.reading = following(self.reading)
        self._app.show_chart()

    def _is_shown(self) -> bool:
        """Whether the view is one of learning; where it is not, it is said which is."""
        if self._app.current_view.learning:
            return True
        key = next(view.key for view in self._app.keys.views.values() if view.learning)
        self._app.say(f"That is for the network that learns, in view {key}.")
        return False

    def close(self) -> None:
        self.trainer.close()
