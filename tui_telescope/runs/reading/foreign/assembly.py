"""Single numbers with names, put together to records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from tui_telescope.runs.reading.foreign.names import WHOLE, Meaning, by_number, meaning_of
from tui_telescope.runs.reading.history import History
from tui_telescope.runs.reading.records import MOST_LAYERS, Header, Reading, Record, from_layers, number, role_of

_NORMS = ("gradient", "weight_gradient", "weight")
"""Of several parameters of a layer the norms add up by their squares; of a ratio the largest is told."""


class Assembly:
    """Takes what was logged of a step, at once or bit by bit, and adds it to the history as one record.

    Layers stand in the order in which they turned up, or where it `sorts` by the numbers in their names.
    """

    def __init__(self, *, sorts: bool = False) -> None:
        self.history = History()
        self.header: Header | None = None
        self.unknown = 0
        """How often something was logged of which nothing is shown."""
        self._sorts = sorts
        self._layers: list[str] = []
        self._step: int | None = None
        self._once: dict[str, float] = {}
        self._found: dict[str, dict[str, dict[str, float]]] = {}
        """Of the newest step, by reading, layer and parameter."""

    @property
    def holds_the_whole_alone(self) -> bool:
        """Whether nothing is told of single layers."""
        return self._layers == [WHOLE]

    def add(self, logged: Mapping[str, object], step: float | None = None) -> None:
        """What has no step, or nothing that is shown here, is no record."""
        once, found = _sorted_out(logged)
        its_own = once.pop("step", None)
        at = its_own if step is None else step
        if at is None or not abs(at) < 2**53 or not (found or once):
            self.unknown += bool(logged)
            return
        is_more = int(at) == self._step
        if not is_more:
            self._step, self._once, self._found = int(at), {}, {}
        self._once |= once
        for meaning, told in found.items():
            of_reading = self._found.setdefault(meaning.reading, {})
            of_reading.setdefault(meaning.layer, {})[meaning.part] = told
        self._learn(layer for by_layer in self._found.values() for layer in by_layer)
        record = Record(int(at), readings=self._readings(), **self._once)  # type: ignore[arg-type]
        if is_more:
            self.history.amend(record)
        else:
            self.history.add(record)

    def _readings(self) -> dict[str, Reading]:
        """The norm of all is none of a layer's, once there is one."""
        return from_layers(
            {
                name: {
                    layer: _together(name, parts.values())
                    for layer, parts in by_layer.items()
                    if layer != WHOLE or self.holds_the_whole_alone
                }
                for name, by_layer in self._found.items()
            },
            self._layers,
        )

    def _learn(self, names: Iterable[str]) -> None:
        known = set(self._layers)
        new = [name for name in dict.fromkeys(names) if name not in known][: MOST_LAYERS - len(known)]
        if not new:
            return
        if self._sorts:
            new.sort(key=by_number)
        self._layers += new
        self.header = Header("", tuple(self._layers), "guessed", tuple(map(role_of, self._layers)))


def _sorted_out(logged: Mapping[str, object]) -> tuple[dict[str, float], dict[Meaning, float]]:
    """What a record holds once, and the layers' numbers."""
    once: dict[str, float] = {}
    found: dict[Meaning, float] = {}
    for name, value in logged.items():
        meaning, told = meaning_of(name), number(value)
        if meaning is None or told is None:
            continue
        if meaning.layer:
            found[meaning] = told
        else:
            once.setdefault(meaning.reading, told)
    return once, found


def _together(reading: str, parts: Iterable[float]) -> float:
    return math.hypot(*parts) if reading in _NORMS else max(parts)
