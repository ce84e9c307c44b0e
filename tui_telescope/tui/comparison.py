"""What the live curve is compared with: pinned curves, and the ghost with residual flipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_telescope.charts.views import Trace
from tui_telescope.settings import REGISTRY, Settings

if TYPE_CHECKING:
    from tui_telescope.engine.observation import Observation

MOST = 3
"""Curves beside the live one: more would have to share a stroke."""


class ComparisonError(ValueError):
    """A curve that cannot be compared; the message says why."""


@dataclass(frozen=True, eq=False)
class Compared:
    """A curve and the settings that it was observed with."""

    settings: Settings
    observation: Observation


class Comparison:
    """The pins in the order in which they were set, and whether the ghost is wanted."""

    def __init__(self) -> None:
        self.pins: list[Compared] = []
        self.wants_ghost = False
        self.wants_theory = False

    def pin(self, seen: Compared) -> None:
        """Keep this curve on the screen. Raises `ComparisonError`."""
        if any(pin.settings == seen.settings for pin in self.pins):
            raise ComparisonError("This curve is pinned already; u drops the pins.")
        self._make_sure_of_room()
        self.pins.append(seen)

    def toggle_ghost(self) -> None:
        """Raises `ComparisonError`."""
        if not self.wants_ghost:
            self._make_sure_of_room()
        self.wants_ghost = not self.wants_ghost

    def toggle_theory(self) -> None:
        """Raises `ComparisonError`."""
        if not self.wants_theory:
            self._make_sure_of_room()
        self.wants_theory = not self.wants_theory

    def _make_sure_of_room(self) -> None:
        if len(self.pins) + self.wants_ghost + self.wants_theory >= MOST:
            raise ComparisonError(f"{MOST} curves beside the live one are the most that stay apart; u drops the pins.")

    def traces(self, live: Compared, flipped: Observation | None) -> list[Trace]:
        """The live curve first, then the pins, each labelled with what tells it from the others, then the ghost.

        `flipped` is what the live settings with residual flipped were observed as, once they were.
        """
        compared = [live, *self.pins]
        label = f"ghost: {_residual(ghost_of(live.settings))}"
        ghosts = [Trace(label, flipped)] if flipped and self.wants_ghost else []
        words = distinctions([each.settings for each in compared])
        if not words[0]:
            words = ["now", "pinned"] if self.pins else [_residual(live.settings) if ghosts else ""]
        traces = [Trace(label, each.observation) for label, each in zip(words, compared, strict=True)]
        return [*traces, *ghosts, *self._prediction(live.settings)]

    def _prediction(self, settings: Settings) -> list[Trace]:
        """The theory's curve, where it is wanted and there is one."""
        if not self.wants_theory:
            return []
        from tui_telescope.engine.theory import predict

        theory = predict(settings)
        return [Trace("theory: infinite width", theory.as_observation())] if theory else []


def ghost_of(settings: Settings) -> Settings:
    """The same network with residual flipped."""
    return settings.replace(residual=not settings.residual)


def distinctions(described: Sequence[Settings]) -> list[str]:
    """For each of them the values of those settings in which they are not all equal."""
    differing = [name for name in REGISTRY if len({getattr(settings, name) for settings in described}) > 1]
    return [", ".join(_value(name, settings) for name in differing) for settings in described]


def _residual(settings: Settings) -> str:
    return _value("residual", settings)


def _value(name: str, settings: Settings) -> str:
    """Value and name as short as they can be: `tanh` needs no name, `off` and `2.0` do."""
    setting = REGISTRY[name]
    value = getattr(settings, name)
    shown = setting.show(value)
    names_itself = isinstance(value, str) and value not in ("off", "none") and name != "branch_scale"
    return shown if names_itself else f"{setting.label.lower()} {shown}"
