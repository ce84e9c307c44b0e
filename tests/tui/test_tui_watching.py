"""The app over a run whose files grow, shrink and go while it looks."""

from __future__ import annotations

import shutil
from pathlib import Path
from time import time

import pytest
from run_files import header, rank_path, record, written_run
from terminal import SCRIPT, Terminal
from watching import FADING, append, watching

from tui_telescope.charts.layers.layer_charts import gradient_chart
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.tui.notices import NEEDS_SETTINGS
from tui_telescope.tui.screens.help_screen import HelpText
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.footer import Footer
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.top_line import TopLine


async def test_what_is_written_meanwhile_is_followed(tmp_path: Path) -> None:
    run = written_run(tmp_path / "a", FADING[0])
    async with watching(run) as explorer:
        assert "a: step 1, loss 1" in explorer.text(TopLine)
        assert explorer.said().startswith("Layer embed receives 1.00e-01")
        append(run, *FADING[1:])
        await explorer.until(lambda: "step 5, loss 0.2" in explorer.text(TopLine))
        await explorer.until(lambda: explorer.said().startswith("Layer embed receives 1.00e-05"))
        assert "It is vanishing since step 3." in explorer.said()
        assert "The last record is" in explorer.said()
        assert explorer.app.history.undo(explorer.app.subject) is None


async def test_frozen_it_stays_and_the_arrows_go_along_the_records(tmp_path: Path) -> None:
    run = written_run(tmp_path / "a", *FADING[:3])
    async with watching(run) as explorer:
        await explorer.press("left")
        assert "step 2," in explorer.text(TopLine)
        assert "Frozen here: Space follows." in explorer.said()
        append(run, *FADING[3:])
        await explorer.until(lambda: explorer.app.source.run.newest.step == 5)
        await explorer.pilot.pause(0.1)
        assert "step 2," in explorer.text(TopLine)
        for key, step in [("right", 3), ("home", 1), ("left", 1), ("end", 5), ("home", 1), ("space", 5)]:
            await explorer.press(key)
            assert f"step {step}, " in explorer.text(TopLine)
        assert "Frozen" not in explorer.said()
        await explorer.press("space")
        assert explorer.said().startswith("Frozen at this record")


async def test_that_no_record_has_come_for_long_comes_first(tmp_path: Path) -> None:
    now = time()
    lines = [record(step, time=now - 60 + 3 * step) for step in range(6)]
    async with watching(written_run(tmp_path / "a", *lines)) as explorer:
        assert explorer.said().startswith(
            "The last record is 40 s old, and they usually come every 3 s: no longer training? Layer embed receives"
        )
        append(tmp_path / "a", record(6, time=now))
        await explorer.until(lambda: explorer.said().startswith("Layer embed receives"))


async def test_what_a_layers_numbers_hide_no_more_is_that_it_is_frozen_and_how_old_it_is(tmp_path: Path) -> None:
    async with watching(written_run(tmp_path / "a", *FADING)) as explorer:
        await explorer.press("left", "greater_than_sign")
        assert explorer.said().startswith("Layer embed")
        assert "Frozen here: Space follows. The last record is" in explorer.said()
        await explorer.press("space")
        assert "Frozen" not in explorer.said()
        assert "The last record is" in explorer.said()


async def test_step_and_loss_stay_in_the_heading_of_a_role_with_a_long_name(tmp_path: Path) -> None:
    role = "transformer.blocks.*.feed_forward.projection"
    run = tmp_path / "a"
    layers = [{"name": f"layer {k}", "role": role if k else "head", "block": None, "parameters": 1} for k in range(3)]
    rank_path(run).write_text(header(layers=layers) + FADING[0])
    async with watching(run, size=(80, 24)) as explorer:
        await explorer.press("R")
        assert explorer.app.looked_at.role == role
        assert "a: step 1, loss 1" in explorer.text(TopLine)
        assert f"layers are shown, {role}" in explorer.said()


@pytest.mark.parametrize(
    ("name", "width", "told"),
    [
        ("livehead", 80, " livehead: step 12345, loss 1"),
        ("transformer-wide-lr3e-4-seed1", 80, " tran..seed1: step 12345, loss 1"),
        ("transformer-wide-lr3e-4-seed1", 40, "4-seed1: step 12345, loss 1"),
    ],
)
async def test_step_and_loss_stay_in_the_heading_of_a_run_with_a_long_name(
    tmp_path: Path, name: str, width: int, told: str
) -> None:
    async with watching(written_run(tmp_path / name, record(12345, loss=1.0)), size=(width, 24)) as explorer:
        assert told in explorer.text(TopLine)
        assert len(explorer.text(TopLine)) == width


