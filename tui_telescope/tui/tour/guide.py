"""The tour: its steps opened one after the other on whatever the telescope shows."""

from __future__ import annotations

from tui_telescope.tui.comparison.comparison import Comparison
from tui_telescope.tui.notices import NEEDS_SETTINGS
from tui_telescope.tui.showing import ShowingApp
from tui_telescope.tui.tour.tour_panel import Teller, TourPanel

AUTOPLAY_SECONDS = 20.0
"""How long an unattended tour stays at a step."""


class Guide:
    """Leads through the lessons; the user's own keys keep working meanwhile."""

    def __init__(self, app: ShowingApp) -> None:
        self._app = app
        self._panel = TourPanel()
        self._teller = Teller(self._panel.post_message)
        self._laid_aside: Comparison | None = None
        """What the user compared with before the tour."""

    def show(self) -> None:
        """Start the tour, or bring back the network of its step."""
        self._open(self._panel.number)

    def step(self, direction: int) -> None:
        """The next step (1) or the one before (-1), while the tour is on."""
        if self._panel.is_on:
            self._open(self._panel.number + direction)

    def leave(self) -> None:
        """Close the tour; what the user compared with comes back."""
        self._panel.close()
        if self._laid_aside:
            self._app.comparing.compare(self._laid_aside)
            self._laid_aside = None

    def play(self, *, unattended: bool) -> None:
        """Start the tour; unattended, it goes on by itself and quits after its last step."""
        self.show()
        if unattended:
            self._app.set_interval(AUTOPLAY_SECONDS, self._advance)

    def _advance(self) -> None:
        if self._panel.number + 1 < len(self._panel.steps):
            self.step(1)
        else:
            self._app.exit()

    def _open(self, number: int) -> None:
        if not self._app.settings:
            self._app.refuse(NEEDS_SETTINGS)
            return
        from tui_telescope.lessons.tour import STEPS

        if not self._panel.is_attached:
            self._app.mount_above_status_line(self._panel)
        self._laid_aside = self._laid_aside or self._app.comparing.comparison
        self._app.comparing.compare(Comparison())
        step = self._panel.open(STEPS, number)
        self._teller.tell(self._panel.number, step)
        self._app.try_settings(lambda settings: step.settings)
        self._app.action_show_view(step.view)
