"""Keys and the mouse change settings, and settings change the screen."""

from __future__ import annotations

import pytest
from exploring import exploring
from textual.widgets import Input, Label

from tui_telescope.presets import PRESETS
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.footer import Footer
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.status_line import StatusLine
from tui_telescope.tui.widgets.top_line import TopLine
from tui_telescope.tui.widgets.value_editor import ValueEditor


async def test_a_letter_steps_its_setting_up_and_shift_steps_it_back() -> None:
    async with exploring() as explorer:
        for name, setting in REGISTRY.items():
            before = explorer.app.settings
            if setting.key and name not in before.ineffective:
                await explorer.press(setting.key)
                assert explorer.app.settings == before.stepped(name, 1)
                assert explorer.app.selected == name
                await explorer.press(setting.key.upper())
                assert explorer.app.settings == before.stepped(name, 1).stepped(name, -1)


async def test_arrows_pages_home_and_end_work_on_the_selected_setting() -> None:
    async with exploring() as explorer:
        app = explorer.app
        await explorer.press(*["down"] * 8)
        assert app.selected == "scale"
        await explorer.press("right")
        assert app.settings.scale == 2.5
        await explorer.press("left", "left")
        assert app.settings.scale == 1.8
        await explorer.press("pageup", "pageup")
        assert app.settings.scale == 5
        await explorer.press("pagedown")
        assert app.settings.scale == 2
        await explorer.press("home")
        assert app.settings.scale == 0
        await explorer.press("end")
        assert app.settings.scale == 1000
        await explorer.press(*["up"] * 20, "right")
        assert app.selected == next(iter(REGISTRY))
        assert app.settings == Settings(scale=1000.0).stepped(app.selected, 1)


async def test_the_range_on_the_screen_and_its_last_value_are_the_cells_own() -> None:
    async with exploring(Settings(cell="transformer", depth=2, tokens=2, samples=1, expansion=1)) as explorer:
        assert explorer.text(Panels).count("512") == 1
        await explorer.press("enter", *"600", "enter")
        assert str(explorer.app.query_one("#allowed", Label).content).endswith("allowed: a whole number from 1 to 512")
        await explorer.press("escape")
        await explorer.pilot.press("end")  # and away, before so deep a network is done
        assert explorer.app.settings.depth == 512


async def test_space_draws_the_next_network_and_wraps_at_the_last_seed() -> None:
    async with exploring(Settings(seed=2**32 - 2)) as explorer:
        await explorer.press("space")
        assert explorer.app.settings.seed == 2**32 - 1
        await explorer.press("space")
        assert explorer.app.settings.seed == 0


async def test_the_reading_follows_the_settings_and_names_a_remedy() -> None:
    async with exploring() as explorer:
        reading = explorer.said()
        assert reading.startswith("Layer 1 receives 2.51e-18")
        assert "33 of 50 layers are frozen in float32." in reading
        await explorer.press("r")
        assert "8.39e+01" in explorer.text(StatusLine)
        assert "HEALTHY" in explorer.text(StatusLine)


async def test_digits_switch_the_view_and_an_unused_digit_does_nothing() -> None:
    async with exploring() as explorer:
        gradient = explorer.text(ChartView)
        await explorer.press("2")
        assert explorer.app.view == "factor"
        assert explorer.text(ChartView) != gradient
        await explorer.press("9")
        assert explorer.app.view == "factor"
        await explorer.press("1")
        assert explorer.text(ChartView) == gradient
        assert "1 gradient" in explorer.text(TopLine)


async def test_the_axis_stays_while_the_curve_fits() -> None:
    def tick_labels(chart: str) -> list[str]:
        return [line.split("┤")[0].strip() for line in chart.splitlines() if "┤" in line]

    async with exploring() as explorer:
        before = tick_labels(explorer.text(ChartView))
        await explorer.press("s")
        assert tick_labels(explorer.text(ChartView)) == before
        assert len(before) > 2


async def test_enter_types_an_exact_value() -> None:
    async with exploring() as explorer:
        await explorer.press("s", "enter")
        assert explorer.app.screen.query_one(Input).value == "2.5"
        assert not explorer.app.screen.query_one(StatusLine).display
        await explorer.press(*"3.14", "enter")
        assert explorer.app.settings.scale == 3.14
        assert not explorer.app.screen.query(ValueEditor)
        assert "Layer 1" in explorer.text(StatusLine)


async def test_a_bad_value_says_why_and_changes_nothing() -> None:
    async with exploring() as explorer:
        await explorer.press("enter", *"many", "enter")
        message = explorer.app.screen.query_one("#allowed").render()
        assert str(message) == "depth: 'many' is not allowed; allowed: a whole number from 1 to 10000"
        assert explorer.app.settings == Settings()
        await explorer.press("escape")
        assert explorer.app.settings == Settings()
        assert not explorer.app.screen.query(ValueEditor)


async def test_while_a_value_is_typed_letters_type_and_no_other_key_explores() -> None:
    async with exploring() as explorer:
        await explorer.press("enter", "r", "up", "question_mark", "pageup", "q")
        assert explorer.app.screen.query_one(Input).value == "r?q"
        assert explorer.app.settings == Settings()
        assert explorer.app.selected == "depth"
        assert explorer.app.is_running