async def test_a_folder_that_is_deleted_is_said_to_be_gone_until_it_is_back(tmp_path: Path) -> None:
    run = written_run(tmp_path / "a", *FADING)
    async with watching(run) as explorer:
        chart = explorer.text(ChartView)
        shutil.rmtree(run)
        await explorer.until(lambda: "The folder is gone: what is shown was read before." in explorer.said())
        assert explorer.text(ChartView) == chart
        written_run(tmp_path / "a", *FADING)
        await explorer.until(lambda: "is gone" not in explorer.said())


async def test_the_axis_is_fitted_anew_or_it_is_said_that_it_fits(tmp_path: Path) -> None:
    run = written_run(tmp_path / "a", record(1, [1e-14, 1.0, 1.0]))
    async with watching(run) as explorer:
        append(run, *(record(step, [1e-10, 1.0, 1.0]) for step in range(2, 30)))
        await explorer.until(lambda: explorer.app.looked_at.record.step == 29 and explorer.app.is_read)
        await explorer.pilot.pause()
        kept = explorer.app.axis.drawn
        await explorer.press("equals_sign")
        assert explorer.app.axis.drawn.high - explorer.app.axis.drawn.low < kept.high - kept.low
        await explorer.press("equals_sign")
        assert explorer.said() == "The axis fits as it is."


async def test_the_first_record_is_the_ghost_and_pins_compare_steps(tmp_path: Path) -> None:
    async with watching(written_run(tmp_path / "a", *FADING)) as explorer:
        await explorer.press("g")
        await explorer.until(lambda: "step 1, the first record" in explorer.text(ChartView))
        await explorer.press("g", "p", "left", "left")
        assert "step 3" in explorer.text(ChartView)
        assert "step 5" in explorer.text(ChartView)


async def test_the_band_is_that_of_the_last_records(tmp_path: Path) -> None:
    async with watching(written_run(tmp_path / "a", *FADING)) as explorer:
        gradient = explorer.app.shown.observation.gradient
        assert (gradient.log10_low[0], gradient.log10_high[0]) == (-5, -1)
        assert gradient.log10_mean[0] == -5
        await explorer.press("home")
        assert explorer.app.shown.observation.gradient.log10_low[0] == -1


async def test_weights_are_shown_where_no_gradient_by_outputs_was_recorded(tmp_path: Path) -> None:
    run = written_run(tmp_path / "a", record(1, None, weight_gradient=[1e-9, 1e-3, 1.0]))
    async with watching(run) as explorer:
        chart = explorer.text(ChartView)
        assert "gradient by the weights of each layer" in chart
        assert "the one by the outputs was not measured" in chart
        assert "weights alone are judged" in explorer.said()
        (curve,) = gradient_chart([Trace("", explorer.app.shown.observation)], ChartOptions()).curves
        assert curve.y.tolist() == [-9, -3, 0]


async def test_where_it_ceased_to_be_finite_comes_first(tmp_path: Path) -> None:
    lost = record(300, ["nan", "nan", 1.0], alarm=True, rms=[1.0, 1.0, 1.0])
    async with watching(written_run(tmp_path / "a", record(280), lost)) as explorer:
        assert explorer.said().startswith("The gradient became NaN or infinite at step 300, in layer block.")


async def test_a_layer_is_read_off_by_its_name(tmp_path: Path) -> None:
    async with watching(written_run(tmp_path / "a", *FADING)) as explorer:
        await explorer.press("greater_than_sign", "greater_than_sign")
        assert explorer.said().startswith("Layer block: gradient 1.00e+00")


async def test_nothing_of_a_network_with_settings_is_offered(tmp_path: Path) -> None:
    async with watching(written_run(tmp_path / "a", *FADING)) as explorer:
        assert not explorer.app.query(Panels)
        assert explorer.text(TopLine).rstrip().endswith("1 gradient  2 factor  3 signal  4 layer  5 heatmap")
        assert "preset" not in explorer.text(Footer)
        for key in ("6", "7", "o", "x", "t", "tab", "s", "d", "z", "Z", "up", "enter"):
            await explorer.press(key)
            assert explorer.app.view == "gradient"
            assert explorer.said() == NEEDS_SETTINGS
        await explorer.press("question_mark")
        explained = explorer.text(HelpText)
        assert "A training run" in explained
        assert not any(word in explained for word in ("depth", "map", "preset"))


