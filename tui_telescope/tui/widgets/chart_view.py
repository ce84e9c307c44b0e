"""The chart on the screen: a drawn picture, put into cells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from textual import events

from tui_telescope.tui.widgets.canvas import Canvas, Line, Word

if TYPE_CHECKING:
    from tui_telescope.charts.drawable import Drawable

REMEMBERED = 64
"""Charts, each with its picture."""


class ChartView(Canvas):
    """Draws its chart anew at any size."""

    has_seams = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.chart: Drawable | None = None
        self._banner = ""

    def show(self, chart: Drawable) -> None:
        self.chart = chart
        self.redraw()

    def show_banner(self, text: str) -> None:
        """Say it across the chart, which is dimmed meanwhile; an empty text brings the chart back."""
        if text != self._banner:
            self._banner = text
            self.redraw()

    def prepare(self, chart: Drawable) -> None:
        """Draw a chart that is likely to be shown next."""
        drawn(chart, *self.size, self.ascii_only)

    async def on_click(self, event: events.Click) -> None:
        """Read off the layer under the pointer."""
        await self._read_off(event)

    async def on_mouse_move(self, event: events.MouseMove) -> None:
        if event.button:
            await self._read_off(event)

    async def _read_off(self, event: events.MouseEvent) -> None:
        x = self.chart.x_at(event.x, *self.size, ascii_only=self.ascii_only) if self.chart else None
        if x is not None:
            await self.app.run_action(f"read_off({round(x)})")

    def draw(self, width: int, height: int) -> Sequence[Line]:
        lines = drawn(self.chart, width, height, self.ascii_only) if self.chart else ()
        return under_banner(lines, self._banner, width, height) if self._banner else lines


def under_banner(lines: Sequence[Line], banner: str, width: int, height: int) -> Sequence[Line]:
    """The lines, dimmed, with the words in the middle of the middle one."""
    rows = ["".join(word.text for word in line).ljust(width) for line in lines or [()] * height]
    middle, said = len(rows) // 2, f" {banner} "[:width]
    start = (width - len(said)) // 2
    cut = Word(rows[middle][:start], "muted"), Word(said), Word(rows[middle][start + len(said) :], "muted")
    return [cut if y == middle else (Word(row, "muted"),) for y, row in enumerate(rows)]


@lru_cache(maxsize=REMEMBERED)
def drawn(chart: Drawable, width: int, height: int, ascii_only: bool) -> Sequence[Line]:
    """The chart in exactly `height` lines of `width` cells. A chart seen lately is not drawn again."""
    picture = chart.draw(width, height, ascii_only=ascii_only)
    return tuple(tuple(Word(span.text, span.ink) for span in row) for row in picture.rows)
