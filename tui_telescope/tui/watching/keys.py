"""What keys do while a run is watched that trains elsewhere: its records take the settings' keys."""

from __future__ import annotations

from textual.binding import Binding

from tui_telescope.charts.views import RUN_VIEWS
from tui_telescope.tui.actions import EXPLORING, GENERAL, Action, Keys

_GENERAL = {action.call: action for action in GENERAL if action.keys != ("ctrl+q", "ctrl+c")}
WATCHING = Keys(
    (
        _GENERAL["show_help"],
        _GENERAL["quit"],
        Action("quit", ("ctrl+q", "ctrl+c"), "Ctrl+Q Ctrl+C", "quit, whatever is open", always=True),
        _GENERAL["suspend_process"],
        _GENERAL["show_palette"]._replace(help="command palette: everything by name, and themes"),
        Action("freeze", ("space",), "Space", "freeze the screen at this record; again: follow the newest"),
        Action("scrub(-1)", ("left",), "left", "the record before"),
        Action("scrub(1)", ("right",), "right", "the record after"),
        Action("scrub(-20)", ("pageup",), "PageUp", "twenty records back"),
        Action("scrub(20)", ("pagedown",), "PageDown", "twenty records on"),
        Action("go_to_record(0)", ("home",), "Home", "the run's first record"),
        Action("go_to_record(-1)", ("end",), "End", "the newest record, and follow"),
        Action(
            "step_role(1)", ("r",), "r", "show the layers of one role alone, such as all MLPs; again: the next role"
        ),
        Action("step_role(-1)", ("R",), "R", "the role before"),
        Action("show_runs", ("l",), "l", "the list of runs in the folder: choose one, or compare two"),
        _GENERAL["pin"]._replace(help="pin this record's curve, to compare others with it"),
        _GENERAL["drop_pins"],
        _GENERAL["toggle_ghost"]._replace(
            help="ghost: beside it the run's first record, or the run it is compared with"
        ),
        _GENERAL["toggle_weights"]._replace(help="the gradient by the weights, beside the one by the outputs"),
        *(_GENERAL[call] for call in ("move_cursor(1)", "move_cursor(-1)", "fit_axis")),
        _GENERAL["stop_or_leave"]._replace(help="put the cursor away"),
        _GENERAL["copy_command"]._replace(help="send the command line that watches this run to the clipboard"),
        _GENERAL["save"],
    ),
    {
        "show_help": "? help",
        "quit": "q quit",
        "freeze": "Space freeze",
        "scrub(1)": "<- -> records",
        "move_cursor(-1)": "< > layer",
        "step_role(1)": "r role",
        "show_runs": "l runs",
        "toggle_ghost": "g ghost",
        "pin": "p pin",
        "go_to_record(-1)": "End newest",
        "toggle_weights": "v weights",
        "fit_axis": "= fit",
        "save": "e save",
        "show_palette": "Ctrl+P palette",
    },
    RUN_VIEWS,
    has_settings=False,
)


def bindings() -> list[Binding]:
    """Every action as Textual wants it; the keys that only networks with settings use say that this has none."""
    taken = {key for action in WATCHING.all_actions for key in action.keys}
    return [
        *WATCHING.bindings(),
        *(_refused(action).binding for action in EXPLORING.all_actions if not taken.intersection(action.keys)),
    ]


def _refused(action: Action) -> Action:
    return action._replace(call="say_that_it_needs_settings")
