"""The telescope as the tour uses it: its panel, the networks it shows, and what the user had before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tui_telescope.lessons.step import Scene
from tui_telescope.settings import Settings
from tui_telescope.tui.changing.history import History
from tui_telescope.tui.comparison.comparison import Compared, Comparison
from tui_telescope.tui.learning.learning import FIRST_READING
from tui_telescope.tui.notices import NEEDS_SETTINGS
from tui_telescope.tui.showing import ShowingApp
from tui_telescope.tui.tour.standing import Standing
from tui_telescope.tui.tour.tour_panel import TourPanel

if TYPE_CHECKING:
    from tui_telescope.charts.drawable import Drawable
    from tui_telescope.engine.learning.course.training import History as LearningHistory
    from tui_telescope.observations.observation import Observation


class Pin(NamedTuple):
    """A network beside the one that is shown, and what was seen of it; while it learned as well, if it did."""

    settings: Settings
    observation: Observation
    history: LearningHistory | None


class Stage:
    """Entered before anything is shown, left for good: then everything stands as before."""

    def __init__(self, app: ShowingApp) -> None:
        self.app = app
        self.panel = TourPanel()
        self._standing: Standing | None = None

    @property
    def is_on(self) -> bool:
        return self._standing is not None

    def enter(self) -> bool:
        """Lay aside what the user has, unless that is done; False where there is nothing to show a tour with."""
        if not self.app.settings:
            self.app.refuse(NEEDS_SETTINGS)
            return False
        if self._standing is None:
            self._standing = Standing.of(self.app)
            self.app.history = History()
        if not self.panel.is_attached:
            self.panel.ascii_only = self.app.ascii_only
            self.app.mount_above_status_line(self.panel)
        return True

    def leave(self) -> None:
        """Close the panel and give back what the user had."""
        self.panel.close()
        self.app.advises = True
        self.app.learning.let_go()
        if self._standing:
            standing, self._standing = self._standing, None
            standing.give_back(self.app)

    def set(self, settings: Settings, view: str, scene: Scene) -> None:
        """Show a network, without the curves of the one before and without a word of what would mend it:
        that is what is asked.

        The scene's pins come later, by `pin`: they take their time.
        """
        comparing, comparison = self.app.comparing, Comparison()
        comparison.wants_ghost, comparison.wants_theory = scene.ghost or None, scene.theory
        comparing.shows_weights, comparing.shows_floors = scene.weights, False
        self.app.reading_off.layer = scene.cursor
        self.app.learning.let_go()
        self.app.learning.reading = FIRST_READING
        self.app.advises = False
        comparing.compare(comparison)
        self.app.try_settings(lambda _: settings)
        self.app.preset = self.app.preset._replace(settings=settings)  # what is changed from here on is marked
        self.app.action_show_view(view)
        self.app.selected = scene.selected
        self.app.show_subject()

    def show_picture(self, picture: Drawable) -> None:
        """Show it in place of the view, until the user chooses one."""
        self.app.picture = picture
        self.app.show_chart()

    def pin(self, pins: Sequence[Pin]) -> None:
        """Put curves beside the network, in place of those that are pinned."""
        source, subject = self.app.source, self.app.subject
        self.app.comparing.comparison.pins = [
            Compared(source.with_settings(subject, settings), observation, history)
            for settings, observation, history in pins
        ]
        self.app.show_chart_afresh()
