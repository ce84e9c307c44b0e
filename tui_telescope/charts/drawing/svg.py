"""A picture as SVG: the same cells, in colours of its own, with the words that belong to it."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping

from tui_telescope.charts.drawing.picture import Picture
from tui_telescope.charts.elements import Ink

COLORS: Mapping[Ink, str] = {
    "": "#d5dbe3",
    "curve-1": "bold #6cb6ff",
    "curve-2": "bold #f69d50",
    "curve-3": "bold #8ddb8c",
    "curve-4": "bold #ff938a",
    "curve-5": "bold #dcbdfb",
    "curve-6": "bold #d5dbe3",
    "band": "#3b6a99",
    "rule": "#8b949e",
    "frame": "#6e7781",
    "tick": "#adb5bd",
    "note": "bold #ffffff",
    "grid": "#4a5058",
    "shade": "#484f58",
    "cursor": "bold #ffffff",
    "learns": "#8ddb8c",
    "frozen": "#f69d50",
    "dead": "bold #ff938a",
}
"""On the dark ground that rich's SVG export has."""


PICTURE = 100, 30
"""Columns and rows of a picture that is kept, whatever the terminal's size."""


def svg(picture: Picture, title: str, words: str = "") -> str:
    """The picture in a window of that title, with the words below it."""
    from rich.console import Console
    from rich.text import Text

    lines = [Text(" ").append_tokens((span.text, COLORS[span.ink]) for span in row) for row in picture.rows]
    lines += [Text(f" {line}", COLORS["tick"]) for line in textwrap.wrap(words, picture.width)]
    # Both sizes are said: a console that is left to find out one takes 80x25 for a dumb terminal's.
    console = Console(
        width=picture.width + 2, height=len(lines), file=io.StringIO(), record=True, force_terminal=True,
        color_system="truecolor", legacy_windows=False, no_color=False,
    )  # fmt: skip
    for line in lines:
        console.print(line, no_wrap=True)
    return console.export_svg(title=title)
