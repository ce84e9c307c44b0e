"""The command palette: everything that a key does, and every preset, by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.theme import ThemeProvider

from tui_telescope.presets import PRESETS
from tui_telescope.tui.actions import all_actions

NOT_LISTED = ("command_palette",)
"""What would lead nowhere from here."""


class Entry(NamedTuple):
    name: str
    call: str
    """The app's action that it runs."""
    help: str


class Everything(Provider):
    """Every action of the registry and every preset."""

    async def discover(self) -> Hits:
        """All of them, while nothing is typed."""
        for entry in entries():
            yield DiscoveryHit(entry.name, partial(self.app.run_action, entry.call), help=entry.help)

    async def search(self, query: str) -> Hits:
        """Those whose name or help is like what is typed."""
        matcher = self.matcher(query)
        for entry in entries():
            if score := matcher.match(entry.name) or 0.1 * (query.lower() in entry.help.lower()):
                run = partial(self.app.run_action, entry.call)
                yield Hit(score, matcher.highlight(entry.name), run, entry.name, entry.help)


def entries() -> Iterator[Entry]:
    """What the palette offers, presets first."""
    for preset in PRESETS.values():
        yield Entry(f"Preset: {preset.title} ({preset.name})", f"show_preset('{preset.name}')", preset.line)
    yield Entry("Theme: change the colours", "change_theme", "the terminal's own palette, or a richer one")
    seen = set(NOT_LISTED)
    for action in all_actions():
        if action.call not in seen:
            seen.add(action.call)
            yield Entry(action.help[0].upper() + action.help[1:], action.call, f"key: {action.written}")


class WordPalette(CommandPalette):
    """Textual's palette in words alone: its icon and its ellipsis are not ASCII."""

    CSS_PATH = Path(__file__).with_name("palette.tcss")

    def on_mount(self) -> None:
        self.query_one(SearchIcon).icon = ">"

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Leave, once: a second key may come before the first has closed the palette."""
        return super().dismiss(result) if self in self.app.screen_stack else AwaitComplete()


class Palette(WordPalette):
    """Everything by name."""

    def __init__(self) -> None:
        super().__init__([Everything], placeholder="Search", id="--command-palette")


class ThemePalette(WordPalette):
    """The themes by name."""

    def __init__(self) -> None:
        super().__init__([ThemeProvider], placeholder="Theme")
