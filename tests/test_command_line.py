"""The installed command, as a shell or a script meets it."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tui_telescope import Settings, __version__, observe
from tui_telescope.settings import REGISTRY

SCRIPT = Path(sys.executable).with_name("tui-telescope")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
        check=False,
    )


def print_json(*arguments: str) -> Any:
    result = run("print", "--format", "json", *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("flags", "reading"),
    [
        (("--depth", "5"), "4.06e-01"),
        (("--depth", "10"), "9.68e-03"),
        (("--depth", "20"), "2.29e-06"),
        (("--depth", "50"), "2.51e-18"),
        (("--depth", "5", "--residual"), "6.76e+00"),
        (("--depth", "10", "--residual"), "1.72e+01"),
        (("--depth", "20", "--residual"), "3.28e+01"),
        (("--depth", "50", "--residual"), "8.39e+01"),
        (("--scale", "4.0"), "9.87e-22"),
    ],
)
def test_json_holds_the_acceptance_table(flags: tuple[str, ...], reading: str) -> None:
    document = print_json(*flags)
    assert f"{10 ** document['gradient']['log10_mean'][0]:.2e}" == reading
    assert reading in document["verdict"]["text"]


def test_json_names_every_setting_and_every_layer() -> None:
    document = print_json("--depth", "7", "--activation", "tanh", "--no-residual")
    assert document["settings"] == Settings(depth=7, activation="tanh").as_dict()
    assert document["layers"] == list(range(1, 8))
    assert [len(document["gradient"][name]) for name in ("log10_mean", "log10_low", "log10_high")] == [7, 7, 7]
    assert len(document["factor"]) == 6
    assert len(document["weight_gradient"]["log10"]) == 7
    assert [len(document["signal"][name]) for name in ("log10_rms", "saturated", "dead")] == [7, 7, 7]


def test_json_agrees_with_the_library() -> None:
    document = print_json("--depth", "9", "--residual")
    observation = observe(Settings(depth=9, residual=True))
    assert document["gradient"]["log10_mean"] == observation.gradient.log10_mean.tolist()
    assert document["factor"] == pytest.approx((10**observation.log10_factor).tolist())
    assert document["verdict"]["frozen_layers"] == observation.verdict.frozen_layers
    assert document["weight_gradient"] == {"log10": observation.weight_gradient.log10.tolist()}
    assert document["signal"] == {
        "log10_rms": observation.signal.log10_rms.tolist(),
        "saturated": observation.signal.saturated.tolist(),
        "dead": observation.signal.dead.tolist(),
    }


def test_a_gradient_of_zero_is_null_and_said_in_words() -> None:
    document = print_json("--activation", "relu")
    assert document["gradient"]["log10_mean"][0] is None
    assert document["factor"][0] == 0
    assert document["weight_gradient"]["log10"][0] is None
    assert document["signal"]["dead"][-1] > 0
    assert document["verdict"]["state"] == "dead"
    assert "exactly 0" in document["verdict"]["text"]


def test_a_signal_of_zero_is_null() -> None:
    document = print_json("--norm", "layer", "--width", "1", "--norm-place", "post", "--depth", "3")
    assert document["signal"]["log10_rms"] == [None, None, None]


def test_the_words_of_settings_are_words_in_json() -> None:
    settings = print_json("--depth", "4", "--residual", "--branch-scale", "1/sqrt(L)", "--clip", "off")["settings"]
    assert (settings["branch_scale"], settings["clip"]) == ("1/sqrt(L)", "off")


def test_clipping_lowers_the_gradient_by_the_weights_and_nothing_else() -> None:
    free, clipped = (print_json("--depth", "6", "--clip", limit) for limit in ("off", "0.001"))
    norms = [10**log10 for log10 in clipped["weight_gradient"]["log10"]]
    assert math.hypot(*norms) == pytest.approx(0.001)
    assert clipped["gradient"] == free["gradient"]
    assert clipped["weight_gradient"] != free["weight_gradient"]


def test_a_factor_too_small_for_float64_is_not_printed_as_zero() -> None:
    result = run("print", "--format", "json", "--scale", "1000", "--width", "1", "--activation", "tanh")
    factors = json.loads(result.stdout, parse_float=str)["factor"]
    assert any("e-" in factor and int(factor.split("e")[1]) < -400 for factor in factors)
    assert all(float(factor.split("e")[0]) > 0 for factor in factors)


def test_csv_has_a_header_and_one_row_a_layer() -> None:
    result = run("print", "--format", "csv", "--depth", "6")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["layer"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    means = [float(row["log10_gradient_mean"]) for row in rows]
    assert means == observe(Settings(depth=6)).gradient.log10_mean.tolist()
    assert rows[0]["log10_factor"] == ""
    assert float(rows[1]["log10_factor"]) == pytest.approx(means[0] - means[1])
    observation = observe(Settings(depth=6))
    for name, reading in (
        ("log10_weight_gradient", observation.weight_gradient.log10), ("log10_rms", observation.signal.log10_rms),
        ("saturated", observation.signal.saturated), ("dead", observation.signal.dead),
    ):  # fmt: skip
        assert [float(row[name]) for row in rows] == reading.tolist()


def test_ten_thousand_layers_give_a_finite_curve_and_no_warning() -> None:
    document = print_json("--depth", "10000", "--width", "8", "--scale", "0.5")
    means = document["gradient"]["log10_mean"]
    assert all(math.isfinite(mean) for mean in means)
    assert means[0] < -1000


def test_text_says_the_verdict_and_draws_the_chart() -> None:
    result = run("print")
    assert (result.returncode, result.stderr) == (0, "")
    assert "Layer 1 receives 2.51e-18" in result.stdout
    assert "VANISHING: 33 of 50 layers are frozen" in result.stdout
    assert "1e-15┤" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        ("gradient", "layer gradient 10% 90% weights factor"),
        ("factor", "layer gradient 10% 90% weights factor"),
        ("signal", "layer rms saturated dead"),
    ],
)
def test_text_tabulates_what_the_view_shows_within_80_columns(view: str, columns: str) -> None:
    lines = run("print", "--view", view, "--depth", "30").stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.lstrip().startswith("layer "))
    assert lines[start].split() == columns.split()
    assert [lines[start + 1].split()[0], lines[start + 11].split()[0]] == ["1", "30"]
    assert max(map(len, lines[start:])) <= 80


def test_without_a_terminal_the_program_prints() -> None:
    assert run("--depth", "5").stdout == run("print", "--depth", "5").stdout


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("--ascii",), {}),
        ((), {"PYTHONIOENCODING": "ascii"}),
        ((), {"LANG": "C"}),
        ((), {"LANG": "POSIX"}),
        ((), {"LC_ALL": "C"}),
        ((), {"LANG": "de_DE.ISO-8859-1"}),
    ],
    ids=str,
)
def test_ascii_alone_where_it_is_asked_for_or_all_there_is(
    arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    result = run("print", *arguments, **environment)
    assert result.returncode == 0
    assert result.stdout.isascii()
    assert "1e-15" in result.stdout


@pytest.mark.parametrize(
    "environment",
    [{"LANG": "C.UTF-8"}, {"LANG": ""}, {"LANG": "en_US.utf8"}, {"LANG": "C", "LC_ALL": "C.UTF-8"}],
    ids=str,
)
def test_braille_where_the_locale_is_utf8_or_none_is_named(environment: dict[str, str]) -> None:
    assert "\u28c0" in run("print", **environment).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--depth", "0"), ("depth", "0", "1 to 10000")),
        (("--depth", "many"), ("depth", "many", "whole number")),
        (("--scale", "nan"), ("scale", "nan", "0.001 to 1000")),
        (("--activation", "sine"), ("activation", "sine", "sigmoid, tanh")),
        (("--width", "1024", "--depth", "10000"), ("memory", "78.20 GiB of weights", "lower width, depth or networks")),
        (("--colour",), ("--colour",)),
        (("--view", "sideways"), ("--view", "sideways", "gradient")),
        (("explode",), ("explode", "print")),
        (("print", "again"), ("again",)),
        (("--dept", "5"), ("--dept;", "did you mean --depth")),
        (("print", "--no-residul"), ("--no-residual",)),
    ],
)
def test_bad_input_gets_one_line_and_status_2(arguments: tuple[str, ...], said: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert all(word in result.stderr for word in said)


def test_a_reader_that_stops_early_sees_no_traceback() -> None:
    command = f"'{SCRIPT}' print --depth 10000 --width 1 --format csv | head -n 1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout.startswith("layer,")
    assert result.stderr == ""


def test_help_names_every_setting() -> None:
    result = run("--help")
    assert result.returncode == 0
    assert all(setting.flag in result.stdout for setting in REGISTRY.values())


def test_version_is_the_package_version() -> None:
    assert run("--version").stdout == f"tui-telescope {__version__}\n"


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(flag: str) -> None:
    program = (
        "import sys\nfrom tui_telescope.cli import main\n"
        f"try: main(['{flag}'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'textual', 'plotext'} & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert result.stderr == "[]\n"


def test_the_module_runs_like_the_command() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tui_telescope", "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.stdout == f"tui-telescope {__version__}\n"
