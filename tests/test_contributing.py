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
from plain_numpy import PlainNetwork

import tui_telescope

ALL_THAT_SHOULD_KNOW = """
import io, json, sys
from contextlib import redirect_stdout, suppress
from tui_telescope import Telescope, cli
from tui_telescope.lessons.tour import STEPS
from tui_telescope.presets import PRESETS, neighbouring
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.actions import FOOTER, bindings
from tui_telescope.tui.screens.help_screen import help_lines
from tui_telescope.tui.screens.palette import entries
from tui_telescope.tui.widgets.footer import fitting_calls
from tui_telescope.tui.widgets.panels import setting_row
from tui_telescope.tui.widgets.top_line import TopLine
from tui_telescope.tui.sources.telescope_source import TelescopeSource

def text(lines):
    return "\\n".join("".join(word.text for word in line) for line in lines)

def said(*arguments):
    output = io.StringIO()
    with redirect_stdout(output), suppress(SystemExit):
        cli.main(arguments)
    return output.getvalue()

def listed(numbers):
    return {name: each.tolist() for name, each in numbers.items()} if isinstance(numbers, dict) else numbers.tolist()

def reading(settings):
    telescope = Telescope()
    observation, draw = telescope.observe(settings), telescope.draw(settings)
    numbers = {name: listed(each) for name, each in vars(draw).items() if each is not None}
    gradients = observation.gradient.log10_mean.tolist(), observation.weight_gradient.log10.tolist()
    return {"draw": numbers, "gradients": gradients, "ineffective": sorted(settings.ineffective)}

preset = Settings(residual=True, seed=1)
top_line = TopLine(TelescopeSource().heading(preset), preset, "depth", "gradient")
print(json.dumps({
    "panels": text(setting_row(Settings(), name, 30, False) for name in REGISTRY),
    "top line": text(top_line.draw(200, 1)),
    "keys": " ".join(each.key for each in bindings()),
    "footer": " ".join(FOOTER[call] for call in fitting_calls(500)),
    "palette": "\\n".join(f"{entry.title} {entry.help}" for entry in entries()),
    "help": " ".join(text(help_lines(500)).split()),
    "flags": said("print", "--help"),
    "presets": said("presets"),
    "next preset": neighbouring(list(PRESETS.values())[0], -1).name,
    "print": {name: said("print", *words.split()) for name, words in json.loads(sys.argv[1]).items()},
    "tour": " ".join(step.title for step in STEPS),
    "readings": {name: reading(Settings(**network)) for name, network in json.loads(sys.argv[2]).items()},
}))
"""


@dataclass(frozen=True)
class Addition:
    """An entry as a contributor would write it: in which files, before which words; and where it has to turn up."""

    written: dict[str, dict[str, str]]
    printed: str = ""
    """The arguments of a reading with it."""
    known_to: dict[str, str] = field(default_factory=dict)


SOFTSIGN = """
def _softsign(z: Array) -> Tailed:
    return Tailed(z / (1 + np.abs(z)), 0.0)


def _softsign_slope(z: Array) -> Tailed:
    return Tailed(np.ones_like(z), -2 * np.log1p(np.abs(z)))


"""
MINIMAL_GATED_UNIT = """
class MinimalGatedUnit(Cell):
    def step(self, t: int, recurrent: N, inputs: N, state: tuple[N, ...]) -> Step[N]:
        (before,) = state
        for_f, for_n = (recurrent + inputs).split(2)
        (f, not_f), (f_slope, _) = self._sigmoids(for_f, -for_f)
        n, n_slope = for_n.respond(TANH, is_unmixed=self._unmixed)

        def pull(gradient: tuple[N, ...]) -> Pulled[N]:
            (by_hidden,) = gradient
            by_gates = (by_hidden * (before + -n) * f_slope, by_hidden * not_f * n_slope)
            return Pulled(gradient, by_gates, by_gates, by_hidden * f)

        return Step((f * before + not_f * n,), ((SIGMOID, f_slope), (TANH, n_slope)), pull)


"""

