"""How much memory an observation takes, measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tui_telescope import Settings

PROGRAM = """
from tui_telescope import Settings, Telescope

def peak():  # ru_maxrss would start from what the parent process took
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

chosen = {chosen}
Telescope().observe(Settings(**chosen | dict(depth=2, width=2, samples=2, networks=1)))  # every import and table
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


def bytes_needed(settings: Settings) -> int:
    """The weights, and of every layer what it hears and its slopes."""
    weights = settings.networks * settings.depth * settings.width**2
    return 8 * (weights + 2 * settings.depth * settings.width * settings.samples)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "chosen",
    [
        {"width": 512, "depth": 64, "samples": 64, "generator": "numpy"},
        {"width": 512, "depth": 32, "samples": 64, "generator": "python"},
        {"width": 512, "depth": 16, "samples": 32, "networks": 4, "generator": "numpy"},
        {"width": 64, "depth": 100, "samples": 1000, "residual": True},
        {"width": 512, "depth": 64, "samples": 64, "initializer": "identity"},
        {"width": 512, "depth": 16, "samples": 32, "networks": 2, "generator": "python"},
        {"width": 512, "depth": 24, "samples": 64, "initializer": "orthogonal", "generator": "numpy"},
        {"width": 64, "depth": 100, "samples": 1000, "norm": "layer"},
        {"width": 4, "depth": 10_000, "samples": 100},
    ],
    ids=lambda chosen: " ".join(f"{name}={value}" for name, value in chosen.items()),
)  # fmt: skip
def test_the_peak_is_little_above_what_weights_and_activations_need(chosen):
    whole = {"initializer": "he", "scale": 1.0, "activation": "tanh", **chosen}
    needed = bytes_needed(Settings(**whole))
    assert needed > 50e6, "too little to tell"
    assert bytes_taken(whole) <= 1.3 * needed
