"""Layers over a run's steps, from the records that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope.runs.reading.records import Array, Record

_SHOWN_BY = ("gradient", "weight_gradient")
"""What layers are shown by: the first that any record holds."""


class OverSteps(NamedTuple):
    """n records of one line of steps, which led from the first to the newest."""

    steps: Array
    """(n,), ascending."""
    loss: Array
    """(n,); NaN where it was that, or not told."""
    learning_rate: Array
    """(n,), likewise."""
    reading: str
    """`gradient`, or `weight_gradient`."""
    layers: tuple[str, ...]
    """Those of which anything is known."""
    log10: Array
    """(n, layers) of the reading; -inf for nothing at all, NaN where it is not known, or not finite."""
    lost: NDArray[np.bool_]
    """(n, layers): where it is not finite."""


def over_steps(records: Sequence[Record], names: Sequence[str], among: Sequence[int] | None = None) -> OverSteps | None:
    """Of one rank's records, of the layers with the indices `among` or of all; None where none holds a gradient."""
    line = lineage(records)
    by = next((name for name in _SHOWN_BY if any(name in record.readings for record in line)), "")
    told = [record for record in line if by in record.readings]
    # a run whose header has changed may hold records of other layers
    told = [record for record in told if len(record.readings[by].numbers) <= len(names)]
    if not told:
        return None
    readings = [record.readings[by].padded(len(names)) for record in told]
    known = np.stack([reading.known for reading in readings])
    shown = [index for index in (range(len(names)) if among is None else among) if known[:, index].any()]
    if not shown:
        return None
    numbers = np.stack([reading.numbers for reading in readings])[:, shown]
    known = known[:, shown]
    with np.errstate(divide="ignore", invalid="ignore"):
        log10 = np.log10(numbers)
    lost = known & ~(log10 < np.inf)
    return OverSteps(
        np.array([record.step for record in told], dtype=np.float64),
        _told(record.loss for record in told),
        _told(record.learning_rate for record in told),
        by,
        tuple(names[index] for index in shown),
        np.where(known & ~lost, log10, np.nan),
        lost,
    )


def lineage(records: Sequence[Record]) -> list[Record]:
    """Without the steps that a restart has taken back."""
    line: list[Record] = []
    for record in reversed(records):
        if not line or record.step < line[-1].step:
            line.append(record)
    return line[::-1]


def _told(numbers: Iterable[float | None]) -> Array:
    return np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)
