"""What a chart of layers shows: an observation under a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui_telescope.engine.learning.course.training import History
    from tui_telescope.observations.observation import Observation


class Trace(NamedTuple):
    """An observation and what it is called on the legend.

    `briefs` are other names, each shorter than the one before, for a legend with less room: traces that are shown
    together differ in their labels, in their first briefs, and so on.
    """

    label: str
    observation: Observation
    briefs: Sequence[str] = ()
    depth_scale: float | None = None
    """Layers over which a signal lasts by theory, which may be infinitely many; None for what was observed."""


class LearningTrace(NamedTuple):
    """The same of a network that learns."""

    label: str
    history: History
    briefs: Sequence[str] = ()
