"""Charts of readings that have one entry a layer.

Each function takes one trace or more, the live one first, and the y axis drawn before, which stays if it can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

import numpy as np

from tui_telescope.charts.axes import extent, factor_axis, gradient_axis, layer_axis
from tui_telescope.charts.chart import Array, Axis, Chart, Curve, Ink, Rule, Stroke
from tui_telescope.charts.views import Trace
from tui_telescope.engine.observation import Observation, Verdict

_LOOKS: tuple[tuple[Ink, Stroke], ...] = (
    ("curve-1", "solid"),
    ("curve-2", "dashed"),
    ("curve-3", "dash-dotted"),
    ("curve-4", "sparse"),
    ("curve-5", "long-dashed"),
)
"""Another stroke with each ink, so that curves stay apart without colour."""


def gradient_chart(traces: Sequence[Trace], previous: Axis | None) -> Chart:
    """The mean gradient of each layer, with the band of the first trace."""
    live = traces[0].observation
    curves = _curves(traces, lambda observation: observation.gradient.log10_mean, first_layer=1)
    curves += _band(live)
    return Chart(
        title="gradient that reaches each layer",
        x_axis=_layers(traces),
        y_axis=gradient_axis(extent(*(curve.y for curve in curves)), previous),
        curves=curves,
        note=_silence(live.verdict, live.depth),
    )


def factor_chart(traces: Sequence[Trace], previous: Axis | None) -> Chart:
    """What each layer does to the gradient on its way down, with the line at 1."""
    live = traces[0].observation
    curves = _curves(traces, lambda observation: observation.log10_factor, first_layer=2)
    return Chart(
        title="factor from each layer to the one below",
        x_axis=_layers(traces),
        y_axis=factor_axis(extent(*(curve.y for curve in curves)), previous),
        curves=curves,
        rules=(Rule(0.0, "1: passed on as loud as it came"),),
        note=_silence(live.verdict, live.depth) if live.depth > 1 else "one layer alone has no factor",
    )


def _curves(traces: Sequence[Trace], reading: Callable[[Observation], Array], first_layer: int) -> tuple[Curve, ...]:
    """One curve a trace; the reading's first entry belongs to `first_layer`."""
    curves = []
    for trace, (ink, stroke) in zip(traces, cycle(_LOOKS), strict=False):
        y = reading(trace.observation)
        curves.append(
            Curve(np.arange(first_layer, first_layer + len(y), dtype=np.float64), y, trace.label, ink, stroke)
        )
    return tuple(curves)


def _band(observation: Observation) -> tuple[Curve, ...]:
    """The 10% and 90% quantiles of the gradient, where samples or networks differ."""
    gradient, layers = observation.gradient, np.arange(1, observation.depth + 1, dtype=np.float64)
    if not np.any(gradient.log10_high > gradient.log10_low):
        return ()
    return (
        Curve(layers, gradient.log10_high, "10-90%", "band", "dotted"),
        Curve(layers, gradient.log10_low, "", "band", "dotted"),
    )


def _layers(traces: Sequence[Trace]) -> Axis:
    return layer_axis(max(trace.observation.depth for trace in traces))


def _silence(verdict: Verdict, depth: int) -> str:
    """Where the gradient is exactly zero, which no log axis can show."""
    if verdict.dead_below == 0:
        return ""
    where = "at every layer" if verdict.dead_below == depth else f"up to layer {verdict.dead_below}"
    return f"the gradient is exactly zero {where}"
