"""What stands on the screen and in print about recurrent cells speaks of steps, and of layers nowhere."""

from __future__ import annotations

import io

import pytest
from exploring import exploring

from tui_telescope.charts.views import VIEWS
from tui_telescope.engine.telescope import observe
from tui_telescope.networks import CELLS
from tui_telescope.observations.description import describe
from tui_telescope.presets import PRESETS
from tui_telescope.printing.readings import write_reading
from tui_telescope.settings import Settings
from tui_telescope.tui.screens.help_screen import help_lines
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.status_line import StatusLine

RECURRENT = [name for name, kind in CELLS.items() if kind.is_recurrent]
SMALL = Settings(depth=12, width=2, samples=2)
DYING = Settings(cell="rnn", activation="relu", depth=30, width=2, scale=0.5, samples=2)
FADING = Settings(cell="rnn", activation="tanh", scale=0.3, depth=40, width=3)


def printed(settings: Settings, view: str) -> str:
    stream = io.StringIO()
    write_reading(stream, settings, "text", view, ascii_only=True, depths=(1, 4, 12) if view == "map" else None)
    return stream.getvalue().lower()


@pytest.mark.parametrize("view", [name for name in VIEWS if name not in ("learn", "trainable", "spectrum")])
@pytest.mark.parametrize(
    "settings", [*(SMALL.replace(cell=cell) for cell in RECURRENT), DYING], ids=[*RECURRENT, "dying"]
)
def test_print_counts_steps(settings: Settings, view: str) -> None:
    text = printed(settings, view)
    assert "layer" not in text
    assert "step" in text or view == "map"


def test_the_words_of_a_verdict_are_the_same_with_steps_for_layers() -> None:
    words = describe(observe(FADING))
    assert words.startswith("VANISHING: step 1 receives ")
    assert " a step)" in words
    assert "of 40 steps are unheard" in words
    assert "nothing at all reaches steps 1 to 24." in describe(observe(DYING))
    assert "layer 1 receives" in describe(observe(SMALL))


async def test_the_screen_counts_steps_in_every_view() -> None:
    async with exploring(SMALL.replace(cell="lstm"), size=(120, 40)) as explorer:
        for view in VIEWS.values():
            if view.name == "spectrum":  # of layers alone, as it says
                continue
            await explorer.press(view.key)
            awaited = "◆" if view.is_map else "step"
            await explorer.until(lambda awaited=awaited: awaited in explorer.text(ChartView))  # type: ignore[misc]
            assert "layer" not in explorer.text(ChartView)
            assert "Step 1 receives" in explorer.text(StatusLine) or view.needs_settings


async def test_the_depth_view_of_a_gated_cell_has_no_residual_connection_to_compare_with() -> None:
    async with exploring(SMALL.replace(cell="lstm")) as explorer:
        await explorer.press("4")
        await explorer.until(lambda: "gradient at step 1" in explorer.text(ChartView))
        await explorer.pilot.pause(0.2)
        assert "residual" not in explorer.text(ChartView)


async def test_the_three_cells_can_be_pinned_side_by_side() -> None:
    async with exploring(PRESETS["rnn"].settings, size=(120, 40)) as explorer:
        await explorer.press("p", "right_square_bracket", "p", "right_square_bracket")
        await explorer.until(lambda: "cell state" in explorer.text(ChartView))
        assert explorer.app.settings == PRESETS["lstm"].settings
        assert "cell=rnn" in explorer.text(ChartView) or "rnn" in explorer.text(ChartView)
        assert "gru" in explorer.text(ChartView)


def test_the_help_says_what_a_step_and_the_cell_state_are() -> None:
    text = " ".join(word.text for line in help_lines(200) for word in line)
    assert "What a layer is to the cells rnn, lstm and gru" in text
    assert "cell_gradient" in text
    assert all(f"{view.key} {view.name}" in text for view in VIEWS.values())
