"""The app: what can be done with what the telescope shows. Compare it, set it against theory, take it along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal

from textual.binding import BindingType

from tui_telescope.charts.views import VIEWS, View
from tui_telescope.settings import Settings
from tui_telescope.tui.actions import bindings
from tui_telescope.tui.comparison import Compared, ComparisonError
from tui_telescope.tui.exploring import ExploringApp
from tui_telescope.tui.terminal.app import go_by_the_window, run_in_terminal
from tui_telescope.tui.theorist import Judged
from tui_telescope.tui.touring import Guide


def run(
    settings: Settings,
    *,
    view: str = "gradient",
    ascii_only: bool = False,
    mouse: bool = True,
    tour: Literal["", "led", "unattended"] = "",
) -> int:
    """Explore, starting from these settings or with the tour; returns the exit status."""
    go_by_the_window()
    app = TelescopeApp(settings, view=view, ascii_only=ascii_only)
    if tour:
        app.call_later(app.guide.play, unattended=tour == "unattended")
    return run_in_terminal(app, mouse=mouse)


class TelescopeApp(ExploringApp):
    """An action for every key that does not change a setting or the view."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    ENABLE_COMMAND_PALETTE = False  # it has one of its own

    def __init__(self, settings: Settings, *, view: str = "gradient", ascii_only: bool = False) -> None:
        super().__init__(settings, view=view, ascii_only=ascii_only)
        self.guide = Guide(self)
        self._judged: Judged | None = None
        """What has been said of the scale on the screen, if x has been pressed."""

    # Comparing

    def action_pin(self) -> None:
        self.catch_up()
        if self.shown is None:
            return
        curve = Compared(self.shown.settings, self.shown.observation)
        if not self._is_taken(lambda: self.comparison.pin(curve)):
            return
        self._show_chart()
        self._say(f"Pinned: change the settings and compare. u drops the pins.{self._where_to_look()}")

    def action_drop_pins(self) -> None:
        count = len(self.comparison.pins)
        self.comparison.pins.clear()
        self._show_chart()
        self._say(f"Dropped {count} pin{'s' * (count != 1)}." if count else "There are no pins; p sets one.")

    def action_toggle_ghost(self) -> None:
        if not self._is_taken(self.comparison.toggle_ghost):
            return
        self._observe()
        state = f"The ghost is {_on_or_off(self.comparison.wants_ghost)}."
        if reason := self.settings.why_ineffective("residual"):
            self._say(f"{state} It would be the same network: {reason}.")
        elif elsewhere := self._where_to_look():
            self._say(f"{state}{elsewhere}")

    def action_toggle_floors(self) -> None:
        from tui_telescope.charts.floors import summary

        self.shows_floors = not self.shows_floors
        self._show_chart()
        elsewhere = self._where_to_look(lambda view: view.shows_gradients)
        self._say(f"{summary(self.settings)}{elsewhere} {self._beyond_ends()}" if self.shows_floors else "")

    def action_toggle_theory(self) -> None:
        from tui_telescope.engine.mean_field.theory import COVERAGE, covers

        if not self._is_taken(self.comparison.toggle_theory):
            return
        self._show_chart()
        is_silent = self.comparison.wants_theory and not covers(self.settings)
        elsewhere = self._where_to_look()
        state = f"The theory is {_on_or_off(self.comparison.wants_theory)}.{elsewhere}" if elsewhere else ""
        self._say(COVERAGE if is_silent else state)

    def action_jump_to_critical_scale(self) -> None:
        """Say how the scale stands to the critical one; once that is said, jump there."""
        if self._judged is None:
            self._theorist.begin_judgement(self.settings)
        elif target := self._judged.target:
            self.selected = "scale"
            self.try_settings(lambda: target)
        else:
            self._say(self._judged.text)

    def on_judged(self, message: Judged) -> None:
        if message.settings == self.settings:
            self._judged = message
            self._say(message.text)

    def _observe(self) -> None:
        """What was judged is not what is on the screen from now on."""
        self._judged = None
        self._theorist.drop_judgement()
        super()._observe()

    def _is_taken(self, change: Callable[[], None]) -> bool:
        """Whether the comparison took the change; where it did not, it is said why."""
        try:
            change()
        except ComparisonError as refusal:
            self._refuse(str(refusal))
            return False
        return True

    def _where_to_look(self, shows: Callable[[View], bool] = lambda view: view.chart is not None) -> str:
        """Nothing where the view on the screen shows it, else which views do."""
        if shows(VIEWS[self.view]):
            return ""
        keys = [view.key for view in VIEWS.values() if shows(view)]
        return f" To see it press {' or '.join(keys)}."

    # Taking it along

    def action_copy_command(self) -> None:
        from tui_telescope.tui.sharing import command_line

        command = command_line(self.settings, self.view)
        self.copy_to_clipboard(command)
        self._say(f"Sent to the clipboard: {command}")

    def action_save(self) -> None:
        from tui_telescope.tui.sharing import SharingError, save_screen

        self.catch_up()
        if self.shown is None or self._chart.chart is None:
            return
        try:
            files = save_screen(self.shown, self._chart.chart, Path.cwd(), ascii_only=self._ascii_only)
        except (SharingError, OSError) as error:
            self._refuse(str(error))
            return
        self._say(f"Saved {files[0].name} and {files[1].name} in {files[0].parent}.")

    # The tour, and other screens

    def action_show_tour(self) -> None:
        self.guide.show()

    def action_step_tour(self, direction: int) -> None:
        self.guide.step(direction)

    def action_stop_or_leave(self) -> None:
        """Work that is said to run goes first; the tour stays for the next press."""
        if not self.stop_work():
            self.guide.leave()

    async def action_show_palette(self) -> None:
        from tui_telescope.tui.palette import Palette

        palette = Palette(sorted(self.available_themes))
        await self.push_screen(palette, self._run_chosen)
        # At once: a fast typist's next key must find it.
        palette.set_focus(palette.field)

    async def _run_chosen(self, call: str | None) -> None:
        if call:
            await self.run_action(call)

    def action_use_theme(self, name: str) -> None:
        self.theme = name
        # At once: Textual's filter for the new theme cannot paint with the styles of the old one.
        self.refresh_css(animate=False)

    def action_show_help(self) -> None:
        from tui_telescope.tui.help_screen import HelpScreen

        self.push_screen(HelpScreen())


def _on_or_off(is_on: bool) -> str:
    return "on" if is_on else "off"
