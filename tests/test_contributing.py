"""What the README promises to who adds something: one entry, and everything that should know of it does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
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


LEAKY = '''
class Leaky(Rnn):
    """h_t = (h_{t-1} + phi(W h_{t-1} + U x_t + b)) / 2."""

    def step(self, recurrent: N, inputs: N, state: tuple[N, ...]) -> Step[N]:
        value, slope = (recurrent + inputs).respond(self._activation)

        def pull(gradient: tuple[N, ...]) -> Pulled[N]:
            (by_hidden,) = gradient
            by_product = (by_hidden * slope).times(0.5)
            return Pulled(gradient, (by_product,), (by_product,), by_hidden.times(0.5))

        return Step(((state[0] + value).times(0.5),), ((self._activation, slope),), pull)


'''

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
                '        Activation("softsign", lambda z: Tailed(z / (1 + np.abs(z)), 0.0), '
                "lambda z: Tailed((1 + np.abs(z)) ** -2, 0.0), 1.0, vanishes_at_zero=True, grows=(False, False)),\n",
            ),
            "networks.py": ('"linear")', '"softsign", '),
        },
        "--activation softsign",
        {"help": "softplus, softsign", "print": "activation softsign"},
    ),
    "initializer": Addition(
        {"networks.py": ('    "orthogonal": Init', '    "fourfold": InitializerKind(NORMAL, lambda n: 4.0),\n')},
        "--init fourfold",
        {"help": "fourfold, orthogonal", "print": "init fourfold"},
    ),
    "norm": Addition(
        {"networks.py": ('    "rms": NormKind', '    "root": NormKind(SAMPLES, centred=False),\n')},
        "--norm root",
        {"help": "layer, root, rms", "print": "norm root"},
    ),
    "loss": Addition(
        {
            "engine/losses.py": ('    "unit": Loss', '    "sphere": Loss(hears_output=True, has_unit_norm=True),\n'),
            "networks.py": ('"unit")', '"sphere", '),
        },
        "--loss sphere",
        {"help": "probe, sphere", "print": "loss sphere"},
    ),
    "cell": Addition(
        {
            "engine/recurrent/cells.py": ("CELLS: dict", LEAKY),
            "networks.py": ('    "lstm": CellKind', '    "leaky": CellKind(frozenset({"activation"})),\n'),
        },
        "--cell leaky",
        {"help": "rnn, leaky, lstm", "print": "cell leaky"},
    ),
    "cell, by its name": Addition({"engine/recurrent/cells.py": ('"lstm": Lstm', '"leaky": Leaky, ')}),
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
def copy_with_additions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy of the package with all the additions."""
    folder = tmp_path_factory.mktemp("contributed")
    package = folder / "tui_telescope"
    shutil.copytree(Path(tui_telescope.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for addition in ADDITIONS.values():
        for name, (before, entry) in addition.written.items():
            source = (package / name).read_text(encoding="utf-8")
            assert source.count(before) == 1
            (package / name).write_text(source.replace(before, entry + before), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def known(copy_with_additions: Path) -> dict[str, Any]:
    """What the copy knows."""
    printed = json.dumps({name: addition.printed for name, addition in ADDITIONS.items() if addition.printed})
    answer = subprocess.run(
        [sys.executable, "-c", ALL_THAT_SHOULD_KNOW, printed],
        cwd=copy_with_additions, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert answer.stderr == ""
    return dict(json.loads(answer.stdout))


@pytest.mark.parametrize("name", ADDITIONS)
def test_one_entry_is_picked_up_everywhere(name: str, known: dict[str, Any]) -> None:
    here = {**known, "print": known["print"].get(name, "")}
    missing = {place: words for place, words in ADDITIONS[name].known_to.items() if words not in here[place]}
    assert not missing, {place: here[place] for place in missing}


OBSERVED = """
import json, sys
from tui_telescope import Settings, Telescope
telescope, answers = Telescope(), {}
for name, values in json.loads(sys.argv[1]).items():
    settings = Settings(**values)
    draw, seen = telescope.draw(settings), telescope.observe(settings)
    arrays = {name: array.tolist() for name, array in vars(draw).items() if array is not None}
    answers[name] = {"first": 10 ** seen.gradient.log10_mean[0], "idle": sorted(settings.ineffective), **arrays}
print(json.dumps(answers))
"""
SMALL = {"depth": 3, "width": 3, "samples": 4, "scale": 0.8, "activation": "tanh"}
NEW = {
    "activation": {**SMALL, "activation": "softsign"},
    "norm": {**SMALL, "norm": "root"},
    "loss": {**SMALL, "loss": "sphere"},
    "cell": {**SMALL, "cell": "leaky"},
}


def loss_from_layer_1(name: str, drawn: dict[str, Any], first: np.ndarray) -> float:
    """The loss of all samples together from a_1, or h_1, (n, samples): in plain numpy, each entry by its definition."""
    weights = np.array(drawn["weights"])[0]
    a, targets = first, np.array(drawn["targets"]).T
    for layer in range(1, SMALL["depth"]):
        if name == "cell":
            pushed = np.array(drawn["input_weights"])[0, 0] @ np.array(drawn["inputs"])[:, layer].T
            a = (a + np.tanh(weights[0] @ a + pushed)) / 2
            continue
        z = weights[layer] @ a
        if name == "norm":
            z = z / np.sqrt((z**2).mean(axis=1, keepdims=True) + 1e-5)
        a = z / (1 + np.abs(z)) if name == "activation" else np.tanh(z)
    return float(((a - targets) ** 2).sum() / 2)


def first_layer(name: str, drawn: dict[str, Any]) -> np.ndarray:
    """a_1, or h_1."""
    inputs = np.array(drawn["inputs"])
    if name == "cell":
        return np.tanh(np.array(drawn["input_weights"])[0, 0] @ inputs[:, 0].T) / 2
    z = np.array(drawn["weights"])[0, 0] @ inputs.T
    if name == "norm":
        z = z / np.sqrt((z**2).mean(axis=1, keepdims=True) + 1e-5)
    return z / (1 + np.abs(z)) if name == "activation" else np.tanh(z)


def test_what_a_new_entry_computes_agrees_with_finite_differences(copy_with_additions: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", OBSERVED, json.dumps(NEW)]
    answer = subprocess.run(command, cwd=copy_with_additions, capture_output=True, text=True, timeout=60, check=True)
    for name, drawn in json.loads(answer.stdout).items():
        at, step = first_layer(name, drawn), 1e-6
        slopes = np.empty_like(at)
        for place in np.ndindex(at.shape):
            nudge = np.zeros_like(at)
            nudge[place] = step
            above, below = (loss_from_layer_1(name, drawn, at + sign * nudge) for sign in (1, -1))
            slopes[place] = (above - below) / (2 * step)
        assert drawn["first"] == pytest.approx(np.linalg.norm(slopes, axis=0).mean(), rel=1e-7), name
        assert ("activation" in drawn["idle"]) is False
    norms = [np.linalg.norm(target) for target in json.loads(answer.stdout)["loss"]["targets"]]
    assert norms == pytest.approx([1] * len(norms))
