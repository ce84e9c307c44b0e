"""Charts of readings that have one entry a layer.

Each function takes one trace or more, the live one first, and what else to show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import TypeAlias, TypedDict

import numpy as np

from tui_telescope.charts.axes import extent, factor_axis, gradient_axis, layer_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.picture import Span
from tui_telescope.charts.elements import Array, Axis, Band, Bar, Curve, Ink, Rule, Stroke, Tick
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.notation import counted
from tui_telescope.observations.description import first_alike, nonfinite_layers
from tui_telescope.observations.log_statistics import FLOAT32_EPSILON_LOG10, FLOAT64_EPSILON_LOG10
from tui_telescope.observations.observation import LayerState, Observation

_Look: TypeAlias = tuple[Ink, Stroke]
LOOKS: tuple[_Look, ...] = (
    ("curve-1", "heavy"),
    ("curve-3", "long-dashed"),
    ("curve-4", "sparse"),
    ("curve-5", "dash-dotted"),
)
"""One a trace: another stroke with each ink, so that curves stay apart without colour."""
SECOND: _Look = ("curve-2", "dashed")
"""The second reading of the first trace, beside it on the same chart."""
_THIRD: _Look = ("curve-6", "dotted")
_FOURTH: _Look = ("curve-4", "dash-dotted")
_FIFTH: _Look = ("curve-5", "sparse")
_SPREAD: _Look = ("curve-5", "solid")

_GAP, _STRIP = 0.31, 0.41
"""Room below the decades of the signal's axis, in parts of what they take: first for a rule, then from 100% to 0%."""


def gradient_chart(traces: Sequence[Trace], options: ChartOptions) -> Chart:
    """The mean gradient of each layer and the first trace's band; where asked for, its gradient by the weights.

    Where that alone was measured, it is what is compared.
    """
    live = traces[0].observation
    if live.gradient is None and live.weight_gradient is not None:
        return _weights_chart(traces, options)
    weights = _weights(live) if options.weights else ()
    curves = _curves(traces, _mean_gradient, name="gradient") + _cell_state(live)
    bands = _band(live)
    edges = (edge for band in bands for edge in (band.low, band.high))
    # spikes of the weight gradient, which saturation drives down by tens of decades, may leave the chart
    shown = extent(*(curve.y for curve in curves), *edges, *(_typical(curve.y) for curve in weights))
    can_show_weights = options.names_keys and not options.weights and live.weight_gradient is not None
    return Chart(
        title=f"gradient that reaches each {live.stage}",
        y_axis=gradient_axis(shown, options.previous),
        curves=(*curves, *weights),
        note=_silence(live),
        bands=bands,
        hints=((Span("v weights", "rule"),),) if can_show_weights else (),
        **_layers(traces, options),
    )


def _weights_chart(traces: Sequence[Trace], options: ChartOptions) -> Chart:
    live = traces[0].observation
    curves = _curves(traces, _weight_gradient, name="weights")
    return Chart(
        title=f"gradient by the weights of each {live.stage}",
        y_axis=gradient_axis(extent(*(curve.y for curve in curves)), options.previous),
        curves=curves,
        note=_lost(live, "weight gradient") or "the one by the outputs was not measured",
        **_layers(traces, options),
    )


def _weight_gradient(observation: Observation) -> Array | None:
    return None if observation.weight_gradient is None else observation.weight_gradient.log10


def _mean_gradient(observation: Observation) -> Array | None:
    return None if observation.gradient is None else observation.gradient.log10_mean


def _cell_state(observation: Observation) -> tuple[Curve, ...]:
    """The gradient by the LSTM's cell state, through which its memory passes."""
    if observation.cell_gradient is None:
        return ()
    steps = np.arange(1, observation.depth + 1, dtype=np.float64)
    return (Curve(steps, observation.cell_gradient.log10_mean, "cell state", *_THIRD),)


