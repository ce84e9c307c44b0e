"""What is said in place of the reading: that it gives way, and why a key made no difference."""

from __future__ import annotations

import pytest
from exploring import Explorer, exploring
from textual import events
from textual.widgets import Label

from tui_telescope.settings import Settings
from tui_telescope.tui import notices
from tui_telescope.tui.notices import NOTICE_SECONDS, why_nothing_changes
from tui_telescope.tui.widgets.chart_view import ChartView

LSTM = Settings(cell="lstm", depth=5, width=2, samples=2)


def words(explorer: Explorer) -> str:
    return explorer.said()


async def test_a_message_gives_way_to_the_reading_at_the_next_key_or_press_of_the_mouse() -> None:
    async with exploring() as explorer:
        await explorer.press("p")
        assert words(explorer).startswith("Pinned")
        await explorer.press("9")
        assert words(explorer).startswith("Layer 1 receives")
        await explorer.press("p", "2")
        assert words(explorer).startswith("Layer 1 receives")
        await explorer.press("p")
        explorer.app.post_message(events.MouseDown(None, 40, 9, 0, 0, 1, False, False, False, 40, 9))
        await explorer.pilot.pause()
        assert words(explorer).startswith("Layer 1 receives")
        await explorer.press("u", "u")
        assert words(explorer).startswith("There are no pins"), "the key's own message comes after"


async def test_a_message_gives_way_after_four_seconds_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert NOTICE_SECONDS == 4
    async with exploring() as explorer:
        await explorer.press("y")
        earlier = explorer.app.notices._end
        monkeypatch.setattr(notices, "NOTICE_SECONDS", 0.05)
        await explorer.press("p")
        assert earlier
        assert earlier.cancelled(), "it would have cut the newer one short"
        await explorer.until(lambda: words(explorer).startswith("Layer 1 receives"))


async def test_what_is_wrong_with_a_typed_value_stays_while_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "NOTICE_SECONDS", 0.05)
    async with exploring() as explorer:
        await explorer.press("enter", *"many", "enter", "x")
        await explorer.pilot.pause(0.1)
        assert "'many' is not allowed" in str(explorer.app.screen.query_one("#allowed", Label).render())


@pytest.mark.parametrize(
    ("settings", "keys", "said"),
    [
        (LSTM, ["r"], "The LSTM's gates are its own: residual changes nothing here."),
        (LSTM, ["A"], "The LSTM's gates are its own: activation changes nothing here."),
        (LSTM, ["n"], "Recurrent cells take no norm: norm changes nothing here."),
        (Settings(), ["m"], "There is no norm: norm place changes nothing here."),
        (Settings(norm="batch"), ["b"], "Batch norm takes every bias out again: bias changes nothing here."),
        (Settings(initializer="identity"), ["space"], "Identity weights are not drawn: seed changes nothing here."),
        (Settings(depth=1), ["D"], "Depth stays at 1, its first value."),
        (Settings(scale=1000.0), ["s"], "Scale stays at 1000.0, its last value."),
        (Settings(), ["K"], "Clip stays at off, its first value."),
        (Settings(depth=1), ["home"], "Depth stays at 1, its first value."),
        (LSTM, ["g"], "The ghost is on. It would be the same network: the LSTM's gates are its own."),
    ],
)
async def test_a_key_that_makes_no_difference_says_why(settings: Settings, keys: list[str], said: str) -> None:
    async with exploring(settings) as explorer:
        await explorer.press(*keys)
        assert words(explorer) == said
        assert explorer.app.settings == settings
        assert "ghost" not in explorer.text(ChartView)


async def test_a_setting_without_effect_is_not_selected_by_name_either() -> None:
    async with exploring() as explorer:
        explorer.app.action_select_setting("branch_scale")
        await explorer.pilot.pause()
        assert words(explorer) == "There is no branch without a residual connection: branch scale changes nothing here."
        assert explorer.app.selected == "depth"


def test_the_last_value_that_a_setting_stays_at_is_the_cells_own() -> None:
    deepest = Settings(cell="transformer", depth=512)
    said = why_nothing_changes("depth", deepest, deepest.stepped("depth", 1), "gradient")
    assert said == "Depth stays at 512, its last value."


def test_a_key_that_makes_a_difference_needs_no_words() -> None:
    start = Settings()
    assert why_nothing_changes("depth", start, start.stepped("depth", 1), "gradient") == ""
    assert why_nothing_changes("norm", start, start.replace(norm="rms"), "gradient") == ""
