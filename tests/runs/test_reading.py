"""A run read while it is written: what grows, what is cut, what is written anew, and what is not to be trusted."""

from __future__ import annotations

import errno
import json
import math
import os

import numpy as np
import pytest
from run_files import HEALTHY, NAMES, header, rank_path, record, written_run

from tui_telescope import Recorder
from tui_telescope.charts.layers.layer_readout import layer_readout
from tui_telescope.observations.description import describe
from tui_telescope.printing.run import words
from tui_telescope.runs.reading import history, rank_file
from tui_telescope.runs.reading.follower import Refused
from tui_telescope.runs.reading.opening import choose_run, find_runs, open_run
from tui_telescope.runs.reading.telling import left_out


def steps(run):
    return [each.step for each in run.records]


def append(folder, text, rank=0):
    with rank_path(folder, rank).open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def test_what_the_recorder_writes_is_read_back(tmp_path):
    recorder = Recorder(tmp_path / "a", layers=NAMES)
    recorder.write(3, gradient=[1e-30, 2.0, None], rms=[1, 2, 3], dead=[0, 0.5, 1], loss=0.25, learning_rate=1e-3)
    run = open_run(tmp_path / "a")
    (found,) = run.records
    assert (run.name, run.layers, run.count, run.skipped_lines) == ("a", tuple(NAMES), 1, 0)
    assert (found.step, found.loss, found.learning_rate) == (3, 0.25, 0.001)
    observation = run.observation()
    assert observation.layers == ("embed", "block"), "what was not measured is left out"
    np.testing.assert_allclose(observation.gradient.log10_mean, [-30, math.log10(2)])
    np.testing.assert_allclose(observation.signal.log10_rms, [0, math.log10(2)])
    np.testing.assert_allclose(observation.signal.dead, [0, 0.5])


def test_new_records_are_there_with_the_next_poll(tmp_path):
    run = open_run(written_run(tmp_path, record(1)))
    assert not run.poll()
    append(tmp_path, record(2))
    assert run.poll()
    assert steps(run) == [1, 2]


def test_a_line_that_is_being_written_is_read_once_it_is_whole(tmp_path):
    line = record(2)
    run = open_run(written_run(tmp_path, record(1), line[:20]))
    assert (steps(run), run.skipped_lines) == ([1], 0)
    append(tmp_path, line[20:])
    run.poll()
    assert (steps(run), run.skipped_lines) == ([1, 2], 0)


@pytest.mark.parametrize(
    "junk",
    [
        '{"step": 5, "gradi\n',
        "no json\n",
        "[1, 2]\n",
        '{"gradient": [1, 2, 3]}\n',
        '{"step": 7, "gradient": [1, 2]}\n',
        '{"step": 7, "gradient": [1, 2, {}]}\n',
        '{"step": 7, "gradient": [[1], [2], [3]]}\n',
        '{"step": 7, "gradient": ["x", 2, 3]}\n',
        '{"step": ' + "9" * 5000 + "}\n",
        '{"step": 1e999}\n',
        "[" * 100_000 + "\n",
        b"\xff\xfe\n",
        '{"telescope": 1, "layers": 3}\n',
        "x" * (rank_file.LONGEST_LINE + 10) + "\n",
    ],
)
def test_what_is_no_record_is_skipped_and_counted(tmp_path, junk):
    run = open_run(written_run(tmp_path, record(1)))
    append(tmp_path, junk)
    append(tmp_path, record(2))
    run.poll()
    assert (steps(run), run.skipped_lines) == ([1, 2], 1)


def test_behind_a_hole_of_zeros_reading_goes_on(tmp_path):
    run = open_run(written_run(tmp_path, record(1)))
    append(
        tmp_path, b"\0" * 5000 + record(2).encode() + record(3)[:9].encode() + b"\0" * 5000 + b"\n" + record(4).encode()
    )
    run.poll()
    assert (steps(run), run.skipped_lines) == ([1, 2, 4], 1)


