"""Thousands of keys in any order, at any size: the app lives, and its settings stay valid."""

from __future__ import annotations

import os
import random
from time import monotonic

import pytest
from exploring import exploring
from textual import events

from tui_telescope.lessons import tour
from tui_telescope.presets import PRESETS
from tui_telescope.settings import Settings
from tui_telescope.tui import palette
from tui_telescope.tui.actions import all_actions
from tui_telescope.tui.footer import Footer

KEPT_OUT = ("quit", "suspend_process", "save", "command_palette")
"""What ends or suspends the app, what writes files, and Textual's palette, whose list can raise a KeyError where keys
come faster than its search."""
KEYS = sorted(
    {key for action in all_actions() if action.call not in KEPT_OUT for key in action.keys}
    | {"escape", "tab", "9", "full_stop", "backspace"}
)
SIZES = ((80, 24), (120, 40), (60, 16), (50, 14), (30, 8), (200, 50), (1, 1), (40, 10))
BATCH = 10
PRESSES = 4000
SECONDS = float(os.environ.get("SOAK_SECONDS", "6"))
"""What is not pressed by then is left out: a busy machine must not make the suite slow."""


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_keys_and_resizes_leave_the_app_alive_and_the_settings_valid(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(palette, "NOT_LISTED", KEPT_OUT)
    assert tour.STEPS  # made before the budget shrinks
    monkeypatch.setattr("tui_telescope.settings.WEIGHT_BUDGET", 2**26)  # the keys are under test, not patience
    dice = random.Random(seed)
    async with exploring(Settings(generator="numpy")) as explorer:
        app, pilot = explorer.app, explorer.pilot
        end = monotonic() + SECONDS
        for batch in range(PRESSES // BATCH):
            for key in dice.choices(KEYS, k=BATCH):
                # Not one by one as the pilot's own presses: a hasty typist waits for nothing.
                app.post_message(events.Key(key, key if len(key) == 1 else None))
            if batch % 5 == 0:
                await pilot.resize_terminal(*dice.choice(SIZES))
            await pilot.pause()
            assert app.is_running
            assert Settings(**app.settings.as_dict()) == app.settings
            if monotonic() > end:
                break
        assert batch, "too slow to have tried anything"
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape", "escape", "escape")
        await explorer.until(lambda: len(app.screen_stack) == 1)
        app.action_show_preset("residual")
        await explorer.settle()
        assert app.settings == PRESETS["residual"].settings
        assert "? help" in explorer.text(Footer)
