"""The app without a terminal: keys go in, and what its canvases show comes out as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from textual.pilot import Pilot

from tui_telescope.settings import Settings
from tui_telescope.tui.app import TelescopeApp
from tui_telescope.tui.canvas import Canvas

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

    async def settle(self) -> None:
        deadline = monotonic() + TIMEOUT
        while self.app.shown is None or self.app.shown.settings != self.app.settings:
            assert monotonic() < deadline, f"{self.app.settings} never shown"
            await self.pilot.pause(0.01)
        await self.pilot.pause()

    def lines(self, kind: type[Canvas]) -> list[str]:
        """What the canvas of this kind on the current screen shows."""
        canvas = self.app.screen.query_one(kind)
        return [canvas.render_line(y).text for y in range(canvas.size.height)]

    def text(self, kind: type[Canvas]) -> str:
        return "\n".join(self.lines(kind))


@asynccontextmanager
async def exploring(
    settings: Settings | None = None, *, size: tuple[int, int] = (80, 24), **options: Any
) -> AsyncIterator[Explorer]:
    """The app at the given size, once its first chart stands."""
    app = TelescopeApp(settings or Settings(), **options)
    async with app.run_test(size=size) as pilot:
        explorer = Explorer(app, pilot)
        await explorer.settle()
        yield explorer
