"""The first source: networks that are made up here, each by its settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui_telescope.networks import EXACT
from tui_telescope.presets import preset_of
from tui_telescope.settings import REGISTRY, Settings, SettingsError
from tui_telescope.tui.comparison.distinctions import distinctions
from tui_telescope.tui.sources.source import Ghost, Heading, Labels, Source, SourceError, Tell, nobody
from tui_telescope.tui.work.loading import load_telescope

if TYPE_CHECKING:
    from tui_telescope.engine.telescope import Telescope
    from tui_telescope.observations.interruption import ShouldStop
    from tui_telescope.observations.observation import Observation

NOT_ENOUGH_MEMORY = "not enough memory: lower width, depth or samples"


class TelescopeSource(Source[Settings]):
    """Observes the network that the settings describe."""

    def __init__(self, load: Callable[[], Telescope] = load_telescope) -> None:
        self._load = load
        self._telescope: Telescope

    def load(self) -> None:
        self._telescope = self._load()

    def observe(self, subject: Settings, *, should_stop: ShouldStop, progress: Tell = nobody) -> Observation:
        try:
            return self._telescope.observe(subject, should_stop=should_stop, progress=progress)
        except SettingsError as refusal:
            raise SourceError(str(refusal)) from None
        except MemoryError:
            raise SourceError(NOT_ENOUGH_MEMORY) from None

    def expected_seconds(self, subject: Settings) -> float:
        return self._telescope.expected_seconds(subject)

    def remedy(self, subject: Settings, observation: Observation, *, should_stop: ShouldStop) -> str:
        try:
            remedy = self._telescope.advise(subject, observation, should_stop=should_stop)
        except MemoryError:  # trying takes more than observing did: what was observed stands without advice
            return ""
        return remedy.by_key if remedy else ""

    def heading(self, subject: Settings) -> Heading:
        preset = preset_of(subject)
        return Heading(preset.title, preset.line) if preset else Heading()

    def size(self, subject: Settings) -> str:
        networks = f" in {subject.networks} networks" if subject.networks > 1 else ""
        return f"{subject.depth} {subject.stage}s of width {subject.width}{networks}"

    def arguments(self, subject: Settings) -> list[str]:
        return subject.arguments()

    def labels(self, live: Settings, pins: Sequence[Settings]) -> Labels:
        return distinctions(live, tuple(pins))

    def ghost(self, subject: Settings) -> Ghost[Settings] | None:
        """In a number format the same network in exact arithmetic, unasked; else the same with residual flipped, or
        None where that would be the very same one."""
        if subject.number_format:
            return Ghost(subject.replace(precision=EXACT), EXACT, subject.precision, is_unasked=True)
        if "residual" in subject.ineffective:
            return None
        flipped = subject.replace(residual=not subject.residual)
        return Ghost(flipped, _residual(flipped), _residual(subject))

    def why_no_ghost(self, subject: Settings) -> str:
        reason = "" if subject.number_format else subject.why_ineffective("residual")
        return f"It would be the same network: {reason}." if reason else ""

    def settings_of(self, subject: Settings) -> Settings:
        return subject

    def with_settings(self, subject: Settings, settings: Settings) -> Settings:
        return settings


def _residual(settings: Settings) -> str:
    return REGISTRY["residual"].label.lower() + " " + REGISTRY["residual"].show(settings.residual)
