"""The recorder beside any training program: its file, its errors, and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tui_telescope import Recorder
from tui_telescope.runs.recording.lines import LONGEST_LINE, LOOK_SECONDS
from tui_telescope.runs.recording.pace import ALARM_STEPS, BUDGET, EARLY_STEPS, LEAST_SHARE, SHARE, Pace

NAMES = ["embed", "block", "head"]


def lines_of(folder):
    text = (folder / "telescope" / "rank-00000.jsonl").read_text()
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


def parsed(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


def said(caplog):
    return [each.getMessage() for each in caplog.records if each.name == "tui_telescope"]


def test_numbers_measured_elsewhere_are_written_with_four_digits_and_names_for_what_is_not_finite(tmp_path):
    recorder = Recorder(tmp_path / "a", layers=NAMES)
    recorder.write(7, gradient=[1.23456e-30, float("nan"), None], weight_gradient=[0, float("-inf"), 2], loss=2.34567)
    recorder.close()
    header, record = lines_of(tmp_path / "a")
    assert (header["telescope"], header["run"], header["rank"], header["ranks"]) == (1, "a", 0, 1)
    assert [layer["name"] for layer in header["layers"]] == NAMES
    assert (record["step"], record["loss"]) == (7, 2.346)
    assert record["gradient"] == [1.235e-30, "nan", None]
    assert record["weight_gradient"] == [0, "-inf", 2]
    assert record["nonfinite"] == {"gradient": [2], "weight_gradient": [2]}


def test_a_second_recorder_writes_a_header_of_its_own_behind_what_is_there(tmp_path):
    for step in (1, 2):
        recorder = Recorder(tmp_path, layers=NAMES)
        recorder.write(step, gradient=[1, 1, 1])
        recorder.close()
    assert [("telescope" in line) for line in lines_of(tmp_path)] == [True, False, True, False]


def test_after_a_line_that_was_cut_the_next_one_stands_by_itself(tmp_path):
    path = tmp_path / "telescope" / "rank-00000.jsonl"
    path.parent.mkdir()
    path.write_text('{"step":1,"grad')
    Recorder(tmp_path, layers=NAMES).write(2, gradient=[1, 1, 1])
    assert [json.loads(line).get("step") for line in path.read_text().splitlines()[1:]] == [None, 2]


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda recorder: recorder.write(1, gradient=[1, 2]), "gradient: 2 numbers for 3 layers"),
        (lambda recorder: recorder.write(1, gradient=["x"] * 3), "gradient: could not convert"),
        (lambda recorder: recorder.write(1, gradient=[[1]] * 3), "gradient: float"),
        (lambda recorder: recorder.write(1, gradient=3), "gradient: 'int' object is not iterable"),
        (lambda recorder: recorder.write(1, gradient=[1] * 3, loss="abc"), "loss: could not convert"),
        (lambda recorder: recorder.write("a", gradient=[1] * 3), "step: 'a' is not allowed; allowed: a whole number"),
        (lambda recorder: recorder.write(gradient=[1] * 3), "step: NoneType is not allowed"),
        (lambda recorder: recorder.write(1, [1] * 3), "write takes a step, and readings by their names"),
    ],
)
def test_a_mistake_ends_the_recording_with_one_line_and_not_the_training(tmp_path, caplog, write, reason):
    recorder = Recorder(tmp_path, layers=NAMES)
    for _ in range(3):
        write(recorder)
    assert len(said(caplog)) == 1
    assert reason in said(caplog)[0]


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path, caplog):
    (tmp_path / "a").write_text("a file")
    recorder = Recorder(tmp_path / "a", layers=NAMES)
    recorder.write(1, gradient=[1, 1, 1])
    recorder.write(2, gradient=[1, 1, 1])
    recorder.close()
    assert len(said(caplog)) == 1
    assert "Not a directory" in said(caplog)[0]


@pytest.fixture
def looks_always(monkeypatch):
    """A removed file is noticed at once."""
    monkeypatch.setattr("tui_telescope.runs.recording.lines.LOOK_SECONDS", 0.0)


@pytest.mark.usefixtures("looks_always")
@pytest.mark.parametrize("removed", ["", "telescope", "telescope/rank-00000.jsonl"])
def test_what_was_removed_while_it_records_is_made_again_with_a_header_and_said_once(tmp_path, caplog, removed):
    recorder = Recorder(tmp_path / "a", layers=NAMES)
    recorder.write(1, gradient=[1, 1, 1])
    removed = tmp_path / "a" / removed
    if removed.is_dir():
        shutil.rmtree(removed)
    else:
        removed.unlink()
    for step in (2, 3):
        recorder.write(step, gradient=[1, 1, 1])
    recorder.close()
    header, *records = lines_of(tmp_path / "a")
    assert [layer["name"] for layer in header["layers"]] == NAMES
    assert [record["step"] for record in records] == [2, 3]
    path = tmp_path / "a" / "telescope" / "rank-00000.jsonl"
    assert said(caplog) == [f"telescope: {path} was removed: recording goes on in a new one"]


@pytest.mark.usefixtures("looks_always")
def test_a_file_that_another_one_was_put_in_place_of_is_left_to_it(tmp_path, caplog):
    recorder = Recorder(tmp_path, layers=NAMES)
    recorder.write(1, gradient=[1, 1, 1])
    (tmp_path / "copy").write_text((tmp_path / "telescope" / "rank-00000.jsonl").read_text())
    (tmp_path / "copy").replace(tmp_path / "telescope" / "rank-00000.jsonl")
    recorder.write(2, gradient=[1, 1, 1])
    assert [line.get("step") for line in lines_of(tmp_path)] == [None, 1, None, 2]
    assert len(said(caplog)) == 1


@pytest.mark.usefixtures("looks_always")
def test_a_folder_that_cannot_be_made_again_is_said_once(tmp_path, caplog):
    recorder = Recorder(tmp_path / "a", layers=NAMES)
    recorder.write(1, gradient=[1, 1, 1])
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "a").write_text("a file")
    for step in (2, 3):
        recorder.write(step, gradient=[1, 1, 1])
    recorder.close()
    (line,) = said(caplog)
    assert line.startswith("telescope: recording ends: ")
    assert "Not a directory" in line


def test_it_is_looked_for_a_removed_file_every_so_often_alone(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("tui_telescope.runs.recording.lines.time.monotonic", lambda: now[0])
    recorder = Recorder(tmp_path / "a", layers=NAMES)
    recorder.write(1, gradient=[1, 1, 1])
    shutil.rmtree(tmp_path / "a")
    for step, now[0] in ((2, LOOK_SECONDS / 2), (3, LOOK_SECONDS)):
        recorder.write(step, gradient=[1, 1, 1])
    assert [line.get("step") for line in lines_of(tmp_path / "a")] == [None, 3]


def test_a_file_that_cannot_be_closed_is_said_and_not_raised(tmp_path, caplog, monkeypatch):
    recorder = Recorder(tmp_path, layers=NAMES)
    recorder.write(1, gradient=[1, 1, 1])

    def over_quota(file):
        raise OSError(122, "Disk quota exceeded")

    with monkeypatch.context() as patch:
        patch.setattr("tui_telescope.runs.recording.lines.os.close", over_quota)
        recorder.close()
    recorder.close()
    assert len(said(caplog)) == 1
    assert "Disk quota exceeded" in said(caplog)[0]


def test_an_empty_path_is_no_folder(tmp_path, caplog, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Recorder("", layers=NAMES).write(1, gradient=[1, 1, 1])
    (line,) = said(caplog)
    assert line.endswith("folder: '' is not allowed; allowed: the path of the run's folder, such as runs/a")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [(), ("runs/a",), (object(), "runs/a"), (object(), object(), 3)])
def test_what_makes_no_recorder_is_said(arguments, caplog):
    Recorder(*arguments).log(loss=1.0)
    (line,) = said(caplog)
    assert line.startswith("telescope: recording ends: ")


def test_a_line_of_more_than_a_megabyte_is_not_written(tmp_path, caplog):
    names = [f"{'x' * 50}.{index}" for index in range(LONGEST_LINE // 50)]
    Recorder(tmp_path, layers=names).write(1, gradient=[1] * len(names))
    assert "record fewer layers" in said(caplog)[0]
    assert (tmp_path / "telescope" / "rank-00000.jsonl").read_bytes() == b""


def test_ten_thousand_layers_fit(tmp_path):
    names = [f"decoder.layers.{index}.mlp" for index in range(10_000)]
    readings = {name: [1.234e-12] * 10_000 for name in ("gradient", "weight_gradient", "rms", "update", "zero")}
    Recorder(tmp_path, layers=names).write(1, **readings)
    assert len(lines_of(tmp_path)) == 2


FORGETFUL = """
import os, sys
from tui_telescope import Recorder

