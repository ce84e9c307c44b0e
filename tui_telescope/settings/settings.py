"""What a network is described with: one frozen dataclass, whose values are allowed, each and all together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tui_telescope.settings.effects import WITHOUT_EFFECT, WITHOUT_SPECTRUM, Reason
from tui_telescope.settings.footprint import NEEDS_STORED, Footprint, footprint, samples_weights
from tui_telescope.settings.kinds import Setting, SettingsError
from tui_telescope.settings.refusals import REFUSALS
from tui_telescope.settings.values import OF_CELLS, REGISTRY, Values


@dataclass(frozen=True)
class Settings(Values):
    """Everything that determines an observation, and how the network learns.

    Raises `SettingsError` for a value outside its range and for an observation that the memory budget does not hold.
    """

    def __post_init__(self) -> None:
        values = self.__dict__  # frozen for everybody else
        for name, setting in REGISTRY.items():
            values.update(setting.meaning(values[name]))
        values.update({name: setting.check(values[name]) for name, setting in REGISTRY.items()})
        for refusal in REFUSALS:
            if reason := refusal(self):
                raise SettingsError(reason)

    @property
    def registry(self) -> Mapping[str, Setting]:
        """Every setting by name, with the range that it has for this cell."""
        return OF_CELLS[self.cell]

    @cached_property
    def footprint(self) -> Footprint:
        """What an observation holds in memory at once."""
        return footprint(self)

    @cached_property
    def samples_weights(self) -> bool:
        """Whether weights are sampled where they are needed, and not stored."""
        return samples_weights(self)

    def check_stored(self, what: str) -> None:
        """Raises `SettingsError` where `what` is to be done with weights that are not stored."""
        if self.samples_weights:
            raise SettingsError(f"{what}: {NEEDS_STORED}")

    @cached_property
    def ineffective(self) -> frozenset[str]:
        """The settings that change nothing at the moment, whatever their value."""
        return frozenset(name for name in WITHOUT_EFFECT if self.why_ineffective(name))

    def why_ineffective(self, name: str) -> str:
        """What keeps a setting from making a difference, as a clause; empty where it does make one."""
        return self._first_that_holds(WITHOUT_EFFECT.get(name, ()))

    @property
    def why_no_spectrum(self) -> str:
        """What keeps a sample from having a Jacobian from end to end that could be looked at, as a clause; empty where
        nothing does."""
        return self._first_that_holds(WITHOUT_SPECTRUM)

    def check_spectrum(self) -> None:
        """Raises `SettingsError` where `why_no_spectrum` says why."""
        if why_not := self.why_no_spectrum:
            raise SettingsError(f"spectrum: {why_not}")

    def _first_that_holds(self, reasons: Iterable[Reason]) -> str:
        for holds, clause in reasons:
            if holds(self):
                return clause.format_map({**self.as_dict(), "cell": self.cell.upper()})
        return ""

    def replace(self, **changes: Any) -> Settings:
        """These settings with some values changed. Raises `SettingsError`."""
        return dataclasses.replace(self, **changes)

    def stepped(self, name: str, direction: int, *, coarse: bool = False) -> Settings:
        """These settings with one value a step up (1) or down (-1). Raises `SettingsError`."""
        value = self.registry[name].step(getattr(self, name), direction, coarse=coarse)
        if self.has_tokens and name in ("width", "heads"):
            value = self._divisible(name, value, direction)
        return self.replace(**{name: value})

    def _divisible(self, name: str, value: int, direction: int) -> int:
        """The next value from this one on at which the heads divide the width; this one where there is none."""
        setting, candidate = self.registry[name], value
        while (candidate % self.heads if name == "width" else self.width % candidate) != 0:
            after = setting.step(candidate, direction)
            if after == candidate:
                return value
            candidate = after
        return candidate

    def as_dict(self) -> dict[str, Any]:
        """Every setting by name, in registry order."""
        return {name: getattr(self, name) for name in REGISTRY}

    def changes(self, since: Settings) -> dict[str, Any]:
        """What differs from other settings, by name."""
        return {name: value for name, value in self.as_dict().items() if value != getattr(since, name)}

    def arguments(self) -> list[str]:
        """The command-line words that reproduce these settings: those that differ from the start."""
        return [word for name, value in self.changes(Settings()).items() for word in REGISTRY[name].arguments(value)]
