"""The strip of layer states below a chart: one cell a column, the worst of the layers that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import get_args

import numpy as np

from tui_telescope.charts.drawing.charset import Charset
from tui_telescope.charts.drawing.picture import Row, Span, row
from tui_telescope.charts.elements import Axis
from tui_telescope.observations.observation import LayerState

_STATES: tuple[LayerState, ...] = get_args(LayerState)
"""From the best to the worst."""


def column_states(
    states: Sequence[LayerState | None], x_axis: Axis, width: int, charset: Charset
) -> tuple[LayerState | None, ...]:
    """What each of `width` columns stands for; None where there is no layer, as beside a deeper network's curve, or
    none that is trained.

    A column that holds no layer of its own goes with the nearest.
    """
    severity = np.array([-1 if state is None else _STATES.index(state) for state in states])
    last_dot = width * charset.columns - 1
    middles = (np.arange(width) + 0.5) * charset.columns - 0.5
    x = x_axis.low + middles / max(last_dot, 1) * (x_axis.high - x_axis.low)
    worst = severity[np.clip(np.floor(x + 0.5).astype(int), 1, len(states)) - 1]
    dots = np.floor(x_axis.fraction(np.arange(1.0, len(states) + 1)) * last_dot + 0.5)
    own = dots.astype(int) // charset.columns
    np.maximum.at(worst, own, severity)
    is_there = (x <= len(states) + 0.5) | (np.arange(width) == own[-1])
    return tuple(_STATES[each] if each >= 0 and there else None for each, there in zip(worst, is_there, strict=True))


def strip_row(columns: Sequence[LayerState | None], charset: Charset) -> Row:
    """The strip itself."""
    runs = ((state, len(list(run))) for state, run in groupby(columns))
    return row(*(Span(charset.states[state] * count, state) if state else Span(" " * count) for state, count in runs))


def strip_legend(stage: str, charset: Charset) -> Row:
    """What its characters mean, and the shade above frozen layers: always all, so that none moves when one freezes."""
    words = {"learns": "learns ", "frozen": "unheard " if stage == "step" else "frozen ", "dead": "dead"}
    shades = {"frozen": (Span(charset.shade.strip(), "shade"),)}
    return row(*(
        span for state in _STATES
        for span in (*shades.get(state, ()), Span(charset.states[state], state), Span(f" {words[state]}", "tick"))
    ))  # fmt: skip
