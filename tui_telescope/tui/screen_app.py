"""The telescope's own screen: which widgets it has, and how they look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from textual import events
from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.widget import Widget

from tui_telescope.tui.style_sheets import style_sheet
from tui_telescope.tui.terminal.app import TerminalApp
from tui_telescope.tui.widgets.canvas import Hidden
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.footer import Footer
from tui_telescope.tui.widgets.inks import COLORLESS
from tui_telescope.tui.widgets.panels import Panels
from tui_telescope.tui.widgets.size_classes import (
    HORIZONTAL_BREAKPOINTS,
    VERTICAL_BREAKPOINTS,
    SizeNotice,
    folds_panels,
)
from tui_telescope.tui.widgets.status_line import StatusLine
from tui_telescope.tui.widgets.themes import TERMINAL
from tui_telescope.tui.widgets.top_line import TopLine


class Field(Hidden):
    """Panels and chart, side by side."""


class ScreenApp(TerminalApp[None]):
    """Top line, panels where there are settings, chart, status line and footer, at any size and in any colours."""

    CSS = style_sheet("telescope")
    TITLE = "Gradient Telescope"
    AUTO_FOCUS = ""
    ALLOW_SELECT = False  # Textual 8 fails on a press where a label has just gone; terminals select with Shift
    HORIZONTAL_BREAKPOINTS = HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = VERTICAL_BREAKPOINTS

    def __init__(self, top_line: TopLine, panels: Panels | None, footer: Footer, *, ascii_only: bool) -> None:
        super().__init__(ansi_color=True)
        self.register_theme(TERMINAL)
        # Not assigned: that would have the style sheet read a second time, after the first paint.
        self.set_reactive(App.theme, TERMINAL.name)
        self.set_reactive(App.ansi_color, None)  # the theme says it from here on
        self.stylesheet.set_variables(self.get_css_variables())
        # Held, not queried: a query would ask whatever screen is on top, the help included.
        self.top_line, self.panels, self._footer = top_line, panels, footer
        self.field = Field(classes="" if panels else "-without-settings")
        self.chart_view, self.status_line, self._size_notice = ChartView(), StatusLine(), SizeNotice()
        self.ascii_only = ascii_only
        for canvas in filter(None, (top_line, panels, self.chart_view, self.status_line)):
            canvas.ascii_only = ascii_only

    def compose(self) -> ComposeResult:
        yield self.top_line
        with self.field:
            if self.panels:
                yield self.panels
            yield self.chart_view
        yield self.status_line
        yield self._footer
        yield self._size_notice

    def get_line_filters(self) -> Sequence[LineFilter]:
        """NO_COLOR means no colour codes at all; Textual's own filter sends greys, or the default colours."""
        return [COLORLESS] if self.no_color else super().get_line_filters()

    def on_resize(self, event: events.Resize) -> None:
        self.top_line.fold(folds_panels(event.size))
        self._size_notice.redraw()

    def call_after(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Not Textual's timer: one whose moment has passed before it begins is skipped, however short the moment."""
        return asyncio.get_running_loop().call_later(seconds, self.call_later, callback)

    def mount_above_status_line(self, widget: Widget) -> None:
        self.mount(widget, before=self.status_line)
