"""What a network has learned, as text, JSON or CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from textwrap import fill
from typing import Any, Protocol

import numpy as np

from tui_telescope.engine.learning.course.description import summary
from tui_telescope.engine.learning.course.moments import Moment
from tui_telescope.engine.telescope import Telescope
from tui_telescope.notation import counted, nullable
from tui_telescope.observations.observation import measured
from tui_telescope.printing.machine_readable import Columns, curves_as_csv
from tui_telescope.printing.progress_line import ProgressLine
from tui_telescope.printing.text import TABLE_ROWS, Array, changed, lost_layers, powers
from tui_telescope.settings import Settings

SPARKS = {False: "▁▂▃▄▅▆▇█", True: "_.-~=+*#"}
"""From low to high, each by whether it is ASCII."""
MOMENTS = 60
"""How many steps are shown, about."""


class Sink(Protocol):
    """What text is written to."""

    def write(self, text: str, /) -> Any: ...


def write_learning(
    stream: Sink, settings: Settings, steps: int, form: str, *, ascii_only: bool, line: ProgressLine
) -> None:
    """Learn for so many steps, and write what came of it; the line tells meanwhile how far it is."""
    line.begin(f"learning for {counted(steps, 'step')}", 1.0)
    with line.part(1.0):
        moments = list(Telescope().learn(settings, steps, every=-(-steps // MOMENTS), progress=line.tell))
    stream.write(FORMS[form](settings, moments, ascii_only))


def _as_text(settings: Settings, moments: Sequence[Moment], ascii_only: bool) -> str:
    losses = f"Loss from step 0 to {moments[-1].step}: {sparkline([each.loss for each in moments], ascii_only)}"
    parts = (
        fill(summary(settings, moments[0], moments[-1]), 80),
        fill(changed(settings, "learn"), 80),
        losses,
        _table(settings, moments[-1]),
    )
    return "\n\n".join(parts) + "\n"


def sparkline(values: Sequence[float], ascii_only: bool) -> str:
    """One character a value, its height from the smallest to the largest of them; `!` where one is not finite."""
    finite = [value for value in values if np.isfinite(value)]
    low, span = min(finite, default=0.0), max(finite, default=0.0) - min(finite, default=0.0)
    sparks = SPARKS[ascii_only]
    heights = (
        round((value - low) / (span or 1.0) * (len(sparks) - 1)) if np.isfinite(value) else -1 for value in values
    )
    return "".join(sparks[height] if height >= 0 else "!" for height in heights)


def _table(settings: Settings, moment: Moment) -> str:
    """What is known of a few layers spread over the depth, the first and the last always among them."""
    depth, seen = settings.depth, moment.observation
    layers = np.unique(np.linspace(1, depth, TABLE_ROWS).round().astype(int))
    columns = {
        "gradient": powers(measured(seen.gradient).log10_mean, lost_layers(seen, "gradient")),
        "weights": powers(measured(seen.weight_gradient).log10, lost_layers(seen, "weight gradient")),
        "update": powers(moment.log10_update, _not_finite(moment.log10_update)),
        "change": powers(moment.log10_change, _not_finite(moment.log10_change)),
    }
    lines = [f"{len(layers)} of {counted(depth, settings.stage)}, after step {moment.step}:"]
    lines += [f"{settings.stage:>7}" + "".join(f" {name:>12}" for name in columns)]
    for layer in layers.tolist():
        cells = "".join(f" {column[layer - 1]:>12}" for column in columns.values())
        lines.append(f"{layer:>7}{cells}" + "  as it was" * bool(moment.unchanged[layer - 1]))
    return "\n".join(lines)


def _not_finite(log10: Array) -> list[int]:
    """The layers whose number is NaN or infinite."""
    layers: list[int] = (np.flatnonzero(~(log10 < np.inf)) + 1).tolist()
    return layers


def _columns(moment: Moment) -> dict[str, list[float]]:
    """What has one number a layer."""
    seen = moment.observation
    weights = measured(seen.weight_gradient)
    columns = {
        "log10_gradient": measured(seen.gradient).log10_mean,
        "log10_weight_gradient": weights.log10,
        "log10_update": moment.log10_update,
        "log10_change": moment.log10_change,
        "log10_spread": measured(measured(seen.signal).log10_spread),
    }
    columns |= {f"log10_weight_gradient_{name}": each for name, each in (weights.log10_parts or {}).items()}
    return {name: numbers.tolist() for name, numbers in columns.items()}


def _as_json(settings: Settings, moments: Sequence[Moment], ascii_only: bool) -> str:
    """Strict JSON: what is not finite is null. Of the change since the start and the layers that did not change, the
    last step's."""
    last = moments[-1]
    columns = [_columns(moment) for moment in moments]
    over_steps = [name for name in columns[0] if name != "log10_change"]
    document = {
        "settings": settings.as_dict(),
        "steps": [moment.step for moment in moments],
        "loss": nullable(moment.loss for moment in moments),
        "accuracy": [moment.accuracy for moment in moments],
        "layers": list(range(1, settings.depth + 1)),
        **{name: [nullable(each[name]) for each in columns] for name in over_steps},
        "log10_change": nullable(last.log10_change),
        "unchanged_layers": (np.flatnonzero(last.unchanged) + 1).tolist(),
        "diverged": last.diverged and last.diverged._asdict(),
        "text": summary(settings, moments[0], last),
    }
    return json.dumps(document, allow_nan=False) + "\n"


def learning_columns(moments: Sequence[Moment]) -> Columns:
    """An entry for each layer at each shown step; what is exactly zero has a logarithm of -inf."""
    names = list(_columns(moments[0]))
    rows = [
        [moment.step, moment.loss, moment.accuracy, layer, *numbers, int(unchanged)]
        for moment in moments
        for layer, (unchanged, *numbers) in enumerate(
            zip(moment.unchanged, *_columns(moment).values(), strict=True), start=1
        )
    ]
    header = ("step", "loss", "accuracy", "layer", *names, "unchanged")
    return dict(zip(header, zip(*rows, strict=True), strict=True))


FORMS: dict[str, Callable[[Settings, Sequence[Moment], bool], str]] = {
    "text": _as_text,
    "json": _as_json,
    "csv": lambda settings, moments, ascii_only: curves_as_csv({"": learning_columns(moments)}),
}
