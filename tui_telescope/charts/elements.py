"""What charts are made of: axes with their ticks, curves and rules, all plain data.

Both axes are linear in what they are given; a log axis is given log10 values and ticks that say so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Scalar = TypeVar("Scalar", float, Array)
Stroke = Literal["heavy", "solid", "dashed", "long-dashed", "dash-dotted", "dotted", "sparse"]
"""The heavy one is the strongest; the dotted one is the faintest: it gives way where it meets other curves."""
Ink = Literal[
    "",
    "curve-1",
    "curve-2",
    "curve-3",
    "curve-4",
    "curve-5",
    "curve-6",
    "band",
    "rule",
    "frame",
    "tick",
    "note",
    "grid",
    "shade",
    "cursor",
    "learns",
    "frozen",
    "dead",
]
"""The part that a piece of a picture plays; whoever shows the picture chooses the colour."""


class Tick(NamedTuple):
    position: float
    label: str


@dataclass(frozen=True)
class Axis:
    """A finite interval with low < high (else `ValueError`) and several choices of ticks, finest first.

    Whoever draws the axis takes the first choice whose labels fit at the size that it has.
    """

    low: float
    high: float
    tick_choices: tuple[tuple[Tick, ...], ...] = ()

    def __post_init__(self) -> None:
        if not (self.low < self.high and math.isfinite(self.high - self.low)):
            raise ValueError(f"an axis needs a finite interval with low < high: {self.low}, {self.high}")

    def fraction(self, value: Scalar) -> Scalar:
        """How far along the axis a value lies: 0 at the low end, 1 at the high end."""
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, eq=False)
class Curve:
    """Points (x, y) of equal length, x ascending; a y that is not finite is a gap.

    `label` empty keeps the curve off the legend; `briefs` are other names for it, each shorter than the one before, for
    a legend with less room. A curve that `leaps` is no line where it jumps about: of a step of
    more than a quarter of the chart's height only the ends are drawn, and a mark on the floor says where it is below,
    as one at the ceiling says of every curve where it is above.
    """

    x: Array
    y: Array
    label: str = ""
    ink: Ink = "curve-1"
    stroke: Stroke = "solid"
    leaps: bool = False
    briefs: Sequence[str] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Curve) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def _content(self) -> tuple[object, ...]:
        return self.x.tobytes(), self.y.tobytes(), self.label, self.ink, self.stroke, self.leaps, *self.briefs


@dataclass(frozen=True, eq=False)
class Band:
    """The area between two curves, `low` and `high` over `x` ascending; drawn where no curve is."""

    x: Array
    low: Array
    high: Array
    label: str = ""
    ink: Ink = "band"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Band) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def _content(self) -> tuple[object, ...]:
        return self.x.tobytes(), self.low.tobytes(), self.high.tobytes(), self.label, self.ink


class Bar(NamedTuple):
    """A stretch of the x axis that is marked on the axis itself, such as a depth scale."""

    low: float
    high: float
    label: str


class Rule(NamedTuple):
    """A horizontal line at y with a label, such as the factor 1."""

    y: float
    label: str
