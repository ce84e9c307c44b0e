"""The tour's keys: an app that can be led through the lessons."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from textual.app import App

from tui_telescope.settings import Settings
from tui_telescope.tui.tour_panel import StepTold, Teller, TourPanel

AUTOPLAY_SECONDS = 20.0
"""How long an unattended tour stays at a step."""


class TouringApp(App[None]):
    """Opens steps of the tour on whatever the app shows; the user's own keys keep working meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._tour_panel = TourPanel()
        self._teller = Teller(self.post_message)

    @abstractmethod
    def try_settings(self, changed: Callable[[], Settings]) -> None:
        """Take the changed settings, or say why not."""

    @abstractmethod
    def action_show_view(self, name: str) -> None:
        """Show the view of this name."""

    @abstractmethod
    def forget_axes(self) -> None:
        """Let the next chart choose its axes afresh."""

    def action_show_tour(self) -> None:
        """Start the tour, or bring back the network of its step."""
        self._open_step(self._tour_panel.number)

    def action_step_tour(self, direction: int) -> None:
        if self._tour_panel.is_on:
            self._open_step(self._tour_panel.number + direction)

    def action_end_tour(self) -> None:
        self._tour_panel.close()

    def play_tour(self, *, unattended: bool) -> None:
        """Start the tour; unattended, it goes on by itself and quits after its last step."""
        self.action_show_tour()
        if unattended:
            self.set_interval(AUTOPLAY_SECONDS, self._advance)

    def _advance(self) -> None:
        if self._tour_panel.number + 1 < len(self._tour_panel.steps):
            self.action_step_tour(1)
        else:
            self.exit()

    def _open_step(self, number: int) -> None:
        from tui_telescope.lessons.tour import STEPS

        step = self._tour_panel.open(STEPS, number)
        self._teller.tell(self._tour_panel.number, step)
        self.forget_axes()
        self.try_settings(lambda: step.settings)
        self.action_show_view(step.view)

    def on_step_told(self, message: StepTold) -> None:
        self._tour_panel.tell(message.number, message.text)
