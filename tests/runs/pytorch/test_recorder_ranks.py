"""What two processes record that train one model together over gloo, against the plain loop in one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from training import BATCH, Plain, data, header_of, made, plain_readings, records_of

SUPPORT = Path(__file__).parents[2] / "support"


def train_in_two_processes(kind: str, folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, str(SUPPORT / "two_processes.py")]
    ranks = [
        subprocess.Popen(
            [*command, str(rank), port, str(folder), kind], stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        )
        for rank in range(2)
    ]  # fmt: skip
    for each in ranks:
        _, errors = each.communicate(timeout=90)
        assert each.returncode == 0, errors
        assert "telescope:" not in errors


def half_batch_gradients(rank: int) -> list[list[float | None]]:
    """Of each step, on the weights that the whole batch has trained."""
    model, whole = made(), made()
    reference, found = Plain(model), []
    optimizer = torch.optim.SGD(whole.parameters(), lr=0.1)
    half = slice(rank * BATCH // 2, (rank + 1) * BATCH // 2)
    for x, y in data():
        model.load_state_dict(whole.state_dict())
        (reference.forward(x[half]) - y[half]).square().mean().backward()
        reference.applied()
        found.append(reference.records[-1]["gradient"])
        optimizer.zero_grad()
        (whole(x) - y).square().mean().backward()
        optimizer.step()
    return found


@pytest.mark.parametrize("kind", ["ddp", "fsdp2"])
def test_ranks_record_the_whole_weight_gradient_and_each_its_own_message(tmp_path, kind):
    train_in_two_processes(kind, tmp_path)
    whole = plain_readings()
    for rank in range(2):
        records = records_of(tmp_path, rank)
        header = header_of(tmp_path, rank)
        assert (header["rank"], header["ranks"], len(records)) == (rank, 2, 3)
        assert [layer["name"] for layer in header["layers"]] == [f"blocks.{index}" for index in range(4)]
        for seen, wanted, gradient in zip(records, whole, half_batch_gradients(rank), strict=True):
            assert seen["weight_gradient"] == pytest.approx(wanted["weight_gradient"], rel=6e-4)
            assert seen["gradient"] == pytest.approx(gradient, rel=6e-4)
    first, second = (records_of(tmp_path, rank) for rank in range(2))
    for name in ("weight", "update"):
        assert [each[name] for each in first] == [each[name] for each in second]
