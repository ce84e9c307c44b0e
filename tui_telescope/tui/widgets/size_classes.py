"""How much room the parts of the screen need, and the word that is left where there is too little."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

PANELS_NEED = Size(60, 16)
"""Below it the panels fold away."""
CHART_NEEDS = Size(40, 10)
"""Below it nothing would be legible."""

WIDE = 112
"""From here on the verdict fits in two rows."""

HORIZONTAL_BREAKPOINTS = [
    (0, "-cramped-width"),
    (CHART_NEEDS.width, "-folded-width"),
    (PANELS_NEED.width, "-roomy-width"),
    (WIDE, "-wide-width"),
]
VERTICAL_BREAKPOINTS = [
    (0, "-cramped-height"),
    (CHART_NEEDS.height, "-folded-height"),
    (PANELS_NEED.height, "-roomy-height"),
]
"""Size classes that Textual puts on the screen and the style sheet answers."""


def folds_panels(size: Size) -> bool:
    """Whether a terminal of this size has no room for the panels."""
    return size.width < PANELS_NEED.width or size.height < PANELS_NEED.height


class SizeNotice(Canvas):
    """One line that says what size is needed."""

    def draw(self, width: int, height: int) -> Sequence[Line]:
        needed = f"needs {CHART_NEEDS.width}x{CHART_NEEDS.height}"
        full = f"The telescope {needed}; this is {self.app.size.width}x{self.app.size.height}."
        return [(Word(f" {full if len(full) < width else needed}"),)]
