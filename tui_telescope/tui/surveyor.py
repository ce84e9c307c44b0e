"""Who looks at many networks at once, for the depth view and the map: in the background, refined while one looks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.observer import Declined, Failed, ShouldStop

if TYPE_CHECKING:
    from tui_telescope.charts.painting import Paintable
    from tui_telescope.engine.sweep import MapMemory
    from tui_telescope.engine.telescope import Telescope


class Surveyed(Message):
    """A survey has a chart to show; more may follow, each finer."""

    def __init__(self, generation: int, view: str, chart: Paintable) -> None:
        super().__init__()
        self.generation = generation
        self.view = view
        self.chart = chart


class Instruments(NamedTuple):
    """What surveys work with, kept from one to the next."""

    telescope: Telescope
    memory: MapMemory


class Surveyor:
    """Surveys the latest settings asked for, in one thread; a newer request stops the one before.

    It has instruments of its own, so that no key waits for a survey.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self.generation = 0
        self._post = post
        self._instruments: Instruments | None = None
        self._turn = threading.Lock()

    def survey(self, view: str, settings: Settings) -> None:
        """Begin; `Surveyed` messages follow."""
        self.generation += 1
        threading.Thread(target=self._work, args=(self.generation, view, settings), daemon=True).start()

    def stop(self) -> None:
        """Let go of all work: what runs stops between two layers."""
        self.generation += 1

    def _work(self, generation: int, view: str, settings: Settings) -> None:
        from tui_telescope.engine.measurement import Stopped
        from tui_telescope.engine.sweep import MapMemory
        from tui_telescope.engine.telescope import Telescope

        def should_stop() -> bool:
            return generation != self.generation

        try:
            with self._turn:
                self._instruments = self._instruments or Instruments(Telescope(), MapMemory())
                if not should_stop():
                    for chart in SURVEYS[view](self._instruments, settings, should_stop):
                        self._post(Surveyed(generation, view, chart))
        except Stopped:
            return
        except SettingsError as refusal:
            self._post(Declined(str(refusal)))
        except Exception as error:  # told to the app, which ends with it
            self._post(Failed(error))


def _depths(instruments: Instruments, settings: Settings, should_stop: ShouldStop) -> Iterator[Paintable]:
    """The settings themselves first, then with residual flipped, where that has an effect."""
    from tui_telescope.charts.depth_chart import depth_chart
    from tui_telescope.engine.sweep import sweep_depths

    telescope = instruments.telescope
    live = sweep_depths(telescope, settings, should_stop=should_stop)
    yield depth_chart([live])
    if "residual" in settings.ineffective:
        return
    flipped = settings.replace(residual=not settings.residual)
    yield depth_chart([live, sweep_depths(telescope, flipped, live.depths, should_stop=should_stop)])


def _map(instruments: Instruments, settings: Settings, should_stop: ShouldStop) -> Iterator[Paintable]:
    from tui_telescope.charts.map_chart import MapChart
    from tui_telescope.engine.sweep import map_scales_and_depths
    from tui_telescope.engine.theory import critical_scale

    critical = critical_scale(settings)
    telescope, memory = instruments
    for grid in map_scales_and_depths(telescope, settings, memory=memory, should_stop=should_stop):
        yield MapChart(grid, critical)


SURVEYS: dict[str, Callable[[Instruments, Settings, ShouldStop], Iterator[Paintable]]] = {
    "depth": _depths,
    "map": _map,
}
"""By the view that shows them."""
