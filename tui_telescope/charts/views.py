"""The views: what each one is called and how it makes a chart of observations.

Adding a view is adding one entry to `VIEWS`. This module imports the standard library alone, so that `--help` and the
first paint can name the views without waiting for numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tui_telescope.charts.chart import Chart
    from tui_telescope.charts.drawable import Drawable
    from tui_telescope.charts.layers.trace import LearningTrace, Trace
    from tui_telescope.charts.options import ChartOptions
    from tui_telescope.charts.steps.run_charts import StepOptions, StepTrace
    from tui_telescope.charts.surveys.surveys import Survey
    from tui_telescope.settings import Settings


class View(NamedTuple):
    """One way of looking at one network and those it is compared with, by a `chart`, or at many, by a `survey`; at one
    while it learns, by `learning`, or at the steps of a run that learns elsewhere, by `steps`.

    `chart` takes one trace or more, the live one first, then those that it is compared with; and what else to show.
    `survey` takes the settings, and the depths where those are given. `learning` takes traces likewise, the name of
    what the layers are shown by, and whether the legend names keys; `steps` traces and what else to show.
    """

    name: str
    key: str
    title: str
    chart: Callable[[Sequence[Trace], ChartOptions], Chart] | None = None
    survey: Callable[[Settings, Sequence[int] | None], Survey[Any]] | None = None
    learning: Callable[[Sequence[LearningTrace], str, bool], Drawable] | None = None
    steps: Callable[[Sequence[StepTrace], StepOptions], Drawable] | None = None
    learns: bool = False
    """Whether what it shows comes of learning."""
    is_map: bool = False
    """Whether the arrows move the network over scale and depth."""
    brief: str = ""
    """Its name where the row of names is crowded, if it has a shorter one there."""
    over_depths: bool = False
    """Whether it is of networks of many depths, which may be chosen."""
    computed: str = ""
    """What a survey's networks, or numbers, are called while they are computed."""
    shows_gradients: bool = False
    """Whether the y axis is the log10 of a gradient, on which the floors of number formats have a place."""
    shows_spread: bool = False
    """Whether it shows the signal's spread, which nobody else waits for."""
    beside: tuple[Callable[[Sequence[Trace], ChartOptions], Chart], ...] = ()
    """What is drawn small below the view's own chart, on the same layers, where there is room for it."""

    @property
    def needs_settings(self) -> bool:
        """Whether it shows what was not observed by itself, and so has to be made here."""
        return not self.reads_layers

    @property
    def reads_layers(self) -> bool:
        """Whether a cursor along the layers has something to read off."""
        return self.chart is not None or self.steps is not None

    @property
    def compares(self) -> bool:
        """Whether pins and the ghost stand beside the live network."""
        return self.survey is None


def _gradient(traces: Sequence[Trace], options: ChartOptions) -> Chart:
    from tui_telescope.charts.layers.layer_charts import gradient_chart

    return gradient_chart(traces, options)


def _factor(traces: Sequence[Trace], options: ChartOptions) -> Chart:
    from tui_telescope.charts.layers.layer_charts import factor_chart

    return factor_chart(traces, options)


def _signal(traces: Sequence[Trace], options: ChartOptions) -> Chart:
    from tui_telescope.charts.layers.layer_charts import signal_chart

    return signal_chart(traces, options)


def _depth(settings: Settings, depths: Sequence[int] | None) -> Survey[Any]:
    from tui_telescope.charts.surveys.surveys import DepthSurvey

    return DepthSurvey(settings, depths)


def _map(settings: Settings, depths: Sequence[int] | None) -> Survey[Any]:
    from tui_telescope.charts.surveys.surveys import MapSurvey

    return MapSurvey(settings, depths)


def _trainable(settings: Settings, depths: Sequence[int] | None) -> Survey[Any]:
    from tui_telescope.charts.surveys.surveys import TrainabilitySurvey

    return TrainabilitySurvey(settings, depths)


def _spectrum(settings: Settings, depths: Sequence[int] | None) -> Survey[Any]:
    from tui_telescope.charts.surveys.surveys import SpectrumSurvey

    return SpectrumSurvey(settings, depths)


def _learn(traces: Sequence[LearningTrace], reading: str, names_keys: bool) -> Drawable:
    from tui_telescope.charts.steps.learning_chart import learning_chart

    return learning_chart(traces, reading, names_keys=names_keys)


def _layer(traces: Sequence[StepTrace], options: StepOptions) -> Drawable:
    from tui_telescope.charts.steps.run_charts import layer_over_steps

    return layer_over_steps(traces, options)


def _heatmap(traces: Sequence[StepTrace], options: StepOptions) -> Drawable:
    from tui_telescope.charts.steps.run_charts import layers_by_steps

    return layers_by_steps(traces, options)


VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View(
            "gradient", "1", "gradient per layer or step", _gradient, shows_gradients=True, beside=(_factor, _signal),
        ),
        View("factor", "2", "factor per layer or step", _factor),
        View("signal", "3", "signal per layer or step", _signal, shows_spread=True),
        View(
            "depth", "4", "gradient at layer or step 1 against the depth",
            survey=_depth, over_depths=True, computed="networks of many depths",
        ),
        View(
            "map", "5", "gradient at layer or step 1 over scale and depth; the arrows move your network",
            survey=_map, is_map=True, over_depths=True, computed="networks of many scales and depths",
        ),
        View("learn", "6", "the network learns: loss and accuracy, layers by steps", learning=_learn, learns=True),
        View(
            "trainable", "7", "accuracy after learning, over scale and depth; the arrows move your network",
            survey=_trainable, learns=True, is_map=True, brief="train", over_depths=True,
            computed="networks that learn",
        ),
        View(
            "spectrum", "8", "singular values of the output's derivative by the input: how much each direction passes",
            survey=_spectrum, brief="spec", computed="singular values",
        ),
    )
}  # fmt: skip
"""Every view by name, in the order of their keys."""

RUN_VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        *(view for view in VIEWS.values() if view.chart),
        View("layer", "4", "one layer over the steps, with loss and learning rate", steps=_layer),
        View("heatmap", "5", "all layers over the steps, with loss and learning rate", steps=_heatmap),
    )
}
"""The views of a run that learns elsewhere, likewise: those of layers, and others of its steps."""