async def test_while_a_value_is_typed_a_click_on_the_keys_and_settings_does_nothing() -> None:
    async with exploring(size=(160, 30)) as explorer:
        await explorer.press("enter")
        await explorer.pilot.click(Footer, offset=(explorer.text(Footer).index("Enter"), 0))
        await explorer.pilot.click(Panels, offset=(5, 3))
        await explorer.settle()
        assert len(explorer.app.screen.query(ValueEditor)) == 1
        assert explorer.app.selected == "depth"


async def test_settings_beyond_the_memory_budget_are_refused_in_words_until_the_next_key() -> None:
    start = Settings(width=128, depth=2, initializer="orthogonal")
    async with exploring(start) as explorer:
        await explorer.press("end")
        refused = explorer.said()
        assert refused.startswith("memory: these settings take 1.62 GiB (1.23 GiB of weights,")
        assert explorer.app.settings == start
        assert "Depth              *2" in explorer.text(Panels)
        await explorer.press("down")
        assert "Layer 1 receives" in explorer.text(StatusLine)


async def test_a_click_selects_a_setting_and_a_second_one_takes_its_next_value() -> None:
    async with exploring() as explorer:
        row = next(y for y, line in enumerate(explorer.lines(Panels)) if "Residual" in line)
        await explorer.pilot.click(Panels, offset=(5, row))
        assert explorer.app.selected == "residual"
        assert not explorer.app.settings.residual
        await explorer.pilot.click(Panels, offset=(5, row))
        await explorer.settle()
        assert explorer.app.settings.residual


async def test_a_click_on_a_view_shows_it() -> None:
    async with exploring() as explorer:
        await explorer.pilot.click(TopLine, offset=(explorer.text(TopLine).rindex(" 2 ") + 1, 0))
        assert explorer.app.view == "factor"


@pytest.mark.parametrize("size", [(1, 1), (30, 8), (40, 10)])
async def test_a_window_too_small_for_it_does_not_take_the_keys_from_the_typed_value(size: tuple[int, int]) -> None:
    async with exploring() as explorer:
        await explorer.press("enter")
        await explorer.pilot.resize_terminal(*size)
        await explorer.pilot.resize_terminal(80, 24)
        await explorer.press("7", "enter")
        assert explorer.app.settings.depth == 7


async def test_a_dragged_mouse_selects_no_text_whose_widget_may_be_gone_by_then() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("enter")
        await explorer.pilot.mouse_down("#allowed", offset=(0, 0))
        await explorer.pilot.hover("#allowed", offset=(9, 0))
        await explorer.pilot.mouse_up("#allowed", offset=(9, 0))
        assert explorer.app.screen.get_selected_text() is None


@pytest.mark.parametrize("keys", [("s", "s", "S"), ("r", "2", "1"), ("p", "d", "D", "u"), ("g", "g"), ("f", "f")])
async def test_the_picture_of_a_preset_is_the_same_however_one_came_there(keys: tuple[str, ...]) -> None:
    async with exploring(PRESETS["lstm"].settings) as explorer:
        expected = explorer.text(ChartView)
    async with exploring() as explorer:
        await explorer.press(*keys)
        explorer.app.action_show_preset("lstm")
        await explorer.settle()
        assert explorer.text(ChartView) == expected


async def test_the_axis_of_a_stepped_setting_is_fitted_again_by_its_key_and_by_undo() -> None:
    async with exploring(Settings(scale=2.5)) as explorer:
        fitted = explorer.text(ChartView)
    async with exploring() as explorer:
        await explorer.press("s")
        assert explorer.text(ChartView) != fitted, "the axis of the step before still serves"
        await explorer.press("equals_sign")
        assert explorer.text(ChartView) == fitted
        await explorer.press("s", "z")
        assert explorer.text(ChartView) == fitted


async def test_a_layers_numbers_are_read_off_by_keys_and_by_a_click_and_the_cursor_stays_there() -> None:
    async with exploring() as explorer:
        await explorer.press("greater_than_sign", "greater_than_sign")
        assert explorer.said().startswith("Layer 2: gradient ")
        await explorer.press("r")
        assert explorer.said().startswith("Layer 2: gradient 7.36e+01, ")
        await explorer.press("2")
        assert explorer.said().startswith("Layer 2: ")
        assert explorer.lines(ChartView)[5].count("│") == 3, "between the sides of the frame"
        await explorer.press("escape")
        assert explorer.said().startswith("Layer 1 receives")
        await explorer.press("less_than_sign")
        assert explorer.said().startswith("Layer 50: ")
        await explorer.pilot.click(ChartView, offset=(10, 5))
        await explorer.settle()
        assert explorer.app.reading_off.layer == 5
        await explorer.press("D", "end", "home")
        assert explorer.app.reading_off.layer == 5
        assert explorer.said().startswith("Layer 1 receives"), "depth 1 has no such layer"


async def test_the_weights_curve_is_shown_by_its_key_where_the_view_has_it() -> None:
    async with exploring() as explorer:
        assert "v weights" in explorer.text(ChartView)
        await explorer.press("v")
        assert "⠤⠤ weights" in explorer.text(ChartView)
        await explorer.press("2", "v")
        assert explorer.said() == "The weights' gradient is off. To see it press 1."
