"""`watch --once`, as a script meets it."""

from __future__ import annotations

import csv
import io
import json
import subprocess

import pytest
from run_files import record, written_run
from terminal import SCRIPT

DYING = [record(step, [10.0 ** (-2 * step), 1.0, 1.0], loss=2.5, scale=2.0 ** (9 - step)) for step in range(4)]


def watch(*arguments):
    return subprocess.run(
        [str(SCRIPT), "watch", *map(str, arguments)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )  # fmt: skip


def test_json_is_strict_and_has_the_fields_that_the_design_lists(tmp_path):
    result = watch(written_run(tmp_path / "a", *DYING, "cut\n"), "--once", "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    assert found["run"] == "a"
    assert (found["step"], found["records"], found["skipped_lines"], found["order"]) == (3, 4, 1, "execution")
    assert found["layers"] == ["embed", "block", "head"]
    assert found["gradient"]["log10_mean"] == pytest.approx([-6, 0, 0])
    assert (found["weight_gradient"], found["signal"], found["nonfinite"]) == (None, None, None)
    assert found["factor"] == pytest.approx([1e-6, 1])
    assert found["age_seconds"] > 1e6
    assert (found["unhealthy_since"], found["loss_scale_halvings"]) == (2, 3)
    assert found["verdict"]["state"] == "vanishing"


def test_text_opens_with_the_verdict_and_what_the_course_adds(tmp_path):
    result = watch(written_run(tmp_path / "a", *DYING), "--once")
    first, place, *_ = result.stdout.split("\n\n")
    assert first.startswith("VANISHING: layer embed receives 1.00e-06")
    assert first.endswith("It is vanishing since step 2. The loss's scale was halved 3 times.")
    assert place.startswith("Run a: step 3, loss 2.5, 4 records; the last is ")
    assert "3 of 3 layers:" in result.stdout


def test_quantiles_that_are_the_value_itself_have_no_columns(tmp_path):
    alone = watch(written_run(tmp_path / "a", *DYING), "--once").stdout
    assert "  layer     gradient       factor\n" in alone


def test_a_run_that_became_nan_names_the_step_the_reading_and_the_layer(tmp_path):
    run = written_run(tmp_path / "a", record(299), record(300, ["nan", "inf", 1.0]), record(301, ["nan"] * 3))
    text = watch(run, "--once").stdout
    assert "The gradient became NaN or infinite at step 300, in layer block." in text
    found = json.loads(watch(run, "--once", "--format", "json").stdout, parse_constant=pytest.fail)
    assert found["nonfinite"] == {"step": 300, "layer": "block", "reading": "gradient", "after": None}
    assert found["verdict"]["state"] is None


def test_json_names_what_ceased_to_be_finite_outside_the_recorded_layers(tmp_path):
    lost = record(2, ["nan"] * 3, nonfinite_outside=["head"])
    found = json.loads(watch(written_run(tmp_path / "a", record(1), lost), "--once", "--format", "json").stdout)
    assert (found["nonfinite"]["layer"], found["nonfinite_outside"]) == (None, ["head"])


def test_machines_get_as_many_digits_as_tell_recorded_numbers_apart(tmp_path):
    recorded = [9.998e-7, 9.999e-7, 1.001]
    run = written_run(tmp_path / "a", record(1, recorded, rms=recorded, weight_gradient=recorded))
    found = json.loads(watch(run, "--once", "--format", "json").stdout)
    for log10 in (
        found["gradient"]["log10_mean"], found["weight_gradient"]["log10"], found["signal"]["log10_rms"]
    ):  # fmt: skip
        assert [float(f"{10**each:.4g}") for each in log10] == recorded
        assert max(len(str(each)) for each in log10) <= len("-6.00009")
    assert found["factor"] == [0.9999, 9.989e-7]
    rows = csv.DictReader(io.StringIO(watch(run, "--once", "--format", "csv").stdout))
    assert [row["log10_gradient_mean"] for row in rows] == [str(each) for each in found["gradient"]["log10_mean"]]


def test_csv_has_a_row_a_layer(tmp_path):
    result = watch(written_run(tmp_path / "a", *DYING), "--once", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["layer"] for row in rows] == ["embed", "block", "head"]
    assert float(rows[0]["log10_gradient_mean"]) == pytest.approx(-6)


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        (record(1), 0, ""),
        (record(1, [1e-9, 1.0, 1.0]), 1, "the gradient is vanishing, and was expected to be healthy"),
        (record(1, ["nan", 1.0, 1.0]), 1, "the gradient is not finite, and was expected to be healthy"),
        (record(1, None, weight_gradient=[1, 1, 1]), 1, "the gradient is not recorded, and was expected to be healthy"),
    ],
)
def test_a_state_that_was_not_expected_is_status_1(tmp_path, line, status, said):
    result = watch(written_run(tmp_path, line), "--once", "--expect", "healthy")
    assert result.returncode == status
    assert said in result.stderr


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        (record(1, ["nan", 1.0, 1.0]), 0, ""),
        (record(1), 1, "the gradient is healthy, and was expected to be not finite"),
    ],
)
def test_that_a_run_is_lost_can_be_expected(tmp_path, line, status, said):
    result = watch(written_run(tmp_path, line), "--once", "--expect", "nonfinite")
    assert result.returncode == status
    assert said in result.stderr


@pytest.mark.parametrize(
    ("lines", "reason"),
    [((), "a: no records yet"), ((record(1, None),), "a: no record holds a reading of any layer")],
)
def test_a_run_with_nothing_to_tell_is_one_line_and_status_2(tmp_path, lines, reason):
    result = watch(written_run(tmp_path / "a", *lines), "--once")
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"tui-telescope: error: {reason}\n")


def test_a_path_with_nothing_there_or_too_much_is_one_line(tmp_path):
    assert "no such file or folder" in watch(tmp_path / "b", "--once").stderr
    for name in ("a", "b"):
        written_run(tmp_path / name, record(1))
    assert "2 runs; name one of them: a, b" in watch(tmp_path, "--once").stderr
    assert "PATH is missing (see tui-telescope watch --help)" in watch("--once").stderr
    assert "'svg' is not allowed; allowed: text, json, csv" in watch(tmp_path, "--format", "svg").stderr
