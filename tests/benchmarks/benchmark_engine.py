"""How close the engine is to the machine's limit: `.venv/bin/python tests/benchmarks/benchmark_engine.py`.

Each figure is a ratio to the floor measured in the same run: the two matrix products a layer, W a and W^T v, with
preallocated outputs and BLAS on one thread. Floor and engine take turns, and each counts with its best time, so that
whatever else the machine does falls on both. `gradient` asks for that reading alone, `all` for every reading; draws
are cached for both, and timed by themselves in the last column. `least` is what no implementation in numpy calls can
go below: for a tanh network the two products, the activation, its slope and the product with it, preallocated, with
no constants, checks or readings.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import exp, hypot
from typing import Any
from unittest.mock import patch

import numpy as np

from tui_telescope.engine import telescope
from tui_telescope.engine.arithmetic.arrays import aligned
from tui_telescope.engine.passes.float64.backward import BackwardPass
from tui_telescope.engine.passes.float64.forward import ForwardPass
from tui_telescope.engine.passes.float64.layer_record import LayerRecord
from tui_telescope.engine.sweep import map_scales_and_depths
from tui_telescope.engine.telescope import READINGS, Telescope
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.networks import FORMS
from tui_telescope.settings import Settings

SIZES = (
    (50, 4, 20, 2.0),
    (50, 32, 20, 2.0),
    (50, 64, 32, 2.0),
    (100, 128, 64, 1.6),
    (100, 256, 64, 1.4),
    (200, 512, 64, 1.4),
)
"""Depth, width, samples, and the most that sigmoid, tanh and ReLU may take of the floor."""
ACTIVATIONS = ("sigmoid", "tanh", "relu", "gelu", "silu")
FORMED = ((50, 64, 32), (100, 128, 64), (50, 256, 64))
"""Depth, width and samples of the blocks of every form."""
_MAP = Settings(width=64, samples=16, initializer="xavier", scale=1.0, generator="numpy")
MAPPED = {
    "sigmoid": _MAP,
    "ReLU": _MAP.replace(activation="relu", initializer="he"),
    "GELU": _MAP.replace(activation="gelu", initializer="he"),
    "identity": _MAP.replace(initializer="identity"),
    "layer norm": _MAP.replace(norm="layer"),
    "batch norm": _MAP.replace(norm="batch"),
    "lstm": _MAP.replace(cell="lstm"),
}
"""The networks whose first map is timed."""
ROUNDS = 7
ROUND_SECONDS = 0.1


def best_seconds(subjects: Sequence[Callable[[], object]]) -> list[float]:
    """The best time of one call of each subject, over rounds in which all take turns."""
    repeats = []
    for subject in subjects:
        subject()
        start = time.perf_counter()
        subject()
        repeats.append(max(1, round(ROUND_SECONDS / (time.perf_counter() - start))))
    best = [float("inf")] * len(subjects)
    for _ in range(ROUNDS):
        for index, (subject, count) in enumerate(zip(subjects, repeats, strict=True)):
            start = time.perf_counter()
            for _ in range(count):
                subject()
            best[index] = min(best[index], (time.perf_counter() - start) / count)
    return best


def settings_for(activation: str, depth: int, width: int, samples: int) -> Settings:
    """The start settings at width 4; elsewhere the initializer and scale that suit the activation."""
    common = Settings(depth=depth, width=width, samples=samples, activation=activation, generator="numpy")
    if width == 4 and activation in ("sigmoid", "tanh"):
        return common
    rectified = activation in ("relu", "gelu", "silu")
    return common.replace(initializer="he" if rectified else "xavier", scale=1.0)


def floor(settings: Settings) -> Callable[[], object]:
    """The two products with each matrix of each layer."""
    pairs = []
    for name, (fan_out, fan_in) in settings.matrices.items():
        above, below = (np.random.default_rng(0).normal(size=(units, settings.samples)) for units in (fan_out, fan_in))
        out, back = np.empty_like(above), np.empty_like(below)
        weights = UnitDraws().network(settings, 0).matrices[name].weights
        pairs += [(w.dot, w.T.dot, above, below, out, back) for w in weights]

    def products() -> None:
        for forward, backward, above, below, out, back in pairs:
            forward(below, out)
            backward(above, back)

    return products


def least(depth: int, width: int, samples: int) -> Callable[[], object]:
    """The calls without which no gradient of a tanh network comes about."""
    weights = UnitDraws().network(Settings(depth=depth, width=width, generator="numpy"), 0).single.weights
    signals, (argument, slope, gradient, product) = (list(aligned(count, width, samples)) for count in (depth + 1, 4))
    for array in (*signals, argument, slope, gradient, product):
        array[...] = np.random.default_rng(0).normal(size=(width, samples))
    forward, backward = [w.dot for w in weights], [w.T.dot for w in weights[::-1]]
    one = np.array(1.0)

    def passes() -> None:
        for multiply, below, above in zip(forward, signals, signals[1:], strict=False):
            multiply(below, argument)
            np.tanh(argument, above)
        for multiply, above in zip(backward, reversed(signals), strict=False):
            np.multiply(above, above, slope)
            np.subtract(one, slope, slope)
            np.multiply(slope, gradient, product)
            multiply(product, slope)

    return passes


def observing(settings: Settings, readings: Sequence[str]) -> Callable[[], object]:
    through = Telescope()
    return lambda: through.observe(settings, readings=readings)


def report(depth: int, width: int, samples: int, target: float) -> None:
    runs = [settings_for(activation, depth, width, samples) for activation in ACTIVATIONS]
    subjects = [floor(runs[0]), least(depth, width, samples)]
    subjects += [observing(settings, readings) for settings in runs for readings in (("gradient",), READINGS)]
    seconds = best_seconds(subjects)
    alone, together = seconds[2::2], seconds[3::2]
    cells = " ".join(f"{one / seconds[0]:5.2f} (x{both / one:4.2f})" for one, both in zip(alone, together, strict=True))
    drawing = best_seconds([lambda: UnitDraws().network(runs[0], 0)])[0] if width < 512 else float("nan")
    size, bound = f"{depth} x {width} x {samples}", seconds[1] / seconds[0]
    print(f"{size:>14} {seconds[0] * 1e3:9.3f} {target:6.1f} {bound:5.2f}  {cells} {drawing * 1e3:9.2f}", flush=True)


def report_forms(depth: int, width: int, samples: int) -> None:
    """Blocks of each form beside a residual connection, as ratios to the products with their own matrices."""
    told = []
    for form in FORMS:
        for activation in ("tanh", "relu"):
            settings = settings_for(activation, depth, width, samples)
            settings = settings.replace(form=form, residual=True, branch_scale="1/sqrt(L)")
            subjects = [floor(settings), observing(settings, ("gradient",)), observing(settings, READINGS)]
            products, alone, together = best_seconds(subjects)
            told.append(f"{form} {activation} {alone / products:.2f} ({together / products:.2f})")
    print(f"{depth} x {width} x {samples}: {', '.join(told)}", flush=True)


GRADIENT_PARTS: dict[str, tuple[Any, str]] = {
    "set-up": (ForwardPass, "__init__"),
    "way forward": (ForwardPass, "run"),
    "way back": (BackwardPass, "run"),
    "mean and band": (telescope, "gradient_reading"),
    "verdict": (telescope, "diagnose"),
}
EXTRA_PARTS: dict[str, tuple[Any, str]] = {
    "weight gradient": (LayerRecord, "_take_outer_products"),
    "signal": (LayerRecord, "_take_norms"),
    "silent units": (LayerRecord, "_count_silent_units"),
}
"""Of all readings together, what the gradient alone does without."""


def report_parts(depth: int, width: int, samples: int) -> None:
    """Where the time of a tanh network's observation goes, beside what the bare calls of its passes take."""
    settings = settings_for("tanh", depth, width, samples)
    (bare,) = best_seconds([least(depth, width, samples)])
    alone = parts_of(observing(settings, ("gradient",)), GRADIENT_PARTS)
    together = parts_of(observing(settings, READINGS), EXTRA_PARTS)
    print(f"{depth} x {width} x {samples}, tanh, in us: {told(alone)}; least {bare * 1e6:.0f}")
    print(f"{'with all readings':>{len('100 x 128 x 64, tanh')}}, in us: {told(together)}")


