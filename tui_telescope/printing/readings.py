"""One reading as text, JSON, CSV or SVG: what the screen shows, for pipes, scripts and screen readers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from tui_telescope.charts.drawing.svg import svg
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.surveys.surveys import Instruments, Survey
from tui_telescope.charts.views import VIEWS
from tui_telescope.engine.learning.trainability import TrainabilityMemory
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.remedies import Remedy, in_words
from tui_telescope.engine.sweep import MapMemory
from tui_telescope.engine.telescope import ALL_READINGS, READINGS
from tui_telescope.notation import counted
from tui_telescope.observations.description import describe
from tui_telescope.observations.observation import Observation
from tui_telescope.printing.machine_readable import WRITERS, curves_as_csv
from tui_telescope.printing.progress_line import ProgressLine
from tui_telescope.printing.text import described, reading_text, table
from tui_telescope.settings import Settings
from tui_telescope.watched_telescope import WatchedTelescope


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
) -> str | None:
    """Observe, and write what the view shows in the given form; `depths` are those of the depth view and the map.

    While it observes, the line tells of it. Returns the verdict's state, None for a view of many networks. Raises
    `SettingsError` for a depth out of range.
    """
    telescope = WatchedTelescope(line or ProgressLine(None))
    if make_survey := VIEWS[view].survey:
        text, state = _survey(telescope, make_survey(settings, depths), form, view, ascii_only), None
    else:
        text, state = _reading(telescope, settings, form, view, ascii_only)
    stream.write(text)
    return state


def _reading(
    telescope: WatchedTelescope, settings: Settings, form: str, view: str, ascii_only: bool
) -> tuple[str, str | None]:
    """A single network, and the state that it is in."""
    readings = ALL_READINGS if form in WRITERS or VIEWS[view].shows_spread else READINGS
    observation, remedy = _observed(telescope, settings, readings)
    state = "not finite" if observation.nonfinite else observation.verdict.state
    if form in WRITERS:
        return WRITERS[form](settings, observation, remedy), state
    make_chart = VIEWS[view].chart
    assert make_chart, "a view has a chart or a survey"
    chart = make_chart([Trace("", observation)], ChartOptions())
    if form == "svg":
        return svg(chart, describe(observation), described(settings, view), ascii_only=ascii_only), state
    words, rows = in_words(observation, remedy), table(observation, view)
    return reading_text(words, settings, view, chart, rows, ascii_only=ascii_only), state


def _survey(telescope: WatchedTelescope, survey: Survey[Any], form: str, view: str, ascii_only: bool) -> str:
    """Many networks. Numbers are those of the first part alone; a picture shows what is compared with it too."""
    instruments = Instruments(telescope, MapMemory(), TrainabilityMemory())
    parts = survey.parts()
    found = []
    for part in parts if form in ("text", "svg") else parts[:1]:
        telescope.begin(f"observing {part.what}", part.networks)
        *_, whole = part.observe(instruments, Progress())
        found.append(whole)
    if form == "json":
        return json.dumps(found[0].document(), allow_nan=False) + "\n"
    if form == "csv":
        return curves_as_csv(survey.curves(found))
    settings, chart = survey.settings, survey.chart(found, None)
    if form == "svg":
        return svg(chart, described(settings, view), ascii_only=ascii_only)
    words = in_words(*_observed(telescope, settings))
    return reading_text(words, settings, view, chart, survey.table(found[0]), ascii_only=ascii_only)


def _observed(
    telescope: WatchedTelescope, settings: Settings, readings: Sequence[str] = READINGS
) -> tuple[Observation, Remedy | None]:
    """The readings, and what would mend what they show."""
    stages = f"{counted(settings.depth, settings.stage)} of width {settings.width}"
    telescope.begin(f"observing {stages}", [settings], readings)
    observation = telescope.observe(settings, readings=readings)
    telescope.begin("trying what would mend it", None)
    return observation, telescope.advise(settings, observation)
