"""Typing an exact value, in the place of the words under the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_telescope.settings import Settings
from tui_telescope.tui.reading import Reading

if TYPE_CHECKING:
    from tui_telescope.tui.value_editor import ValueEditor


class Editing:
    """Opens the editor of a setting where the reading stands, and brings the reading back."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._editor: ValueEditor | None = None

    @property
    def is_on(self) -> bool:
        return self._editor is not None

    async def begin(self, name: str, settings: Settings) -> None:
        from tui_telescope.tui.value_editor import ValueEditor

        self._editor = ValueEditor(name, settings)
        self._reading.display = False
        await self._reading.app.mount(self._editor, after=self._reading)
        # At once: a fast typist's next key must find it.
        self._reading.app.screen.set_focus(self._editor.field)

    def refuse(self, reason: str) -> None:
        """Say why what was typed is no value."""
        if self._editor:
            self._editor.refuse(reason)

    async def end(self) -> None:
        editor, self._editor = self._editor, None
        self._reading.display = True
        if editor:
            await editor.remove()
