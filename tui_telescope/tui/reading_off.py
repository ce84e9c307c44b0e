"""Reading off one layer's numbers: a cursor along the layers, which stays on its layer through every change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_telescope.tui.widgets.status_line import sentence

if TYPE_CHECKING:
    from tui_telescope.observations.observation import Observation
    from tui_telescope.tui.showing import ShowingApp


class ReadingOff:
    """Holds the cursor, and says what is under it."""

    def __init__(self, app: ShowingApp) -> None:
        self.layer: int | None = None
        """Counted from 1; None where it is put away."""
        self._app = app

    def move(self, direction: int) -> None:
        """To the layer above (1) or below (-1); the first press begins at layer 1 or at the last."""
        if not self._app.current_view.reads_layers:
            keys = " or ".join(view.key for view in self._app.keys.views.values() if view.reads_layers)
            self._app.say(f"To read off a layer's numbers press {keys} first.")
        elif seen := self._app.seen:
            start = 0 if direction > 0 else seen.observation.depth + 1
            self.go_to((self.layer or start) + direction)

    def go_to(self, layer: int) -> None:
        """To this layer, or to the nearest that there is."""
        if (seen := self._app.seen) and self._app.current_view.reads_layers:
            self._put(min(max(layer, 1), seen.observation.depth))

    def put_away(self) -> bool:
        """Whether there was a cursor."""
        was_there = self.layer is not None
        if was_there:
            self._put(None)
        return was_there

    def _put(self, layer: int | None) -> None:
        self.layer = layer
        self._app.show_chart()
        self._app.show_words()

    def words(self, observation: Observation) -> str:
        """The numbers of the layer under the cursor; empty where the view or the network has none."""
        if not self.layer or self.layer > observation.depth or not self._app.current_view.reads_layers:
            return ""
        from tui_telescope.charts.layers.layer_readout import layer_readout

        return f"{sentence(layer_readout(observation, self.layer))}."
