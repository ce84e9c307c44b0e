"""What the README promises to who adds something: one entry, and everything that should know of it does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import tui_telescope

ALL_THAT_SHOULD_KNOW = """
import io, json, sys
from contextlib import redirect_stdout, suppress
from tui_telescope import cli
from tui_telescope.lessons.tour import STEPS
from tui_telescope.presets import PRESETS, neighbouring
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.actions import FOOTER, bindings
from tui_telescope.tui.footer import fitting_calls
from tui_telescope.tui.help_screen import help_lines
from tui_telescope.tui.palette import entries
from tui_telescope.tui.panels import setting_row
from tui_telescope.tui.top_line import TopLine

def text(lines):
    return "\\n".join("".join(word.text for word in line) for line in lines)

def said(*arguments):
    output = io.StringIO()
    with redirect_stdout(output), suppress(SystemExit):
        cli.main(arguments)
    return output.getvalue()

print(json.dumps({
    "panels": text(setting_row(Settings(), name, 30, False) for name in REGISTRY),
    "top line": text(TopLine(Settings(residual=True, seed=1), "depth", "gradient", ascii_only=True).draw(200, 1)),
    "keys": " ".join(each.key for each in bindings()),
    "footer": " ".join(FOOTER[call] for call in fitting_calls(500)),
    "palette": "\\n".join(f"{entry.title} {entry.help}" for entry in entries([])),
    "help": " ".join(text(help_lines(500)).split()),
    "flags": said("--help"),
    "presets": said("presets"),
    "next preset": neighbouring(list(PRESETS.values())[0], -1).name,
    "print": {name: said("print", *words.split()) for name, words in json.loads(sys.argv[1]).items()},
    "tour": " ".join(step.title for step in STEPS),
}))
"""


@dataclass(frozen=True)
class Addition:
    """An entry as a contributor would write it: in which files, before which words; and where it has to turn up."""

    written: dict[str, tuple[str, str]]
    printed: str = ""
    """The arguments of a reading with it."""
    known_to: dict[str, str] = field(default_factory=dict)


ADDITIONS = {
    "setting": Addition(
        {
            "settings.py": (
                "    def __post_init__",
                '    mood: int = _entry(Whole("Mood", 3, "how it is", None, "--mood", minimum=1, maximum=9))\n\n',
            )
        },
        "--mood 5 --format json",
        {
            "panels": "Mood",
            "help": "Mood how it is (a whole number from 1 to 9)",
            "flags": "--mood 3",
            "palette": "Select setting: Mood how it is",
            "print": '"mood": 5',
        },
    ),
    "activation": Addition(
        {
            "engine/activations/definitions.py": (
                '        Activation(\n            "linear"',
                '        Activation("same", _linear, _linear_slope, 1.0, vanishes_at_zero=True, grows=(True, True), '
                "kernel=float64_kernels.LINEAR),\n",
            ),
            "settings.py": ('"softplus", "linear"', '"same", '),
        },
        "--activation same",
        {"help": "same, softplus", "print": "activation same"},
    ),
    "initializer": Addition(
        {
            "engine/weights/initializers.py": (
                '        Initializer("identity"',
                '        Initializer("fourfold", lambda n: 4.0, _as_drawn, "normal", math.sqrt),\n',
            ),
            "settings.py": ('"orthogonal", "identity"', '"fourfold", '),
        },
        "--init fourfold",
        {"help": "fourfold, orthogonal", "print": "init fourfold"},
    ),
    "norm": Addition(
        {
            "engine/norms.py": ('        Norm("rms"', '        Norm("root", UNITS, centred=False),\n'),
            "settings.py": ('"layer", "rms"', '"root", '),
        },
        "--norm root",
        {"help": "root, layer, rms", "print": "norm root"},
    ),
    "cell": Addition(
        {
            "engine/recurrent/cells.py": ('"lstm": Lstm', '"elman": Rnn, '),
            "settings.py": ('"lstm": 4', '"elman": 1, '),
        },
        "--cell elman",
        {"help": "rnn, elman, lstm", "print": "cell elman"},
    ),
    "preset": Addition(
        {
            "presets.py": (
                "    )\n}  # fmt: skip",
                '        Preset("mine", "my own", "healthy: all mine", Settings(depth=3, residual=True)),\n',
            )
        },
        "--preset mine",
        {
            "presets": "mine",
            "next preset": "mine",
            "palette": "Preset mine: my own healthy: all mine",
            "print": "depth 3",
        },
    ),
    "view": Addition(
        {
            "charts/views.py": (
                '        View("depth"',
                '        View("again", "6", "the gradient again", _gradient, shows_gradients=True),\n',
            )
        },
        "--view again --format svg",
        {
            "top line": "6 again",
            "keys": "6",
            "help": "6 again the gradient again",
            "palette": "View: the gradient again key: 6",
            "flags": "|again|",
            "print": "<svg",
        },
    ),
    "key": Addition(
        {"tui/actions.py": ('    Action("undo"', '    Action("bell", ("v",), "v", "ring the bell"),\n')},
        known_to={"keys": " v ", "help": "v ring the bell", "palette": "Ring the bell key: v"},
    ),
    "words for a key in the footer": Addition(
        {"tui/actions.py": ('    "pin": "p pin"', '    "drop_pins": "u unpin",\n')},
        known_to={"footer": "u unpin p pin"},
    ),
    "tour step": Addition(
        {
            "lessons/tour.py": (
                '    Step(\n        "The whispering line"',
                '    Step("A step of mine", "All of it.", "Is it?", WHISPER, lambda m: True, lambda m: True),\n',
            )
        },
        known_to={"tour": "A step of mine The whispering line"},
    ),
}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of the package with all the additions knows."""
    folder = tmp_path_factory.mktemp("contributed")
    package = folder / "tui_telescope"
    shutil.copytree(Path(tui_telescope.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for addition in ADDITIONS.values():
        for name, (before, entry) in addition.written.items():
            source = (package / name).read_text(encoding="utf-8")
            assert source.count(before) == 1
            (package / name).write_text(source.replace(before, entry + before), encoding="utf-8")
    printed = json.dumps({name: addition.printed for name, addition in ADDITIONS.items() if addition.printed})
    answer = subprocess.run(
        [sys.executable, "-c", ALL_THAT_SHOULD_KNOW, printed],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert answer.stderr == ""
    return dict(json.loads(answer.stdout))


@pytest.mark.parametrize("name", ADDITIONS)
def test_one_entry_is_picked_up_everywhere(name: str, known: dict[str, Any]) -> None:
    here = {**known, "print": known["print"].get(name, "")}
    missing = {place: words for place, words in ADDITIONS[name].known_to.items() if words not in here[place]}
    assert not missing, {place: here[place] for place in missing}
