"""What an observation holds in memory at once, counted before anything is computed.

It imports the standard library alone: settings ask it whether they are allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui_telescope.networks import CELLS, INITIALIZERS, NORM_PLACES, NORMAL

if TYPE_CHECKING:
    from tui_telescope.settings import Settings

MEMORY_BUDGET = 2**30
"""Bytes that one observation may hold, all its networks' weights among them."""
TRACE_BYTES = 2**28
"""What is kept at a time of what the way back needs, where layers may be gone through twice."""

_NUMBER = 8
_OBJECT = 25
"""What Python's objects for one layer take, in numbers."""
_PASSES = 5
"""Arrays (depth, samples) that one network's passes take, and the statistics."""
_SCRATCH = 20
"""Arrays (n, samples) that one layer takes while it is computed, about."""
_GATE_SCRATCH = 16
"""The same for each gate of a recurrent step."""
_CELL_COPIES = 4
"""Times that the matrices of one recurrent network are there, beside the drawn ones."""


class Footprint(NamedTuple):
    """Bytes, by what they are for."""

    weights: int
    """The drawn weights and biases, of all networks."""
    signals: int
    """Of one network: the signals and slopes of all layers, the inputs of all steps."""
    readings: int
    """Each layer's and sample's readings, of all networks."""

    @property
    def total(self) -> int:
        return sum(self)


def footprint(settings: Settings) -> Footprint:
    """What observing these settings holds at once, whichever pass their numbers turn out to need."""
    count = _recurrent if settings.is_recurrent else _feedforward
    weights, signals = count(settings)
    read = 1 + CELLS[settings.cell].states  # the gradients by each, and the signal
    readings = settings.depth * settings.samples * (read * settings.networks + _PASSES)
    return Footprint(_NUMBER * weights, _NUMBER * signals, _NUMBER * readings)


def _feedforward(settings: Settings) -> tuple[int, int]:
    n, depth, layer = settings.width, settings.depth, settings.width * settings.samples
    matrices = n * n if INITIALIZERS[settings.initializer].diagonal else depth * (n * n + n + _OBJECT)
    biases = depth * (n + _OBJECT) if settings.has_biases else 0
    trace = min(_kept(settings) * depth * layer, TRACE_BYTES // _NUMBER)
    place = NORM_PLACES[settings.norm_place]
    is_kept_apart = settings.norm_kind is not None and place.follows_activation and not place.crosses_residual
    stacks = 3 if is_kept_apart else 2  # of what the norm gave, where it is neither a layer's input nor phi's
    return settings.networks * (matrices + biases), max(stacks * depth * layer, trace) + _SCRATCH * layer


def _recurrent(settings: Settings) -> tuple[int, int]:
    n, depth, layer, gates = settings.width, settings.depth, settings.width * settings.samples, settings.gates
    drawn = 2 if settings.family == NORMAL else 3
    weights = gates * n * n * (drawn * settings.networks + _CELL_COPIES)
    length = segment_length(settings)
    starts = 2 * CELLS[settings.cell].states * layer * (depth // length)  # with exponents
    trace = _kept(settings) * layer * min(depth, length)
    inputs = depth * (layer + _OBJECT) * (1 if settings.input_scale == 1 else 2)  # as drawn, and as shown
    return weights, inputs + starts + trace + _GATE_SCRATCH * gates * layer


def segment_length(settings: Settings) -> int:
    """How many layers or steps are kept at a time for the way back, by the exact pass and by recurrent cells."""
    return max(1, TRACE_BYTES // (_NUMBER * _kept(settings) * settings.width * settings.samples))


def _kept(settings: Settings) -> int:
    """Arrays (n, samples) that are kept of one layer, or step, at the most, about."""
    if settings.is_recurrent:
        return 32
    return (
        8 if INITIALIZERS[settings.initializer].diagonal else 4
    )  # with an exponent for each unit there are twice as many
