"""`learn` says what was learned, in three forms that agree with one another and with the library."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
from typing import Any

import numpy as np
import pytest
from terminal import SCRIPT

from tui_telescope import Settings, Telescope
from tui_telescope.printing.learning import sparkline, write_learning
from tui_telescope.printing.progress_line import ProgressLine

SIGMOIDS = Settings(depth=14, width=8, initializer="xavier", scale=1.0, task="glyphs", batch=32, learning_rate=0.1)
WILD = Settings(depth=40, width=8, activation="linear", scale=100.0)


def written(settings: Settings, form: str, steps: int = 70, ascii_only: bool = False) -> str:
    stream = io.StringIO()
    write_learning(stream, settings, steps, form, ascii_only=ascii_only, line=ProgressLine(None))
    return stream.getvalue()


def as_json(settings: Settings, steps: int = 70) -> Any:
    return json.loads(written(settings, "json", steps), parse_constant=pytest.fail)


def test_json_has_one_entry_a_shown_step_and_in_it_one_a_layer():
    document = as_json(SIGMOIDS)
    assert document["steps"] == list(range(0, 71, 2))
    assert document["layers"] == list(range(1, 15))
    for name in ("log10_update", "log10_gradient", "log10_weight_gradient", "log10_spread"):
        assert np.array(document[name], dtype=float).shape == (36, 14)
    *_, last = Telescope().learn(SIGMOIDS, 70, every=2)
    assert document["loss"][-1] == last.loss
    assert document["unchanged_layers"] == (np.flatnonzero(last.unchanged) + 1).tolist()
    assert document["log10_change"][-1] == last.log10_change[-1]
    assert document["diverged"] is None


def test_csv_says_the_same():
    rows = list(csv.DictReader(io.StringIO(written(SIGMOIDS, "csv"))))
    document = as_json(SIGMOIDS)
    assert len(rows) == 36 * 14
    assert [int(row["layer"]) for row in rows if row["step"] == "70" and row["unchanged"] == "1"] == document[
        "unchanged_layers"
    ]
    assert float(rows[-1]["log10_weight_gradient"]) == document["log10_weight_gradient"][-1][-1]
    assert rows[0]["log10_update"] == "-inf"
    assert document["log10_update"][0][0] is None


def test_the_text_counts_the_layers_that_are_what_they_were():
    count = len(as_json(SIGMOIDS)["unchanged_layers"])
    assert 2 <= count < 14
    text = written(SIGMOIDS, "text")
    assert f"{count} of 14 layers are what they were, bit for bit, after 70 steps." in " ".join(text.split())
    assert text.count("as it was") in range(1, count + 1)
    assert max(map(len, text.splitlines()[-12:])) <= 80


def test_a_cell_has_one_set_of_weights_and_a_row_a_step():
    text = " ".join(written(SIGMOIDS.replace(cell="gru"), "text", 3).split())
    assert "The recurrent weights are not what they were, bit for bit, after 3 steps." in text
    assert "11 of 14 steps, after step 3:" in text


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_a_divergence_is_an_answer_in_every_form(form):
    written(WILD, form)
    document = as_json(WILD)
    assert document["diverged"]["step"] == 0
    assert document["steps"] == [0]
    assert document["loss"][-1] is None
    layer = document["diverged"]["layer"]
    assert document["text"].startswith(f"It diverged at step 0: layer {layer} was the first whose numbers")


def test_a_sparkline_reaches_from_the_smallest_to_the_largest():
    assert sparkline([3.0, 1.0, 2.0, float("nan")], ascii_only=True) == "#_=!"
    assert sparkline([0.0, 7.0], ascii_only=False) == "▁█"
    assert sparkline([2.0, 2.0], ascii_only=True) == "__"
    assert written(SIGMOIDS, "text", 2, ascii_only=True).isascii()


def test_the_command_trains_without_a_terminal_and_says_nothing_on_stderr():
    flags = "--depth 3 --width 4 --scale 1 --task glyphs --optimizer adam --steps 3 --format json"
    run = subprocess.run([str(SCRIPT), "learn", *flags.split()], capture_output=True, text=True, timeout=60, check=True)
    document = json.loads(run.stdout)
    assert (document["steps"], run.stderr) == ([0, 1, 2, 3], "")
    assert document["settings"]["optimizer"] == "adam"


def test_control_c_ends_it_at_once_and_without_a_word():
    command = [str(SCRIPT), "learn", "--width", "64", "--steps", "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(1.5)
        os.kill(running.pid, signal.SIGINT)
        assert running.communicate(timeout=10) == (b"", b"")
    assert running.returncode == 130