ADDITIONS = {
    "setting": Addition(
        {
            "settings/values.py": {
                "    batch: int = _entry(": (
                    "    mood: int = _entry(\n        "
                    '"draws", Whole("Mood", 3, "how it is", None, "--mood", minimum=1, maximum=9)\n    )\n'
                )
            }
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
            "engine/activations/definitions.py": {
                "GELU_STEEPEST =": SOFTSIGN,
                '        Activation(\n            "linear"': (
                    '        Activation("softsign", _softsign, _softsign_slope, 1.0, vanishes_at_zero=True, '
                    "grows=(False, False)),\n"
                ),
            },
            "networks.py": {'"linear")': '"softsign", '},
        },
        "--activation softsign",
        {"help": "softsign, linear", "print": "activation softsign"},
    ),
    "initializer": Addition(
        {"networks.py": {'    "orthogonal": ': '    "fourfold": InitializerKind(NORMAL, lambda *fans: 4.0),\n'}},
        "--init fourfold",
        {"help": "fourfold, orthogonal", "print": "init fourfold"},
    ),
    "form": Addition(
        {
            "networks.py": {
                "\nPHI, NORMALISED =": "MATRICES |= {\n"
                '    "inner": MatrixKind(101, "inner_biases"),\n'
                '    "outer": MatrixKind(102, "outer_biases"),\n'
                "}\n",
                "    # Vaswani et al.": '    "two-step": FormKind((PHI, "inner", PHI, "outer")),\n',
            }
        },
        "--form two-step",
        {"help": "two-step, mlp", "print": "form two-step"},
    ),
    "norm": Addition(
        {"networks.py": {'    "rms": ': '    "power": NormKind(SAMPLES, centred=False),\n'}},
        "--norm power",
        {"help": "power, rms", "print": "norm power"},
    ),
    "loss": Addition(
        {
            "engine/losses.py": {
                "\nNumbers = ": "from tui_telescope.engine.activations.definitions import ACTIVATIONS\n",
                '    "probe": ': '    "log_cosh": Loss(hears_output=True, slope=ACTIVATIONS["tanh"]),\n',
            },
            "networks.py": {'"probe", "unit")': '"log_cosh", '},
        },
        "--loss log_cosh",
        {"help": "log_cosh, probe", "print": "loss log_cosh"},
    ),
    "number format": Addition(
        {"networks.py": {'        NumberFormat("float8_e5m2"': '        NumberFormat("float8_e3m4", 4, -2, 15.5),\n'}},
        "--precision float8_e3m4",
        {"help": "float8_e3m4, float8_e5m2", "print": "precision float8_e3m4"},
    ),
    "cell": Addition(
        {
            "engine/recurrent/cells.py": {
                "CELLS: dict": MINIMAL_GATED_UNIT,
                '"lstm": Lstm': '"mgu": MinimalGatedUnit, ',
            },
            "networks.py": {'    "lstm": ': '    "mgu": CellKind(gates=2, forget_gate=0),\n'},
        },
        "--cell mgu",
        {"help": "rnn, mgu, lstm", "print": "cell mgu"},
    ),
    "preset": Addition(
        {
            "presets.py": {
                "    )\n}  # fmt: skip": (
                    '        Preset("mine", "my own", "healthy: all mine", Settings(depth=3, residual=True)),\n'
                )
            }
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
            "charts/views.py": {
                '        View("factor"': (
                    '        View("again", "9", "the gradient again", _gradient, shows_gradients=True),\n'
                )
            }
        },
        "--view again --format svg",
        {
            "top line": "9 again",
            "keys": "9",
            "help": "9 again the gradient again",
            "palette": "View again: the gradient again key: 9",
            "flags": "|again|",
            "print": "<svg",
        },
    ),
    "key": Addition(
        {"tui/actions.py": {'    Action("undo"': '    Action("bell", ("j",), "j", "ring the bell"),\n'}},
        known_to={"keys": " j ", "help": "j ring the bell", "palette": "Ring the bell key: j"},
    ),
    "words for a key in the footer": Addition(
        {"tui/actions.py": {'    "pin": "p pin"': '    "drop_pins": "u unpin",\n'}},
        known_to={"footer": "u unpin p pin"},
    ),
    "tour step": Addition(
        {
            "lessons/chapters/whispering.py": {
                '    Step(\n        "The whispering line"': (
                    '    Step(\n        "A step of mine", "mine", "All of it.", "Is it?", "It is.", WHISPER,\n'
                    "        lambda m: True, lambda m: True,\n    ),\n"
                )
            }
        },
        known_to={"tour": "A step of mine The whispering line"},
    ),
}