def test_a_file_that_is_truncated_rewritten_or_replaced_is_read_anew(tmp_path):
    run = open_run(written_run(tmp_path, record(1), record(2)))
    rank_path(tmp_path).write_text(header() + record(5))
    run.poll()
    assert steps(run) == [5]
    rank_path(tmp_path).write_text(header() + record(6) + record(7) + record(8))
    run.poll()
    assert steps(run) == [6, 7, 8], "longer than before, and another all the same"
    other = tmp_path / "other"
    other.write_text(header() + record(9))
    other.replace(rank_path(tmp_path))
    run.poll()
    assert steps(run) == [9]
    rank_path(tmp_path).rename(tmp_path / "away")
    assert not run.poll()
    assert steps(run) == [9]


def test_a_restart_and_a_step_that_goes_back_begin_a_segment(tmp_path):
    run = open_run(written_run(tmp_path, record(1), record(2), header(), record(3), record(4), record(2), record(3)))
    assert [(each.step, each.segment) for each in run.records] == [(1, 0), (2, 0), (3, 1), (4, 1), (2, 2), (3, 2)]


def test_several_ranks_are_read_together_and_one_may_be_late(tmp_path):
    run = open_run(written_run(tmp_path, record(1, [1.0, 1.0, 1.0])))
    rank_path(tmp_path, 1).write_text(header() + record(1, [3.0, 1.0, 1.0]))
    run.poll()
    assert (steps(run), run.count) == ([1], 2)
    np.testing.assert_allclose(10 ** run.observation().gradient.log10_mean, [2, 1, 1])


def test_a_folder_of_runs_offers_their_names(tmp_path):
    for name in ("b", "a"):
        written_run(tmp_path / name, record(1))
    (tmp_path / "c").mkdir()
    assert [each.name for each in find_runs(tmp_path)] == ["a", "b"]
    with pytest.raises(Refused, match=r"2 runs; name one of them: a, b$"):
        open_run(tmp_path)
    assert open_run(tmp_path / "b").records
    assert open_run(rank_path(tmp_path / "b")).records


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(rank_path(tmp_path))
    with pytest.raises(Refused, match="no regular file"):
        open_run(rank_path(tmp_path))
    with pytest.raises(Refused, match="no such file"):
        open_run(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="no run in it"):
        open_run(tmp_path / "empty")


def test_what_the_system_will_not_have_read_is_refused(tmp_path, monkeypatch):
    for refused in (open_run, choose_run):
        with pytest.raises(Refused, match="name too long"):
            refused(tmp_path / ("x" * 300))
    run = open_run(written_run(tmp_path, record(1)))
    append(tmp_path, record(2))

    def stale(*_):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr("tui_telescope.runs.reading.follower.os.read", stale)
    with pytest.raises(Refused, match=r"rank-00000.jsonl: Stale file handle$"):
        run.poll()


def test_names_cannot_do_a_terminal_or_markup_any_harm(tmp_path):
    rank_path(tmp_path).write_text(header(["a\x1b[2J", "[red]b[/red]", "c" * 1000]) + record(1))
    assert open_run(tmp_path).layers == ("a2J", "redb/red", "c" * 120)


def test_layers_over_the_steps(tmp_path):
    over = open_run(written_run(tmp_path, record(1, loss=2.0), record(5, [7.0, None, "nan"]))).over_steps()
    assert over.steps.tolist() == [1, 5]
    assert over.log10[:, 0].tolist() == pytest.approx([math.log10(HEALTHY[0]), math.log10(7)])
    assert np.isnan(over.log10[1, 1:]).all()
    assert over.lost.tolist() == [[False] * 3, [False, False, True]]
    assert over.loss[0] == 2
    assert np.isnan([over.loss[1], *over.learning_rate]).all()


def test_steps_that_a_restart_has_taken_back_are_not_among_them(tmp_path):
    steps_written = [1, 2, 3, 4, 2, 3]
    run = open_run(
        written_run(tmp_path, *(record(step, [10.0**place] * 3) for place, step in enumerate(steps_written)))
    )
    assert run.over_steps().steps.tolist() == [1, 2, 3]
    assert run.over_steps().log10[:, 0].tolist() == [0, 4, 5]


def test_over_the_steps_weights_stand_in_for_gradients_that_nobody_recorded(tmp_path):
    over = open_run(written_run(tmp_path, record(1, None, weight_gradient=[1.0, 0.0, 10.0]))).over_steps()
    assert (over.reading, over.log10.tolist()) == ("weight_gradient", [[0, -math.inf, 1]])
    assert open_run(written_run(tmp_path / "b", record(1, None, loss=1.0))).over_steps() is None


