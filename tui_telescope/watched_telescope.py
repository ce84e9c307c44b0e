"""A telescope that says how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tui_telescope.engine.passes.progress import Tell, never, nobody
from tui_telescope.engine.spectrum.spectrum import Spectrum
from tui_telescope.engine.telescope import READINGS, Telescope
from tui_telescope.observations.interruption import ShouldStop
from tui_telescope.observations.observation import Observation
from tui_telescope.printing.progress_line import ProgressLine
from tui_telescope.settings import Settings


class WatchedTelescope(Telescope):
    """Each observation, whoever asks for it, is a part of the work that the line tells of."""

    def __init__(self, line: ProgressLine) -> None:
        super().__init__()
        self._line = line

    def begin(self, what: str, networks: Iterable[Settings] | None, readings: Sequence[str] = READINGS) -> None:
        """Work begins on these networks; None where nobody knows how many there will be."""
        seconds = None if networks is None else sum(self.expected_seconds(each, readings) for each in networks)
        self._line.begin(what, seconds)

    def observe(
        self,
        settings: Settings,
        *,
        readings: Sequence[str] = READINGS,
        should_stop: ShouldStop = never,
        progress: Tell = nobody,
    ) -> Observation:
        """As any telescope does."""

        def tell(share: float) -> None:
            self._line.tell(share)
            progress(share)

        with self._line.part(self.expected_seconds(settings, readings)):
            return super().observe(settings, readings=readings, should_stop=should_stop, progress=tell)

    def spectrum(
        self, settings: Settings, *, should_stop: ShouldStop = never, progress: Tell = nobody
    ) -> Iterator[Spectrum]:
        """As any telescope does."""
        with self._line.part(self.expected_seconds(settings)):
            yield from super().spectrum(settings, should_stop=should_stop, progress=self._line.tell)
