"""The app over a source that is no telescope: a run recorded elsewhere, whose subjects are the numbers of its steps."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from exploring import Explorer, exploring

from tui_telescope.observations.from_norms import from_log10_norms
from tui_telescope.observations.observation import Observation
from tui_telescope.tui.sources.source import Ghost, Heading, Labels, Source, SourceError, Tell, nobody
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.top_line import TopLine

LAYERS = ("embed", "block.0", "block.1", "head")
RECORDED = {0: [-1.0, -0.5, -0.2, 0.0], 300: [-4.0, -2.5, -1.0, 0.0], 600: [-9.0, -6.0, -3.0, 0.0]}


class RecordedRun(Source[int]):
    """Three steps of a training run."""

    def __init__(self) -> None:
        self.observed: list[int] = []

    def observe(self, subject: int, *, should_stop: Callable[[], bool], progress: Tell = nobody) -> Observation:
        if subject not in RECORDED:
            raise SourceError(f"step {subject}: not recorded")
        self.observed.append(subject)
        return from_log10_norms(RECORDED[subject], layers=LAYERS)

    def expected_seconds(self, subject: int) -> float:
        return 0.0

    def heading(self, subject: int) -> Heading:
        return Heading("runs/a", f"step {subject}")

    def size(self, subject: int) -> str:
        return f"step {subject}"

    def arguments(self, subject: int) -> list[str]:
        return ["watch", "runs/a", "--step", str(subject)]

    def labels(self, live: int, pins: Sequence[int]) -> Labels:
        words = [f"step {each}" for each in (live, *pins)]
        return Labels(words, words, words)


class RunWithGhost(RecordedRun):
    """The same, each step set against the first."""

    def ghost(self, subject: int) -> Ghost[int] | None:
        return Ghost(0, "first record", f"step {subject}") if subject else None

    def why_no_ghost(self, subject: int) -> str:
        return "" if subject else "It is the first record itself."


def words(explorer: Explorer) -> str:
    return explorer.said()


async def test_a_run_is_shown_with_its_layers_names_its_verdict_and_no_settings() -> None:
    async with exploring(600, source=RecordedRun(), size=(120, 30)) as explorer:
        assert words(explorer).startswith("Layer embed receives 1.00e-09")
        assert "gradient that reaches each layer" in explorer.text(ChartView)
        assert explorer.lines(TopLine)[0].startswith(" Gradient Telescope · runs/a: step 600 ")
        assert not explorer.app.query(Panels)
        assert explorer.app.query_one(ChartView).size.width == 120
        await explorer.press("2")
        assert "factor" in explorer.text(ChartView)
        await explorer.press("q")
        assert not explorer.app.is_running


async def test_steps_of_a_run_are_pinned_kept_and_gone_back_to() -> None:
    run = RecordedRun()
    async with exploring(0, source=run) as explorer:
        await explorer.press("p")
        assert "Pinned: go on and compare." in words(explorer)
        explorer.app.go_to(600)
        await explorer.settle()
        chart = explorer.text(ChartView)
        assert "step 600" in chart
        assert "step 0" in chart
        await explorer.press("p")
        assert [pin.subject for pin in explorer.app.comparing.comparison.pins] == [0, 600]
        await explorer.press("p")
        assert "pinned already" in words(explorer)
        await explorer.press("z")
        assert explorer.app.subject == 0
        assert words(explorer).startswith("Layer embed receives 1.00e-01")
        assert run.observed == [0, 600], "what was observed lately is not observed again"


async def test_a_run_is_set_against_what_its_source_says() -> None:
    async with exploring(600, source=RunWithGhost()) as explorer:
        await explorer.press("g")
        await explorer.until(lambda: "ghost: first record" in explorer.text(ChartView))
        explorer.app.go_to(0)
        await explorer.settle()
        assert "ghost" not in explorer.text(ChartView)
        await explorer.press("g", "g")
        assert words(explorer) == "The ghost is on. It is the first record itself."
    async with exploring(600, source=RecordedRun()) as explorer:
        await explorer.press("g")
        assert words(explorer) == "The ghost is on. Nothing is known to compare it with."


async def test_a_run_is_taken_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with exploring(300, source=RecordedRun()) as explorer:
        await explorer.press("y")
        assert explorer.app.clipboard == "tui-telescope watch runs/a --step 300"
        await explorer.press("e")
    rows = list(csv.reader((tmp_path / "gradient-telescope-1.csv").read_text().splitlines()))
    assert [row[0] for row in rows[1:]] == list(LAYERS)
    assert "runs/a" in (tmp_path / "gradient-telescope-1.svg").read_text()


@pytest.mark.parametrize(
    "keys", [["r"], ["right"], ["space"], ["enter"], ["right_square_bracket"], ["o"], ["f"], ["x"], ["5"], ["t"]]
)
async def test_what_asks_for_settings_says_that_there_are_none(keys: list[str]) -> None:
    async with exploring(300, source=RecordedRun()) as explorer:
        chart = explorer.text(ChartView)
        await explorer.press(*keys)
        assert "it has no settings to change" in words(explorer)
        assert (explorer.app.subject, explorer.app.view, explorer.text(ChartView)) == (300, "gradient", chart)


async def test_what_a_source_cannot_observe_is_said_in_its_own_words() -> None:
    async with exploring(300, source=RecordedRun()) as explorer:
        explorer.app.go_to(301)
        await explorer.until(lambda: "step 301: not recorded" in words(explorer))
        assert explorer.app.subject == 300
