"""What the recorder costs a training loop: the same steps with it and without it, in turns, in one run.

`python tests/benchmarks/benchmark_recorder.py`; needs PyTorch (`pip install -e '.[test,torch]'`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import nn

from tui_telescope import Recorder

TURNS, STEPS, WARM_UP = 8, 100, 120


def mlp() -> tuple[Any, Any]:
    """50 layers of 256 units, a batch of 64."""
    layers = [nn.Sequential(nn.Linear(256, 256), nn.ReLU()) for _ in range(50)]
    return nn.Sequential(*layers), torch.randn(64, 256)


def transformer() -> tuple[Any, Any]:
    """6 layers of 128 units with 4 heads, 16 sequences of 64 tokens."""
    layer = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 6, enable_nested_tensor=False), torch.randn(16, 64, 128)


def loop(make: Callable[[], tuple[Any, Any]], *, recorded: bool) -> Callable[[int], list[float]]:
    """Makes so many steps with each call, and tells their seconds."""
    torch.manual_seed(0)
    model, x = make()
    optimizer = torch.optim.AdamW(model.parameters())
    recorder = Recorder(model, optimizer, tempfile.mkdtemp()) if recorded else None

    def steps(count: int) -> list[float]:
        seconds = []
        for _ in range(count):
            began = time.perf_counter()
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            if recorder:
                recorder.log(loss=loss)
            optimizer.step()
            seconds.append(time.perf_counter() - began)
        return seconds

    return steps


def main() -> None:
    torch.set_num_threads(1)
    for make in (mlp, transformer):
        without, with_it = loop(make, recorded=False), loop(make, recorded=True)
        without(WARM_UP // 4)
        with_it(WARM_UP)
        pairs = [(sum(without(STEPS)), sum(with_it(STEPS))) for _ in range(TURNS)]
        ratios = [recorded / plain for plain, recorded in pairs]
        step = median(plain for plain, _ in pairs) / STEPS
        print(f"{make.__doc__} {1000 * step:.1f} ms a step; with the recorder {median(ratios) - 1:+.2%}", end="")
        print(f" (from {min(ratios) - 1:+.2%} to {max(ratios) - 1:+.2%} in {TURNS} turns)")


if __name__ == "__main__":
    main()