SMALL = {"depth": 4, "width": 3, "samples": 3, "scale": 0.7, "bias": 0.3, "activation": "tanh"}
PLACES = ("pre", "activation", "branch", "post")
NETWORKS: dict[str, dict[str, Any]] = {
    " ".join(map(str, change.values())): SMALL | change
    for change in (
        {"activation": "softsign"},
        {"activation": "softsign", "residual": True},
        {"activation": "softsign", "initializer": "identity"},
        {"activation": "softsign", "norm": "layer"},
        {"activation": "softsign", "norm": "layer", "initializer": "identity", "norm_place": "pre"},
        {"activation": "softsign", "cell": "rnn"},
        {"loss": "log_cosh"},
        {"loss": "log_cosh", "initializer": "identity"},
        {"loss": "log_cosh", "norm": "layer"},
        {"loss": "log_cosh", "norm": "layer", "initializer": "identity"},
        {"loss": "log_cosh", "cell": "rnn"},
        *({"norm": "power", "norm_place": place} for place in PLACES),
        *({"norm": "power", "norm_place": place, "residual": True} for place in PLACES),
        *({"norm": "power", "norm_place": place, "initializer": "identity"} for place in PLACES),
        {"cell": "mgu", "forget_bias": 0.5},
        {"cell": "mgu", "initializer": "identity", "loss": "log_cosh"},
        {"initializer": "fourfold", "scale": 0.2},
        {"form": "two-step"},
        {"form": "two-step", "residual": True},
        {"form": "two-step", "initializer": "identity"},
        *({"form": "two-step", "norm": "layer", "norm_place": place} for place in PLACES),
        *({"form": "two-step", "norm": "power", "norm_place": place, "residual": True} for place in PLACES),
        {"form": "two-step", "norm": "layer", "initializer": "identity", "residual": True},
    )
}
"""With every addition that is computed with, in each of the passes that it may take."""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of the package with all the additions knows."""
    folder = tmp_path_factory.mktemp("contributed")
    package = folder / "tui_telescope"
    shutil.copytree(Path(tui_telescope.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for addition in ADDITIONS.values():
        for name, entries in addition.written.items():
            source = (package / name).read_text(encoding="utf-8")
            for before, entry in entries.items():
                assert source.count(before) == 1
                source = source.replace(before, entry + before)
            (package / name).write_text(source, encoding="utf-8")
    printed = json.dumps({name: addition.printed for name, addition in ADDITIONS.items() if addition.printed})
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALL_THAT_SHOULD_KNOW, printed, json.dumps(NETWORKS)],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert answer.stderr == ""
    return dict(json.loads(answer.stdout))


@pytest.mark.parametrize("name", ADDITIONS)
def test_one_entry_is_picked_up_everywhere(name: str, known: dict[str, Any]) -> None:
    here = {**known, "print": known["print"].get(name, "")}
    missing = {place: words for place, words in ADDITIONS[name].known_to.items() if words not in here[place]}
    assert not missing, {place: here[place] for place in missing}


def arrays(numbers: Any) -> Any:
    """Those of a draw, which have names where a layer has several matrices."""
    return {name: np.array(each) for name, each in numbers.items()} if isinstance(numbers, dict) else np.array(numbers)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_was_added_reads_as_finite_differences_of_plain_numpy_do(name: str, known: dict[str, Any]) -> None:
    reading = known["readings"][name]
    network = PlainNetwork(NETWORKS[name], {each: arrays(numbers) for each, numbers in reading["draw"].items()})
    for seen, wanted in zip(reading["gradients"], network.log10_gradients(), strict=True):
        alive = np.isfinite(seen)
        np.testing.assert_allclose(np.array(seen)[alive], wanted[alive], rtol=0, atol=1e-6)
        assert (wanted[~alive] < -9).all()


def test_what_was_added_says_which_settings_make_no_difference(known: dict[str, Any]) -> None:
    without_effect = {name: set(each["ineffective"]) for name, each in known["readings"].items()}
    gated = without_effect["mgu 0.5"]
    assert {"activation", "residual", "norm"} <= gated
    assert "forget_bias" not in gated
    assert not without_effect["power activation"] & {"bias", "norm"}, "it leaves in what all samples share"
