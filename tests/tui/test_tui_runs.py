"""The app over several runs, over their steps, and over some of their layers."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_files import header, rank_path, record, written_run
from watching import FADING, append, watching

from tui_telescope.charts.steps.layer_map import LayerMap
from tui_telescope.charts.steps.loss_and_layers import LossAndLayers
from tui_telescope.tui.screens.help_screen import HelpScreen, HelpText
from tui_telescope.tui.screens.run_list import RunList, RunRows
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.top_line import TopLine

BLOCKS = ["embed", *(f"blocks.{block}.{part}" for block in range(3) for part in ("attn", "mlp")), "head"]
BY_ROLE = record(1, [1e-9, 1.0, 1e-3, 1.0, 1e-2, 1.0, 1e-1, 1.0])


def blocks_run(folder: Path, *lines: str) -> Path:
    rank_path(folder).write_text(header(BLOCKS, layers=[{"name": name} for name in BLOCKS]) + "".join(lines))
    return folder


async def test_one_layer_is_followed_over_the_steps_beside_its_loss_and_the_cursor_chooses_it(tmp_path: Path) -> None:
    run = written_run(tmp_path / "a", *FADING[:4])
    async with watching(run) as explorer:
        await explorer.press("4")
        assert "gradient, layer embed" in explorer.text(ChartView)
        chart = explorer.app.chart_view.chart
        assert isinstance(chart, LossAndLayers)
        assert chart.layers.curves[0].y.tolist() == pytest.approx([-1, -2, -3, -4])  # type: ignore[union-attr]
        assert chart.loss.curves[0].y.tolist() == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
        append(run, FADING[4])
        await explorer.until(lambda: explorer.app.chart_view.chart.loss.curves[0].x[-1] == 5)
        await explorer.press("greater_than_sign", "greater_than_sign")
        assert "gradient, layer block" in explorer.text(ChartView)
        assert explorer.said().startswith("Layer block: gradient 1.00e+00")


async def test_frozen_the_step_is_marked_where_layers_stand_over_steps(tmp_path: Path) -> None:
    async with watching(written_run(tmp_path / "a", *FADING)) as explorer:
        await explorer.press("4", "left", "left")
        chart = explorer.app.chart_view.chart
        assert (chart.loss.cursor, chart.layers.cursor) == (3, 3)
        assert "step 3, loss" in explorer.text(TopLine)
        await explorer.press("5")
        assert explorer.app.chart_view.chart.layers.cursor == (3, 1)
        for key, step in [("home", 1), ("right", 2), ("end", None)]:
            await explorer.press(key)
            marked = explorer.app.chart_view.chart.layers.cursor
            assert (marked[0] if marked else None) == step


async def test_all_layers_over_the_steps_with_what_was_lost_and_what_is_nothing(tmp_path: Path) -> None:
    lines = [record(1), record(2, [1e-9, 0.0, 1.0]), record(3, ["nan", 1.0, 1.0])]
    async with watching(written_run(tmp_path / "a", *lines)) as explorer:
        await explorer.press("5")
        shown = explorer.app.chart_view.chart
        assert isinstance(shown, LayerMap), "no loss was told"
        assert "× exactly zero" in explorer.text(ChartView)
        assert "! not finite" in explorer.text(ChartView)
        assert shown.lost.tolist() == [[False] * 3, [False] * 3, [True, False, False]]


async def test_layers_of_one_role_are_shown_alone_and_the_cursor_stays_on_its_layer(tmp_path: Path) -> None:
    async with watching(blocks_run(tmp_path / "a", BY_ROLE)) as explorer:
        await explorer.press("g")
        assert explorer.said().startswith("The ghost is on. This is the run's first record")
        await explorer.press("greater_than_sign", *["greater_than_sign"] * 2)
        assert explorer.said().startswith("Layer blocks.0.mlp")
        await explorer.press("R")
        assert explorer.said().startswith("Layer blocks.0.mlp: gradient 1.00e-03")
        assert explorer.app.shown.observation.layers == ("blocks.0.mlp", "blocks.1.mlp", "blocks.2.mlp")
        await explorer.press("escape")
        assert explorer.said().startswith("Layer blocks.0.mlp receives 1.00e-03 (factor 0.10 a layer).")
        assert "3 of 8 layers are shown, blocks.*.mlp" in explorer.said()
        assert "blocks.*.mlp" in explorer.text(TopLine)
        await explorer.press("5", "R")
        assert explorer.app.chart_view.chart.log10.tolist() == [[0, 0, 0]]
        await explorer.press("R", "1")
        assert explorer.app.shown.observation.depth == 8
        assert "are shown" not in explorer.said()


async def test_where_there_is_but_one_role_that_is_said(tmp_path: Path) -> None:
    async with watching(written_run(tmp_path / "a", *FADING)) as explorer:
        await explorer.press("r")
        assert "nothing to choose from" in explorer.said()


async def test_the_list_says_of_each_run_its_step_age_and_verdict(tmp_path: Path) -> None:
    written_run(tmp_path / "fades", *FADING)
    written_run(tmp_path / "level", FADING[0])
    written_run(tmp_path / "nothing")
    async with watching(tmp_path) as explorer:
        await explorer.pilot.press("l")
        await explorer.until(lambda: isinstance(explorer.app.screen, RunList))
        await explorer.until(lambda: "no records" in explorer.text(RunRows))
        title, fades, level, nothing = explorer.lines(RunRows)[:4]
        assert title.startswith(" 3 runs")
        assert fades.split()[-4:] == ["fades", "5", "now", "VANISHING"]
        assert level.split()[-4:] == ["level", "1", "now", "HEALTHY"]
        assert nothing.startswith("> * nothing"), "the one written last"
        append(tmp_path / "level", *FADING[1:4])
        await explorer.until(lambda: explorer.lines(RunRows)[2].split()[-3::2] == ["4", "VANISHING"])
        await explorer.pilot.press("home", "enter")
        await explorer.until(lambda: "fades: step 5" in explorer.text(TopLine))


async def test_two_runs_are_compared_at_the_nearest_record_not_later_by_the_layers_names(
    tmp_path: Path,
) -> None:
    written_run(tmp_path / "a", *FADING)
    names = ["block", "extra", "embed"]
    rank_path(tmp_path / "b").write_text(
        header(names, run="b") + "".join(record(step, [step, 9.0, 1 / step]) for step in (1, 2, 4, 5, 6, 7, 8))
    )
    async with watching(tmp_path) as explorer:
        await explorer.pilot.press("l")
        await explorer.until(lambda: "b " in explorer.text(RunRows))
        await explorer.pilot.press("home", "enter")
        await explorer.until(lambda: "a: step 5" in explorer.text(TopLine))
        await explorer.pilot.press("l")
        await explorer.until(lambda: "b " in explorer.text(RunRows))
        await explorer.pilot.press("end", "c")
        await explorer.until(lambda: "ghost: b, step 5" in explorer.text(ChartView))
        _, ghost = (
            explorer.app.chart_view.chart.charts[0].curves
            if hasattr(explorer.app.chart_view.chart, "charts")
            else explorer.app.chart_view.chart.curves
        )
        assert (10 ** ghost.y[:2]).tolist() == pytest.approx([1 / 5, 5])
        assert ghost.y[2] != ghost.y[2], "it has no head"
        assert "b has no layer of the same name as 1 of these 3" in explorer.said()
        assert "and has extra beside them, not shown." in explorer.said()
        await explorer.press("left")
        await explorer.until(lambda: "ghost: b, step 4" in explorer.text(ChartView))
        await explorer.press("left")
        await explorer.until(lambda: "ghost: b, step 2" in explorer.text(ChartView))
        await explorer.press("4")
        live, other = explorer.app.chart_view.chart.layers.curves
        assert (live.label, other.label) == ("a", "b")
        assert (len(live.x), len(other.x)) == (5, 7)
        await explorer.pilot.press("l")
        await explorer.until(lambda: "+ b " in explorer.text(RunRows))
        await explorer.pilot.press("end", "c", "1")
        await explorer.until(lambda: "ghost" not in explorer.text(ChartView))


async def test_a_run_that_is_found_after_its_folder_was_opened_is_followed_by_its_own_name(tmp_path: Path) -> None:
    async with watching(tmp_path / "two") as explorer:
        await explorer.until(lambda: "Waiting for the first record of" in explorer.said())
        written_run(tmp_path / "two" / "a", *FADING[:2])
        await explorer.until(lambda: "a: step 2" in explorer.text(TopLine))
        written_run(tmp_path / "two" / "b", *FADING)
        await explorer.press("y")
        assert explorer.app.clipboard == f"tui-telescope watch {tmp_path / 'two' / 'a'}"
        await explorer.until(lambda: "One of 2 runs in two; l lists them." in explorer.said())
        await explorer.pilot.press("l")
        await explorer.until(lambda: "> * a" in explorer.text(RunRows))
        await explorer.pilot.press("c")
        await explorer.until(lambda: not isinstance(explorer.app.screen, RunList))
        assert explorer.app.source.other is None, "no run is compared with itself"


async def test_the_list_has_its_help_and_comes_back(tmp_path: Path) -> None:
    for name in ("a", "b"):
        written_run(tmp_path / name, *FADING)
    async with watching(tmp_path) as explorer:
        await explorer.pilot.press("l")
        await explorer.until(lambda: "b " in explorer.text(RunRows))
        assert explorer.lines(RunRows)[-1].rstrip().endswith("? help")
        await explorer.pilot.press("question_mark")
        await explorer.until(lambda: isinstance(explorer.app.screen, HelpScreen))
        assert any(line.startswith(" runs  ") for line in explorer.lines(HelpText))
        await explorer.pilot.press("escape")
        await explorer.until(lambda: isinstance(explorer.app.screen, RunList))


async def test_a_list_of_one_says_so(tmp_path: Path) -> None:
    async with watching(written_run(tmp_path / "a", *FADING)) as explorer:
        await explorer.press("l")
        assert explorer.said().startswith("There is no other run in")


@pytest.mark.parametrize("size", [(80, 24), (30, 8), (200, 50)])
async def test_at_any_size_the_list_and_the_views_of_steps_fill_their_room(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    for name in ("a", "b" * 100):
        written_run(tmp_path / name, *FADING)
    async with watching(tmp_path, size=size) as explorer:
        await explorer.press("4", "5")
        await explorer.pilot.press("l")
        await explorer.until(lambda: "a " in explorer.text(RunRows))
        assert all(len(line) == size[0] for line in explorer.lines(RunRows))
        assert explorer.lines(RunRows)[-1].startswith(" Enter watch ")
