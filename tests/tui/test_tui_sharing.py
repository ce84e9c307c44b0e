"""The screen as a command, as files, and through the command palette."""

from __future__ import annotations

import csv
import io
import resource
import shlex
from functools import partial
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import pytest
from exploring import Explorer, exploring

from tui_telescope import Telescope, observe
from tui_telescope.charts.surveys.map_chart import MapChart
from tui_telescope.charts.surveys.surveys import Instruments, MapSurvey
from tui_telescope.charts.views import VIEWS
from tui_telescope.cli import main
from tui_telescope.engine.learning.trainability import TrainabilityMemory
from tui_telescope.engine.mean_field.theory import predict
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.sweep import MapMemory
from tui_telescope.engine.telescope import ALL_READINGS
from tui_telescope.printing.readings import write_reading
from tui_telescope.settings import Settings
from tui_telescope.tui.sharing import SharingError, command_line, save
from tui_telescope.tui.sources.telescope_source import TelescopeSource
from tui_telescope.tui.widgets.chart_view import ChartView

SMALL = Settings(depth=3, width=2, samples=2)


def words(explorer: Explorer) -> str:
    return explorer.said()


async def test_the_copied_command_brings_back_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    async with exploring() as explorer:
        await explorer.press("r", "s", "2", "y")
        assert explorer.app.clipboard == "tui-telescope --residual --scale 2.5 --view factor"
        assert words(explorer) == f"Sent to the clipboard: {explorer.app.clipboard}"

    explored: list[tuple[Settings, str]] = []
    monkeypatch.setattr(
        "tui_telescope.cli._explore", lambda settings, options: explored.append((settings, options.view))
    )
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    main(shlex.split(explorer.app.clipboard)[1:])
    assert explored == [(Settings(residual=True, scale=2.5), "factor")]


def test_what_a_shell_would_take_apart_is_quoted() -> None:
    command = command_line(TelescopeSource(), Settings(residual=True, branch_scale="1/sqrt(L)"), "gradient")
    assert command == "tui-telescope --residual --branch-scale '1/sqrt(L)'"


async def test_saving_writes_readings_and_picture_and_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with exploring(Settings(depth=7)) as explorer:
        await explorer.press("e")
        assert f"Saved gradient-telescope-1.csv and gradient-telescope-1.svg in {tmp_path}."[:60] in words(explorer)
        first = (tmp_path / "gradient-telescope-1.csv").read_text()
        await explorer.press("r", "e")
    assert (tmp_path / "gradient-telescope-1.csv").read_text() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"gradient-telescope-{number}.{suffix}" for number in (1, 2) for suffix in ("csv", "svg")
    ]
    rows = list(csv.reader(first.splitlines()))
    assert [row[0] for row in rows[1:]] == [str(layer) for layer in range(1, 8)]
    picture = ElementTree.parse(tmp_path / "gradient-telescope-1.svg").getroot()
    text = " ".join("".join(picture.itertext()).replace("\xa0", " ").split())
    assert all(word in text for word in ("gradient", "learns", "frozen"))
    assert "HEALTHY: layer 1 receives" in text
    assert "Shown: cell feedforward, depth 7, width 4," in text


async def test_pins_the_ghost_and_the_theory_are_saved_below_the_live_curve_under_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with exploring(Settings(depth=7)) as explorer:
        await explorer.press("p", "s", "g", "o")
        await explorer.until(lambda: all(each in explorer.text(ChartView) for each in ("ghost", "theory")))
        await explorer.press("e")
    rows = list(csv.DictReader((tmp_path / "gradient-telescope-1.csv").read_text().splitlines()))
    curves = {name: list(group) for name, group in groupby(rows, key=lambda row: row["curve"])}
    assert list(curves) == ["scale 2.5", "scale 2.0", "ghost: residual on", "theory: infinite width"]
    assert list(rows[0])[-1] == "curve"
    expected = [Settings(depth=7, scale=2.5), Settings(depth=7), Settings(depth=7, scale=2.5, residual=True)]
    for settings, found in zip(expected, curves.values(), strict=False):
        mean = observe(settings).gradient.log10_mean
        assert [float(row["log10_gradient_mean"]) for row in found] == pytest.approx(mean.tolist(), abs=1e-12)
    theory = curves["theory: infinite width"]
    assert {row["log10_weight_gradient"] for row in theory} == {""}
    prediction = predict(expected[0])
    assert prediction
    assert [float(row["log10_gradient_mean"]) for row in theory] == prediction.log10_gradient.tolist()


async def test_learning_networks_are_saved_with_what_they_are_compared_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with exploring(Settings(depth=3)) as explorer:
        await explorer.press("6", "g")
        await explorer.until(lambda: "ghost" in explorer.text(ChartView))
        await explorer.press("e")
    rows = list(csv.DictReader((tmp_path / "gradient-telescope-1.csv").read_text().splitlines()))
    assert [row["curve"] for row in rows] == ["residual off"] * 3 + ["ghost: residual on"] * 3


