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
    assert " ".join(text.split()).startswith("After 70 steps the loss is ")
    assert f"{count} of 14 layers are what they were, bit for bit." in " ".join(text.split())
    assert text.count("as it was") in range(1, count + 1)
    assert max(map(len, text.splitlines()[-12:])) <= 80


def test_the_layer_that_has_moved_most_is_named_with_how_far() -> None:
    shallow = SIGMOIDS.replace(depth=3)
    learner = Telescope().learner(shallow)
    before = learner.parameters["weights"].astype(np.float64)
    for _ in range(70):
        learner.step()
    change = learner.parameters["weights"] - before
    moved = np.linalg.norm(change, axis=(1, 2)) / np.linalg.norm(before, axis=(1, 2))
    layer = int(np.argmax(moved))
    told = f"Every layer has changed, layer {layer + 1} most: by {moved[layer]:.3g} times its size."
    assert told in " ".join(written(shallow, "text").split())


def test_a_cell_has_one_set_of_weights_and_a_row_a_step():
    text = " ".join(written(SIGMOIDS.replace(cell="gru"), "text", 3).split())
    assert "The recurrent weights have changed." in text
    assert "11 of 14 steps, after step 3:" in text


def test_where_every_layer_has_moved_none_is_counted():
    text = " ".join(written(SIGMOIDS.replace(depth=3), "text", 3).split())
    assert "Every layer has changed, layer" in text
    assert "0 of 3" not in text


def test_settings_that_learning_does_not_heed_are_not_told():
    text = " ".join(written(SIGMOIDS.replace(loss="probe", samples=5), "text", 1).split())
    assert "width 8" in text
    assert not any(words in text for words in ("probe", "samples 5"))


def test_what_is_not_finite_after_a_divergence_is_no_zero_in_the_table():
    settings = Settings(depth=3, activation="linear", scale=100.0)
    *_, last = Telescope().learn(settings, 20)
    lost = {each.reading: each.layers for each in last.observation.nonfinite}
    assert lost["gradient"] == lost["weight gradient"] == (3, 2, 1)
    rows = [line.split() for line in written(settings, "text", 20).splitlines()[-3:]]
    assert [row[:5] for row in rows] == [[str(layer), "not", "finite", "not", "finite"] for layer in (1, 2, 3)]
    assert all(float(each) > 1 for row in rows for each in row[5:]), "the last step that was taken is finite"


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
