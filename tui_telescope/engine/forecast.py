"""How long an observation will take, from counts of operations, and from how long others like it took."""

from __future__ import annotations

from collections.abc import Hashable

from tui_telescope.engine.passes.choose import passes_of
from tui_telescope.networks import INITIALIZERS, ORTHOGONAL
from tui_telescope.settings import Settings

DRAWING = {"python": 60e-9, "numpy": 12e-9}
"""Seconds for one random number of each generator."""
ORTHOGONALISING = 0.25e-9
"""Seconds that an orthogonal matrix takes besides, for each of its n^3 products."""


def drawing_seconds(settings: Settings, weights: int, inputs: int = 0) -> float:
    """What drawing so many weights and numbers of inputs takes."""
    is_orthogonal = INITIALIZERS[settings.initializer].family == ORTHOGONAL
    orthogonal = settings.width * ORTHOGONALISING if is_orthogonal else 0.0
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
    """By the pass that is asked first, and that nearly all networks take."""
    return settings.depth * passes_of(settings)[0].cost.seconds(settings)


def _kind(settings: Settings) -> Hashable:
    """What decides with how much care numbers have to be treated, scale and depth apart."""
    block = (
        settings.form,
        settings.expansion,
        settings.activation,
        settings.residual,
        settings.norm,
        settings.norm_place,
    )
    return settings.cell, settings.width, settings.initializer, settings.precision, *block
