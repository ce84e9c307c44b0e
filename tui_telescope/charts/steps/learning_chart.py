"""How a network learns: loss and accuracy over the steps, and below them what becomes of each layer's weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import NamedTuple

import numpy as np

from tui_telescope.charts.axes import extent, layer_axis, step_axis, zero_based_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.heatmap import Look
from tui_telescope.charts.elements import Array, Axis, Curve, Rule
from tui_telescope.charts.layers.layer_charts import LOOKS, SECOND
from tui_telescope.charts.layers.trace import LearningTrace
from tui_telescope.charts.steps.layer_map import LayerMap
from tui_telescope.charts.steps.loss_and_layers import LossAndLayers, loss_curve
from tui_telescope.engine.learning.course.description import divergence
from tui_telescope.engine.learning.course.moments import Moment
from tui_telescope.engine.learning.course.training import History
from tui_telescope.networks import TASKS
from tui_telescope.observations.observation import measured

MOST_GUESSES = 2.0
"""The most that the axis of the loss shows, in losses of guessing: one step of a wild network may take it to 1e13."""


class LayerReading(NamedTuple):
    """What one number a layer tells at each moment."""

    name: str
    title: str
    log10: Callable[[Moment], Array]
    """(depth,); -inf for nothing at all, NaN or inf for what is not finite."""
    nothing: Look
    is_of_step: bool = False
    """Whether it tells of what steps have done: at the start none has been taken."""


def _gradient(moment: Moment) -> Array:
    seen = moment.observation
    lost = [layer for each in seen.nonfinite if each.reading == "gradient" for layer in each.layers]
    layers = np.arange(1, seen.depth + 1)
    return np.asarray(np.where(np.isin(layers, lost), np.nan, measured(seen.gradient).log10_mean))


READINGS: dict[str, LayerReading] = {
    reading.name: reading
    for reading in (
        LayerReading(
            "update", "||dW|| / ||W|| of one step", lambda moment: moment.log10_update,
            Look("no bit in that step", "×", "x", "frozen"), is_of_step=True,
        ),
        LayerReading(
            "gradient", "gradient that reaches each {stage}", _gradient, Look("exactly zero", "×", "x", "dead"),
        ),
        LayerReading(
            "change", "||W - W_0|| / ||W_0|| since the start", lambda moment: moment.log10_change,
            Look("as it was, bit for bit", "×", "x", "frozen"), is_of_step=True,
        ),
    )
}  # fmt: skip
"""What the layers may be shown by, in the order in which a key goes through them."""


def following(reading: str) -> str:
    """The name of the reading after this one, around the end."""
    names = list(READINGS)
    return names[(names.index(reading) + 1) % len(names)]


def learning_chart(traces: Sequence[LearningTrace], reading: str, *, names_keys: bool = False) -> LossAndLayers:
    """One trace or more, the live one first, whose layers are shown by the reading of this name.

    `names_keys` has the legend name the key that shows another.
    """
    last = max(trace.history.latest.step for trace in traces)
    hint = f"v {following(reading)}" if names_keys else ""
    return LossAndLayers(
        _loss_chart(traces, step_axis(last)), _layer_map(traces[0].history, READINGS[reading], step_axis(last), hint)
    )


def _loss_chart(traces: Sequence[LearningTrace], x_axis: Axis) -> Chart:
    """The loss of each trace, and the first one's accuracy from zero to the axis's end."""
    live = traces[0].history
    losses = [_points(trace.history, lambda moment: moment.loss) for trace in traces]
    guessing = math.log(TASKS[live.settings.task].classes)
    shown = extent(*(loss for _, loss in losses)) or (0.0, 0.0)
    y_axis = zero_based_axis(min(max(shown[1], guessing), MOST_GUESSES * guessing))
    curves = [
        loss_curve(*points, trace.label or "loss", look, y_axis, trace.briefs)
        for points, trace, look in zip(losses, traces, cycle(LOOKS), strict=False)
    ]
    steps, shares = _points(live, lambda moment: moment.accuracy)
    label = f"accuracy, 100% at {y_axis.high:g}"
    accuracy = Curve(steps, shares * y_axis.high, label, *SECOND, briefs=("accuracy",))
    return Chart(
        title="loss",
        x_axis=x_axis,
        y_axis=y_axis,
        curves=(*curves, accuracy),
        rules=(Rule(guessing, "guessing"),),
        note=divergence(live.settings, live.latest),
        x_title="step",
    )


def _layer_map(history: History, reading: LayerReading, x_axis: Axis, hint: str) -> LayerMap:
    log10 = np.stack([reading.log10(moment) for moment in history.moments])
    lost = np.isnan(log10) | np.isposinf(log10)
    steps = np.array([moment.step for moment in history.moments], np.float64)
    if reading.is_of_step:
        log10[steps == 0] = np.nan
    return LayerMap(
        title=reading.title.format(stage=history.settings.stage),
        name=reading.name,
        steps=steps,
        log10=log10,
        lost=lost,
        nothing=reading.nothing,
        x_axis=x_axis,
        y_axis=layer_axis(history.settings.depth),
        stage=history.settings.stage,
        hint=hint,
    )


def _points(history: History, number: Callable[[Moment], float]) -> tuple[Array, Array]:
    """The steps, and the number that each moment has."""
    pairs = [(moment.step, number(moment)) for moment in history.moments]
    steps, numbers = np.array(pairs, np.float64).T
    return steps, numbers