def told(parts: dict[str, float]) -> str:
    return ", ".join(f"{part} {seconds * 1e6:.0f}" for part, seconds in parts.items())


def parts_of(observe: Callable[[], object], parts: dict[str, tuple[Any, str]]) -> dict[str, float]:
    """What each part takes in the best of many observations, and the rest of it."""
    taken: dict[str, float] = {}

    def timed(part: str, function: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **options: object) -> object:
            start = time.perf_counter()
            answer = function(*arguments, **options)
            taken[part] = taken.get(part, 0.0) + time.perf_counter() - start
            return answer

        return run

    def whole() -> dict[str, float]:
        taken.clear()
        start = time.perf_counter()
        observe()
        seconds = time.perf_counter() - start
        return {**taken, "all else": seconds - sum(taken.values()), "all": seconds}

    with ExitStack() as patches:
        for part, (owner, name) in parts.items():
            patches.enter_context(patch.object(owner, name, timed(part, getattr(owner, name))))
        return min((whole() for _ in range(300)), key=lambda seconds: seconds["all"])


def plain_python(depth: int, width: int, samples: int) -> float:
    """The lesson as lists and loops: the mean gradient at layer 1 of a sigmoid stack."""
    rng = random.Random(42)
    weights = [[[rng.gauss(0, 2) for _ in range(width)] for _ in range(width)] for _ in range(depth)]
    rng.seed(7)
    total = 0.0
    for _ in range(samples):
        a = [rng.gauss(0, 1) for _ in range(width)]
        target = [rng.gauss(0, 1) for _ in range(width)]
        signals = []
        for matrix in weights:
            a = [1 / (1 + exp(-sum(w * x for w, x in zip(row, a, strict=True)))) for row in matrix]
            signals.append(a)
        delta = [x - t for x, t in zip(a, target, strict=True)]
        for matrix, signal in zip(weights[:0:-1], signals[:0:-1], strict=True):
            scaled = [d * s * (1 - s) for d, s in zip(delta, signal, strict=True)]
            delta = [sum(row[i] * v for row, v in zip(matrix, scaled, strict=True)) for i in range(width)]
        total += hypot(*delta)
    return total / samples


