"""Who looks at many networks at once, for the depth view and the map: in the background, refined while one looks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING

from textual.message import Message

from tui_telescope.charts.views import View
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import Settings, SettingsError
from tui_telescope.tui.messages import Declined, Failed, Surveyed
from tui_telescope.tui.sources.telescope_source import NOT_ENOUGH_MEMORY
from tui_telescope.tui.work.progress import Work

if TYPE_CHECKING:
    from tui_telescope.charts.elements import Axis
    from tui_telescope.charts.surveys.surveys import Finding, Instruments

CHART_SECONDS = 0.2
"""Charts of what is not finished come no faster: each has to be drawn and sent."""


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

    def survey(self, view: View, settings: Settings, previous: Axis | None) -> None:
        """Begin; `Surveyed` messages follow. `previous` is the y axis on which the view was drawn last."""
        self.generation += 1
        self.work = Work(self.generation, f"Computing {view.computed}", monotonic(), 0.0, 0.0)
        threading.Thread(target=self._work, args=(self.generation, view, settings, previous), daemon=True).start()

    def stop(self) -> None:
        """Let go of all work: what runs stops between two layers."""
        self.generation += 1
        self.work = None

    def _work(self, generation: int, view: View, settings: Settings, previous: Axis | None) -> None:
        from tui_telescope.engine.passes.progress import Progress

        progress = Progress(lambda: generation != self.generation, lambda share: self._note_share(generation, share))
        try:
            with self._turn:
                if generation == self.generation and view.survey:
                    survey = view.survey(settings, None)
                    self._post_findings(generation, view.name, survey.findings(self._at_hand(), progress, previous))
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
        from tui_telescope.charts.surveys.surveys import Instruments
        from tui_telescope.engine.learning.trainability import TrainabilityMemory
        from tui_telescope.engine.sweep import MapMemory
        from tui_telescope.engine.telescope import Telescope

        self._instruments = self._instruments or Instruments(Telescope(), MapMemory(), TrainabilityMemory())
        return self._instruments

    def _note_share(self, generation: int, share: float) -> None:
        if self.work and self.work.generation == generation:
            self.work = self.work._replace(share=share)

    def _post_findings(self, generation: int, view: str, findings: Iterator[Finding]) -> None:
        """The first, the last, and of those between as many as can be looked at."""
        posted, waiting = -CHART_SECONDS, None
        for finding in findings:
            if monotonic() - posted < CHART_SECONDS:
                waiting = finding
            else:
                self._post(Surveyed(generation, view, finding))
                posted, waiting = monotonic(), None
        if waiting:
            self._post(Surveyed(generation, view, waiting))
