"""What the recorder costs a training loop: the same steps with it and without it, step by step in turns.

`python tests/benchmarks/benchmark_recorder.py`; needs PyTorch (`pip install -e '.[test,torch]'`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn

from tui_telescope import Recorder

WARM_UP = 110
"""Steps: in the first hundred more are recorded."""
SECONDS = 60


def mlp() -> tuple[Any, Any]:
    """50 layers of 256 units, a batch of 64."""
    layers = [nn.Sequential(nn.Linear(256, 256), nn.ReLU()) for _ in range(50)]
    return nn.Sequential(*layers), torch.randn(64, 256)


def transformer() -> tuple[Any, Any]:
    """4 layers of 128 units with 4 heads, 4 sequences of 64 tokens."""
    layer = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 4, enable_nested_tensor=False), torch.randn(4, 64, 128)


def loop(make: Callable[[], tuple[Any, Any]], folder: str | None) -> Callable[[], float]:
    """Makes a step with each call, and tells its seconds by the thread's own clock, which stands still while another
    program has the core; records into the folder if there is one."""
    torch.manual_seed(0)
    model, x = make()
    optimizer = torch.optim.AdamW(model.parameters())
    recorder = Recorder(model, optimizer, folder) if folder else None

    def step() -> float:
        began = time.thread_time()
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        if recorder:
            recorder.log(loss=loss)
        optimizer.step()
        return time.thread_time() - began

    return step


def pairs(without: Callable[[], float], with_it: Callable[[], float], file: Path) -> list[tuple[float, float, bool]]:
    """The seconds of a step without and of one with the recorder, and whether that one was recorded."""
    found = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        size = file.stat().st_size
        if len(found) % 2:  # whoever comes second finds the caches as the other left them
            before, after = without(), with_it()
        else:
            after, before = with_it(), without()
        found.append((before, after, file.stat().st_size > size))
    return found


def main() -> None:
    """Medians, of recorded steps and of the others by themselves."""
    torch.set_num_threads(1)
    for make in (mlp, transformer):
        with tempfile.TemporaryDirectory() as folder:
            without, with_it = loop(make, None), loop(make, folder)
            for _ in range(WARM_UP):
                with_it()
            (file,) = Path(folder).glob("telescope/*")
            found = pairs(without, with_it, file)
        plain = median(before for before, _, _ in found)
        shares = {}
        for is_recorded in (True, False):
            excesses = [after - before for before, after, was_recorded in found if was_recorded is is_recorded]
            shares[is_recorded] = median(excesses or [0.0]) * len(excesses) / len(found) / plain
        recorded = sum(was_recorded for *_, was_recorded in found)
        print(f"{make.__doc__} {1000 * plain:.1f} ms a step; the recorder takes {sum(shares.values()):.2%}:")
        print(f"    {shares[True]:.2%} in {recorded} of {len(found)} steps, {shares[False]:.2%} in all the others")


if __name__ == "__main__":
    main()
