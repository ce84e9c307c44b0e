"""Logs that others write, as they write them: what is read of them, and what is said to be guessed."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest

from tui_telescope.printing.run import words
from tui_telescope.runs.reading.follower import Refused
from tui_telescope.runs.reading.foreign.event_files import masked_crc
from tui_telescope.runs.reading.foreign.names import WHOLE, meaning_of
from tui_telescope.runs.reading.opening import find_runs, open_run


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("grad_2.0_norm/blocks.0.mlp.weight", ("weight_gradient", "blocks.0.mlp", "weight")),
        ("grad_inf_norm/head.bias", ("weight_gradient", "head", "bias")),
        ("grad_2.0_norm_total", ("weight_gradient", WHOLE, "")),
        ("l2_norm/grad/blocks.1.weight", ("weight_gradient", "blocks.1", "weight")),
        ("l2_norm/param/blocks.1.weight", ("weight", "blocks.1", "weight")),
        ("l2_norm_ratio/update_param/blocks.1.weight", ("update", "blocks.1", "weight")),
        ("l2_norm/grad/global", ("weight_gradient", WHOLE, "")),
        ("grad/blocks.3.attention.w_q.weight.norm", ("weight_gradient", "blocks.3.attention.w_q", "weight")),
        ("grad/norm/transformer.layers.2.mlp", ("weight_gradient", "transformer.layers.2.mlp", "")),
        ("layers.4.attention.dx.norm", ("gradient", "layers.4.attention", "")),
        ("gradient_update/encoder.weight", ("update", "encoder", "weight")),
        ("grad_norm/fc1.weight", ("weight_gradient", "fc1", "weight")),
        ("fc1.weight/grad", ("weight_gradient", "fc1", "weight")),
        ("grad_norm", ("weight_gradient", WHOLE, "")),
        ("gnorm", ("weight_gradient", WHOLE, "")),
        ("train/grad-norm", ("weight_gradient", WHOLE, "")),
        ("trainer/global_step", ("step", "", "")),
        ("train/loss", ("loss", "", "")),
    ],
)
def test_names_are_understood(name, meaning):
    assert meaning_of(name) == meaning


@pytest.mark.parametrize(
    "name",
    [
        "accuracy", "val/loss", "epoch", "l2_norm/momentum/a.weight", "x" * 10_000,
        "grad_norm/.weight", "grad_norm/\x1b", "grad_norm/[]",
    ],
)  # fmt: skip
def test_other_names_say_nothing(name):
    assert meaning_of(name) is None


def logged(step, numbers, **others):
    return {"step": step, **{f"grad_norm/{name}": number for name, number in numbers.items()}, **others}


def weights_of(run):
    return dict(zip(run.observation().layers, 10 ** run.observation().weight_gradient.log10, strict=True))


def test_json_lines_with_a_key_a_layer(tmp_path):
    path = tmp_path / "log.jsonl"
    lines = [logged(step, {"in.weight": 3.0, "in.bias": 4.0, "out.weight": step}, loss=0.5) for step in (1, 2)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "junk\n")
    run = open_run(path)
    assert weights_of(run) == pytest.approx({"in": 5.0, "out": 2.0})
    assert ([each.loss for each in run.records], run.skipped_lines, run.order) == ([0.5, 0.5], 1, "guessed")
    with path.open("a") as file:
        file.write(json.dumps(logged(3, {"in.weight": 1.0, "late.weight": 7.0, "out.weight": 9.0})) + "\n")
    run.poll()
    assert weights_of(run) == pytest.approx({"in": 1.0, "out": 9.0, "late": 7.0})
    assert run.over_steps().log10[-1, 2] == pytest.approx(math.log10(7))


def test_what_is_told_of_a_step_bit_by_bit_is_one_record(tmp_path):
    lines = [
        {"step": 1, "grad": {"norm": {"a.bias": 3.0}}},
        {"step": 1, "grad": {"norm": {"a.weight": 4.0}}},
        {"step": 1, "grad": {"norm": {"b": 2.0}}},
        {"step": 1, "loss": 3},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = open_run(tmp_path)
    assert (len(run.records), run.records[0].loss, weights_of(run)) == (1, 3, pytest.approx({"a": 5, "b": 2}))


def test_the_norm_of_all_parameters_is_none_of_a_layers(tmp_path):
    lines = [{"step": 1, "grad_norm": 9.0}, {"step": 2, "grad_norm": 9.0, "grad_norm/a": 1.0, "grad_norm/b": 2.0}]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = open_run(tmp_path)
    assert weights_of(run) == pytest.approx({"a": 1, "b": 2})
    assert run.observation(1).layers == (WHOLE,)
    assert run.note == ""


def test_csv_columns_sorted_by_letters_are_put_in_the_order_of_their_numbers(tmp_path):
    text = "epoch,grad_2.0_norm/l.0.weight,grad_2.0_norm/l.10.weight,grad_2.0_norm/l.2.weight,step,train_loss\n"
    text += "0,1.0,10.0,2.0,49,\n0,,,,49,0.25\n1,nan,10.0,2.0,99,\nonly,three,cells\n"
    (tmp_path / "metrics.csv").write_text(text)
    run = open_run(tmp_path)
    assert (run.layers, run.skipped_lines, run.order) == (("l.0", "l.2", "l.10"), 1, "guessed")
    assert [(each.step, each.loss) for each in run.records] == [(49, 0.25), (99, None)]
    assert run.course().nonfinite[:3] == (99, "l.0", "weight_gradient")


def test_a_csv_that_is_rewritten_with_another_column_is_read_anew(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("step,grad_norm/a\n1,1.0\n")
    run = open_run(path)
    path.write_text("step,grad_norm/a,grad_norm/b\n1,1.0,\n2,1.0,3.0\n")
    run.poll()
    assert weights_of(run) == {"a": 1.0, "b": pytest.approx(3.0)}
    assert [each.step for each in run.records] == [1, 2]


def test_of_a_trainers_state_the_global_norm_is_read_and_said_to_be_all_there_is(tmp_path):
    path = tmp_path / "trainer_state.json"
    history = [{"step": 10, "loss": 2.0, "grad_norm": 0.5, "learning_rate": 1e-4}, {"step": 10, "eval_loss": 3.0}]
    path.write_text(json.dumps({"log_history": history, "global_step": 10}, indent=2))
    run = open_run(tmp_path)
    assert weights_of(run) == {WHOLE: pytest.approx(0.5)}
    assert (run.records[0].loss, run.records[0].learning_rate) == (2.0, 1e-4)
    assert "The log holds the global norm alone, and no layer's." in words(run, run.observation())
    path.write_text(json.dumps({"log_history": [*history, {"step": 20, "grad_norm": 0.25}]}, indent=2))
    run.poll()
    assert [each.step for each in run.records] == [10, 20]


def varint(number):
    found = b""
    while number > 0x7F:
        found, number = found + bytes([number & 0x7F | 0x80]), number >> 7
    return found + bytes([number])


def block(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def event(step, tag, number, *, as_tensor=False):
    """As TensorBoard frames one scalar; the protocol-buffer text is that of its event.proto and summary.proto."""
    tensor = b"\x08\x01" + block(4, struct.pack("<f", number))
    value = block(8, tensor) if as_tensor else b"\x15" + struct.pack("<f", number)
    message = (
        b"\x09" + struct.pack("<d", 1e9) + b"\x10" + varint(step) + block(5, block(1, block(1, tag.encode()) + value))
    )
    head = struct.pack("<Q", len(message))
    return head + struct.pack("<I", masked_crc(head)) + message + struct.pack("<I", masked_crc(message))


def event_file(folder, content):
    path = folder / "events.out.tfevents.1700000000.host.1.0"
    path.write_bytes(content)
    return path


def test_the_checksum_is_that_of_the_literature():
    """CRC-32C of nine digits is E3069283 (the check value of the CRC catalogues), masked as TFRecord does."""
    crc = 0xE3069283
    assert masked_crc(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


@pytest.mark.parametrize("as_tensor", [False, True])
def test_scalars_of_event_files_are_read_in_the_order_of_their_first_appearance(tmp_path, as_tensor):
    scalars = [
        (step, f"grad_2.0_norm/{layer}.weight", step + place) for step in (1, 2) for place, layer in enumerate("zya")
    ]
    path = event_file(tmp_path, b"".join(event(*each, as_tensor=as_tensor) for each in scalars))
    run = open_run(tmp_path)
    assert run.layers == ("z", "y", "a")
    assert weights_of(run) == pytest.approx({"z": 2, "y": 3, "a": 4})
    with path.open("ab") as file:
        file.write(event(3, "grad_2.0_norm/z.weight", 9.0))
    run.poll()
    with path.open("ab") as file:
        file.write(event(3, "grad_2.0_norm/y.weight", math.inf))
    run.poll()
    assert [each.step for each in run.records] == [1, 2, 3]
    assert run.course().nonfinite[:3] == (3, "y", "weight_gradient")


def test_a_scalar_called_step_does_not_take_the_place_of_an_events_own(tmp_path):
    run = open_run(event_file(tmp_path, event(4, "grad_norm/a", 1.0) + event(4, "global_step", 9.0)))
    assert [each.step for each in run.records] == [4]
    assert weights_of(run) == {"a": 1.0}


@pytest.mark.parametrize(
    "damage",
    [
        b"\0" * 5000,
        b"\xff" * 77,
        event(2, "grad_norm/a", 5.0)[:-9],
        event(2, "grad_norm/a", 5.0)[:-9] + b"12345" + event(2, "grad_norm/a", 5.0)[-4:],
    ],
)
def test_behind_damage_an_event_file_is_read_on(tmp_path, damage):
    content = event(1, "grad_norm/a", 1.0) + damage + event(3, "grad_norm/a", 3.0) + event(4, "grad_norm/a", 4.0)
    run = open_run(event_file(tmp_path, content))
    steps = [each.step for each in run.records]
    assert steps[0] == 1
    assert steps[-1] == 4
    assert 2 not in steps
    assert run.skipped_lines >= 1


def test_bytes_of_any_kind_are_no_error(tmp_path):
    noise = np.random.default_rng(1)
    for name in ("a.csv", "a.jsonl", "trainer_state.json", "a.tfevents.1"):
        path = tmp_path / name
        for _ in range(20):
            path.write_bytes(noise.bytes(3000) + b"\n\n")
            assert open_run(path).observation() is None


def test_a_folder_of_logs_is_a_folder_of_runs_and_another_file_is_refused(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        event_file(tmp_path / name, event(1, "grad_norm/a", 1.0))
    assert [each.name for each in find_runs(tmp_path)] == ["one", "two"]
    (tmp_path / "picture.png").write_bytes(b"PNG")
    with pytest.raises(Refused, match="no log of a known kind"):
        open_run(tmp_path / "picture.png")
