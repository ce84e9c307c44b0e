"""Who looks at many networks at once, for the depth view and the map: in the background, refined while one looks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.observer import NOT_ENOUGH_MEMORY, Declined, Failed
from tui_telescope.tui.work import Work

if TYPE_CHECKING:
    from tui_telescope.charts.painting import Paintable
    from tui_telescope.engine.passes.progress import Progress
    from tui_telescope.engine.sweep import DepthSweep, MapMemory
    from tui_telescope.engine.telescope import Telescope

CHART_SECONDS = 0.2
"""Charts of what is not finished come no faster: each has to be drawn and sent."""


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
        self.work: Work | None = None
        """The latest survey, while it runs."""
        self._post = post
        self._instruments: Instruments | None = None
        self._turn = threading.Lock()

    def survey(self, view: str, settings: Settings) -> None:
        """Begin; `Surveyed` messages follow."""
        self.generation += 1
        self.work = Work(self.generation, WHAT[view], monotonic(), 0.0, 0.0)
        threading.Thread(target=self._work, args=(self.generation, view, settings), daemon=True).start()

    def stop(self) -> None:
        """Let go of all work: what runs stops between two layers."""
        self.generation += 1
        self.work = None

    def _work(self, generation: int, view: str, settings: Settings) -> None:
        from tui_telescope.engine.passes.measurement import Stopped
        from tui_telescope.engine.passes.progress import Progress

        progress = Progress(lambda: generation != self.generation, lambda share: self._note_share(generation, share))
        try:
            with self._turn:
                if generation == self.generation:
                    self._post_charts(generation, view, SURVEYS[view](self._at_hand(), settings, progress))
        except Stopped:
            return
        except SettingsError as refusal:
            self._post(Declined(str(refusal)))
        except MemoryError:
            self._post(Declined(NOT_ENOUGH_MEMORY))
        except Exception as error:  # told to the app, which ends with it
            self._post(Failed(error))
        finally:
            if generation == self.generation:
                self.work = None

    def _at_hand(self) -> Instruments:
        from tui_telescope.engine.sweep import MapMemory
        from tui_telescope.engine.telescope import Telescope

        self._instruments = self._instruments or Instruments(Telescope(), MapMemory())
        return self._instruments

    def _note_share(self, generation: int, share: float) -> None:
        if self.work and self.work.generation == generation:
            self.work = self.work._replace(share=share)

    def _post_charts(self, generation: int, view: str, charts: Iterator[Paintable]) -> None:
        """The first, the last, and of those between as many as can be looked at."""
        posted, waiting = -CHART_SECONDS, None
        for chart in charts:
            if monotonic() - posted < CHART_SECONDS:
                waiting = chart
            else:
                self._post(Surveyed(generation, view, chart))
                posted, waiting = monotonic(), None
        if waiting:
            self._post(Surveyed(generation, view, waiting))


def _depths(instruments: Instruments, settings: Settings, progress: Progress) -> Iterator[Paintable]:
    """The settings themselves first, then with residual flipped, where that has an effect."""
    from tui_telescope.charts.depth_chart import depth_chart
    from tui_telescope.engine.sweep import each_depth, swept_depths

    depths = swept_depths(settings.depth)
    has_sides = "residual" not in settings.ineffective
    sides = [settings, settings.replace(residual=not settings.residual)] if has_sides else [settings]
    whole: list[DepthSweep] = []
    for side, piece in zip(sides, progress.parts([1.0] * len(sides)), strict=True):
        sweep = None
        for sweep in each_depth(
            instruments.telescope, side, depths, should_stop=piece.should_stop, progress=piece.tell
        ):
            yield depth_chart([*whole, sweep], depths=depths)
        whole += [sweep] if sweep else []


def _map(instruments: Instruments, settings: Settings, progress: Progress) -> Iterator[Paintable]:
    from tui_telescope.charts.map_chart import MapChart
    from tui_telescope.engine.mean_field.theory import critical_scale
    from tui_telescope.engine.sweep import map_scales_and_depths

    critical = critical_scale(settings)
    telescope, memory = instruments
    for grid in map_scales_and_depths(
        telescope,
        settings,
        memory=memory,
        by_row=True,
        should_stop=progress.should_stop,
        progress=progress.tell,
    ):
        yield MapChart(grid, critical)


SURVEYS: dict[str, Callable[[Instruments, Settings, Progress], Iterator[Paintable]]] = {
    "depth": _depths,
    "map": _map,
}
"""By the view that shows them."""
WHAT = {"depth": "Computing networks of many depths", "map": "Computing networks of many scales and depths"}
"""What is said of each while it runs."""
