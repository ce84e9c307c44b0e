"""The app without a terminal: keys go in, and what its canvases show comes out as text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from textual.pilot import Pilot

from tui_telescope.settings import Settings
from tui_telescope.tui.app import TelescopeApp
from tui_telescope.tui.sources.source import Source
from tui_telescope.tui.sources.telescope_source import TelescopeSource
from tui_telescope.tui.widgets.canvas import Canvas
from tui_telescope.tui.widgets.status_line import BADGE_CELLS, MARGIN, StatusLine

TIMEOUT = 20.0


class Explorer:
    """Presses keys and reads what is shown."""

    def __init__(self, app: TelescopeApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys and wait until the chart shows what they led to."""
        await self.pilot.press(*keys)
        await self.settle()

    def send(self, *keys: str) -> None:
        """Press keys and wait for nothing: the pilot waits seconds for an app to fall idle that computes meanwhile."""
        for key in keys:
            self.app.simulate_key(key)

    async def settle(self) -> None:
        deadline = monotonic() + TIMEOUT
        while self.app.shown is None or self.app.shown.subject != self.app.subject:
            assert monotonic() < deadline, f"{self.app.subject} never shown"
            await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for something that happens in the background."""
        deadline = monotonic() + TIMEOUT
        while not holds():
            assert monotonic() < deadline, "waited in vain"
            await self.pilot.pause(0.01)

    def lines(self, kind: type[Canvas]) -> list[str]:
        """What the canvas of this kind on the current screen shows."""
        canvas = self.app.screen.query_one(kind)
        return [canvas.render_line(y).text for y in range(canvas.size.height)]

    def screen_rows(self) -> list[str]:
        """The whole screen: what every canvas shows, where it stands. Gaps and overlaps would show."""
        width, height = self.app.size
        rows = [["?"] * width for _ in range(height)]
        for canvas in self.app.screen.query(Canvas):
            if canvas.region.area:
                for y in range(canvas.size.height):
                    left, top = canvas.region.offset
                    rows[top + y][left : left + canvas.size.width] = canvas.render_line(y).text
        return ["".join(row) for row in rows]

    def said(self) -> str:
        """What the words under the chart say, without the badge."""
        first, *others = self.lines(StatusLine)
        status = self.app.screen.query_one(StatusLine)
        beside = first[MARGIN + BADGE_CELLS :] if status.headline else first
        return " ".join(" ".join([beside, *others]).split())

    def text(self, kind: type[Canvas]) -> str:
        return "\n".join(self.lines(kind))


@asynccontextmanager
async def exploring(
    subject: Hashable = Settings(),  # noqa: B008
    *,
    source: Source[Any] | None = None,
    size: tuple[int, int] = (80, 24),
    looks_ahead: bool = False,
    **options: Any,
) -> AsyncIterator[Explorer]:
    """The app at the given size, once its first chart stands.

    The pilot waits after every key until the app is idle: most tests do without its looking ahead, which takes time.
    """
    app = TelescopeApp(source or TelescopeSource(), subject, **options)
    async with app.run_test(size=size) as pilot:
        if not looks_ahead:
            app._prefetcher.look_ahead = lambda settings: None  # type: ignore[method-assign]
        explorer = Explorer(app, pilot)
        await explorer.settle()
        yield explorer
