"""What a spectrum amounts to, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.notation import scientific

if TYPE_CHECKING:
    from tui_telescope.engine.spectrum.spectrum import Spectrum

_ONE = float(np.log10(1.005))
"""Up to so many decades from 1 a number is written 1.00."""


def describe(spectrum: Spectrum) -> str:
    """How much of each direction passes, by the medians over the Jacobians, and how many directions are dead."""
    n, dead, median = spectrum.settings.width, _dead(spectrum), spectrum.log10_quantiles[1]
    alive = median[np.isfinite(median)]
    if not len(alive):
        return f"{dead[:1].upper()}{dead[1:]}: no small change of the input reaches the output."
    if not dead and n > 1 and (alike := _alike(spectrum.log10)):
        return alike
    if n == 1:
        return f"The only direction passes at {scientific(alive[0])}."
    last = "the smallest of those that live" if dead else "the smallest"
    ends = f"The largest of {n} directions passes at {scientific(alive[0])}, {last} at {scientific(alive[-1])}"
    return f"{ends}; {dead}." if dead else f"{ends}."


def _alike(log10: Array) -> str:
    """Where all directions pass at the same size in every Jacobian; empty where they do not."""
    if np.abs(log10).max() < _ONE:
        return "Every direction passes at 1.00: dynamical isometry."
    if np.ptp(log10) < _ONE:
        return f"Every direction passes at {scientific(float(np.median(log10)))} alike: an isometry but for its size."
    return ""


def _dead(spectrum: Spectrum) -> str:
    """How many directions are dead, from one Jacobian to another; empty where none is."""
    n, ranks = spectrum.settings.width, spectrum.ranks
    fewest, most = n - max(ranks), n - min(ranks)
    if not most:
        return ""
    if fewest < most:
        return f"{fewest} to {most} of {n} directions are dead"
    if most == n:
        return f"all {n} directions are dead" if n > 1 else "the only direction is dead"
    return f"{most} of {n} directions {'are' if most > 1 else 'is'} dead"
