"""A reading as text: the verdict, what was changed, the chart, a table and what theory says, for eyes and ears."""

from __future__ import annotations

from collections.abc import Container
from textwrap import fill

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.drawable import Drawable
from tui_telescope.charts.effect import effective
from tui_telescope.engine.mean_field.coverage import why_no_theory
from tui_telescope.engine.mean_field.criticality import critical_scale_in_words, why_no_critical_scale
from tui_telescope.engine.mean_field.theory import predict
from tui_telescope.notation import counted, scientific
from tui_telescope.observations.observation import Observation
from tui_telescope.printing.window_size import columns
from tui_telescope.settings import REGISTRY, Settings

Array = NDArray[np.float64]

CHART_HEIGHT = 20
TABLE_ROWS = 11
_WHOLE = 24
"""Layers that have a row each."""


def reading_text(words: str, settings: Settings, view: str, chart: Drawable, rows: str, *, ascii_only: bool) -> str:
    """All that a view tells of some settings; `words` are the verdict's, `rows` those of the view's table."""
    picture = chart.draw(columns(), CHART_HEIGHT, ascii_only=ascii_only)
    return (
        "\n\n".join(filter(None, (words, changed(settings, view), picture.text, rows, fill(theory(settings), 80))))
        + "\n"
    )


def changed(settings: Settings, view: str) -> str:
    """What differs from the settings at the start, and makes a difference to what the view shows."""
    changes = settings.changes(Settings())
    words = [_written(settings, name) for name in effective(settings, view) if name in changes]
    if not words:
        return "Every setting that makes a difference is as it is at the start."
    return f"Changed from the start: {', '.join(words)}."


def described(settings: Settings, view: str) -> str:
    """Every setting that makes a difference to what the view shows: a caption."""
    return f"Shown: {', '.join(_written(settings, name) for name in effective(settings, view))}."


def _written(settings: Settings, name: str) -> str:
    return f"{REGISTRY[name].label.lower()} {REGISTRY[name].write(getattr(settings, name))}"


def table(observation: Observation, view: str) -> str:
    """What the view shows at a few layers spread over the depth, the first and the last always among them."""
    readings = _signal_columns(observation) if view == "signal" else _gradient_columns(observation)
    depth, stage = observation.depth, observation.stage
    layers = np.unique(np.linspace(1, depth, depth if depth <= _WHOLE else TABLE_ROWS).round().astype(int))
    lines = [f"{len(layers)} of {counted(depth, stage)}:"]
    names = {layer: observation.name(layer) for layer in layers.tolist()}
    room = max(7, *map(len, names.values()))
    lines += [f"{stage:>{room}}" + "".join(f" {reading:>12}" for reading in readings)]
    lines += [
        f"{name:>{room}}" + "".join(f" {cells[layer - 1]:>12}" for cells in readings.values())
        for layer, name in names.items()
    ]
    return "\n".join(line.rstrip() for line in lines)


def theory(settings: Settings) -> str:
    """The critical scale and chi by mean-field theory, or why there is none."""
    prediction = predict(settings)
    if prediction is None:
        return why_no_theory(settings)
    factor = f"a factor of {prediction.factor:.4g} a {settings.stage}"
    if (critical := prediction.critical_scale) is None:
        return f"Theory of infinite width: {factor}. {why_no_critical_scale(settings)}"
    now = f"at scale {REGISTRY['scale'].show(settings.scale)} chi {prediction.factor**2:.4g}, {factor}"
    return f"Theory of infinite width: critical scale {critical_scale_in_words(critical, settings.scale)}; {now}."


def _gradient_columns(observation: Observation) -> dict[str, list[str]]:
    reading, weights, factor = observation.gradient, observation.weight_gradient, observation.log10_factor
    lost, columns = lost_layers(observation, "gradient"), {}
    if reading:
        statistics = {"gradient": reading.log10_mean}
        if np.any(reading.log10_high > reading.log10_low):
            statistics |= {"10%": reading.log10_low, "90%": reading.log10_high}
        columns = {name: powers(log10, lost) for name, log10 in statistics.items()}
    if weights:
        columns["weights"] = powers(weights.log10, lost_layers(observation, "weight gradient"))
    if factor is not None:
        columns["factor"] = ["", *powers(factor, lost | {layer + 1 for layer in lost}, first=2)]
    return columns


def _signal_columns(observation: Observation) -> dict[str, list[str]]:
    signal = observation.signal
    if signal is None:
        return {}
    fractions = {"saturated": signal.saturated, "dead": signal.dead}
    if rounding := observation.rounding:
        fractions |= {"zero": rounding.zero, "overflowed": rounding.overflowed}
    spread = (
        {}
        if signal.log10_spread is None
        else {"spread": powers(signal.log10_spread, lost_layers(observation, "signal"))}
    )
    return {
        "rms": powers(signal.log10_rms, lost_layers(observation, "signal")),
        **{name: [f"{share:.1%}" for share in shares] for name, shares in fractions.items() if shares is not None},
        **spread,
    }


def lost_layers(observation: Observation, reading: str) -> set[int]:
    """The layers at which a reading is NaN or infinite."""
    return {layer for each in observation.nonfinite if each.reading == reading for layer in each.layers}


def powers(log10: Array, lost: Container[int], first: int = 1) -> list[str]:
    """Those of the layers from `first` on."""
    return ["not finite" if layer in lost else scientific(x) for layer, x in enumerate(log10.tolist(), first)]
