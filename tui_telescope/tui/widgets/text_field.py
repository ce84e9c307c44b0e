"""A line to type in that takes no more than anybody can mean."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class TextField(Input):
    """Takes as much of a paste as fits; what is typed beyond that is silently left out."""

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()  # Textual's own takes all or nothing
        lines = event.text.splitlines()
        start, end = sorted(self.selection)
        room = (self.max_length or 0) - len(self.value) + (end - start)
        if lines and room > 0:
            self.replace(lines[0][:room], start, end)

    def restricted(self) -> None:
        """No bell: a held key would ring it thirty times a second."""
