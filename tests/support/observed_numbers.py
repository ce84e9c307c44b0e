"""All that an observation says in numbers."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np


def numbers_of(reading: Any) -> list[float]:
    """Every number of an observation, however its readings are nested."""
    if dataclasses.is_dataclass(reading):
        return [x for each in dataclasses.fields(reading) for x in numbers_of(getattr(reading, each.name))]
    if isinstance(reading, np.ndarray):
        return [float(x) for x in reading.ravel()]
    return [float(reading)] if isinstance(reading, float) else []
