"""What a record holds, and how it is made of a line that may hold anything."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LONGEST_NAME, MOST_LAYERS = 120, 20_000
_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
"""A number between a name's points."""
READINGS = ("gradient", "gradient_rms", "weight_gradient", "weight", "update", "rms", "zero", "dead", "saturated")
"""Those that are understood; all others pass unread."""


class Malformed(ValueError):
    """A line that tells nothing."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One number a layer, as measured: a norm, or a fraction."""

    numbers: Array
    """Shape (layers,); NaN where it was that, or unknown."""
    known: NDArray[np.bool_]
    """Where it was measured."""

    def padded(self, layers: int) -> Reading:
        """With unknown layers at the end, for those that came to be known after it was read."""
        missing = max(0, layers - len(self.numbers))
        return Reading(np.pad(self.numbers, (0, missing), constant_values=np.nan), np.pad(self.known, (0, missing)))


@dataclass(frozen=True, eq=False)
class Record:
    """What a run told of one step."""

    step: int
    time: float | None = None
    """Seconds since 1970."""
    loss: float | None = None
    learning_rate: float | None = None
    scale: float | None = None
    """Of the loss, by which gradients were divided already."""
    skipped: bool = False
    """Whether the optimizer did not make the step, for a gradient was not finite."""
    alarm: bool = False
    """Whether a check that every step had failed at this one first."""
    nonfinite_outside: tuple[str, ...] = ()
    """The modules or parameters, none of them recorded, in which NaN or infinity began at this step."""
    segment: int = 0
    """Grows with every restart, and with every step that goes back."""
    readings: Mapping[str, Reading] = field(default_factory=dict)


@dataclass(frozen=True)
class Header:
    """What a run says of itself before its records."""

    run: str
    layers: tuple[str, ...]
    order: str
    """`execution`, or `guessed`."""
    roles: tuple[str, ...]
    """What each layer is called without its block's number: what the layers of all blocks share that do the same."""


def clean(name: object) -> str:
    """A name from outside without what a terminal or markup would act on."""
    text = "".join(each for each in str(name)[: 4 * LONGEST_NAME] if each.isprintable() and each not in "[]")
    return text[:LONGEST_NAME]


def role_of(name: str) -> str:
    """The layer's name with `*` in place of its first number."""
    return _NUMBER.sub("*", name, count=1)


def document(line: bytes) -> dict[str, Any]:
    """The JSON object in a line. Raises `Malformed`."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise Malformed("no JSON") from None
    if not isinstance(found, dict):
        raise Malformed("no object")
    return found


def header_of(found: Mapping[str, Any]) -> Header:
    """Raises `Malformed`."""
    layers = found.get("layers")
    if not isinstance(layers, list) or len(layers) > MOST_LAYERS:
        raise Malformed("no layers")
    names = tuple(clean(each.get("name", "") if isinstance(each, dict) else each) for each in layers)
    told = [each.get("role") if isinstance(each, dict) else None for each in layers]
    roles = tuple(clean(role) if role else role_of(name) for role, name in zip(told, names, strict=True))
    order = "guessed" if found.get("order") == "declaration" else "execution"
    return Header(clean(found.get("run", "")), names, order, roles)


def record_of(found: Mapping[str, Any], layers: int) -> Record:
    """Raises `Malformed` for one without a step, or with as many numbers as there are no layers."""
    readings = {name: _reading(found[name], layers) for name in READINGS if found.get(name) is not None}
    step = number(found.get("step"))
    if step is None or not abs(step) < 2**53:
        raise Malformed("no step")
    time, loss, learning_rate, scale = (number(found.get(name)) for name in ("time", "loss", "learning_rate", "scale"))
    skipped, alarm = (found.get(name) is True for name in ("skipped", "alarm"))
    outside = found.get("nonfinite_outside")
    names = tuple(clean(name) for name in outside[:MOST_LAYERS]) if isinstance(outside, list) else ()
    return Record(int(step), time, loss, learning_rate, scale, skipped, alarm, names, readings=readings)


def number(value: object) -> float | None:
    """A number, or one of the words for those that JSON has none for; else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _reading(values: object, layers: int) -> Reading:
    if not isinstance(values, list) or len(values) != layers:
        raise Malformed("not a number a layer")
    try:
        numbers = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise Malformed("no numbers") from None
    if numbers.ndim != 1:
        raise Malformed("numbers within numbers")
    return Reading(numbers, np.array([each is not None for each in values], dtype=bool))


def from_layers(found: Mapping[str, Mapping[str, float]], layers: Sequence[str]) -> dict[str, Reading]:
    """Readings of numbers by reading and layer; layers that have none are unknown."""
    return {
        name: Reading(
            np.array([by_layer.get(layer, math.nan) for layer in layers]),
            np.array([layer in by_layer for layer in layers], dtype=bool),
        )
        for name, by_layer in found.items()
    }
