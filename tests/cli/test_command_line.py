"""The installed command, as a shell or a script meets it."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import zipapp
from pathlib import Path
from typing import IO, Any

import pytest
from terminal import SCRIPT, Terminal

import tui_telescope
from tui_telescope import Settings, Telescope, __version__, observe
from tui_telescope.engine.telescope import ALL_READINGS

LONG = "x" * 100_000
LONG_WORK = ("--cell", "lstm", "--depth", "10000", "--width", "64", "--samples", "64")


def run(
    *arguments: str, output: IO[str] | int = subprocess.PIPE, shell: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command; `shell` is what a shell does for it, with the command as "$@"."""
    command = [str(SCRIPT), *arguments]
    return subprocess.run(
        ["bash", "-c", shell, "-", *command] if shell else command,
        stdout=output,
        stderr=subprocess.PIPE,
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
        ((), "2.51e-18"),
        (("--depth", "20", "--residual"), "3.28e+01"),
        (("--scale", "4.0"), "9.87e-22"),
    ],
)
def test_json_holds_rows_of_the_acceptance_table(flags: tuple[str, ...], reading: str) -> None:
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
    observation = Telescope().observe(Settings(depth=9, residual=True), readings=ALL_READINGS)
    assert document["gradient"]["log10_mean"] == observation.gradient.log10_mean.tolist()
    assert document["factor"] == pytest.approx((10**observation.log10_factor).tolist())
    assert document["verdict"]["frozen_layers"] == observation.verdict.frozen_layers
    assert document["weight_gradient"] == {"log10": observation.weight_gradient.log10.tolist()}
    assert document["signal"] == {
        "log10_rms": observation.signal.log10_rms.tolist(),
        "saturated": observation.signal.saturated.tolist(),
        "dead": observation.signal.dead.tolist(),
        "log10_spread": observation.signal.log10_spread.tolist(),
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
    document = print_json("--depth", "10000", "--width", "2", "--scale", "0.5")
    means = document["gradient"]["log10_mean"]
    assert all(math.isfinite(mean) for mean in means)
    assert means[0] < -1000


def test_text_says_the_verdict_then_what_was_changed_then_draws_the_chart() -> None:
    result = run("print", "--scale", "4")
    assert (result.returncode, result.stderr) == (0, "")
    in_order = (
        "VANISHING: layer 1 receives 9.87e-22", "\n\nChanged from the start: scale 4.0.\n\n", "┌─", "┤",
        "\n\n11 of 50 layers:\n", "\n\nTheory of infinite width: critical scale 5.075; at scale 4.0 chi 0.",
    )  # fmt: skip
    places = [result.stdout.find(words) for words in in_order]
    assert -1 not in places
    assert places == sorted(places)
    assert places[0] == 0
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        ("gradient", "layer gradient 10% 90% weights factor"),
        ("factor", "layer gradient 10% 90% weights factor"),
        ("signal", "layer rms saturated dead spread"),
    ],
)
def test_text_tabulates_what_the_view_shows_within_80_columns(view: str, columns: str) -> None:
    lines = run("print", "--view", view, "--depth", "30").stdout.splitlines()
    start = lines.index("11 of 30 layers:") + 1
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
        (
            ("--init", "orthogonal", "--width", "1024", "--depth", "10000"),
            ("memory", "78.20 GiB of weights", "lower width, depth or networks"),
        ),
        (("--colour",), ("--colour",)),
        (("--view", "sideways"), ("--view", "sideways", "gradient")),
        (("explode",), ("explode", "print")),
        (("",), ("unexpected ''", "print")),
        (("print", "again"), ("again",)),
        (("--dept", "5"), ("--dept;", "did you mean --depth")),
        (("print", "--no-residul"), ("--no-residual",)),
        (("presets", "--depth", "5"), ("--depth", "presets does not use it")),
        (("--view", LONG), ("--view", "xxx", "gradient")),
        (("--format", "\x1b[31m\udcff"), ("--format", r"\x1b[31m\udcff", "text")),
        ((LONG,), ("xxx", "print")),
        (("--\x1b" + LONG,), (r"--\x1b", "xxx")),
        (("--residual=" + LONG,), ("--residual", "xxx")),
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_bad_input_gets_one_line_and_status_2(arguments: tuple[str, ...], said: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert len(result.stderr) < 500
    assert "\x1b" not in result.stderr
    assert all(word in result.stderr for word in said)


def test_an_expectation_decides_the_exit_status_and_changes_no_output() -> None:
    met, failed = (run("print", "--expect", state) for state in ("Vanishing", "healthy"))
    assert (met.returncode, met.stderr) == (0, "")
    assert failed.returncode == 1
    assert failed.stderr == "tui-telescope: the gradient is vanishing, and was expected to be healthy\n"
    assert met.stdout == failed.stdout
    assert met.stdout.startswith("VANISHING: layer 1 receives 2.51e-18")


COMMANDS = [("print",), ("presets",), ("tour",), ("--help",), ("--version",)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_reader_that_has_had_enough_ends_every_command_silently(command: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    result = run(*command, output=writing)
    os.close(writing)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_output_that_cannot_be_written_is_told_by_every_command(command: tuple[str, ...]) -> None:
    for shell, reason in (('"$@" > /dev/full', "No space left on device"), ('"$@" >&-', "it is closed")):
        result = run(*command, shell=shell)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == f"tui-telescope: error: standard output cannot be written: {reason}\n"


def test_who_closes_the_input_or_asks_for_errors_nowhere_still_gets_an_answer() -> None:
    printed = run("print", "--depth", "5").stdout
    assert run("--depth", "5", shell='"$@" <&-').stdout == printed
    for nowhere in ("2>&-", "2>/dev/full"):
        result = run("--depth", "0", shell=f'"$@" {nowhere}')
        assert (result.returncode, result.stdout, result.stderr) == (2, "", "")


def test_memory_that_runs_out_is_told_in_one_line() -> None:
    result = run("print", "--width", "1024", "--depth", "100", shell='ulimit -v 400000; "$@"')
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("tui-telescope: error: not enough memory (")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_move_its_cursor_gets_print(term: str) -> None:
    with Terminal([str(SCRIPT), "--depth", "5"], environment={"TERM": term}) as terminal:
        assert terminal.wait_for_exit() == 0
    assert b"Changed from the start: depth 5." in terminal.raw
    assert b"\x1b" not in terminal.raw


def test_a_picture_is_the_same_in_every_terminal() -> None:
    here, there = (
        run("print", "--format", "svg", **environment)
        for environment in ({"TERM": "xterm-256color"}, {"TERM": "dumb", "COLUMNS": "43", "NO_COLOR": "1"})
    )
    assert here.stdout.startswith("<svg")
    assert there.stdout == here.stdout


def test_sizes_that_no_terminal_has_harm_nobody() -> None:
    results = [run("print", "--depth", "5", COLUMNS=size, LINES=size) for size in ("", "10000000")]
    assert [result.returncode for result in results] == [0, 0]
    assert results[0].stdout == results[1].stdout
    with Terminal([str(SCRIPT)], environment={"COLUMNS": "1" * 5000, "LINES": "1" * 30}) as terminal:
        terminal.wait_for("Layer 1 receives", "q quit")


def test_long_work_says_how_far_it_is_and_ends_at_once_on_ctrl_c() -> None:
    with Terminal([str(SCRIPT), "print", *LONG_WORK]) as terminal:
        terminal.wait_for("observing 10000 steps of width 64: ", "% done, about ", " left")
        terminal.press("ctrl+c")
        assert terminal.wait_for_exit() == 130
    assert terminal.text.strip("^C \n") == ""


def test_ctrl_c_during_the_imports_ends_it_without_a_word() -> None:
    process = subprocess.Popen([SCRIPT, "print"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    memory = Path(f"/proc/{process.pid}/maps")
    while "multiarray" not in memory.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 130


def test_it_all_runs_from_a_zip_file(tmp_path: Path) -> None:
    package = Path(tui_telescope.__file__).parent
    shutil.copytree(package, tmp_path / "in" / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    archive = tmp_path / "telescope.pyz"
    zipapp.create_archive(tmp_path / "in", archive, main="tui_telescope.__main__:start")
    with Terminal([sys.executable, "-I", str(archive)]) as terminal:
        terminal.wait_for("Layer 1 receives 2.51e-18", "q quit")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def test_version_is_the_package_version() -> None:
    assert run("--version").stdout == f"tui-telescope {__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["print", "--help"], ["watch", "--help"]], ids=" ".join)
def test_help_and_version_import_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\nfrom tui_telescope.cli import main\n"
        f"try: main({words})\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'textual', 'plotext'} & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert result.stderr == "[]\n"


def test_the_module_runs_like_the_command() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tui_telescope", "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.stdout == f"tui-telescope {__version__}\n"