NAMED = ["embed", "blocks.0.attn", "blocks.0.mlp", "blocks.1.attn", "blocks.1.mlp", "head"]


def test_layers_of_one_role_are_observed_by_themselves(tmp_path):
    line = record(1, [1e-9, 1.0, 1e-3, 1.0, 2e-3, 1.0], weight_gradient=[1e-12, 1.0, 1e-3, 1.0, 1e-3, 1.0],
                  weight=[1.0, 1e6, 1e6, 1.0, 1.0, 1.0])  # fmt: skip
    rank_path(tmp_path).write_text(header(NAMED, layers=[{"name": name} for name in NAMED]) + line)
    run = open_run(tmp_path)
    assert run.roles == ("blocks.*.attn", "blocks.*.mlp")
    part = run.observation_of(run.record_at(), "blocks.*.mlp")
    assert part.layers == ("blocks.0.mlp", "blocks.1.mlp")
    assert part.gradient.log10_mean.tolist() == pytest.approx([-3, math.log10(2e-3)])
    assert part.verdict.state == "healthy"
    assert run.observation().verdict.frozen == (1, 3)
    assert part.verdict.frozen == (1,), "by what the largest of all layers does"
    assert run.over_steps("blocks.*.attn").layers == ("blocks.0.attn", "blocks.1.attn")


def test_roles_of_single_layers_or_of_all_are_nothing_to_choose(tmp_path):
    assert open_run(written_run(tmp_path / "singles", record(1))).roles == ()
    names = ["0", "1", "2"]
    rank_path(tmp_path / "all").write_text(header(names, layers=[{"name": name} for name in names]) + record(1))
    assert open_run(tmp_path / "all").roles == ()


def test_the_observation_at_a_step_is_that_of_the_record_before_it(tmp_path):
    run = open_run(written_run(tmp_path, record(1, [1.0, 1.0, 1.0]), record(5, [2.0, 1.0, 1.0])))
    assert [10 ** run.observation(step).gradient.log10_mean[0] for step in (1, 4, 5, 99)] == pytest.approx([1, 1, 2, 2])
    assert run.observation(0) is None


def test_the_age_is_that_of_the_last_record(tmp_path):
    assert open_run(written_run(tmp_path, record(1))).age_seconds(now=1031.0) == 30
    for untimed in ({}, {"time": "-inf"}):
        append(tmp_path, json.dumps({"step": 2, "gradient": HEALTHY, **untimed}) + "\n")
        assert open_run(tmp_path).age_seconds() == pytest.approx(0, abs=60), "that of the file"


def test_the_first_layer_that_is_not_finite_is_named_in_the_order_of_a_step(tmp_path):
    back = open_run(written_run(tmp_path / "back", record(1), record(2, ["nan", "inf", 1.0]), record(3, ["nan"] * 3)))
    assert back.course().nonfinite == (2, "block", "gradient", None)
    forward = record(2, ["nan"] * 3, rms=[1.0, "inf", "nan"])
    assert open_run(written_run(tmp_path / "forward", forward)).course().nonfinite == (2, "block", "rms", None)
    skipped = record(2, ["nan"] * 3, skipped=True)
    run = open_run(written_run(tmp_path / "skipped", record(1), skipped))
    assert run.course().nonfinite is None
    assert run.observation().verdict.state == "healthy", "that of the last step that was made"


def test_it_is_said_since_when_a_run_is_no_longer_healthy(tmp_path):
    fading = [record(step, [10.0**-step, 1.0, 1.0]) for step in range(8)]
    run = open_run(written_run(tmp_path, *fading))
    assert run.observation().verdict.state == "vanishing"
    assert run.course().since == 3, "a factor of more than 100"
    always = open_run(written_run(tmp_path / "always", *[record(step, [1e-9, 1.0, 1.0]) for step in range(3)]))
    assert always.course().since is None


