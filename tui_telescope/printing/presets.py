"""The presets by what they show, and the steps of the tour, which show more."""

from __future__ import annotations

from collections.abc import Iterator

from tui_telescope.lessons.tour import STEPS
from tui_telescope.presets import PRESETS, by_topic


def preset_list() -> str:
    """A line each, in groups."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    column = max(map(len, PRESETS))
    for topic, presets in by_topic().items():
        yield topic
        yield from (f" {preset.name:<{column}}  {preset.line}" for preset in presets)
        yield ""
    yield "In the tour (a word of the line finds it: Ctrl+P)"
    yield from (f"  {number:>2}  {step.shows}" for number, step in enumerate(STEPS, 1))
    yield ""
    yield "Start from a preset: tui-telescope --preset he-relu; [ and ] go through them."
