"""What stands on the screen, at every size."""

from __future__ import annotations

import subprocess
import sys

import pytest
from exploring import Explorer, exploring

from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.views import VIEWS
from tui_telescope.engine.telescope import Telescope
from tui_telescope.presets import PRESETS
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.actions import FOOTER, GENERAL, all_actions, bindings
from tui_telescope.tui.app import TelescopeApp
from tui_telescope.tui.screens.glossary import partitioned
from tui_telescope.tui.screens.help_screen import HelpScreen, HelpText, help_lines
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.footer import Footer, fitting_calls
from tui_telescope.tui.widgets.panels import HELP_ROWS, Panels, effective
from tui_telescope.tui.widgets.size_classes import SizeNotice
from tui_telescope.tui.widgets.status_line import StatusLine
from tui_telescope.tui.widgets.top_line import TopLine

LOADED_BEFORE_THE_FIRST_PAINT = """
import sys
import tui_telescope.tui.app
heavy = ("numpy", "plotext", "tui_telescope.engine", "tui_telescope.charts.drawing.frame")
print([name for name in heavy if name in sys.modules])
"""


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LOADED_BEFORE_THE_FIRST_PAINT], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


LOADED_FOR_THE_FIRST_PICTURE = """
import sys
from tui_telescope.charts.options import ChartOptions
from tui_telescope.charts.layers.trace import Trace
from tui_telescope.charts.views import VIEWS
from tui_telescope.settings import Settings
from tui_telescope.tui.work.loading import load_telescope
observation = load_telescope().observe(Settings())
VIEWS["gradient"].chart([Trace("", observation)], ChartOptions()).draw(55, 20)
late = ("charts.surveys", "charts.map_chart", "engine.sweep", "engine.mean_field.theory")
print([name for name in ("numpy.ma", *(f"tui_telescope.{name}" for name in late)) if name in sys.modules])
"""


def test_the_first_picture_waits_for_nothing_that_only_later_ones_need() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LOADED_FOR_THE_FIRST_PICTURE], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


async def test_every_setting_with_an_effect_has_a_row_in_its_group() -> None:
    async with exploring(size=(80, 40)) as explorer:
        rows = explorer.lines(Panels)
        group = ""
        for name, setting in REGISTRY.items():
            if name not in effective(explorer.app.settings, "gradient"):
                assert not any(f" {setting.label} " in row for row in rows)
                continue
            if setting.group != group:
                group = setting.group
                assert rows.pop(0).split() == [group.upper()]
            row = rows.pop(0)
            assert row[1] == (setting.key or " ")
            assert row[3:].split()[0] == setting.label.split()[0]
            assert row.rstrip().endswith(f" {setting.show(setting.default)}")
        assert [row[0] for row in explorer.lines(Panels)].count(">") == 1


async def test_what_differs_from_the_preset_is_marked() -> None:
    def marked(explorer: Explorer) -> list[str]:
        return [row.split()[1] for row in explorer.lines(Panels) if "*" in row]

    async with exploring() as explorer:
        assert marked(explorer) == []
        await explorer.press("s", "w")
        assert marked(explorer) == ["Width", "Scale"]
        await explorer.press("S", "W")
        assert marked(explorer) == []
        await explorer.press("r")
        assert explorer.app.settings == PRESETS["residual"].settings
        assert marked(explorer) == [], "another preset is no change of the one before"


async def test_every_setting_with_an_effect_is_reached_by_arrows_and_its_range_shown() -> None:
    async with exploring() as explorer:
        await explorer.press(*["up"] * 20)
        for name in effective(explorer.app.settings, "gradient"):
            assert explorer.app.selected == name
            rows = explorer.lines(Panels)
            assert any(row.startswith(">") and f" {REGISTRY[name].label} " in row for row in rows)
            assert "●" in "".join(rows)
            await explorer.press("down")


@pytest.mark.parametrize("name", list(REGISTRY))
def test_each_settings_help_fits_below_the_list(name: str) -> None:
    rounded, transformer = Settings(precision="float16"), Settings(cell="transformer")
    showing = {"forget_bias": Settings(cell="lstm"), "expansion": Settings(form="mlp")}
    showing |= {"loss_scale": rounded, "master_weights": rounded, "heads": transformer, "tokens": transformer}
    settings = showing.get(name, Settings(residual=True, norm="layer"))
    view = "learn" if REGISTRY[name].group == "learning" else "gradient"
    lines = Panels(settings, name, settings, view).draw(25, 19)[-HELP_ROWS:]
    words = " ".join(" ".join(word.text for word in line).strip() for line in lines)
    assert words.endswith(REGISTRY[name].help)


