"""What each part of a picture looks like. Attributes carry the meaning, colours only help.

One table instead of a component class each: Textual would match the style sheet once for every class and widget, which
takes longer than all the rest of starting.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

INKS: dict[str, tuple[str, str]] = {
    "": ("", ""),
    "curve-1": ("primary", ""),
    "curve-2": ("warning", ""),
    "curve-3": ("success", ""),
    "curve-4": ("error", ""),
    "curve-5": ("secondary", ""),
    "curve-6": ("", ""),
    "band": ("primary", "dim"),
    "rule": ("", "dim"),
    "frame": ("", "dim"),
    "tick": ("", ""),
    "note": ("", "bold"),
    "title": ("", "bold"),
    "tab": ("", "reverse"),
    "key": ("primary", "bold"),
    "selected": ("", "bold"),
    "muted": ("", "dim"),
    "state": ("", "bold"),
    "refusal": ("error", "bold"),
}
"""By name: a colour of the theme, empty for plain text, and an attribute."""


def ink_style(ink: str, theme_variables: Mapping[str, str]) -> Style:
    """The ink in the colours of a theme."""
    variable, attribute = INKS[ink]
    color = Color.parse(theme_variables[variable]).rich_color if variable else None
    return Style.parse(attribute) + Style(color=color)


class Colorless(LineFilter):
    """Takes all colour codes away and leaves the attributes."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, style.without_color if style else style, control) for text, style, control in segments]


COLORLESS = Colorless()
