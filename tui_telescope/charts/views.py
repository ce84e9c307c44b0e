"""The views: what each one is called and how it makes a chart of observations.

Adding a view is adding one entry to `VIEWS`. This module imports the standard library alone, so that `--help` and the
first paint can name the views without waiting for numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui_telescope.charts.chart import Axis, Chart
    from tui_telescope.observations.observation import Observation


@dataclass(frozen=True, eq=False)
class Trace:
    """An observation and what it is called on the legend.

    `briefs` are other names, each shorter than the one before, for a legend with less room: traces that are shown
    together differ in their labels, in their first briefs, and so on.
    """

    label: str
    observation: Observation
    briefs: Sequence[str] = ()


class View(NamedTuple):
    """One way of looking at traces.

    `chart` takes one trace or more, the live one first, then those that it is compared with; and the y axis on which
    this view was drawn last, which stays as long as the curves fit.
    """

    name: str
    key: str
    title: str
    chart: Callable[[Sequence[Trace], Axis | None], Chart] | None = None
    """None for a view of many networks at once, whose charts a survey makes."""
    shows_gradients: bool = False
    """Whether the y axis is the log10 of a gradient, on which the floors of number formats have a place."""


def _gradient(traces: Sequence[Trace], previous: Axis | None) -> Chart:
    from tui_telescope.charts.layer_charts import gradient_chart

    return gradient_chart(traces, previous)


def _factor(traces: Sequence[Trace], previous: Axis | None) -> Chart:
    from tui_telescope.charts.layer_charts import factor_chart

    return factor_chart(traces, previous)


def _signal(traces: Sequence[Trace], previous: Axis | None) -> Chart:
    from tui_telescope.charts.layer_charts import signal_chart

    return signal_chart(traces, previous)


VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View("gradient", "1", "gradient per layer or step", _gradient, shows_gradients=True),
        View("factor", "2", "factor per layer or step", _factor),
        View("signal", "3", "signal per layer or step", _signal),
        View("depth", "4", "gradient at layer or step 1 against the depth"),
        View("map", "5", "gradient at layer or step 1 over scale and depth; the arrows move your network"),
    )
}
"""Every view by name, in the order of their keys."""
