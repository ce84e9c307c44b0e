"""A training run's layers over its steps, with the loss and the learning rate above them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from tui_telescope.charts.axes import extent, gradient_axis, layer_axis, linear_axis, step_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.heatmap import Look
from tui_telescope.charts.drawing.picture import Span
from tui_telescope.charts.elements import Array, Axis, Curve
from tui_telescope.charts.layers.layer_charts import LOOKS, SECOND
from tui_telescope.charts.steps.layer_map import LayerMap
from tui_telescope.charts.steps.loss_and_layers import LossAndLayers, loss_curve
from tui_telescope.runs.reading.over_steps import OverSteps

if TYPE_CHECKING:
    from tui_telescope.charts.drawable import Drawable

_NOTHING = Look("exactly zero", "×", "x", "dead")
_TALLEST = 10
"""The most that the axis of the loss shows, in medians of it: one wild step may take it to 1e13."""
_WORDS = {"gradient": "gradient", "weight_gradient": "gradient by the weights"}


@dataclass(frozen=True)
class StepTrace:
    """A run over its steps, and what it is called on the legend."""

    label: str
    over: OverSteps


@dataclass(frozen=True)
class StepOptions:
    """What else to show."""

    previous: Axis | None = None
    """As in `ChartOptions`."""
    layer: str | None = None
    """The name of the layer under the cursor."""
    step: float | None = None
    """The step to mark."""
    names_keys: bool = False
    """As in `ChartOptions`."""


def layer_over_steps(traces: Sequence[StepTrace], options: StepOptions) -> Drawable:
    """The first run's layer under the cursor, or else its first one; of the others the layer of the same name."""
    live = traces[0].over
    name = options.layer if options.layer in live.layers else live.layers[0]
    curves = tuple(
        Curve(each.over.steps, each.over.log10[:, each.over.layers.index(name)], each.label or live.reading, *look)
        for each, look in zip(traces, cycle(LOOKS), strict=False)
        if name in each.over.layers
    )
    chart = Chart(
        title=f"{_WORDS[live.reading]}, layer {name}",
        x_axis=_steps(traces),
        y_axis=gradient_axis(extent(*(curve.y for curve in curves)), options.previous),
        curves=curves,
        note="; ".join(_gaps(live, live.layers.index(name))),
        x_title="step",
        hints=((Span("< > layer", "rule"),),) if options.names_keys else (),
        cursor=options.step,
    )
    return _below_the_loss(traces, chart, options)


def layers_by_steps(traces: Sequence[StepTrace], options: StepOptions) -> Drawable:
    """All layers of the first run."""
    live = traces[0].over
    layers = LayerMap(
        title=f"{_WORDS[live.reading]} of each layer",
        name=_WORDS[live.reading].split()[-1],
        steps=live.steps,
        log10=live.log10,
        lost=live.lost,
        nothing=_NOTHING,
        x_axis=_steps(traces),
        y_axis=layer_axis(len(live.layers), live.layers),
        cursor=_marked(live, options),
    )
    return _below_the_loss(traces, layers, options)


def _marked(live: OverSteps, options: StepOptions) -> tuple[float, float] | None:
    """The newest step for a cursor on a layer alone, the first layer for one on a step alone."""
    layer = live.layers.index(options.layer) + 1 if options.layer in live.layers else None
    if layer is None and options.step is None:
        return None
    return float(live.steps[-1]) if options.step is None else options.step, layer or 1


def _steps(traces: Sequence[StepTrace]) -> Axis:
    first = min(each.over.steps[0] for each in traces)
    return step_axis(int(max(each.over.steps[-1] for each in traces)), int(first))


def _gaps(live: OverSteps, place: int) -> Iterator[str]:
    """What no log axis can show."""
    for words, where in (("not finite", live.lost), ("exactly zero", np.isneginf(live.log10))):
        steps = live.steps[where[:, place]]
        if len(steps):
            yield f"{words} in {len(steps)} of {len(live.steps)} records, first at step {steps[0]:.0f}"


def _below_the_loss(traces: Sequence[StepTrace], layers: Chart | LayerMap, options: StepOptions) -> Drawable:
    """The layers alone where no loss was told and no learning rate."""
    losses = [
        (each, look) for each, look in zip(traces, cycle(LOOKS), strict=False) if np.isfinite(each.over.loss).any()
    ]
    live = traces[0].over
    y_axis = _loss_axis([each.over.loss for each, _ in losses])
    curves = tuple(
        loss_curve(each.over.steps, each.over.loss, each.label or "loss", look, y_axis) for each, look in losses
    )
    curves += _learning_rate(live, y_axis)
    if not curves:
        return layers
    loss = Chart("loss" if losses else "", layers.x_axis, y_axis, curves, x_title="step", cursor=options.step)
    return LossAndLayers(loss, layers)


def _loss_axis(losses: Sequence[Array]) -> Axis:
    low, high = extent(*losses) or (0.0, 1.0)
    finite = np.abs(np.concatenate([np.zeros(1), *(loss[np.isfinite(loss)] for loss in losses)]))
    most = _TALLEST * float(np.median(finite[1:])) if len(finite) > 1 else 1.0
    return linear_axis(max(min(low, 0.0), -most), min(high, most) if most else high)


def _learning_rate(live: OverSteps, axis: Axis) -> tuple[Curve, ...]:
    """From zero at the axis's lower end to the highest one at its upper end."""
    highest = extent(live.learning_rate)
    if highest is None or highest[1] <= 0:
        return ()
    share = live.learning_rate / highest[1]
    label = f"learning rate, {highest[1]:.3g} at the top"
    return (
        Curve(live.steps, axis.low + share * (axis.high - axis.low), label, *SECOND, briefs=("learning rate", "lr")),
    )
