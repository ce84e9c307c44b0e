"""How much memory an observation takes, measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from single_passes import by_the_exact_pass

from tui_telescope import Settings
from tui_telescope.engine.passes.float64.workspace import MUCH, Workspace
from tui_telescope.settings import footprint

PROGRAM = """
from tui_telescope import Settings, Telescope

def peak():  # ru_maxrss would start from what the parent process took
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

chosen = {chosen}
small = chosen | dict(depth=2, width=2, heads=1, samples=2, networks=1)
Telescope().observe(Settings(**small))  # every import and table
before = peak()
Telescope().observe(Settings(**chosen))
print(peak() - before)
"""


def bytes_taken(chosen: dict) -> int:
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(chosen=chosen)],
        capture_output=True, text=True, timeout=120, check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    return int(finished.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("chosen", "at_least"),
    [
        ({"width": 512, "depth": 32, "samples": 64, "generator": "python"}, 0.7),
        ({"width": 3, "depth": 500, "samples": 4096, "norm": "layer"}, 0.7),
        ({"width": 4, "depth": 100, "samples": 500, "networks": 64, "activation": "relu"}, 0.5),
        ({"width": 64, "depth": 64, "samples": 256, "form": "mlp", "generator": "numpy"}, 0.5),
        ({"width": 16, "depth": 200, "samples": 512, "form": "pre-activation", "norm": "layer"}, 0.5),
        ({"width": 64, "depth": 64, "samples": 256, "cell": "lstm"}, 0.4),
        ({"width": 32, "depth": 5, "samples": 16, "cell": "transformer", "tokens": 64, "scale": 6.0}, 0.5),
        ({"width": 8192, "depth": 20, "samples": 64}, 0.4),
    ],
    ids=["weights", "signals", "readings", "an mlp", "another form with a norm", "steps", "tokens", "sampled weights"],
)
def test_the_peak_is_what_was_counted(chosen, at_least):
    whole = {"initializer": "he", "scale": 1.0, "activation": "tanh", **chosen}
    counted = Settings(**whole).footprint.total
    assert counted > 50e6, "too little to tell"
    assert at_least * counted <= bytes_taken(whole) <= 1.3 * counted


def test_much_memory_is_not_kept_for_the_next_observation():
    workspace = Workspace()
    first = workspace.take("signals", MUCH // 8 - 8)
    workspace.let_go_of_much()
    assert np.shares_memory(first, workspace.take("signals", 5))
    workspace.take("slopes", 9)
    workspace.let_go_of_much()
    assert not np.shares_memory(first, workspace.take("signals", 5))


@pytest.mark.parametrize(
    "chosen", [{"initializer": "identity"}, {"norm": "batch", "samples": 2, "norm_place": "pre"}, {"form": "mlp"}]
)
def test_layers_that_are_too_many_to_keep_are_gone_through_again_and_read_the_same(chosen, monkeypatch):
    settings = Settings(**{"depth": 23, "samples": 3, "residual": True} | chosen)
    whole = by_the_exact_pass(settings)
    monkeypatch.setattr(footprint, "TRACE_BYTES", 8 * 8 * settings.width * settings.samples * 5)
    parts = by_the_exact_pass(settings)
    np.testing.assert_array_equal(parts.gradient, whole.gradient)
    np.testing.assert_array_equal(parts.weight_gradient, whole.weight_gradient)
    for name in ("norms", "saturated", "dead"):
        np.testing.assert_array_equal(getattr(parts.signal, name), getattr(whole.signal, name))
