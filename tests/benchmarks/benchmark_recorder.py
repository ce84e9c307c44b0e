"""What the recorder costs a training loop: the same steps with it and without it, step by step in turns.

`python tests/benchmarks/benchmark_recorder.py`; needs PyTorch (`pip install -e '.[test,torch]'`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import nn

from tui_telescope import Recorder

WARM_UP = 110
"""Steps: in the first hundred more are recorded."""
ROUNDS, SECONDS = 7, 15
"""Each on new models."""


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


class Round(NamedTuple):
    """What three loops on models of their own took; each as a share of a plain step."""

    plain: float
    """Seconds of a step without the recorder."""
    recorded: float
    """What the recorded steps take beyond that, for each of all steps."""
    others: float
    """The same of the others."""
    control: float
    """What a second loop without the recorder takes beyond it: two models lie differently in memory."""
    count: int
    """How many steps were recorded."""


def measured(make: Callable[[], tuple[Any, Any]]) -> Round:
    """Step by step in turns; whoever comes later finds the caches as another left them, so each comes first as often.
    Medians of recorded steps and of the others by themselves."""
    with tempfile.TemporaryDirectory() as folder:
        loops = [loop(make, None), loop(make, None), loop(make, folder)]
        for _ in range(WARM_UP):
            loops[2]()
        (file,) = Path(folder).glob("telescope/*")
        seconds: list[list[float]] = []
        was_recorded = []
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            size, first = file.stat().st_size, len(seconds) % 3
            took = {which % 3: loops[which % 3]() for which in range(first, first + 3)}
            seconds.append([took[which] for which in range(3)])
            was_recorded.append(file.stat().st_size > size)
    plain = median(before for before, _, _ in seconds)
    excess = [after - (before + again) / 2 for before, again, after in seconds]
    shares = {}
    for kind in (True, False):
        its_own = [each for each, was in zip(excess, was_recorded, strict=True) if was is kind]
        shares[kind] = median(its_own or [0.0]) * len(its_own) / len(seconds) / plain
    control = median(again - before for before, again, _ in seconds) / plain
    return Round(plain, shares[True], shares[False], control, sum(was_recorded))


def main() -> None:
    torch.set_num_threads(1)
    for make in (mlp, transformer):
        rounds = [measured(make) for _ in range(ROUNDS)]
        plain, recorded, others, _, _ = (median(column) for column in zip(*rounds, strict=True))
        control = median(abs(each.control) for each in rounds)
        count = sum(each.count for each in rounds)
        print(f"{make.__doc__} {1000 * plain:.1f} ms a step; the recorder takes {recorded + others:.2%}:")
        print(f"    {recorded:.2%} in {count} recorded steps, {others:.2%} in all the others")
        print(f"    two loops without it differ by {control:.2%}")


if __name__ == "__main__":
    main()
