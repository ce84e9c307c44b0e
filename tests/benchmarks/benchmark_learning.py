"""How close a step of learning is to the machine's limit: `.venv/bin/python tests/benchmarks/benchmark_learning.py`.

Each figure is a ratio to the floor measured in the same run: the three matrix products a layer (forward, backward, and
the gradient by the weights) with preallocated outputs, in the same precision and on one thread. Floor and steps take
turns, and each counts with its best time. The last column is PyTorch's eager step on one thread against the tanh one,
where PyTorch is installed: how many times as long it takes.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from benchmark_engine import best_seconds

from tui_telescope import Settings, Telescope

SIZES = ((20, 32, 2.5), (20, 64, 1.8), (50, 32, 2.5), (50, 64, 1.8))
"""Depth, width, and the most that a step may take of the floor."""
BATCH = 64
_STACK = Settings(batch=BATCH, initializer="xavier", scale=1.0, task="glyphs", learning_rate=1e-6)
LEARNERS = {
    "tanh": _STACK.replace(activation="tanh"),
    "sigmoid": _STACK,
    "relu": _STACK.replace(activation="relu", initializer="he"),
    "residual": _STACK.replace(activation="tanh", residual=True, branch_scale="1/sqrt(L)"),
    "adam": _STACK.replace(activation="tanh", optimizer="adam"),
}


def floor(depth: int, width: int, dtype: Any) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    weights, updates = (rng.standard_normal((depth, width, width)).astype(dtype) for _ in range(2))
    signal, gradient, out = (rng.standard_normal((width, BATCH)).astype(dtype) for _ in range(3))

    def products() -> None:
        for w, update in zip(weights, updates, strict=True):
            w.dot(signal, out)
            w.T.dot(gradient, out)
            gradient.dot(signal.T, update)

    return products


def torch_step(settings: Settings, dtype: Any) -> Callable[[], object] | None:
    """The same tanh network as modules, with PyTorch's own optimizer; None where PyTorch is not installed."""
    if find_spec("torch") is None:
        return None
    import torch

    torch.set_num_threads(1)
    learner = Telescope().learner(settings, dtype=dtype)
    batches = [learner.batch(k) for k in range(8)]
    shown = [(torch.tensor(inputs.astype(dtype)), torch.tensor(classes)) for inputs, classes in batches]
    n, kind = settings.width, getattr(torch, np.dtype(dtype).name)
    layers = [each for _ in range(settings.depth) for each in (torch.nn.Linear(n, n, bias=False), torch.nn.Tanh())]
    inputs = torch.nn.Linear(shown[0][0].shape[1], n, bias=False)
    network = torch.nn.Sequential(inputs, *layers, torch.nn.Linear(n, 10)).to(kind)
    optimizer = torch.optim.SGD(network.parameters(), settings.learning_rate)
    turn = 0

    def step() -> None:
        nonlocal turn
        samples, classes = shown[turn % len(shown)]
        turn += 1
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(samples), classes).backward()
        optimizer.step()

    return step


def report(depth: int, width: int, target: float, dtype: Any) -> None:
    runs = [settings.replace(depth=depth, width=width) for settings in LEARNERS.values()]
    subjects = [floor(depth, width, dtype), *(Telescope().learner(settings, dtype=dtype).step for settings in runs)]
    in_torch = torch_step(runs[0], dtype)
    seconds = best_seconds([*subjects, in_torch] if in_torch else subjects)
    ratios = " ".join(f"{each / seconds[0]:8.2f}" for each in seconds[1 : len(subjects)])
    torch_ratio = f"{seconds[-1] / seconds[1]:8.2f}" if in_torch else "       -"
    size = f"{depth} x {width} x {BATCH}"
    print(
        f"{size:>12} {np.dtype(dtype).name:>8} {seconds[0] * 1e6:9.0f} {target:6.1f} {ratios} "
        f"{1 / seconds[1]:8.0f} {torch_ratio}",
        flush=True,
    )


def main() -> None:
    print(
        "time of a step / floor; the floor in us; steps a second of the tanh network, and PyTorch's time over its own"
    )
    names = " ".join(f"{name:>8}" for name in LEARNERS)
    print(f"{'size':>12} {'':>8} {'floor':>9} {'target':>6} {names} {'steps/s':>8} {'PyTorch':>8}")
    for dtype in (np.float32, np.float64):
        for depth, width, target in SIZES:
            report(depth, width, target, dtype)


if __name__ == "__main__":
    main()
