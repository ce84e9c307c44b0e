"""What the live curve is compared with: pinned curves, and the ghost with residual flipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_telescope.charts.trace import Trace
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.comparison.distinctions import distinctions

if TYPE_CHECKING:
    from tui_telescope.observations.observation import Observation

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

    def traces(self, live: Compared, flipped: Observation | None, predicted: Observation | None = None) -> list[Trace]:
        """The live curve first, then the pins, the ghost and the theory, each with words that tell it from the others.

        `flipped` is what the live settings with residual flipped were observed as, once they were; `predicted` is what
        theory makes of them, where it is known. Neither is shown unless it is wanted.
        """
        traces = self._measured(live, is_alone=not (self.wants_ghost and flipped))
        ghost = ghost_of(live.settings)
        if self.wants_ghost and flipped and ghost:
            traces.append(Trace(f"ghost: {_residual(ghost)}", flipped, ("ghost",)))
        if self.wants_theory and predicted:
            traces.append(Trace("theory: infinite width", predicted, ("theory",)))
        return traces

    def _measured(self, live: Compared, *, is_alone: bool) -> list[Trace]:
        """The live curve and the pins."""
        if not self.pins and is_alone:
            return [Trace("", live.observation)]
        if not self.pins:
            return [Trace(_residual(live.settings), live.observation, ("now",))]
        compared = [live, *self.pins]
        whole, brief = distinctions(live.settings, tuple(pin.settings for pin in self.pins))
        roles = ["now", *(f"pin{number}" for number in range(1, len(compared)))]
        return [
            Trace(label, each.observation, shorter)
            for label, each, *shorter in zip(whole, compared, brief, roles, strict=True)
        ]


def ghost_of(settings: Settings) -> Settings | None:
    """The same network with residual flipped; None where that would be the very same one."""
    return None if "residual" in settings.ineffective else settings.replace(residual=not settings.residual)


def _residual(settings: Settings) -> str:
    return REGISTRY["residual"].label.lower() + " " + REGISTRY["residual"].show(settings.residual)
