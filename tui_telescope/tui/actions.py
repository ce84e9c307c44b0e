"""What keys do: one registry that makes the bindings, the footer and the help alike."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding

from tui_telescope.charts.views import VIEWS
from tui_telescope.settings import REGISTRY, Setting


@dataclass(frozen=True)
class Action:
    """One thing that a key does. A new one is one entry here and its `action_` method of the app."""

    call: str
    """The app's action in Textual's notation, such as `quit` or `step('depth', 1)`."""
    keys: tuple[str, ...]
    """As Textual names them."""
    written: str
    """The keys as users read them."""
    help: str
    footer: str = ""
    """What the footer says, the key first; empty keeps it off."""
    always: bool = False
    """Holds even while a value is typed."""

    @property
    def binding(self) -> Binding:
        return Binding(",".join(self.keys), self.call, self.help, show=False, priority=self.always, id=self.call)


GENERAL: tuple[Action, ...] = (
    Action("show_help", ("question_mark", "f1"), "?", "this help (also F1)", footer="? help"),
    Action("quit", ("q",), "q", "quit, from anywhere", footer="q quit"),
    Action("quit", ("ctrl+q", "ctrl+c"), "Ctrl+Q Ctrl+C", "quit, even while a value is typed", always=True),
    Action(
        "step_selected(1)", ("right",), "right", "the selected setting up, or to its next value", footer="arrows move"
    ),
    Action("step_selected(-1)", ("left",), "left", "the selected setting down, or back"),
    Action("step_selected(1, True)", ("pageup",), "PageUp", "up in larger steps"),
    Action("step_selected(-1, True)", ("pagedown",), "PageDown", "down in larger steps"),
    Action("go_to_end(0)", ("home",), "Home", "to the first value"),
    Action("go_to_end(1)", ("end",), "End", "to the last value"),
    Action("select(-1)", ("up",), "up", "select the setting above"),
    Action("select(1)", ("down",), "down", "select the setting below"),
    Action("edit_value", ("enter",), "Enter", "type an exact value (Escape leaves it as it was)", footer="Enter type"),
    Action("draw_next_network", ("space",), "Space", "draw a new network: the next seed", footer="Space redraw"),
    Action("command_palette", ("ctrl+p",), "Ctrl+P", "command palette: colour themes and more"),
)


def setting_actions() -> tuple[Action, ...]:
    """A letter and its Shift+letter for each setting that has one."""
    return tuple(action for setting in REGISTRY.values() if setting.key for action in _letters(setting))


def _letters(setting: Setting) -> tuple[Action, Action]:
    key = setting.key or ""
    return (
        Action(f"step('{setting.name}', 1)", (key,), key, f"{setting.label}: up, or the next value"),
        Action(f"step('{setting.name}', -1)", (key.upper(),), key.upper(), f"{setting.label}: down, or back"),
    )


def view_actions() -> tuple[Action, ...]:
    """A digit for each view."""
    return tuple(
        Action(f"show_view('{view.name}')", (view.key,), view.key, f"view: {view.title}") for view in VIEWS.values()
    )


def all_actions() -> tuple[Action, ...]:
    return (*GENERAL, *setting_actions(), *view_actions())


def bindings() -> list[Binding]:
    """Every action as Textual wants it."""
    return [action.binding for action in all_actions()]
