"""Takes the pictures in screenshots/ from the real app: `.venv/bin/python tests/take_screenshots.py`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tui_telescope.presets import PRESETS
from tui_telescope.tui.app import TelescopeApp
from tui_telescope.tui.sources.telescope_source import TelescopeSource

TO_SETTLE = 6.0
"""Seconds after the last key, enough for the remedy to be found and the map to be refined."""
FOLDER = Path(__file__).parent.parent / "screenshots"


@dataclass(frozen=True)
class Picture:
    """What to press before the picture is taken, and at which size."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (80, 24)
    theme: str = "terminal"
    preset: str = "telephone"


PICTURES = (
    Picture("vanishing"),
    Picture("residual", ("r",)),
    Picture("factor", ("2",)),
    Picture("signal", ("r", "3")),
    Picture("theory", ("w", "w", "w", "w", "w", "w", "i", "o"), (100, 30)),
    Picture("depth", ("4",)),
    Picture("map", ("5",), (100, 30)),
    Picture("learn", ("6", "space"), (100, 30), preset="frozen-sigmoids"),
    Picture("tour", ("t",)),
    Picture("light", ("r", "greater_than_sign", "greater_than_sign"), theme="solarized-light"),
    Picture("compared", ("p", "r", "s", "s", "p", "R"), (100, 30)),
    Picture("ghost-and-floors", ("g", "f")),
    Picture("precision", ("f",), (100, 30), preset="float16"),
    Picture("small", ("right_square_bracket",), (60, 16)),
    Picture("help", ("question_mark",)),
    Picture("wide", ("r", "w", "w", "w"), (160, 50)),
)


async def take(picture: Picture) -> None:
    app = TelescopeApp(TelescopeSource(), PRESETS[picture.preset].settings)
    async with app.run_test(size=picture.size) as pilot:
        app.action_use_theme(picture.theme)
        while app.shown is None:
            await pilot.pause(0.05)
        await pilot.press(*picture.keys)
        await pilot.pause(TO_SETTLE)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{picture.name}.svg").write_text(app.export_screenshot(title="Gradient Telescope"))


if __name__ == "__main__":
    for each in PICTURES:
        asyncio.run(take(each))
