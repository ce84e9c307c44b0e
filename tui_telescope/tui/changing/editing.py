"""Typing an exact value, in the place of the words under the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_telescope.settings import Settings
from tui_telescope.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from tui_telescope.tui.widgets.value_editor import ValueEditor


class Editing:
    """Opens the editor of a setting where the reading stands, and brings the reading back."""

    def __init__(self, status_line: StatusLine) -> None:
        self._status_line = status_line
        self._editor: ValueEditor | None = None

    @property
    def is_on(self) -> bool:
        return self._editor is not None

    async def begin(self, name: str, settings: Settings) -> None:
        from tui_telescope.tui.widgets.value_editor import ValueEditor

        self._editor = ValueEditor(name, settings)
        self._status_line.display = False
        await self._status_line.app.mount(self._editor, after=self._status_line)
        # At once: a fast typist's next key must find it.
        self._status_line.app.screen.set_focus(self._editor.field)

    def refuse(self, reason: str) -> None:
        """Say why what was typed is no value."""
        if self._editor:
            self._editor.refuse(reason)

    async def end(self) -> None:
        editor, self._editor = self._editor, None
        self._status_line.display = True
        if editor:
            await editor.remove()