async def test_a_setting_that_loses_its_effect_hands_the_selection_to_one_that_has_it() -> None:
    async with exploring(Settings(residual=True)) as explorer:
        explorer.app.action_select_setting("branch_scale")
        explorer.app.action_show_preset("telephone")
        await explorer.settle()
        assert explorer.app.selected == "residual"


@pytest.mark.parametrize(("settings", "share"), [(Settings(depth=1), 0.0), (Settings(depth=10_000), 1.0)])
def test_a_ranges_knob_stands_where_the_value_does(settings: Settings, share: float) -> None:
    assert REGISTRY["depth"].share(settings.depth) == share
    shares = [REGISTRY["depth"].share(depth) for depth in (1, 2, 5, 50, 1000, 10_000)]
    assert shares == sorted(set(shares))


def test_at_80_columns_the_footer_holds_every_key_whole_with_help_and_quit_first() -> None:
    words = "  ".join(FOOTER[call] for call in fitting_calls(80))
    assert words.startswith("? help  q quit  r residual  p pin  g ghost")
    assert "[ ] preset" in words
    assert len(words) < 80


def test_at_60_columns_the_footer_still_leads_to_the_tour_and_back() -> None:
    assert {"show_help", "quit", "show_tour", "undo"} <= set(fitting_calls(60))


def test_every_key_of_the_footer_is_an_actions() -> None:
    assert set(FOOTER) <= {action.call for action in all_actions()}


@pytest.mark.parametrize("columns", [40, 50, 60, 80, 120, 200])
async def test_no_footer_key_is_cut(columns: int) -> None:
    whole = set(FOOTER.values())
    async with exploring(size=(columns, 24)) as explorer:
        assert set(explorer.text(Footer).strip().split("  ")) <= whole


@pytest.mark.parametrize(("columns", "rows"), [(50, 24), (80, 24), (120, 40), (200, 50)])
async def test_the_screen_is_filled_and_no_word_of_the_reading_is_cut(columns: int, rows: int) -> None:
    async with exploring(size=(columns, rows)) as explorer:
        assert "┤" in explorer.text(ChartView)
        assert ("Telescope " if columns >= 60 else " d Depth 50 ") in explorer.lines(TopLine)[0]
        shown = explorer.app.shown
        assert shown
        expected = f"{shown.words.sentences} {shown.remedy}".split()
        assert explorer.said().lower().startswith(" ".join(expected[:20]).lower())
        kinds = (TopLine, ChartView, StatusLine, Footer)
        assert sum(explorer.app.screen.query_one(kind).size.height for kind in kinds) == rows


async def test_small_terminals_fold_the_panels_and_smaller_ones_name_the_size_they_need() -> None:
    async with exploring() as explorer:
        app, pilot = explorer.app, explorer.pilot
        for size, panels, chart in (
            ((60, 16), True, True),
            ((59, 16), False, True),
            ((60, 15), False, True),
            ((40, 10), False, True),
            ((39, 10), False, False),
            ((40, 9), False, False),
            ((80, 24), True, True),
        ):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert app.screen.query_one(Panels).display == panels, size
            assert app.screen.query_one(StatusLine).display == chart, size
            assert app.screen.query_one(SizeNotice).display != chart, size
            if not chart:
                assert "needs 40x10" in explorer.text(SizeNotice)


async def test_folded_panels_leave_the_selected_setting_in_sight() -> None:
    async with exploring(size=(50, 14)) as explorer:
        await explorer.press("s")
        assert explorer.lines(TopLine)[0].startswith(" s Scale 2.5")


async def test_with_fewer_rows_than_settings_the_list_follows_the_selection() -> None:
    async with exploring(size=(60, 16)) as explorer:
        assert explorer.lines(Panels)[-1].split() == ["▾", "i", "Init", "s", "Scale", "+12"]
        await explorer.press(*["down"] * len(REGISTRY))
        assert explorer.lines(Panels)[-1].startswith(">")
        last = effective(explorer.app.settings, "gradient")[-1]
        assert REGISTRY[last].label in explorer.lines(Panels)[-1]
        assert explorer.lines(Panels)[0].startswith("▴")


