"""What the recorder costs a training loop: the same steps with it and without it, step by step in turns.

`python tests/benchmarks/benchmark_recorder.py`; needs PyTorch (`pip install -e '.[test,torch]'`).
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tui_telescope import Recorder

WARM_UP, STEPS = 120, 500


def mlp() -> tuple[Any, Any]:
    """50 layers of 256 units, a batch of 64."""
    layers = [nn.Sequential(nn.Linear(256, 256), nn.ReLU()) for _ in range(50)]
    return nn.Sequential(*layers), torch.randn(64, 256)


def transformer() -> tuple[Any, Any]:
    """6 layers of 128 units with 4 heads, 16 sequences of 64 tokens."""
    layer = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 6, enable_nested_tensor=False), torch.randn(16, 64, 128)


def loop(make: Callable[[], tuple[Any, Any]], folder: str | None) -> Callable[[], float]:
    """Makes a step with each call, and tells its seconds; records into the folder if there is one."""
    torch.manual_seed(0)
    model, x = make()
    optimizer = torch.optim.AdamW(model.parameters())
    recorder = Recorder(model, optimizer, folder) if folder else None

    def step() -> float:
        began = time.perf_counter()
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        if recorder:
            recorder.log(loss=loss)
        optimizer.step()
        return time.perf_counter() - began

    return step


def main() -> None:
    torch.set_num_threads(1)
    for make in (mlp, transformer):
        with tempfile.TemporaryDirectory() as folder:
            without, with_it = loop(make, None), loop(make, folder)
            for _ in range(WARM_UP):
                with_it()
            pairs = [(without(), with_it()) for _ in range(STEPS)]
            plain, recorded = (sum(seconds) for seconds in zip(*pairs, strict=True))
            (file,) = Path(folder).glob("telescope/*")
            records = [line for line in map(json.loads, file.read_text().splitlines()) if line.get("step", 0) > WARM_UP]
        own = sum(record["cost_ms"] for record in records) / 1000 / recorded
        print(f"{make.__doc__} {1000 * plain / STEPS:.1f} ms a step; with the recorder {recorded / plain - 1:+.2%},")
        print(f"    by its own account {own:.2%} for {len(records)} of {STEPS} steps recorded")


if __name__ == "__main__":
    main()
