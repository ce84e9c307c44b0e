"""What a run's course adds to the verdict, and in which order."""

from __future__ import annotations

import pytest
from run_files import header, record, written_run

from tui_telescope.printing.run import words
from tui_telescope.runs.reading.opening import open_run
from tui_telescope.runs.reading.telling import age_sentence, layers_apart


def said(folder, *lines):
    run = open_run(written_run(folder, *lines))
    return words(run, run.observation())


@pytest.mark.parametrize(
    ("names", "told"),
    [(["head"], "head, which is"), (["head.weight", "head.bias"], "head.weight and 1 other, which are")],
)
def test_what_ceased_to_be_finite_outside_the_recorded_layers_is_named(tmp_path, names, told):
    lost = record(2, ["nan"] * 3, alarm=True, rms=[1.0] * 3, nonfinite_outside=names)
    assert f"The gradient became NaN or infinite at step 2, first in {told} not recorded." in said(
        tmp_path, record(1), lost
    )


def test_no_recorded_layer_is_blamed_where_all_are_finite_forward_and_the_gradient_comes_lost(tmp_path):
    told = said(tmp_path, record(1), record(2, ["nan"] * 3, rms=[1.0] * 3))
    assert (
        "The gradient became NaN or infinite at step 2; where that began is not known "
        '(to find it, record with every=1 and layers="leaves").'
    ) in told
    assert "in layer" not in told


def test_what_finds_the_step_is_said_where_steps_between_were_not_looked_at(tmp_path):
    told = said(tmp_path, record(280), record(446, ["nan"] * 3, rms=[1.0, "inf", "nan"]))
    assert "between steps 280 and 446, in layer block by then (every=1 finds where it began)." in told


@pytest.mark.parametrize(
    ("seconds", "gap", "told"),
    [
        (9, 0.5, ""),
        (14, 0.5, "The last record is 10 s old."),
        (45, 12, "The last record is 40 s old."),
        (45, 3, "The last record is 40 s old, and they usually come every 3 s: no longer training?"),
        (600, 90, "The last record is 10 min old, and they usually come every 1 min: no longer training?"),
        (600, None, "The last record is 10 min old."),
        (7200, 3, "The last record is 2 h old."),
    ],
)
def test_a_record_that_is_overdue_is_told_beside_how_far_apart_they_usually_are(seconds, gap, told):
    assert age_sentence(seconds, gap) == told


def test_how_far_apart_records_usually_are_is_the_median_of_this_start(tmp_path):
    times = [1.0, 2.0, 1000.0, 1003.0, 1006.0, 1009.0, 1100.0]
    lines = [record(step, time=time) for step, time in enumerate(times)]
    run = open_run(written_run(tmp_path / "a", *lines[:2], header(), *lines[2:]))
    assert run.usual_gap() == 3
    assert open_run(written_run(tmp_path / "b", *lines[:2])).usual_gap() is None
    assert open_run(written_run(tmp_path / "c", *(record(step, time="inf") for step in range(4)))).usual_gap() is None


@pytest.mark.parametrize(
    ("its_layers", "told"),
    [
        (["a", "b"], ""),
        (["b"], "o has no layer of the same name as 1 of these 2 (a gap)."),
        (["a", "b", "c", "d"], "o has c and 1 other beside them, not shown."),
        (["c"], "o has no layer of the same name: there is nothing of it to compare."),
    ],
)
def test_of_runs_that_are_compared_it_is_said_what_either_lacks(its_layers, told):
    assert layers_apart(["a", "b"], "o", its_layers) == told


def test_where_it_began_comes_first_and_what_is_lost_since_after_it(tmp_path):
    began = record(2, ["nan", "nan", 1.0], rms=[1.0] * 3)
    since = record(3, ["nan"] * 3, rms=["nan"] * 3, weight=["nan"] * 3, weight_gradient=["nan"] * 3)
    assert said(tmp_path, record(1), began, since).startswith(
        "NONFINITE: The gradient became NaN or infinite at step 2, in layer block. The weight norm is NaN"
    )
