"""How a network learns: loss and accuracy over the steps, and below them what becomes of each layer's weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle
from typing import NamedTuple

import numpy as np

from tui_telescope.charts.axes import extent, layer_axis, step_axis, zero_based_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.charset import ASCII, BRAILLE, Charset
from tui_telescope.charts.drawing.heatmap import (
    LEVELS,
    UNKNOWN,
    Cells,
    Look,
    heatmap,
    middles,
    nearest,
    scale_of_levels,
    spans,
)
from tui_telescope.charts.drawing.picture import Picture, Row, Span, row
from tui_telescope.charts.elements import Array, Axis, Curve, Rule
from tui_telescope.charts.layers.layer_charts import LOOKS, SECOND
from tui_telescope.charts.layers.trace import LearningTrace
from tui_telescope.engine.learning.course.description import divergence
from tui_telescope.engine.learning.course.moments import Moment
from tui_telescope.engine.learning.course.training import History
from tui_telescope.networks import TASKS
from tui_telescope.observations.observation import measured

LEAST_HEIGHT = 14
"""Rows of the smallest picture that holds both parts; in a smaller one the layers stand alone."""
_LOSS_SHARE = 0.4
MOST_GUESSES = 2.0
"""The most that the axis of the loss shows, in losses of guessing: one step of a wild network may take it to 1e13."""

_LOST = Look("not finite", "!", "!", "curve-4")


class LayerReading(NamedTuple):
    """What one number a layer tells at each moment."""

    name: str
    title: str
    log10: Callable[[Moment], Array]
    """(depth,); -inf for nothing at all, NaN or inf for what is not finite."""
    nothing: Look


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
            Look("no bit changes", "×", "x", "frozen"),
        ),
        LayerReading(
            "gradient", "gradient that reaches each {stage}", _gradient, Look("exactly zero", "×", "x", "dead"),
        ),
        LayerReading(
            "change", "||W - W_0|| / ||W_0|| since the start", lambda moment: moment.log10_change,
            Look("as it was, bit for bit", "×", "x", "frozen"),
        ),
    )
}  # fmt: skip
"""What the layers may be shown by, in the order in which a key goes through them."""


def following(reading: str) -> str:
    """The name of the reading after this one, around the end."""
    names = list(READINGS)
    return names[(names.index(reading) + 1) % len(names)]


def learning_chart(traces: Sequence[LearningTrace], reading: str, *, names_keys: bool = False) -> LearningChart:
    """One trace or more, the live one first, whose layers are shown by the reading of this name.

    `names_keys` has the legend name the key that shows another.
    """
    last = max(trace.history.latest.step for trace in traces)
    hint = f"v {following(reading)}" if names_keys else ""
    return LearningChart(
        _loss_chart(traces, step_axis(last)), LayerMap(traces[0].history, READINGS[reading], step_axis(last), hint)
    )


def _loss_chart(traces: Sequence[LearningTrace], x_axis: Axis) -> Chart:
    """The loss of each trace, and the first one's accuracy from zero to the axis's end."""
    live = traces[0].history
    losses = [
        Curve(*_points(trace.history, lambda moment: moment.loss), trace.label or "loss", *look, briefs=trace.briefs)
        for trace, look in zip(traces, cycle(LOOKS), strict=False)
    ]
    guessing = math.log(TASKS[live.settings.task].classes)
    shown = extent(*(curve.y for curve in losses)) or (0.0, 0.0)
    y_axis = zero_based_axis(min(max(shown[1], guessing), MOST_GUESSES * guessing))
    steps, shares = _points(live, lambda moment: moment.accuracy)
    label = f"accuracy, 100% at {y_axis.high:g}"
    accuracy = Curve(steps, shares * y_axis.high, label, *SECOND, briefs=("accuracy",))
    return Chart(
        title="loss",
        x_axis=x_axis,
        y_axis=y_axis,
        curves=(*losses, accuracy),
        rules=(Rule(guessing, "guessing"),),
        note=divergence(live.settings, live.latest),
        x_title="step",
    )


def _points(history: History, number: Callable[[Moment], float]) -> tuple[Array, Array]:
    """The steps, and the number that each moment has."""
    pairs = [(moment.step, number(moment)) for moment in history.moments]
    steps, numbers = np.array(pairs, np.float64).T
    return steps, numbers


@dataclass(frozen=True, eq=False)
class LayerMap:
    """One network's layers over the steps, the first layer at the bottom: the fuller a cell, the larger the number."""

    history: History
    reading: LayerReading
    x_axis: Axis
    hint: str = ""

    @cached_property
    def y_axis(self) -> Axis:
        return layer_axis(self.history.settings.depth)

    @cached_property
    def _log10(self) -> Array:
        """(moments, depth)."""
        return np.stack([self.reading.log10(moment) for moment in self.history.moments])

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The decades at which one level gives way to the next, ascending: whole ones, equally far apart."""
        low, high = extent(self._log10) or (0.0, 0.0)
        top = int(np.ceil(high))
        step = max(int(np.ceil((top - low) / len(LEVELS))), 1)
        return tuple(top - step * k for k in range(len(LEVELS) - 1, 0, -1))

    @property
    def gutter(self) -> int:
        """As `Chart.gutter`."""
        return self._frame(BRAILLE, 0).gutter

    def draw(self, width: int, height: int, *, ascii_only: bool = False, least_gutter: int = 0) -> Picture:
        """Exactly `height` rows of `width` cells, both at least 1."""
        charset = ASCII if ascii_only else BRAILLE
        stage = self.history.settings.stage
        return heatmap(self._frame(charset, least_gutter), stage, self._cells, width, height, charset)

    def _frame(self, charset: Charset, least_gutter: int) -> Chart:
        return Chart(
            title=self.reading.title.format(stage=self.history.settings.stage),
            x_axis=self.x_axis,
            y_axis=self.y_axis,
            x_title="step",
            hints=self._legend(charset),
            least_gutter=max(least_gutter, len(self.history.settings.stage)),
        )

    def _legend(self, charset: Charset) -> tuple[Row, ...]:
        """The scale, with the log10 at which one character gives way to the next; then what no scale holds."""
        scale = scale_of_levels(f"log10 {self.reading.name}", [str(end) for end in self.ends], charset)
        special = [self.reading.nothing] * bool(np.isneginf(self._log10).any())
        special += [_LOST] * bool((np.isnan(self._log10) | np.isposinf(self._log10)).any())
        words = (row(*spans([look], charset), Span(f" {look.word}", "tick")) for look in special)
        return (scale, *words, *([(Span(self.hint, "rule"),)] if self.hint else []))

    def _cells(self, width: int, height: int) -> Cells:
        layers = nearest(np.arange(1.0, self.history.settings.depth + 1), self.y_axis, height)[::-1]
        steps = np.array([moment.step for moment in self.history.moments], np.float64)
        columns = nearest(steps, self.x_axis, width)
        reached = middles(self.x_axis, width) <= steps[-1] + 0.5 * (self.x_axis.high - self.x_axis.low) / width
        shown = self._log10[np.ix_(columns, layers)].T
        levels = np.searchsorted(self.ends, shown)
        levels[np.isneginf(shown)] = len(LEVELS)
        levels[np.isnan(shown) | np.isposinf(shown)] = len(LEVELS) + 1
        levels[:, ~reached] = len(LEVELS) + 2
        looks = (*LEVELS, self.reading.nothing, _LOST, UNKNOWN)
        return [[looks[level] for level in line] for line in levels.tolist()]


@dataclass(frozen=True, eq=False)
class LearningChart:
    """The loss above, the layers below, on one axis of steps."""

    loss: Chart
    layers: LayerMap

    @property
    def y_axis(self) -> Axis:
        return self.loss.y_axis

    def x_at(self, column: int, width: int, height: int, *, ascii_only: bool = False) -> None:
        """Its columns are steps: no layer is to be read off."""

    def draw(self, width: int, height: int, *, ascii_only: bool = False) -> Picture:
        """Exactly `height` rows of `width` cells, both at least 1; where room is short the layers alone."""
        if height < LEAST_HEIGHT:
            return self.layers.draw(width, height, ascii_only=ascii_only)
        gutter, above = max(self.loss.gutter, self.layers.gutter), max(int(height * _LOSS_SHARE), LEAST_HEIGHT // 2)
        loss = replace(self.loss, least_gutter=gutter).draw(width, above, ascii_only=ascii_only)
        layers = self.layers.draw(width, height - above, ascii_only=ascii_only, least_gutter=gutter)
        return Picture(width, height, loss.rows + layers.rows)