async def test_the_help_covers_every_key_setting_view_and_state() -> None:
    async with exploring(size=(80, 300)) as explorer:
        await explorer.pilot.press("question_mark")
        text = explorer.text(HelpText)
        for action in GENERAL:
            assert f" {action.written} " in text
        for setting in REGISTRY.values():
            assert setting.label in text
        for view in VIEWS.values():
            assert f"{view.key} {view.name}" in text
        for word in ("VANISHING", "EXPLODING", "HEALTHY", "DEAD", "frozen", "factor", "decades"):
            assert word in text
        assert "lines 1-" in text


def test_the_help_explains_every_reading_that_a_legend_names() -> None:
    """A dead network and a cell with a state of its own show all the readings there are."""
    explained = "\n".join("".join(word.text for word in line) for line in help_lines(80))
    for settings in (Settings(activation="relu", scale=0.01, bias=0.0, depth=5), Settings(cell="lstm", depth=5)):
        live = Trace("", Telescope().observe(settings))
        for view in VIEWS.values():
            for curve in view.chart([live], ChartOptions(weights=True)).curves if view.chart else ():
                assert not curve.label or f"\n {curve.label} " in explained


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_help_fits_its_width(width: int) -> None:
    assert max(sum(len(word.text) for word in line) for line in help_lines(width)) <= width


@pytest.mark.parametrize("key", ["escape", "question_mark", "f1"])
async def test_the_help_scrolls_and_closes(key: str) -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("f1")
        assert isinstance(explorer.app.screen, HelpScreen)
        assert "Keys" in explorer.text(HelpText)
        await explorer.pilot.press("end")
        assert "Keys" not in explorer.text(HelpText)
        assert "Try ..." in explorer.text(HelpText)
        await explorer.pilot.press("home", key)
        assert not isinstance(explorer.app.screen, HelpScreen)
        assert explorer.app.settings == Settings()


@pytest.mark.parametrize(
    "keys",
    [
        ("q",), ("question_mark", "q"), ("question_mark", "ctrl+c"), ("enter", "ctrl+q"), ("enter", "ctrl+c"),
        ("ctrl+p", "ctrl+q"), ("ctrl+p", "ctrl+c"),
    ],
)  # fmt: skip
async def test_there_is_a_way_out_from_anywhere(keys: tuple[str, ...]) -> None:
    async with exploring() as explorer:
        await explorer.pilot.press(*keys)
        assert not explorer.app.is_running
    assert explorer.app.return_code == 0


async def test_results_and_resizes_under_the_help_do_no_harm() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("r", "question_mark")
        await explorer.pilot.resize_terminal(50, 14)
        await explorer.settle()
        await explorer.pilot.press("escape")
        await explorer.pilot.pause()
        assert explorer.lines(TopLine)[0].startswith(" r Residual on")


def test_no_key_does_two_things() -> None:
    keys = [key for binding in bindings() for key in binding.key.split(",")]
    assert len(keys) == len(set(keys))


def test_every_action_is_one_of_the_apps() -> None:
    for action in all_actions():
        assert hasattr(TelescopeApp, f"action_{action.call.partition('(')[0]}")


@pytest.mark.parametrize("view", ["gradient", "factor", "signal", "map"])
async def test_the_help_opens_at_what_the_view_shows(view: str) -> None:
    async with exploring(Settings(depth=5), view=view) as explorer:
        await explorer.pilot.press("question_mark")
        page = explorer.text(HelpText)
        assert f"On this view, {VIEWS[view].key} {view}" in page
        for meaning in partitioned(view)[0][:2]:
            assert f"\n {meaning.term} " in page


def test_each_meaning_is_told_once_and_for_views_that_there_are() -> None:
    terms = [meaning.term for meaning in (*partitioned("")[0], *partitioned("")[1])]
    assert len(terms) == len(set(terms))
    assert {view for meaning in partitioned("")[1] for view in meaning.views} <= set(VIEWS)


@pytest.mark.parametrize("name", ["cell", "scale", "generator"])
@pytest.mark.parametrize("rows", range(1, 40))
def test_the_selected_setting_is_in_sight_in_a_column_of_any_height(name: str, rows: int) -> None:
    panels = Panels(Settings(), name, Settings(), "gradient")
    lines = ["".join(word.text for word in line) for line in panels.draw(25, rows)]
    assert len(lines) <= rows
    assert [f" {REGISTRY[name].label} " in line for line in lines if line.startswith(">")] == [True]