class Told(Recorder):
    def close(self):
        os.write(1, b"closed ")
        super().close()

def main():
    recorder = Told(sys.argv[1], layers=["block"])
    closed = Told(sys.argv[1], layers=["block"])
    closed.close()
    if hasattr(os, "fork") and os.fork() == 0:
        sys.exit()

main()
raise SystemExit(3)
"""


def test_what_a_program_leaves_open_is_closed_once_when_it_ends(tmp_path):
    ended = subprocess.run([sys.executable, "-c", FORGETFUL, tmp_path], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "closed closed ", "")


WRITER = """
import itertools, sys
from tui_telescope import Recorder
recorder = Recorder(sys.argv[1], layers=[f"block.{i}" for i in range(200)])
for step in itertools.count():
    recorder.write(step, gradient=[step / 7 + i for i in range(200)], weight_gradient=[1 / 3] * 200)
    print(step, flush=True) if step < 2 else None
"""


def test_twenty_kills_in_the_middle_of_writing_leave_nothing_that_cannot_be_read(tmp_path):
    path = tmp_path / "telescope" / "rank-00000.jsonl"
    for kill in range(20):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.001 * kill)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    lines = path.read_bytes().split(b"\n")
    whole = [document for line in lines if (document := parsed(line)) is not None]
    assert sum("telescope" in line for line in whole) == 20
    assert len(list(filter(None, lines))) - len(whole) <= 20, "a kill may cut the line being written, and no other"
    assert len(whole) > 60


def paced(
    cost: float, duration: float, steps: int, pace: Pace, *, finite=lambda step: True, unseen=0.0, standing=0.0
) -> list[int]:
    """The steps that are recorded where a step lasts so long, and recording one costs so much, both in seconds; and so
    much more that only makes the step last longer. On each of the others it spends `standing`."""
    found = []
    for step in range(1, steps + 1):
        if pace.is_due(step):
            pace.recorded(step, finite(step), pace.proposed(step, cost / 2))
            found.append(step)
        is_recorded = step in found
        took = duration + (unseen if is_recorded else 0.0)
        spent = cost if is_recorded else standing
        pace.passed(step, took, spent, is_recorded=is_recorded, follows_recorded=False)
    return found


@pytest.mark.parametrize("cost", [0.0001, 0.004, 0.07, 2.0])
def test_recording_takes_its_share_of_the_steps_time_and_more_only_in_the_beginning(cost):
    recorded = paced(cost, 0.035, 5000, Pace())
    late = [step for step in recorded if step > EARLY_STEPS]
    assert cost * len(late) <= 1.01 * SHARE * 0.035 * (5000 - EARLY_STEPS) + cost
    early = len(recorded) - len(late)
    assert early >= 7
    assert early / EARLY_STEPS >= 3 * len(late) / 4900 or cost == 0.0001


def test_what_only_makes_recorded_steps_last_longer_is_paid_for_too():
    recorded = paced(0.004, 0.035, 5000, Pace(), unseen=0.003)
    late = [step for step in recorded if step > EARLY_STEPS]
    assert 0.007 * len(late) <= 1.01 * SHARE * 0.035 * (5000 - EARLY_STEPS) + 0.007
    assert 0.007 * len(late) >= 0.9 * SHARE * 0.035 * (5000 - EARLY_STEPS)


def test_what_every_step_takes_is_saved_on_the_recorded_ones_as_far_as_some_are_left():
    for standing, share in ((0.0001, SHARE), (0.0002, BUDGET - 0.0002 / 0.035), (0.01, LEAST_SHARE)):
        recorded = paced(0.004, 0.035, 8000, Pace(), standing=standing)
        late = [step for step in recorded if step > EARLY_STEPS]
        assert 0.004 * len(late) == pytest.approx(share * 0.035 * (8000 - EARLY_STEPS), rel=0.1)


def test_what_an_alarm_costs_is_saved_afterwards():
    recorded = paced(0.004, 0.035, 4000, Pace(), finite=lambda step: not 1000 <= step < 1010)
    late = [step for step in recorded if step > EARLY_STEPS]
    assert 0.004 * len(late) <= 1.01 * SHARE * 0.035 * (4000 - EARLY_STEPS) + 0.004


def test_every_fixes_the_distance_whatever_it_costs():
    assert paced(9.0, 0.01, 20, Pace(every=5)) == [1, 6, 11, 16]


def test_a_value_that_is_no_longer_finite_is_looked_at_closely_and_not_for_ever():
    recorded = paced(0.004, 0.035, 4000, Pace(), finite=lambda step: step < 1000)
    first = next(step for step in recorded if step >= 1000)
    assert set(range(first, first + ALARM_STEPS)) <= set(recorded)
    assert len([step for step in recorded if step > 2000]) <= 2000 / 10
