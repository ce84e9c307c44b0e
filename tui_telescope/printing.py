"""One reading as text, JSON or CSV: what the screen shows, for pipes, scripts and screen readers."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterable
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.frame import draw
from tui_telescope.charts.views import VIEWS, Trace
from tui_telescope.engine.diagnosis import describe
from tui_telescope.engine.observation import Observation
from tui_telescope.engine.telescope import Telescope
from tui_telescope.notation import scientific
from tui_telescope.settings import REGISTRY, Settings

Array = NDArray[np.float64]

CHART_HEIGHT = 20
TABLE_ROWS = 11


def write_reading(stream: TextIO, settings: Settings, form: str, view: str, *, ascii_only: bool) -> None:
    """Observe once and write the reading in one of `WRITERS`' forms."""
    telescope = Telescope()
    observation = telescope.observe(settings)
    remedy = telescope.advise(settings, observation)
    words = describe(observation) + (f" {remedy.text}" if remedy else "")
    if form == "text":
        stream.write(_text(settings, observation, words, view, ascii_only))
    else:
        stream.write(WRITERS[form](settings, observation, words))


def _text(settings: Settings, observation: Observation, words: str, view: str, ascii_only: bool) -> str:
    """Settings, the verdict in words, a short table, the chart."""
    chart = VIEWS[view].chart([Trace("", observation)], None)
    columns = shutil.get_terminal_size((80, 24)).columns
    picture = draw(chart, max(40, columns), CHART_HEIGHT, ascii_only=ascii_only)
    described = ", ".join(
        f"{setting.label.lower()} {setting.write(getattr(settings, name))}" for name, setting in REGISTRY.items()
    )
    return "\n\n".join([described, words, _table(observation), picture.text]) + "\n"


def _table(observation: Observation) -> str:
    """The readings at a few layers spread over the depth, the first and the last always among them."""
    layers = np.unique(np.linspace(1, observation.depth, TABLE_ROWS).round().astype(int))
    lines = [f"{'layer':>7} {'gradient':>12} {'10%':>12} {'90%':>12} {'factor':>12}"]
    reading = observation.gradient
    for layer in layers:
        index = layer - 1
        numbers = [reading.log10_mean[index], reading.log10_low[index], reading.log10_high[index]]
        if layer > 1:
            numbers.append(observation.log10_factor[index - 1])
        lines.append(f"{layer:>7}" + "".join(f" {scientific(float(number)):>12}" for number in numbers))
    return "\n".join(lines)


def _json(settings: Settings, observation: Observation, words: str) -> str:
    verdict = observation.verdict
    reading = observation.gradient
    document = {
        "settings": settings.as_dict(),
        "layers": list(range(1, observation.depth + 1)),
        "gradient": {
            "log10_mean": _nullable(reading.log10_mean),
            "log10_low": _nullable(reading.log10_low),
            "log10_high": _nullable(reading.log10_high),
        },
        "factor": [_power(number) for number in observation.log10_factor],
        "verdict": {
            "state": verdict.state,
            "decades_per_layer": verdict.decades_per_layer,
            "frozen_layers": verdict.frozen_layers,
            "text": words,
        },
    }
    return _bare_numbers(json.dumps(document, allow_nan=False)) + "\n"


def _csv(settings: Settings, observation: Observation, words: str) -> str:
    """One row a layer; an exact zero is -inf, and layer 1 has no factor."""
    reading = observation.gradient
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(["layer", "log10_gradient_mean", "log10_gradient_low", "log10_gradient_high", "log10_factor"])
    columns: Iterable[list[float]] = (
        reading.log10_mean.tolist(), reading.log10_low.tolist(), reading.log10_high.tolist(),
    )  # fmt: skip
    factors = ["", *observation.log10_factor.tolist()]
    writer.writerows(zip(range(1, observation.depth + 1), *columns, factors, strict=True))
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
    return float(10.0**log10) if log10 > -300 else _MARK + scientific(float(log10), digits=17)


def _bare_numbers(text: str) -> str:
    """Take the quotes from marked numbers: JSON has no smallest number, though json.dumps does."""
    return re.sub(r'"\\u0000([^"]+)"', r"\1", text)
