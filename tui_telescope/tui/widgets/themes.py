"""The themes on offer: the terminal's own palette, legible on light and on dark, and two with grounds of their own."""

from __future__ import annotations

from dataclasses import replace

from textual.theme import BUILTIN_THEMES

_ANSI = BUILTIN_THEMES["ansi-dark"]

TERMINAL = replace(
    _ANSI,
    name="terminal",
    # Of the sixteen colours these stand out from both black and white in the common palettes.
    primary="ansi_bright_blue",
    secondary="ansi_cyan",
    accent="ansi_bright_blue",
    warning="ansi_magenta",
    variables={
        **_ANSI.variables,
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_bright_blue",
        "input-selection-foreground": "ansi_bright_white",
    },
)

OFFERED = {
    TERMINAL.name: "the terminal's own colours, on its own ground",
    "nord": "cool colours on a dark ground",
    "solarized-light": "warm colours on a light ground",
}
"""By name, in a few words, the terminal's own first. The others are Textual's."""