def _typical(y: Array) -> Array:
    """The upper half of a reading."""
    finite = np.sort(y[np.isfinite(y)])
    return finite[len(finite) // 2 :]


def factor_chart(traces: Sequence[Trace], options: ChartOptions) -> Chart:
    """What each layer does to the gradient on its way down, with the line at 1."""
    live = traces[0].observation
    curves = _curves(traces, lambda observation: observation.log10_factor)
    return Chart(
        title=f"factor per {live.stage}",
        y_axis=factor_axis(extent(*(curve.y for curve in curves)), options.previous),
        curves=curves,
        rules=(Rule(0.0, "1: passed on as loud as it came"),),
        note=_silence(live) if live.depth > 1 else f"one {live.stage} alone has no factor",
        **_layers(traces, options),
    )


def signal_chart(traces: Sequence[Trace], options: ChartOptions) -> Chart:
    """The root mean square of each layer; in a strip below, how many units of the first trace are silent there."""
    live = traces[0].observation
    curves = (*_curves(traces, _root_mean_square, name="rms"), *_spread(live))
    previous = options.previous and _decades(options.previous)
    fitted = gradient_axis(extent(*(curve.y for curve in curves)), previous)
    decades = previous if previous and options.awaits_spread else fitted
    height = decades.high - decades.low
    full, zero = decades.low - _GAP * height, decades.low - (_GAP + _STRIP) * height
    percents = (Tick(zero, "0%"), Tick(full, "100%"))
    return Chart(
        title=f"signal per {live.stage}",
        y_axis=Axis(zero, decades.high, tuple((*percents, *choice) for choice in decades.tick_choices)),
        curves=(*curves, *_fractions(live, zero, full)),
        rules=(
            Rule(decades.low - 0.5 * _GAP * height, f"share of the units{', or entries' * bool(live.rounding)}"),
            *_epsilons(live),
        ),
        note=_stillness(live),
        hints=((Span("spread ...", "rule"),),) if options.awaits_spread else (),
        **_layers(traces, options),
    )


def _root_mean_square(observation: Observation) -> Array | None:
    return None if observation.signal is None else observation.signal.log10_rms


def _spread(observation: Observation) -> tuple[Curve, ...]:
    """What differs among the samples, as a share of the signal."""
    if observation.signal is None or observation.signal.log10_spread is None:
        return ()
    layers = np.arange(1, observation.depth + 1, dtype=np.float64)
    return (Curve(layers, observation.signal.log10_spread, "spread", *_SPREAD),)


def _epsilons(observation: Observation) -> tuple[Rule, ...]:
    """Below which share samples are one and the same number to a format, with the first layer where they are."""
    formats = {"float32": FLOAT32_EPSILON_LOG10, "float64": FLOAT64_EPSILON_LOG10}
    alike = {name: first_alike(observation, log10) for name, log10 in formats.items()}
    return tuple(
        Rule(formats[name], f"{name}: inputs alike at {observation.stage} {observation.name(layer)}")
        for name, layer in alike.items()
        if layer
    )


def _decades(axis: Axis) -> Axis:
    """The upper part of an axis of the signal: the decades without the strip below them."""
    low = round(axis.high - (axis.high - axis.low) / (1 + _GAP + _STRIP))
    choices = (tuple(tick for tick in choice if tick.position >= low) for choice in axis.tick_choices)
    return Axis(low, axis.high, tuple(choices))


def _fractions(observation: Observation, zero: float, full: float) -> tuple[Curve, ...]:
    """The saturated and the dead fraction, and in a number format what became of the gradient's entries, on a linear
    scale from zero to full; all but the first only where there are any."""
    signal, rounding, readings = observation.signal, observation.rounding, list[tuple[str, Array | None, _Look]]()
    layers = np.arange(1, observation.depth + 1, dtype=np.float64)
    if signal:
        readings += [("saturated", signal.saturated, SECOND), ("dead", signal.dead, _THIRD)]
    if rounding:
        readings += [("gradient zero", rounding.zero, _FOURTH), ("overflowed", rounding.overflowed, _FIFTH)]
    return tuple(
        Curve(layers, zero + fraction * (full - zero), label, *look)
        for label, fraction, look in readings
        if fraction is not None and (label == "saturated" or np.any(fraction > 0))
    )


def _stillness(observation: Observation) -> str:
    """Where the signal is exactly zero, which no log axis can show."""
    if observation.signal is None:
        return "the signal was not measured"
    if lost := _lost(observation, "signal"):
        return lost
    still = np.flatnonzero(np.isneginf(observation.signal.log10_rms)) + 1
    if not len(still):
        return ""
    stage = observation.stage
    if len(still) == observation.depth:
        return f"the signal is exactly zero at every {stage}"
    share = f"{len(still)} of {observation.depth} {stage}s"
    return f"the signal is exactly zero at {share}, first at {stage} {observation.name(int(still[0]))}"


def _curves(
    traces: Sequence[Trace], reading: Callable[[Observation], Array | None], name: str = ""
) -> tuple[Curve, ...]:
    """One curve a trace that has the reading; a reading of one entry less than layers begins at layer 2.

    `name` stands on the legend for a trace without a label.
    """
    curves = []
    for trace, (ink, stroke) in zip(traces, cycle(LOOKS), strict=False):
        y = reading(trace.observation)
        if y is not None:
            live = traces[0].observation
            depth, y = live.depth if live.layers else trace.observation.depth, _aligned(y, trace.observation, live)
            layers = np.arange(depth - len(y) + 1, depth + 1, dtype=np.float64)
            curves.append(Curve(layers, y, trace.label or name, ink, stroke, briefs=trace.briefs))
    return tuple(curves)


def _aligned(y: Array, observation: Observation, live: Observation) -> Array:
    """One entry for each of the live one's layers, where both have names: that of the layer of the same name, and a gap
    where there is none."""
    if not observation.layers or not live.layers or observation.layers == live.layers:
        return y
    by_name = dict(zip(observation.layers[-len(y) :], y.tolist(), strict=True))
    return np.array([by_name.get(name, np.nan) for name in live.layers])


def _weights(observation: Observation) -> tuple[Curve, ...]:
    """The gradient by the weights of each layer, where it was measured."""
    if observation.weight_gradient is None:
        return ()
    layers = np.arange(1, observation.depth + 1, dtype=np.float64)
    return (Curve(layers, observation.weight_gradient.log10, "weights", *SECOND, leaps=True),)


def _band(observation: Observation) -> tuple[Band, ...]:
    """From the 10% to the 90% quantile of the gradient, where samples or networks differ."""
    gradient, layers = observation.gradient, np.arange(1, observation.depth + 1, dtype=np.float64)
    if gradient is None or not np.any(gradient.log10_high > gradient.log10_low):
        return ()
    return (Band(layers, gradient.log10_low, gradient.log10_high, "10-90%"),)


class _Layers(TypedDict):
    """What all charts of layers share."""

    x_axis: Axis
    x_title: str
    states: tuple[LayerState | None, ...]
    cursor: float | None
    bar: Bar | None


def _layers(traces: Sequence[Trace], options: ChartOptions) -> _Layers:
    live = traces[0].observation
    deepest = live.depth if live.layers else max(trace.observation.depth for trace in traces)
    return {
        "x_axis": layer_axis(deepest, live.layers or ()),
        "x_title": live.stage,
        "states": live.layer_states or (),
        "cursor": options.cursor if options.cursor and options.cursor <= live.depth else None,
        "bar": next((_depth_scale(trace) for trace in traces if trace.depth_scale is not None), None),
    }


def _depth_scale(trace: Trace) -> Bar:
    """As many layers as theory has a signal last, down from the last one."""
    scale, depth = trace.depth_scale or 0.0, trace.observation.depth
    words = f"{scale:.3g} {trace.observation.stage}s" if math.isfinite(scale) else "infinite"
    return Bar(depth - scale, depth, f"depth scale: {words}")


def _silence(observation: Observation) -> str:
    """Where the gradient is exactly zero or not finite, which no log axis can show."""
    if observation.gradient is None:
        return "the gradient was not measured"
    if lost := _lost(observation, "gradient"):
        return lost
    silent, stage = np.flatnonzero(np.isneginf(observation.gradient.log10_mean)) + 1, observation.stage
    if not len(silent):
        return ""
    if len(silent) == observation.depth:
        return f"the gradient is exactly zero at every {stage}"
    if observation.gradient.dead_below == len(silent):
        return f"the gradient is exactly zero up to {stage} {observation.name(len(silent))}"
    others = f" and {counted(len(silent) - 1, 'other')}" if len(silent) > 1 else ""
    return f"the gradient is exactly zero at {stage} {observation.name(int(silent[0]))}{others}"


def _lost(observation: Observation, reading: str) -> str:
    """Where a reading is NaN or infinite, if it is."""
    places = (nonfinite_layers(observation, each) for each in observation.nonfinite if each.reading == reading)
    return next((f"the {reading} is {place}" for place in places), "")
