"""Takes the pictures in screenshots/ from the real app: `.venv/bin/python tests/take_screenshots.py`.

With names of pictures behind it, those alone."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tui_telescope import Recorder, Telescope
from tui_telescope.presets import PRESETS
from tui_telescope.tui.app import TelescopeApp
from tui_telescope.tui.sources.run_source import RunSource
from tui_telescope.tui.sources.telescope_source import TelescopeSource
from tui_telescope.tui.watching.app import WatchingApp

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
    is_watched: bool = False
    """Whether the preset learns elsewhere, and is shown as its recorder tells of it."""


PICTURES = (
    Picture("vanishing"),
    Picture("residual", ("r",)),
    Picture("factor", ("2",)),
    Picture("signal", ("r", "3")),
    Picture("theory", ("w", "w", "w", "w", "w", "w", "i", "o"), (100, 30)),
    Picture("depth", ("4",)),
    Picture("map", ("5",), (100, 30)),
    Picture("learn", ("6", "space"), (100, 30), preset="frozen-sigmoids"),
    Picture("sampled", ("o",), preset="wide"),
    Picture("spectrum", ("8",), preset="lopsided"),
    Picture("tour", ("t",)),
    Picture("answer", ("ctrl+p", *"tour 1", "enter", "tab")),
    Picture("slope", ("ctrl+p", *"sigma", "enter"), (100, 36)),
    Picture("quiz", ("ctrl+p", *"quiz", "enter", "s")),
    Picture("cures", ("ctrl+p", *"pytorch", "enter", "tab", "tab")),
    Picture("light", ("r", "greater_than_sign", "greater_than_sign"), theme="solarized-light"),
    Picture("compared", ("p", "r", "s", "s", "p", "R"), (100, 30)),
    Picture("ghost-and-floors", ("g", "f")),
    Picture("precision", ("f",), (100, 30), preset="float16"),
    Picture("small", ("right_square_bracket",), (60, 16)),
    Picture("help", ("question_mark",)),
    Picture("wide", ("r", "w", "w", "w"), (160, 50)),
    Picture("watched", ("g", "greater_than_sign"), (100, 30), preset="thawed-sigmoids", is_watched=True),
)


def recorded(picture: Picture, folder: Path) -> RunSource:
    """What a recorder writes of the preset while it learns."""
    settings = PRESETS[picture.preset].settings
    recorder = Recorder(folder, layers=[f"blocks.{k}" for k in range(settings.depth)])
    for moment in Telescope().learn(settings, steps=600, every=30):
        seen = moment.observation
        recorder.write(
            moment.step,
            loss=moment.loss,
            gradient=(10**seen.gradient.log10_mean).tolist(),
            weight_gradient=(10**seen.weight_gradient.log10).tolist(),
            rms=(10**seen.signal.log10_rms).tolist(),
        )
    recorder.close()
    source = RunSource(folder)
    source.poll()
    return source


async def take(picture: Picture, folder: Path) -> None:
    app = (
        WatchingApp(recorded(picture, folder))
        if picture.is_watched
        else TelescopeApp(TelescopeSource(), PRESETS[picture.preset].settings)
    )
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
        if each.name in (sys.argv[1:] or [each.name]):
            with tempfile.TemporaryDirectory() as run:
                asyncio.run(take(each, Path(run)))
