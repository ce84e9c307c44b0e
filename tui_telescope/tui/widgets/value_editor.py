"""Typing an exact value, in the place of the reading: the chart stays, and folded panels are no obstacle."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label

from tui_telescope.settings import Settings
from tui_telescope.tui.widgets.text_field import TextField

LONGEST_VALUE = 40
"""Characters. No value of any setting takes as many."""


class ValueTyped(Message):
    """Enter was pressed on a typed value."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self.name = name
        self.text = text


class EditCancelled(Message):
    """The value is to stay as it is."""


class ValueEditor(Widget):
    """A line to type in, and under it what is allowed, or what was wrong with the value typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "leave the value as it is")]

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__()
        self._setting = settings.registry[name]
        value = self._setting.write(getattr(settings, name))
        self.field = TextField(value, select_on_focus=True, compact=True, max_length=LONGEST_VALUE)

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label(f"{self._setting.label}: ", markup=False)
            yield self.field
            yield Label("Enter takes it, Escape leaves it", markup=False)
        yield Label(self._setting.allowed, id="allowed", markup=False)

    def refuse(self, reason: str) -> None:
        """Say why the typed value was not taken, and let the user try again."""
        allowed = self.query_one("#allowed", Label)
        allowed.update(reason)
        allowed.add_class("refusal")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(ValueTyped(self._setting.name, event.value))

    def action_cancel(self) -> None:
        self.post_message(EditCancelled())
