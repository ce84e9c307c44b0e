"""One reading as text, JSON, CSV or SVG: what the screen shows, for pipes, scripts and screen readers."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.depth_chart import depth_chart
from tui_telescope.charts.map_chart import MapChart
from tui_telescope.charts.painting import Paintable, paint
from tui_telescope.charts.svg import PICTURE, svg
from tui_telescope.charts.views import VIEWS, Trace
from tui_telescope.engine.diagnosis import describe
from tui_telescope.engine.observation import GradientReading, Observation, State
from tui_telescope.engine.sweep import (
    DepthSweep,
    map_scales_and_depths,
    mapped_depths,
    mapped_scales,
    sweep_depths,
    swept_depths,
)
from tui_telescope.engine.theory import critical_scale, predict
from tui_telescope.notation import decimal_literal
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
) -> tuple[str, State]:
    """A single network, and the state that it is in."""
    observation, words = _observed(telescope, settings)
    state = observation.verdict.state
    if form in WRITERS:
        return WRITERS[form](settings, observation, words), state
    make_chart = VIEWS[view].chart
    assert make_chart, "surveys are written elsewhere"
    chart = make_chart([Trace("", observation)], None)
    if form == "svg":
        return _svg(chart, settings, words, ascii_only), state
    return reading_text(words, settings, chart, table(observation, view), ascii_only=ascii_only), state


def _observed(telescope: WatchedTelescope, settings: Settings) -> tuple[Observation, str]:
    """The readings, and the verdict in words."""
    stages = f"{settings.depth} {settings.stage}{'s' * (settings.depth != 1)} of width {settings.width}"
    telescope.begin(f"observing {stages}", [settings])
    observation = telescope.observe(settings)
    telescope.begin("trying what would mend it", None)
    remedy = telescope.advise(settings, observation)
    return observation, describe(observation) + (f" {remedy.text}" if remedy else "")


def _svg(chart: Paintable, settings: Settings, words: str, ascii_only: bool) -> str:
    """The same picture in every terminal."""
    return svg(
        paint(chart, *PICTURE, ascii_only=ascii_only), shlex.join(["tui-telescope", *settings.arguments()]), words
    )


def _json(settings: Settings, observation: Observation, words: str) -> str:
    verdict = observation.verdict
    reading, weights, signal = observation.gradient, observation.weight_gradient, observation.signal
    document = {
        "settings": settings.as_dict(),
        "layers": list(range(1, observation.depth + 1)),
        "gradient": {
            "log10_mean": _nullable(reading.log10_mean),
            "log10_low": _nullable(reading.log10_low),
            "log10_high": _nullable(reading.log10_high),
        },
        "cell_gradient": observation.cell_gradient and {"log10_mean": _nullable(observation.cell_gradient.log10_mean)},
        "weight_gradient": weights and {"log10": _nullable(weights.log10)},
        "factor": [_power(number) for number in observation.log10_factor],
        "signal": signal
        and {
            "log10_rms": _nullable(signal.log10_rms),
            "saturated": signal.saturated.tolist(),
            "dead": signal.dead.tolist(),
        },
        "theory": _theory(settings),
        "verdict": {
            "state": verdict.state,
            "decades_per_layer": verdict.decades_per_layer,
            "frozen_layers": verdict.frozen_layers,
            "text": words,
        },
    }
    return _bare_numbers(json.dumps(document, allow_nan=False)) + "\n"


def _theory(settings: Settings) -> dict[str, Any] | None:
    """What mean-field theory predicts; None where it does not cover the settings."""
    theory = predict(settings)
    if theory is None:
        return None
    return {
        "log10_gradient": _nullable(theory.log10_gradient),
        "factor": theory.factor,
        "critical_scale": theory.critical_scale,
    }


def _csv(settings: Settings, observation: Observation, words: str) -> str:
    """One row a layer; an exact zero is -inf, and layer 1 has no factor."""
    columns = _csv_columns(observation)
    return _rows(["layer", *columns], zip(range(1, observation.depth + 1), *columns.values(), strict=True))


def _csv_columns(observation: Observation) -> dict[str, list[Any]]:
    weights, signal = observation.weight_gradient, observation.signal
    columns = _statistics(observation.gradient)
    columns["log10_factor"] = ["", *observation.log10_factor.tolist()]
    if observation.cell_gradient:
        columns["log10_cell_gradient_mean"] = observation.cell_gradient.log10_mean.tolist()
    if weights:
        columns["log10_weight_gradient"] = weights.log10.tolist()
    if signal:
        columns["log10_rms"] = signal.log10_rms.tolist()
        columns["saturated"], columns["dead"] = signal.saturated.tolist(), signal.dead.tolist()
    return columns


def _statistics(reading: GradientReading) -> dict[str, list[Any]]:
    """A column for each statistic of the gradient: `log10_mean` is `log10_gradient_mean`."""
    return {
        field.name.replace("log10", "log10_gradient"): getattr(reading, field.name).tolist()
        for field in fields(reading)
    }


def _depth_view(
    telescope: WatchedTelescope, settings: Settings, form: str, depths: Sequence[int] | None, ascii_only: bool
) -> str:
    """Layer 1's gradient against the depth; pictures show the other side of the residual road too, if there is one."""
    sweep = _swept(telescope, settings, depths or swept_depths(settings.depth))
    if form == "json":
        return json.dumps(sweep.document(), allow_nan=False) + "\n"
    if form == "csv":
        return _rows(["depth", "log10_gradient_layer_1"], zip(sweep.depths, sweep.log10_gradient.tolist(), strict=True))
    sweeps = [sweep]
    if "residual" not in settings.ineffective:
        sweeps.append(_swept(telescope, settings.replace(residual=not settings.residual), sweep.depths))
    chart = depth_chart(sweeps)
    if form == "svg":
        return _svg(chart, settings, "", ascii_only)
    _, words = _observed(telescope, settings)
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
        return _rows(["depth", "scale", "log10_gradient_layer_1"], cells)
    chart = MapChart(finest, critical_scale(settings))
    if form == "svg":
        return _svg(chart, settings, "", ascii_only)
    _, words = _observed(telescope, settings)
    return reading_text(words, settings, chart, "", ascii_only=ascii_only)


SURVEYS: dict[str, Callable[[WatchedTelescope, Settings, str, Sequence[int] | None, bool], str]] = {
    "depth": _depth_view,
    "map": _map_view,
}
"""The views of many networks at once."""


def _rows(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return sheet.getvalue()


WRITERS: dict[str, Callable[[Settings, Observation, str], str]] = {"json": _json, "csv": _csv}
"""The forms for machines."""


def _nullable(log10: Array) -> list[float | None]:
    return [number if np.isfinite(number) else None for number in log10.tolist()]


_MARK = "\0"


def _power(log10: float) -> Any:
    """10**log10 as a JSON number; what float64 would turn into zero is marked for `_bare_numbers`."""
    if log10 == -np.inf:
        return 0.0
    return float(10.0**log10) if log10 > -300 else _MARK + decimal_literal(float(log10), digits=17)


def _bare_numbers(text: str) -> str:
    """Take the quotes from marked numbers: JSON has no smallest number, though json.dumps does."""
    return re.sub(r'"\\u0000([^"]+)"', r"\1", text)