def test_the_loss_scales_fall_is_counted_in_halvings_of_this_start(tmp_path):
    scales = [1024, 512, 512, 1024, 256]
    lines = [record(step, scale=scale) for step, scale in enumerate(scales)]
    assert open_run(written_run(tmp_path, *lines)).course().halvings == 3
    assert open_run(written_run(tmp_path, *lines, header(), record(9, scale=64))).course().halvings == 0
    whole_range = written_run(tmp_path, record(1, scale=2.0**1000), record(2, scale=2.0**-1000))
    assert open_run(whole_range).course().halvings == 2000


def test_of_a_run_that_records_weights_alone_what_learns_is_told(tmp_path):
    run = open_run(written_run(tmp_path, record(1, None, weight_gradient=[1e-9, 1.0, 1.0], weight=[1.0, 1.0, 1.0])))
    assert describe(run.observation()) == "1 of 3 layers is frozen in float32."
    assert run.course().since is None


def test_a_layer_frozen_by_its_user_is_not_called_frozen_by_float32(tmp_path):
    line = record(1, HEALTHY, weight_gradient=[1.0, None, 1.0], weight=[1.0, None, 1.0])
    observation = open_run(written_run(tmp_path, line)).observation()
    assert (observation.verdict.frozen, observation.verdict.untrained) == ((), (2,))
    assert describe(observation).endswith("None of 2 layers is frozen in float32. Layer block is not trained.")


def test_what_becomes_of_the_others_is_told_beside_layers_that_are_not_trained(tmp_path):
    line = record(1, [1.0] * 4, weight_gradient=[None, None, 1e-9, 1.0], weight=[None, None, 1.0, 1.0])
    rank_path(tmp_path).write_text(header(["Stem", "a", "b", "c"]) + line)
    observation = open_run(tmp_path).observation()
    assert observation.layer_states == (None, None, "frozen", "learns")
    assert describe(observation).endswith("1 of 2 layers is frozen in float32. Layer Stem and 1 other are not trained.")
    assert layer_readout(observation, 1) == "layer Stem: gradient 1.00e+00, not trained"
    assert layer_readout(observation, 3).endswith("weight gradient 1.00e-09, frozen")


def test_where_none_of_a_role_is_trained_none_is_frozen_dead_or_learns(tmp_path):
    line = record(1, [1.0] * 6, weight_gradient=[1.0, None, 0.0, None, 1.0, 1.0], weight=[1.0, None, 1.0, None, 1, 1])
    rank_path(tmp_path).write_text(header(NAMED, layers=[{"name": name} for name in NAMED]) + line)
    run = open_run(tmp_path)
    part = run.observation_of(run.record_at(), "blocks.*.attn")
    assert part.layer_states == (None, None)
    assert describe(part).endswith("(factor 1.00 a layer). Layer blocks.0.attn and 1 other are not trained.")
    assert run.observation().layer_states == ("learns", None, "dead", None, "learns", "learns")


def test_a_signal_that_is_not_known_of_every_layer_is_taken_for_nothing_nowhere(tmp_path):
    run = open_run(written_run(tmp_path, record(1, [0.0, 1.0, 1.0], rms=[1.0, None, 1.0])))
    assert run.observation().signal is None
    assert "exactly zero" not in describe(run.observation())


def test_layers_that_no_gradient_comes_back_to_are_counted_and_the_first_is_named(tmp_path):
    run = open_run(written_run(tmp_path, record(1, [None, None, 1.0])))
    observation = run.observation()
    assert left_out(run.layers, observation) == (
        "No gradient was recorded of layer embed and 1 other: 1 of 3 are judged."
    )
    assert left_out(run.layers, observation) in words(run, observation)
    whole = open_run(written_run(tmp_path, record(1)))
    assert left_out(whole.layers, whole.observation()) == ""


def test_history_is_bounded_and_keeps_its_first_record_and_its_newest(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "MOST_RECORDS", 40)
    run = open_run(written_run(tmp_path, *map(record, range(1000))))
    kept = steps(run)
    assert len(kept) <= 41
    assert kept[0] == 0
    assert kept[-20:] == list(range(980, 1000))
    assert run.count == 1000


def test_a_long_file_is_opened_from_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(rank_file, "TAIL", 20_000)
    run = open_run(written_run(tmp_path, *map(record, range(5000))))
    kept = steps(run)
    assert (kept[0], kept[-1], run.skipped_lines) == (0, 4999, 0)
    assert np.diff(kept).min() > 0
    assert 60 <= len(kept) <= 2000
    assert np.diff(kept).max() < 100, "what is between is sampled evenly"
    append(tmp_path, record(5000))
    run.poll()
    assert steps(run)[-1] == 5000