async def test_a_run_without_a_record_is_waited_for(tmp_path: Path) -> None:
    async with watching(tmp_path / "a") as explorer:
        await explorer.until(lambda: "Waiting for the first record of" in explorer.said())
        await explorer.pilot.press("space", "left", "end", "p", "g", "greater_than_sign", "2", "1")
        assert "no record yet" in explorer.text(TopLine)
        written_run(tmp_path / "a", FADING[0])
        await explorer.until(lambda: explorer.said().startswith("Layer embed receives 1.00e-01"))


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"notes.txt": "hello"}, "no run in it; notes.txt is no log of a known kind."),
        ({"a.txt": "", "b.bin": "", "c": ""}, "no run in it; a.txt and 2 others are no log of a known kind."),
        ({"t.csv": "name,value\nfoo,1\n"}, "t.csv is no log that is understood: nothing in it is"),
        ({"x.jsonl": "hello\n"}, "x.jsonl is no log that is understood: nothing in it is"),
        ({"x.jsonl": '{"step": 1, "loss": 2.5}\n'}, "no record holds a reading of any layer."),
        ({"t.csv": "step,loss\n"}, "/junk. It is shown as soon"),
        ({}, "junk: no run in it. It is shown as soon"),
    ],
)
async def test_what_is_found_that_is_no_log_is_said_while_a_record_is_waited_for(
    tmp_path: Path, files: dict[str, str], found: str
) -> None:
    folder = tmp_path / "junk"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    async with watching(folder) as explorer:
        await explorer.until(lambda: found in explorer.said())


async def test_what_the_recorder_begins_to_write_beside_a_log_that_tells_nothing_is_followed(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step,loss\n1,2.5\n")
    async with watching(tmp_path) as explorer:
        await explorer.until(lambda: "no record holds a reading of any layer." in explorer.said())
        written_run(tmp_path, FADING[0])
        await explorer.until(lambda: explorer.said().startswith("Layer embed receives 1.00e-01"))


async def test_files_that_go_are_cut_or_written_anew_end_nothing(tmp_path: Path) -> None:
    run = written_run(tmp_path / "a", *FADING)
    async with watching(run) as explorer:
        path = rank_path(run)
        path.rename(tmp_path / "away")
        await explorer.pilot.pause(0.4)
        assert explorer.said().startswith("Layer embed receives 1.00e-05")
        path.write_text(header() + FADING[1])
        await explorer.until(lambda: explorer.said().startswith("Layer embed receives 1.00e-02"))
        path.write_text("")
        await explorer.pilot.pause(0.4)
        path.unlink()
        path.mkdir()
        await explorer.until(lambda: "no regular file: what is shown was read before" in explorer.said())
        path.rmdir()
        path.write_text(header() + FADING[3])
        await explorer.until(lambda: explorer.said().startswith("Layer embed receives 1.00e-04"))


async def test_the_command_that_watches_it_is_copied(tmp_path: Path) -> None:
    run = written_run(tmp_path / "a", *FADING)
    async with watching(run) as explorer:
        await explorer.press("2", "y")
        assert explorer.app.clipboard == f"tui-telescope watch {run} --view factor"


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_in_a_terminal_it_grows_and_ends(tmp_path: Path, key: str) -> None:
    run = written_run(tmp_path / "a", FADING[0])
    written_run(tmp_path / "b", FADING[0])
    with Terminal([str(SCRIPT), "watch", str(run)]) as terminal:
        terminal.wait_for("a: step 1, loss 1", "Layer embed receives 1.00e-01")
        append(run, *FADING[1:])
        terminal.wait_for("a: step 5, loss 0.2", "VANISHING", "1.00e-05")
        assert terminal.lines[23].startswith(" ? help  q quit  Space freeze")
        terminal.press(key)
        assert terminal.wait_for_exit() in (0, 130)
        assert terminal.is_restored


def test_of_several_runs_one_is_chosen_from_a_list(tmp_path: Path) -> None:
    written_run(tmp_path / "b", *FADING[:2])
    written_run(tmp_path / "a", *FADING)
    with Terminal([str(SCRIPT), "watch", str(tmp_path)]) as terminal:
        terminal.wait_for("2 runs", "> * a", "5  ", "VANISHING", "Enter watch  c compare  Esc close  q quit")
        terminal.press("j", "enter")
        terminal.wait_for("step 2, loss 0.5", "Layer embed receives 1.00e-02")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
