"""What a chart of layers is asked to show beside the readings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui_telescope.charts.elements import Axis


class ChartOptions(NamedTuple):
    """The same options and readings give the same chart, however one came to it."""

    previous: Axis | None = None
    """The y axis of the view's chart before, where nothing but one setting was stepped since: it stays while the curves
    use at least half of it. None fits the axis."""
    weights: bool = False
    """Whether the gradient by the weights is drawn beside the one by the signals."""
    names_keys: bool = False
    """Whether the legend names the keys that show what is not shown."""
    awaits_spread: bool = False
    """Whether the spread is being taken, and its curve about to come: the axis stays until then."""
    cursor: int | None = None
    """The layer to mark, counted from 1; a number beyond the last one marks nothing."""