async def test_the_spread_is_saved_once_its_view_has_taken_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(depth=7)
    async with exploring(settings) as explorer:
        await explorer.press("e")
        assert words(explorer).endswith("without the spread, which view 3 takes.")
        await explorer.press("3")
        await explorer.until(lambda: "spread" in explorer.text(ChartView) and "..." not in explorer.text(ChartView))
        await explorer.press("1", "e")
        assert "without the spread" not in words(explorer)
    first, second = (
        list(csv.DictReader((tmp_path / f"gradient-telescope-{number}.csv").read_text().splitlines()))
        for number in (1, 2)
    )
    assert "log10_spread" not in first[0]
    spread = Telescope().observe(settings, readings=ALL_READINGS).signal.log10_spread
    assert [float(row["log10_spread"]) for row in second] == pytest.approx(spread.tolist(), abs=1e-9)


def printed(settings: Settings, view: str) -> list[list[str]]:
    stream = io.StringIO()
    write_reading(stream, settings, "csv", view, ascii_only=False)
    return list(csv.reader(stream.getvalue().splitlines()))


async def saved_survey(settings: Settings, view: str, folder: Path) -> list[list[str]]:
    async with exploring(settings, view=view) as explorer:
        await explorer.press("p")
        await explorer.until(lambda: explorer.app.finding and explorer.app._surveyor.work is None)
        await explorer.press("e")
        assert words(explorer).startswith("Saved gradient-telescope-1.csv and gradient-telescope-1.svg")
        assert "spread" not in words(explorer)
    return list(csv.reader((folder / "gradient-telescope-1.csv").read_text().splitlines()))


@pytest.mark.parametrize("view", ["map", "trainable", "spectrum"])
async def test_a_view_of_many_networks_is_saved_as_the_numbers_that_print_gives_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    monkeypatch.chdir(tmp_path)
    at_few_depths = partial(VIEWS[view].survey, depths=None if view == "spectrum" else (1, 2))
    monkeypatch.setitem(VIEWS, view, VIEWS[view]._replace(survey=lambda settings, _: at_few_depths(settings)))
    rows = await saved_survey(SMALL, view, tmp_path)
    assert len(rows) > 2
    assert rows == printed(SMALL, view)


async def test_of_the_depth_view_both_curves_are_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (*header, last), *rows = await saved_survey(SMALL, "depth", tmp_path)
    assert last == "curve"
    for residual, name in ((False, "layer 1, residual off"), (True, "layer 1, residual on")):
        of_curve = [row[:-1] for row in rows if row[-1] == name]
        assert [header, *of_curve] == printed(SMALL.replace(residual=residual), "depth")


async def test_where_a_view_of_many_networks_shows_no_numbers_yet_none_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with exploring(SMALL.replace(norm="batch")) as explorer:
        explorer.send("5", "e")  # at once: the chart is still that of view 1
        await explorer.until(lambda: words(explorer) == "There are no numbers here to save.")
        await explorer.press("8")
        await explorer.until(lambda: "No spectrum here" in explorer.text(ChartView))
        await explorer.press("e")
        assert words(explorer) == "There are no numbers here to save."
    assert list(tmp_path.iterdir()) == []


def test_of_a_map_whose_cells_are_not_all_known_the_known_ones_are_told() -> None:
    survey = MapSurvey(SMALL)
    instruments = Instruments(Telescope(), MapMemory(), TrainabilityMemory())
    first = next(survey.findings(instruments, Progress(), None))
    assert isinstance(first.chart, MapChart)
    ((_, columns),) = first.curves().items()
    known = sum(state is not None for row in first.chart.grid.states for state in row)
    assert 0 < known < len(first.chart.grid.scales) * len(first.chart.grid.depths)
    assert len(columns["depth"]) == known


@pytest.mark.parametrize(("keys", "hint"), [("", "v weights"), ("6", "v gradient")])
async def test_a_picture_names_no_keys_where_the_screen_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with exploring(Settings(depth=20)) as explorer:
        await explorer.press(*keys)
        await explorer.until(lambda: hint in explorer.text(ChartView) and explorer.app.shown.remedy)
        await explorer.press("e")
    text = (tmp_path / "gradient-telescope-1.svg").read_text().replace("\u00a0", " ")
    assert "layer" in text
    assert not any(words in text for words in (hint, "Try ", "Space"))


async def test_where_nothing_can_be_written_one_line_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    async with exploring() as explorer:
        gone.rmdir()
        await explorer.press("e")
        assert "No such file or directory" in words(explorer)
        assert explorer.app.is_running


def test_a_name_taken_by_the_picture_alone_is_left_alone_too(tmp_path: Path) -> None:
    (tmp_path / "gradient-telescope-1.svg").write_text("mine")
    paths = save({"csv": "numbers", "svg": "picture"}, tmp_path)
    assert [path.name for path in paths] == ["gradient-telescope-2.csv", "gradient-telescope-2.svg"]
    assert (tmp_path / "gradient-telescope-1.svg").read_text() == "mine"
    assert not (tmp_path / "gradient-telescope-1.csv").exists()


@pytest.mark.parametrize("room", [0, 1000, 5000], ids=lambda room: f"{room} bytes")
async def test_what_finds_no_room_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.chdir(tmp_path)
    async with exploring(Settings(depth=7)) as explorer:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))  # how a full disk is had without one
        try:
            await explorer.press("e")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert words(explorer).startswith("Nothing saved to ")
        assert list(tmp_path.iterdir()) == []
        await explorer.press("r", "e")
        assert "Saved gradient-telescope-1.csv" in words(explorer)


def test_a_folder_that_is_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SharingError, match=r"^Nothing saved to .*: Not a directory\.$"):
        save({"csv": ""}, tmp_path / "file")
