"""One reading as text, JSON, CSV or SVG: what the screen shows, for pipes, scripts and screen readers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.depth_chart import depth_chart
from tui_telescope.charts.map_chart import MapChart
from tui_telescope.charts.painting import Paintable, paint
from tui_telescope.charts.svg import PICTURE, svg
from tui_telescope.charts.views import VIEWS, Trace
from tui_telescope.engine.mean_field.theory import critical_scale
from tui_telescope.engine.remedies import Remedy, in_words
from tui_telescope.engine.sweep import (
    DepthSweep,
    map_scales_and_depths,
    mapped_depths,
    mapped_scales,
    sweep_depths,
    swept_depths,
)
from tui_telescope.machine_output import WRITERS, rows_as_csv
from tui_telescope.observations.observation import Observation, State
from tui_telescope.progress_line import ProgressLine
from tui_telescope.settings import Settings
from tui_telescope.text_output import reading_text, sweep_table, table
from tui_telescope.watched_telescope import WatchedTelescope

Array = NDArray[np.float64]


class Sink(Protocol):
    """What text is written to."""

    def write(self, text: str, /) -> Any: ...


def write_reading(
    stream: Sink,
    settings: Settings,
    form: str,
    view: str,
    *,
    ascii_only: bool,
    depths: Sequence[int] | None = None,
    line: ProgressLine | None = None,
) -> State | None:
    """Observe, and write what the view shows in the given form; `depths` are those of the depth view and the map.

    While it observes, the line tells of it. Returns the verdict's state, None for a view of many networks. Raises
    `SettingsError` for a depth out of range.
    """
    telescope = WatchedTelescope(line or ProgressLine(None))
    if view in SURVEYS:
        text, state = SURVEYS[view](telescope, settings, form, depths, ascii_only), None
    else:
        text, state = _reading(telescope, settings, form, view, ascii_only)
    stream.write(text)
    return state


def _reading(
    telescope: WatchedTelescope, settings: Settings, form: str, view: str, ascii_only: bool
) -> tuple[str, State | None]:
    """A single network, and the state that it is in."""
    observation, remedy = _observed(telescope, settings)
    state = observation.verdict.state
    if form in WRITERS:
        return WRITERS[form](settings, observation, remedy), state
    words = in_words(observation, remedy)
    make_chart = VIEWS[view].chart
    assert make_chart, "surveys are written elsewhere"
    chart = make_chart([Trace("", observation)], None)
    if form == "svg":
        return _svg(chart, settings, words, ascii_only), state
    return reading_text(words, settings, chart, table(observation, view), ascii_only=ascii_only), state


def _observed(telescope: WatchedTelescope, settings: Settings) -> tuple[Observation, Remedy | None]:
    """The readings, and what would mend what they show."""
    stages = f"{settings.depth} {settings.stage}{'s' * (settings.depth != 1)} of width {settings.width}"
    telescope.begin(f"observing {stages}", [settings])
    observation = telescope.observe(settings)
    telescope.begin("trying what would mend it", None)
    return observation, telescope.advise(settings, observation)


def _svg(chart: Paintable, settings: Settings, words: str, ascii_only: bool) -> str:
    """The same picture in every terminal."""
    return svg(
        paint(chart, *PICTURE, ascii_only=ascii_only), shlex.join(["tui-telescope", *settings.arguments()]), words
    )


def _depth_view(
    telescope: WatchedTelescope, settings: Settings, form: str, depths: Sequence[int] | None, ascii_only: bool
) -> str:
    """Layer 1's gradient against the depth; pictures show residual flipped too, where that has an effect."""
    sweep = _swept(telescope, settings, depths or swept_depths(settings.depth))
    if form == "json":
        return json.dumps(sweep.document(), allow_nan=False) + "\n"
    if form == "csv":
        gradients = sweep.log10_gradient.tolist()
        return rows_as_csv(["depth", "log10_gradient_layer_1"], zip(sweep.depths, gradients, strict=True))
    sweeps = [sweep]
    if "residual" not in settings.ineffective:
        sweeps.append(_swept(telescope, settings.replace(residual=not settings.residual), sweep.depths))
    chart = depth_chart(sweeps)
    if form == "svg":
        return _svg(chart, settings, "", ascii_only)
    words = in_words(*_observed(telescope, settings))
    return reading_text(words, settings, chart, sweep_table(sweep), ascii_only=ascii_only)


def _swept(telescope: WatchedTelescope, settings: Settings, depths: Sequence[int]) -> DepthSweep:
    residual = " with residual" if settings.residual else ""
    telescope.begin(f"observing {len(depths)} depths{residual}", [settings.replace(depth=depth) for depth in depths])
    return sweep_depths(telescope, settings, depths)


def _map_view(
    telescope: WatchedTelescope, settings: Settings, form: str, depths: Sequence[int] | None, ascii_only: bool
) -> str:
    """Layer 1's gradient over scale and depth."""
    scales, depths = mapped_scales(settings), depths or mapped_depths(settings)
    networks = [settings.replace(depth=depth) for depth in depths] * len(scales)
    telescope.begin(f"observing {len(scales)} scales at {len(depths)} depths", networks)
    *_, finest = map_scales_and_depths(telescope, settings, scales, depths)
    if form == "json":
        return json.dumps(finest.document(), allow_nan=False) + "\n"
    if form == "csv":
        cells = (
            (depth, scale, gradient)
            for depth, row in zip(finest.depths, finest.log10_gradient.tolist(), strict=True)
            for scale, gradient in zip(finest.scales, row, strict=True)
        )
        return rows_as_csv(["depth", "scale", "log10_gradient_layer_1"], cells)
    chart = MapChart(finest, critical_scale(settings))
    if form == "svg":
        return _svg(chart, settings, "", ascii_only)
    words = in_words(*_observed(telescope, settings))
    return reading_text(words, settings, chart, "", ascii_only=ascii_only)


SURVEYS: dict[str, Callable[[WatchedTelescope, Settings, str, Sequence[int] | None, bool], str]] = {
    "depth": _depth_view,
    "map": _map_view,
}
"""The views of many networks at once."""