def test_the_header_that_governs_the_end_of_a_long_file_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(rank_file, "TAIL", 20_000)
    text = header(["x"]) + "".join(record(step, [1.0]) for step in range(900))
    text += header() + "".join(map(record, range(900, 3000)))
    rank_path(tmp_path).write_text(text)
    run = open_run(tmp_path)
    assert run.layers == tuple(NAMES)
    assert (steps(run)[-1], run.observation().depth, run.skipped_lines) == (2999, 3, 0)


def test_ten_thousand_layers_are_opened_in_bounded_memory(tmp_path):
    names = [f"layers.{index}" for index in range(10_000)]
    line = record(1, [1.23e-4] * 10_000, weight_gradient=[1.23e-4] * 10_000)
    with rank_path(tmp_path).open("w") as file:
        file.write(header(names))
        for step in range(250):
            file.write(line.replace('"step": 1', f'"step": {step}', 1))
    run = open_run(tmp_path)
    assert (steps(run)[0], steps(run)[-1]) == (0, 249)
    held = sum(each.numbers.nbytes for found in run.records for each in found.readings.values())
    assert held < 60 << 20


def test_where_steps_between_were_not_checked_it_is_said_between_which_it_was_lost(tmp_path):
    lost = record(446, ["nan"] * 3, rms=[1.0, "inf", "nan"])
    run = open_run(written_run(tmp_path / "unchecked", record(280), lost))
    assert run.course().nonfinite == (446, "block", "rms", 280)
    checked = record(300, ["nan"] * 3, rms=[1.0, "inf", "nan"], alarm=True)
    assert open_run(written_run(tmp_path / "checked", record(280), checked)).course().nonfinite[0::3] == (300, None)


def test_of_a_loss_that_was_lost_before_the_way_back_no_layer_is_blamed(tmp_path):
    lost = record(2, ["nan"] * 3, loss="nan")
    assert open_run(written_run(tmp_path, record(1), lost)).course().nonfinite == (2, None, "gradient", None)


def test_what_the_last_layer_gets_back_is_lost_above_it_and_what_it_makes_of_that_is_its_own(tmp_path):
    lost = record(2, ["nan"] * 3, rms=[1.0] * 3)
    assert open_run(written_run(tmp_path / "above", record(1), lost)).course().nonfinite == (2, None, "gradient", None)
    own = record(2, weight_gradient=["nan"] * 3)
    assert open_run(written_run(tmp_path / "own", record(1), own)).course().nonfinite == (
        2, "head", "weight_gradient", None,
    )  # fmt: skip
    alone = record(2, None, weight_gradient=["nan"] * 3)
    assert open_run(written_run(tmp_path / "alone", record(1), alone)).course().nonfinite[1] is None


def test_what_began_outside_the_layers_is_blamed_on_none_of_them(tmp_path):
    lost = record(2, ["nan"] * 3, rms=[1.0, "nan", "nan"], nonfinite_outside=["[b]final_norm"])
    run = open_run(written_run(tmp_path, record(1), lost))
    assert run.course().nonfinite == (2, None, "rms", None)
    assert run.records[-1].nonfinite_outside == ("bfinal_norm",)


@pytest.mark.parametrize(("of_rank_0", "of_rank_1"), [(1e308, 1e308), ("inf", "-inf"), ("nan", 1.0)])
def test_what_the_ranks_have_no_finite_mean_of_is_said_not_to_be_finite(tmp_path, of_rank_0, of_rank_1):
    written_run(tmp_path, record(1, [of_rank_0, 1.0, 1.0]))
    written_run(tmp_path, record(1, [of_rank_1, 1.0, 1.0]), rank=1)
    assert open_run(tmp_path).observation().nonfinite == (("gradient", (1,)),)


def test_where_layers_in_the_middle_receive_nothing_no_single_one_is_blamed(tmp_path):
    line = record(1, [1.0, 0.0, 0.0, 1e3])
    rank_path(tmp_path).write_text(header(["a", "b", "c", "d"]) + line)
    assert open_run(tmp_path).observation().verdict.steepest is None
