"""One reading as text, JSON, CSV or SVG: what the screen shows, for pipes, scripts and screen readers."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.depth_chart import depth_chart
from tui_telescope.charts.map_chart import MapChart
from tui_telescope.charts.painting import Paintable, paint
from tui_telescope.charts.svg import svg
from tui_telescope.charts.views import VIEWS, Trace
from tui_telescope.engine.description import describe
from tui_telescope.engine.observation import Observation
from tui_telescope.engine.sweep import map_scales_and_depths, sweep_depths
from tui_telescope.engine.telescope import Telescope
from tui_telescope.engine.theory import critical_scale, predict
from tui_telescope.notation import decimal_literal, scientific
from tui_telescope.settings import REGISTRY, Settings

Array = NDArray[np.float64]

CHART_HEIGHT = 20
TABLE_ROWS = 11


def write_reading(
    stream: TextIO, settings: Settings, form: str, view: str, *, ascii_only: bool, depths: Sequence[int] | None = None
) -> None:
    """Observe, and write what the view shows in the given form; `depths` are those of the depth view and the map.

    Raises `SettingsError` for a depth out of range.
    """
    telescope = Telescope()
    if view in SURVEYS:
        stream.write(SURVEYS[view](telescope, settings, form, depths, ascii_only))
        return
    observation = telescope.observe(settings)
    remedy = telescope.advise(settings, observation)
    words = describe(observation) + (f" {remedy.text}" if remedy else "")
    if form in WRITERS:
        stream.write(WRITERS[form](settings, observation, words))
        return
    make_chart = VIEWS[view].chart
    assert make_chart, "surveys are written elsewhere"
    chart = make_chart([Trace("", observation)], None)
    stream.write(_shown(chart, form, settings, [words, _table(observation, view)], ascii_only))


def _shown(chart: Paintable, form: str, settings: Settings, words: Sequence[str], ascii_only: bool) -> str:
    """The picture, as SVG with the first of the words, or as text under all of them."""
    picture = paint(chart, _columns(), CHART_HEIGHT, ascii_only=ascii_only)
    if form == "svg":
        return svg(picture, shlex.join(["tui-telescope", *settings.arguments()]), words[0] if words else "")
    return "\n\n".join([_described(settings), *words, picture.text]) + "\n"


def _table(observation: Observation, view: str) -> str:
    """What the view shows at a few layers spread over the depth, the first and the last always among them."""
    columns = _signal_columns(observation) if view == "signal" else _gradient_columns(observation)
    layers = np.unique(np.linspace(1, observation.depth, TABLE_ROWS).round().astype(int))
    lines = [f"{observation.stage:>7}" + "".join(f" {name:>12}" for name in columns)]
    lines += [f"{layer:>7}" + "".join(f" {cells[layer - 1]:>12}" for cells in columns.values()) for layer in layers]
    return "\n".join(line.rstrip() for line in lines)


def _gradient_columns(observation: Observation) -> dict[str, list[str]]:
    reading, weights = observation.gradient, observation.weight_gradient
    return {
        "gradient": _powers(reading.log10_mean),
        "10%": _powers(reading.log10_low),
        "90%": _powers(reading.log10_high),
        **({"weights": _powers(weights.log10)} if weights else {}),
        "factor": ["", *_powers(observation.log10_factor)],
    }


def _signal_columns(observation: Observation) -> dict[str, list[str]]:
    signal = observation.signal
    if signal is None:
        return {}
    return {
        "rms": _powers(signal.log10_rms),
        "saturated": [f"{fraction:.1%}" for fraction in signal.saturated],
        "dead": [f"{fraction:.1%}" for fraction in signal.dead],
    }


def _powers(log10: Array) -> list[str]:
    return [scientific(number) for number in log10.tolist()]


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
        "depth_scale": theory.depth_scale if np.isfinite(theory.depth_scale) else None,
    }


def _csv(settings: Settings, observation: Observation, words: str) -> str:
    """One row a layer; an exact zero is -inf, and layer 1 has no factor."""
    columns = _csv_columns(observation)
    return _rows(["layer", *columns], zip(range(1, observation.depth + 1), *columns.values(), strict=True))


def _csv_columns(observation: Observation) -> dict[str, list[Any]]:
    reading, weights, signal = observation.gradient, observation.weight_gradient, observation.signal
    columns = {
        "log10_gradient_mean": reading.log10_mean.tolist(),
        "log10_gradient_low": reading.log10_low.tolist(),
        "log10_gradient_high": reading.log10_high.tolist(),
        "log10_factor": ["", *observation.log10_factor.tolist()],
    }
    if observation.cell_gradient:
        columns["log10_cell_gradient_mean"] = observation.cell_gradient.log10_mean.tolist()
    if weights:
        columns["log10_weight_gradient"] = weights.log10.tolist()
    if signal:
        columns["log10_rms"] = signal.log10_rms.tolist()
        columns["saturated"], columns["dead"] = signal.saturated.tolist(), signal.dead.tolist()
    return columns


def _depth_view(
    telescope: Telescope, settings: Settings, form: str, depths: Sequence[int] | None, ascii_only: bool
) -> str:
    """Layer 1's gradient against the depth; pictures show residual flipped too, where that has an effect."""
    sweep = sweep_depths(telescope, settings, depths)
    if form == "json":
        return json.dumps(sweep.document(), allow_nan=False) + "\n"
    if form == "csv":
        return _rows(["depth", "log10_gradient_layer_1"], zip(sweep.depths, sweep.log10_gradient.tolist(), strict=True))
    sweeps = [sweep]
    if "residual" not in settings.ineffective:
        sweeps.append(sweep_depths(telescope, settings.replace(residual=not settings.residual), sweep.depths))
    lines = [f"{'depth':>7} {f'gradient at {settings.stage} 1':>20}"]
    lines += [f"{d:>7} {scientific(g):>20}" for d, g in zip(sweep.depths, sweep.log10_gradient.tolist(), strict=True)]
    words = [] if form == "svg" else ["\n".join(lines)]
    return _shown(depth_chart(sweeps), form, settings, words, ascii_only)


def _map_view(
    telescope: Telescope, settings: Settings, form: str, depths: Sequence[int] | None, ascii_only: bool
) -> str:
    """Layer 1's gradient over scale and depth."""
    *_, finest = map_scales_and_depths(telescope, settings, depths=depths)
    if form == "json":
        return json.dumps(finest.document(), allow_nan=False) + "\n"
    if form == "csv":
        cells = (
            (depth, scale, gradient)
            for depth, row in zip(finest.depths, finest.log10_gradient.tolist(), strict=True)
            for scale, gradient in zip(finest.scales, row, strict=True)
        )
        return _rows(["depth", "scale", "log10_gradient_layer_1"], cells)
    return _shown(MapChart(finest, critical_scale(settings)), form, settings, [], ascii_only)


SURVEYS: dict[str, Callable[[Telescope, Settings, str, Sequence[int] | None, bool], str]] = {
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


def _columns() -> int:
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def _described(settings: Settings) -> str:
    return ", ".join(
        f"{setting.label.lower()} {setting.write(getattr(settings, name))}" for name, setting in REGISTRY.items()
    )


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
