"""What the user had on the screen before the tour, laid aside while it lasts."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

from tui_telescope.tui.changing.history import History
from tui_telescope.tui.comparison.comparison import Comparison

if TYPE_CHECKING:
    from tui_telescope.charts.elements import Axis
    from tui_telescope.presets import Preset
    from tui_telescope.tui.showing import ShowingApp


class Standing(NamedTuple):
    """How everything stands: the subject, what it is compared with, the way back, the view and its axis."""

    subject: Hashable
    view: str
    selected: str
    preset: Preset
    comparison: Comparison
    shows_weights: bool
    shows_floors: bool
    cursor: int | None
    learning_reading: str
    axis: Axis | None
    history: History

    @classmethod
    def of(cls, app: ShowingApp) -> Standing:
        compared = app.comparing
        return cls(
            app.subject, app.view, app.selected, app.preset, compared.comparison, compared.shows_weights,
            compared.shows_floors, app.reading_off.layer, app.learning.reading, app.axis.drawn, app.history,
        )  # fmt: skip

    def give_back(self, app: ShowingApp) -> None:
        """Have all of it on the screen again."""
        app.comparing.shows_weights, app.comparing.shows_floors = self.shows_weights, self.shows_floors
        app.reading_off.layer, app.learning.reading = self.cursor, self.learning_reading
        app.comparing.compare(self.comparison)
        app.go_to(self.subject)
        app.action_show_view(self.view)
        app.history, app.preset, app.selected = self.history, self.preset, self.selected
        app.axis.previous = self.axis
        app.show_subject()
