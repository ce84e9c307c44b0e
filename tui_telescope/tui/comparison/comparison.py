"""What the live curve is compared with: pinned curves, the ghost, and what theory predicts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_telescope.charts.layers.trace import LearningTrace, Trace

if TYPE_CHECKING:
    from tui_telescope.engine.learning.course.training import History
    from tui_telescope.observations.observation import Observation
    from tui_telescope.tui.sources.source import Ghost, Source

MOST = 3
"""Curves beside the live one: more would have to share a stroke."""


class ComparisonError(ValueError):
    """A curve that cannot be compared; the message says why."""


class Compared(NamedTuple):
    """A curve and the subject that it was observed of."""

    subject: Hashable
    observation: Observation
    history: History | None = None
    """What was seen of it while it learned, if it did."""


class Comparison:
    """The pins in the order in which they were set, and whether the ghost is wanted.

    As long as nobody has said whether it is, a ghost that comes unasked is shown where there is room for it.
    """

    def __init__(self) -> None:
        self.pins: list[Compared] = []
        self.wants_ghost: bool | None = None
        self.wants_theory = False

    def pin(self, seen: Compared) -> None:
        """Keep this curve on the screen. Raises `ComparisonError`."""
        if any(pin.subject == seen.subject for pin in self.pins):
            raise ComparisonError("This curve is pinned already; u drops the pins.")
        self._make_sure_of_room()
        self.pins.append(seen)

    def shows(self, ghost: Ghost[Any] | None) -> bool:
        """Whether this ghost is to be seen."""
        if ghost is None or self.wants_ghost is not None:
            return ghost is not None and bool(self.wants_ghost)
        return ghost.is_unasked and len(self.pins) + self.wants_theory < MOST

    def toggle_ghost(self, ghost: Ghost[Any] | None) -> None:
        """Put this ghost on or off. Raises `ComparisonError`."""
        is_on = self.shows(ghost) or bool(self.wants_ghost)
        if not is_on:
            self._make_sure_of_room()
        self.wants_ghost = not is_on

    def toggle_theory(self) -> None:
        """Raises `ComparisonError`."""
        if not self.wants_theory:
            self._make_sure_of_room()
        self.wants_theory = not self.wants_theory

    def _make_sure_of_room(self) -> None:
        if len(self.pins) + bool(self.wants_ghost) + self.wants_theory >= MOST:
            raise ComparisonError(f"{MOST} curves beside the live one are the most that stay apart; u drops the pins.")

    def traces(
        self,
        source: Source[Any],
        live: Compared,
        companion: Observation | None,
        predicted: Trace | None = None,
    ) -> list[Trace]:
        """The live curve first, then the pins, the ghost and the theory, each with words that tell it from the others.

        `companion` is what the live subject's ghost was observed as, once it was; `predicted` is what theory makes of
        the subject, where it is known. Neither is shown unless it is wanted.
        """
        ghost = self._ghost(source, live.subject) if companion else None
        named = zip(self._names(source, live.subject, ghost.live if ghost else ""), [live, *self.pins], strict=True)
        traces = [Trace(label, each.observation, briefs) for (label, briefs), each in named]
        if ghost and companion:
            traces.append(Trace(f"ghost: {ghost.label}", companion, ("ghost",)))
        if self.wants_theory and predicted:
            traces.append(predicted)
        return traces

    def learning_traces(
        self, source: Source[Any], live: Hashable, history: History, companion: History | None
    ) -> list[LearningTrace]:
        """The same of a subject that learns and its ghost, and of those pins that have learned."""
        ghost = self._ghost(source, live) if companion else None
        histories = [history, *(pin.history for pin in self.pins)]
        named = zip(self._names(source, live, ghost.live if ghost else ""), histories, strict=True)
        traces = [LearningTrace(label, each, briefs) for (label, briefs), each in named if each]
        if ghost and companion:
            traces.append(LearningTrace(f"ghost: {ghost.label}", companion, ("ghost",)))
        return traces

    def _ghost(self, source: Source[Any], live: Hashable) -> Ghost[Any] | None:
        ghost = source.ghost(live)
        return ghost if self.shows(ghost) else None

    def _names(self, source: Source[Any], live: Hashable, beside_ghost: str) -> list[tuple[str, Sequence[str]]]:
        """A label and briefs for the live curve and the pins; without pins the live one is called what it is beside
        its ghost."""
        if not self.pins:
            return [(beside_ghost, ("now",) if beside_ghost else ())]
        labels = source.labels(live, tuple(pin.subject for pin in self.pins))
        roles = ["now", *(f"pin{number}" for number in range(1, len(labels.whole)))]
        return [(label, shorter) for label, *shorter in zip(*labels, roles, strict=True)]