def main() -> None:
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    print("time / floor of the gradient alone (in brackets: all readings / gradient alone); times in ms")
    print(
        f"{'size':>14} {'floor':>9} {'target':>6} {'least':>5}  "
        + " ".join(f"{name:>13}" for name in ACTIVATIONS)
        + "     draws"
    )
    for depth, width, samples, target in SIZES:
        if width <= largest:
            report(depth, width, samples, target)
    print("time / floor of a form's own products, of the gradient alone (and of all readings)")
    for size in FORMED:
        report_forms(*size)
    lists, arrays = best_seconds([lambda: plain_python(50, 4, 20), observing(Settings(), ("gradient",))])
    print(f"plain Python / engine at 50 x 4 x 20: {lists / arrays:.0f} (target 40), engine {arrays * 1e3:.3f} ms")
    for size in ((50, 4, 20), (50, 32, 20), (50, 64, 32), (100, 128, 64)):
        report_parts(*size)
    wide = [(4096, 20), (16_384, 4), (16_384, 20), (65_536, 4)]
    sampled = ", ".join(f"{n} x {samples} {wide_network(n, samples):.2f} s" for n, samples in wide)
    print(f"50 layers of sampled weights, width x samples (target of 16384 x 20: 3 s): {sampled}")
    maps = ", ".join(f"{name} {first_map(settings):.2f} s" for name, settings in MAPPED.items())
    spectra = {name: spectrum_of_one(MAPPED[name]) for name in ("sigmoid", "ReLU", "layer norm")}
    took = zip(spectra, best_seconds(list(spectra.values())), strict=True)
    print(f"spectrum of 50 x 64 (target 50 ms): {', '.join(f'{name} {s * 1e3:.0f} ms' for name, s in took)}")
    print(f"first map at width 64 and 16 samples (target 0.5 s): {maps}")


def wide_network(width: int, samples: int) -> float:
    """Seconds of one core for all readings of 50 tanh layers too wide to be stored."""
    settings = settings_for("tanh", 50, width, samples)
    start = time.thread_time()
    Telescope().observe(settings)
    return time.thread_time() - start


def spectrum_of_one(settings: Settings) -> Callable[[], object]:
    """The singular values of one sample's Jacobian, the weights at hand."""
    through = Telescope()
    return lambda: list(through.spectrum(settings.replace(samples=1)))


def first_map(settings: Settings) -> float:
    """Seconds until the first map can be drawn, with nothing drawn before."""
    start = time.perf_counter()
    next(map_scales_and_depths(Telescope(), settings))
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
