"""A real run's newest record, as text or for machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from tui_telescope.charts.drawable import Drawable
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.steps.run_charts import StepOptions, StepTrace
from tui_telescope.charts.views import RUN_VIEWS, View
from tui_telescope.observations.description import words_of
from tui_telescope.observations.observation import Array, GradientReading, Observation
from tui_telescope.printing.machine_readable import as_json, observation_document, reading_as_csv, verdict_document
from tui_telescope.printing.readings import Sink
from tui_telescope.printing.text import CHART_HEIGHT, table
from tui_telescope.printing.window_size import columns
from tui_telescope.runs.reading.follower import Refused
from tui_telescope.runs.reading.run import Run
from tui_telescope.runs.reading.telling import left_out, told_with


def write_run(stream: Sink, run: Run, form: str, view: str, *, ascii_only: bool) -> str:
    """Write what the newest record tells; returns the verdict's state, or what kept it from one.

    Raises `Refused` where there is nothing to tell.
    """
    observation = run.observation()
    if observation is None:
        raise Refused(f"{run.name}: {run.lack or 'no records yet'}")
    if form == "text":
        stream.write(_text(run, observation, view, ascii_only=ascii_only))
    else:
        stream.write(WRITERS[form](run, observation))
    if observation.nonfinite:
        return "not finite"
    return observation.verdict.state or "not recorded"


def words(run: Run, observation: Observation) -> str:
    """The verdict, and what the run's course adds to it."""
    headline, verdict = words_of(observation)
    opening = f"{headline}:" if headline else ""
    told = told_with(verdict, run.course(), observation)
    return " ".join(filter(None, (opening, *told, left_out(run.layers, observation), run.note)))


def _text(run: Run, observation: Observation, view: str, *, ascii_only: bool) -> str:
    chart = _chart(run, observation, RUN_VIEWS[view])
    picture = chart.draw(columns(), CHART_HEIGHT, ascii_only=ascii_only)
    parts = (words(run, observation), _place(run), picture.text, table(observation, view))
    return "\n\n".join(parts) + "\n"


def _chart(run: Run, observation: Observation, view: View) -> Drawable:
    over = run.over_steps()
    if view.steps is None:
        assert view.chart
        return view.chart([Trace("", observation)], ChartOptions())
    if over is None:
        raise Refused(f"{run.name}: no record holds a gradient to show over the steps")
    return view.steps([StepTrace("", over)], StepOptions())


def _place(run: Run) -> str:
    """Which run this is, and how far it has come."""
    record, age = run.record_at(), run.age_seconds()
    assert record is not None
    assert age is not None
    loss = "" if record.loss is None else f", loss {record.loss:.4g}"
    skipped = f", {run.skipped_lines} lines skipped" if run.skipped_lines else ""
    order = "" if run.order == "execution" else " The order of the layers is guessed."
    return (
        f"Run {run.name}: step {record.step}{loss}, {run.count} records{skipped}; the last is {age:.0f} s old.{order}"
    )


_DECIMALS = 5
"""Of a log10: as few as tell apart all numbers of the four digits with which they are recorded."""


def _as_recorded(observation: Observation) -> Observation:
    """The same without the digits that taking logarithms has added."""
    gradient, weights, signal, factor = (
        observation.gradient, observation.weight_gradient, observation.signal, observation.log10_factor
    )  # fmt: skip
    return replace(
        observation,
        gradient=gradient and GradientReading(*(_rounded(getattr(gradient, each.name)) for each in fields(gradient))),
        weight_gradient=weights and replace(weights, log10=_rounded(weights.log10)),
        signal=signal and replace(signal, log10_rms=_rounded(signal.log10_rms)),
        log10_factor=None if factor is None else _rounded(factor),
    )


def _rounded(log10: Array) -> Array:
    return np.asarray(np.round(log10, _DECIMALS) + 0.0)


def _as_json(run: Run, observation: Observation) -> str:
    record, course = run.record_at(), run.course()
    assert record is not None
    document: dict[str, Any] = {
        "run": run.name,
        "step": record.step,
        "age_seconds": run.age_seconds(),
        **observation_document(_as_recorded(observation)),
        "factor": None if observation.log10_factor is None else [float(f"{each:.4g}") for each in observation.factor],
        "nonfinite": course.nonfinite and course.nonfinite._asdict(),
        "nonfinite_outside": list(course.outside),
        "unhealthy_since": course.since,
        "loss_scale_halvings": course.halvings,
        "records": run.count,
        "skipped_lines": run.skipped_lines,
        "order": run.order,
        "verdict": {**verdict_document(observation, None), "text": words(run, observation)},
    }
    return as_json(document)


WRITERS: dict[str, Callable[[Run, Observation], str]] = {
    "json": _as_json,
    "csv": lambda run, observation: reading_as_csv(_as_recorded(observation)),
}
"""The forms for machines."""
