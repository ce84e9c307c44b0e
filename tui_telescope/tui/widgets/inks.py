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
    "curve-1": ("text-primary", ""),
    "curve-2": ("text-warning", ""),
    "curve-3": ("text-success", ""),
    "curve-4": ("text-error", ""),
    "curve-5": ("text-secondary", ""),
    "curve-6": ("", ""),
    "band": ("text-primary", "dim"),
    "rule": ("", "dim"),
    "frame": ("", "dim"),
    "tick": ("", ""),
    "note": ("", "bold"),
    "grid": ("", "dim"),
    "shade": ("", "dim"),
    "cursor": ("", "bold"),
    "learns": ("text-success", ""),
    "frozen": ("text-warning", ""),
    "dead": ("text-error", "bold"),
    "title": ("", "bold"),
    "tab": ("", "reverse"),
    "key": ("text-primary", "bold"),
    "selected": ("", "bold"),
    "changed": ("text-warning", "bold"),
    "muted": ("", "dim"),
    "badge-vanishing": ("text-primary", "bold reverse"),
    "badge-healthy": ("text-success", "bold reverse"),
    "badge-exploding": ("text-error", "bold reverse"),
    "badge-dead": ("", "bold reverse"),
    "refusal": ("text-error", "bold"),
}
"""By name: a colour of the theme, one that is legible on its background, empty for plain text; and an attribute."""


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
