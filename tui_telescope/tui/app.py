"""The app: what can be done with what a source shows. Compare it, set it against theory, take it along."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual.binding import BindingType

from tui_telescope.tui.actions import bindings
from tui_telescope.tui.exploring import ExploringApp
from tui_telescope.tui.sharing import Sharing
from tui_telescope.tui.sources.source import Source
from tui_telescope.tui.terminal.app import go_by_the_window, run_in_terminal
from tui_telescope.tui.widgets.canvas import Canvas

if TYPE_CHECKING:
    from tui_telescope.tui.tour.guide import Guide
    from tui_telescope.tui.tour.teller import Told


def run(
    source: Source[Any],
    subject: Hashable,
    *,
    view: str = "gradient",
    ascii_only: bool = False,
    mouse: bool = True,
    tour: Literal["", "led", "unattended", "quiz"] = "",
) -> int:
    """Show what the source says of this subject, or take the tour or the quiz; returns the exit status."""
    go_by_the_window()
    app = TelescopeApp(source, subject, view=view, ascii_only=ascii_only)
    if tour == "quiz":
        app.call_later(app.guide.show_quiz)
    elif tour:
        app.call_later(app.guide.play, unattended=tour == "unattended")
    return run_in_terminal(app, mouse=mouse)


class TelescopeApp(ExploringApp):
    """An action for every key that does not change a setting or the view."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    ENABLE_COMMAND_PALETTE = False  # it has one of its own

    def __init__(
        self, source: Source[Any], subject: Hashable, *, view: str = "gradient", ascii_only: bool = False
    ) -> None:
        super().__init__(source, subject, view=view, ascii_only=ascii_only)
        self._guide: Guide | None = None
        self._sharing = Sharing(self)

    # Comparing

    def action_pin(self) -> None:
        self.comparing.pin()

    def action_drop_pins(self) -> None:
        self.comparing.drop_pins()

    def action_toggle_ghost(self) -> None:
        self.comparing.toggle_ghost()

    def action_toggle_floors(self) -> None:
        self.comparing.toggle_floors()

    def action_toggle_weights(self) -> None:
        self.comparing.toggle_weights()

    def action_toggle_theory(self) -> None:
        self.comparing.toggle_theory()

    def action_jump_to_critical_scale(self) -> None:
        self.comparing.jump_to_critical_scale()

    # Learning

    def action_take_step(self) -> None:
        self.learning.take_step()

    def action_return_to_start(self) -> None:
        self.learning.return_to_start()

    # Taking it along

    def action_copy_command(self) -> None:
        self._sharing.copy_command()

    def action_save(self) -> None:
        self._sharing.save()

    # The tour, and other screens

    @property
    def guide(self) -> Guide:
        """Leads through the tour; the first screen does not wait for it."""
        from tui_telescope.tui.tour.guide import Guide

        self._guide = self._guide or Guide(self)
        return self._guide

    def action_show_tour(self) -> None:
        self.guide.show()

    def action_show_step(self, number: int) -> None:
        self.guide.show_step(number)

    def action_show_quiz(self) -> None:
        self.guide.show_quiz()

    def action_step_tour(self, direction: int) -> None:
        self.guide.step(direction)

    def on_told(self, message: Told) -> None:
        self.guide.take(message)

    def take_note(self) -> None:
        if self._guide:
            self._guide.judge()

    def action_stop_or_leave(self) -> None:
        """Work that is said to run goes first; the tour, which may have set the cursor, takes it along."""
        if self.background.stop():
            return
        if self._guide and self._guide.is_on:
            self._guide.leave()
        else:
            self.reading_off.put_away()

    async def action_show_palette(self) -> None:
        from tui_telescope.tui.screens.palette import Palette

        palette = Palette(self.keys)
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

    def action_toggle_ascii(self) -> None:
        """Draw with plain characters from now on, or with all of them again."""
        self.ascii_only = not self.ascii_only
        for widget in self.screen_stack[0].query("Canvas"):
            if isinstance(widget, Canvas):
                widget.ascii_only = self.ascii_only
                widget.redraw()

    def action_fit_axis(self) -> None:
        before = self.axis.drawn
        self.axis.fit()
        self._draw_chart()
        if self.axis.drawn == before and not self.current_view.survey:
            self.say("The axis fits as it is.")

    def action_show_help(self, term: str = "") -> None:
        from tui_telescope.tui.screens.help_screen import HelpScreen

        self.push_screen(HelpScreen(self.view, self.keys, term))
