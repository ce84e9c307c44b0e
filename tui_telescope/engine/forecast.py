"""How long an observation will take, from counts of operations, and from how long others like it took."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.settings import Settings


class Cost(NamedTuple):
    """Seconds for one layer or step, there and back: its calls, and what each number adds to them."""

    calls: float
    element: float
    """For each unit of each sample."""
    product: float
    """For each weight and each sample."""
    weight: float
    """For each weight, which has to come from memory."""

    def seconds(self, settings: Settings) -> float:
        n, samples = settings.width, settings.samples
        return self.calls + n * samples * self.element + n * n * (samples * self.product + self.weight)


PASSES: dict[str, Cost] = {
    "float64": Cost(5e-6, 14e-9, 0.14e-9, 2e-9),
    "float64, with a norm": Cost(23e-6, 24e-9, 0.14e-9, 2.5e-9),
    "exact": Cost(180e-6, 58e-9, 0.09e-9, 0.0),
    "exact, with a norm": Cost(1e-3, 180e-9, 0.14e-9, 1.5e-9),
    "rnn": Cost(84e-6, 18e-9, 0.16e-9, 1.9e-9),
    "lstm": Cost(160e-6, 130e-9, 0.87e-9, 13e-9),
    "gru": Cost(140e-6, 110e-9, 0.31e-9, 18e-9),
}
"""Fitted to 9 sizes from width 2 to 512 and 1 to 1000 samples, on one core with AVX-512; most are met within a third.

Where few digits or ordinary exponents will not do, an observation takes up to ten times as long: only the numbers show
that, and the next forecast for a network of its kind knows.
"""
DRAWING = {"python": 60e-9, "numpy": 12e-9}
"""Seconds for one random number of each generator."""
ORTHOGONALISING = 0.25e-9
"""Seconds that an orthogonal matrix takes besides, for each of its n^3 products."""


def pass_of(settings: Settings) -> str:
    """The pass that nearly all networks of these settings take."""
    if settings.is_recurrent:
        return settings.cell if settings.cell in PASSES else "rnn"
    digits = "exact" if INITIALIZERS[settings.initializer].diagonal else "float64"
    return digits if settings.norm == "none" else f"{digits}, with a norm"


def drawing_seconds(settings: Settings, weights: int, inputs: int = 0) -> float:
    """What drawing so many weights and numbers of inputs takes."""
    orthogonal = settings.width * ORTHOGONALISING if settings.initializer == "orthogonal" else 0.0
    return weights * (DRAWING[settings.generator] + orthogonal) + inputs * DRAWING[settings.generator]


class Forecast:
    """Learns from each observation how much longer than counted those of its kind take."""

    def __init__(self) -> None:
        self._pace: dict[Hashable, float] = {}

    def seconds(self, settings: Settings) -> float:
        """What the passes of one network take."""
        return _counted(settings) * self._pace.get(_kind(settings), 1.0)

    def learn(self, settings: Settings, index: int, seconds: float) -> None:
        """The passes of network `index` took so many seconds of one core; the mean over networks is kept."""
        pace, before = seconds / _counted(settings), self._pace.get(_kind(settings), 0.0)
        self._pace[_kind(settings)] = before + (pace - before) / (index + 1)


def _counted(settings: Settings) -> float:
    return settings.depth * PASSES[pass_of(settings)].seconds(settings)


def _kind(settings: Settings) -> Hashable:
    """What decides with how much care numbers have to be treated, scale and depth apart."""
    block = settings.activation, settings.residual, settings.norm, settings.norm_place
    return settings.cell, settings.width, settings.initializer, *block
