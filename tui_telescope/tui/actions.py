"""What keys do: one registry that makes the bindings, the footer, the help and the command palette alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from textual.binding import Binding

from tui_telescope.charts.views import VIEWS, View
from tui_telescope.settings import REGISTRY
from tui_telescope.settings.kinds import Setting


class Action(NamedTuple):
    """One thing that a key does. A new one is one entry here and its `action_` method of the app."""

    call: str
    """The app's action in Textual's notation, such as `quit` or `step('depth', 1)`."""
    keys: tuple[str, ...]
    """As Textual names them."""
    written: str
    """The keys as users read them."""
    help: str
    always: bool = False
    """Comes before whatever a widget or the screen would do with the key."""

    @property
    def binding(self) -> Binding:
        return Binding(",".join(self.keys), self.call, self.help, show=False, priority=self.always, id=self.call)


GENERAL: tuple[Action, ...] = (
    Action("show_help", ("question_mark", "f1"), "?", "this help (also F1)"),
    Action("quit", ("q",), "q", "quit, from anywhere"),
    Action("quit", ("ctrl+q", "ctrl+c"), "Ctrl+Q Ctrl+C", "quit, even while a value is typed", always=True),
    Action("suspend_process", ("ctrl+z",), "Ctrl+Z", "back to the shell; fg returns here", always=True),
    Action("show_palette", ("ctrl+p",), "Ctrl+P", "command palette: presets, tour steps and everything else by name"),
    Action("select(-1)", ("up",), "up", "select the setting above"),
    Action("select(1)", ("down",), "down", "select the setting below"),
    Action("step_selected(1)", ("right",), "right", "the selected setting up, or to its next value"),
    Action("step_selected(-1)", ("left",), "left", "the selected setting down, or back"),
    Action("step_selected(1, True)", ("pageup",), "PageUp", "up in larger steps"),
    Action("step_selected(-1, True)", ("pagedown",), "PageDown", "down in larger steps"),
    Action("go_to_end(0)", ("home",), "Home", "to the first value"),
    Action("go_to_end(1)", ("end",), "End", "to the last value"),
    Action("edit_value", ("enter",), "Enter", "type an exact value (Escape leaves it as it was)"),
    Action("undo", ("z",), "z", "undo the last change of settings"),
    Action("redo", ("Z",), "Z", "redo what was undone"),
    Action("step_preset(1)", ("right_square_bracket",), "]", "the next preset"),
    Action("step_preset(-1)", ("left_square_bracket",), "[", "the preset before"),
    Action("draw_next_network", ("space",), "Space", "draw a new network: the next seed; in view 6: learn, or pause"),
    Action("take_step", ("full_stop",), ".", "in view 6: learn by one step"),
    Action("return_to_start", ("comma",), ",", "in view 6: back to the network before its first step"),
    Action("pin", ("p",), "p", "pin this curve on the screen, to compare others with it"),
    Action("drop_pins", ("u",), "u", "drop the pins"),
    Action("toggle_ghost", ("g",), "g",
        "ghost: beside it the same network with residual flipped; in a number format, in exact arithmetic",
    ),
    Action(
        "toggle_floors", ("f",), "f",
        "floors and ceilings: where a gradient's entries turn to zero or overflow in float16, bfloat16, float32",
    ),
    Action(
        "toggle_weights", ("v",), "v",
        "the gradient by the weights, beside the one by the signals; in view 6: layers by update, gradient or change",
    ),
    Action("move_cursor(1)", ("greater_than_sign",), ">", "read off a layer's numbers: the next layer above"),
    Action("move_cursor(-1)", ("less_than_sign",), "<", "the layer below (a click on the chart does the same)"),
    Action("fit_axis", ("equals_sign",), "=", "fit the axis to the curves"),
    Action("toggle_theory", ("o",), "o", "overlay: what mean-field theory predicts at infinite width"),
    Action("jump_to_critical_scale", ("x",), "x", "how your scale stands to the critical one; again: jump there"),
    Action("show_tour", ("t",), "t", "the guided tour; while it is on, its step's network again"),
    Action("step_tour(1)", ("tab",), "Tab", "in the tour: more of the text, the answer, the next step", always=True),
    Action("step_tour(-1)", ("shift+tab",), "Shift+Tab", "in the tour: back", always=True),
    Action("stop_or_leave", ("escape",), "Escape", "stop what is computed, leave the tour, or put the cursor away"),
    Action("copy_command", ("y",), "y", "send the command line that reproduces this screen to the clipboard"),
    Action("save", ("e",), "e", "save the readings (CSV), with pins and ghost, and the picture (SVG) in this folder"),
)  # fmt: skip

FOOTER: dict[str, str] = {
    "show_help": "? help",
    "quit": "q quit",
    "step('residual', 1)": "r residual",
    "pin": "p pin",
    "toggle_ghost": "g ghost",
    "show_tour": "t tour",
    "undo": "z undo",
    "step_preset(1)": "[ ] preset",
    "toggle_theory": "o theory",
    "edit_value": "Enter type",
    "draw_next_network": "Space redraw",
    "toggle_weights": "v weights",
    "move_cursor(-1)": "< > read off",
    "toggle_floors": "f floors",
    "copy_command": "y copy",
    "save": "e save",
    "show_palette": "Ctrl+P palette",
}
"""What the last line says of which action, its keys before the last blank, in the order in which room is given away."""


def setting_actions() -> tuple[Action, ...]:
    """A letter and its Shift+letter for each setting that has one."""
    return tuple(action for setting in REGISTRY.values() if setting.key for action in _letters(setting))


def _letters(setting: Setting) -> tuple[Action, Action]:
    key = setting.key or ""
    return (
        Action(f"step('{setting.name}', 1)", (key,), key, f"{setting.label}: up, or the next value"),
        Action(f"step('{setting.name}', -1)", (key.upper(),), key.upper(), f"{setting.label}: down, or back"),
    )


def view_actions(views: Iterable[View]) -> tuple[Action, ...]:
    """A digit for each view."""
    return tuple(
        Action(f"show_view('{view.name}')", (view.key,), view.key, f"view {view.name}: {view.title}") for view in views
    )


class Keys(NamedTuple):
    """What can be done with a kind of source, and the views that it has."""

    actions: tuple[Action, ...]
    """All but those that change a setting, or the view."""
    footer: dict[str, str]
    views: Mapping[str, View]
    has_settings: bool = True

    @property
    def all_actions(self) -> tuple[Action, ...]:
        settings = setting_actions() if self.has_settings else ()
        return (*self.actions, *settings, *view_actions(self.views.values()))

    def bindings(self) -> list[Binding]:
        """Every action as Textual wants it."""
        return [action.binding for action in self.all_actions]


EXPLORING = Keys(GENERAL, FOOTER, VIEWS)


def all_actions() -> tuple[Action, ...]:
    return EXPLORING.all_actions


def bindings() -> list[Binding]:
    """Every action of exploring as Textual wants it."""
    return EXPLORING.bindings()
