"""What an observation holds in memory at once, counted before anything is computed.

It imports the standard library alone: settings ask it whether they are allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tui_telescope.networks import CELLS, FORMS, INITIALIZERS, MATRICES, NORMAL, NORMALISED, PHI

if TYPE_CHECKING:
    from tui_telescope.settings.settings import Settings

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
_PAIR_SCRATCH = 16
"""Numbers for each pair of tokens in each head while a block is computed, about."""
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


WIDEST_STORED = 1024
"""Weights between more units than these are not stored."""
NEEDS_STORED = (
    "it needs weights that are stored, and these are sampled; "
    f"allowed: width up to {WIDEST_STORED}, weights up to {MEMORY_BUDGET / 2**30:g} GiB"
)
"""Why what needs whole matrices is refused, as a clause."""


def footprint(settings: Settings) -> Footprint:
    """What observing these settings holds at once, whichever pass their numbers turn out to need."""
    if samples_weights(settings):
        return _counted(settings, _sampled)
    if settings.has_tokens:
        return _counted(settings, _transformer)
    return _counted(settings, _recurrent if settings.is_recurrent else _feedforward)


def samples_weights(settings: Settings) -> bool:
    """Whether weights are sampled where they are needed, and not stored: where layers are wide or weights would pass
    the memory budget, and each is used once."""
    if _why_stored(settings):
        return False
    stored = _counted(settings, _feedforward)
    passes_by_weights = stored.total > MEMORY_BUDGET and stored.weights == max(stored)
    return settings.width > WIDEST_STORED or passes_by_weights


def _why_stored(settings: Settings) -> str:
    """Why weights cannot be sampled without being stored, as a clause; empty where they can."""
    if settings.is_recurrent:
        return "the steps of a recurrent cell share theirs"
    if settings.has_tokens:
        return "the tokens of a transformer share theirs"
    if settings.number_format:
        return f"{settings.precision} rounds each of them"
    return "" if settings.family == NORMAL else f"{settings.family} ones have to be stored"


def _counted(settings: Settings, count: Callable[[Settings], tuple[int, int]]) -> Footprint:
    weights, signals = count(settings)
    read = 1 + CELLS[settings.cell].states  # the gradients by each, and the signal
    readings = settings.depth * settings.samples * (read * settings.networks + _PASSES)
    return Footprint(_NUMBER * weights, _NUMBER * signals, _NUMBER * readings)


def _feedforward(settings: Settings) -> tuple[int, int]:
    depth, samples = settings.depth, settings.samples
    trace = min(_kept_numbers(settings) * depth, TRACE_BYTES // _NUMBER)
    widest = max(max(each) for each in settings.matrices.values())
    signals = max(_remembered_units(settings) * depth * samples, trace) + _SCRATCH * widest * samples
    return _weights(settings), signals


def _transformer(settings: Settings) -> tuple[int, int]:
    length, hidden = segment_length(settings), settings.matrices["up"].fan_out
    starts = 2 * settings.width * settings.columns * (settings.depth // length)
    trace = _kept_numbers(settings) * min(settings.depth, length)
    scratch = _SCRATCH * hidden * settings.columns + _PAIR_SCRATCH * _pairs(settings)
    return _weights(settings), starts + trace + scratch


def _pairs(settings: Settings) -> int:
    """How many times a token of a sample hears one, in all heads of a block."""
    return settings.samples * settings.heads * settings.tokens**2


def _weights(settings: Settings) -> int:
    """Of all networks."""
    depth = settings.depth
    shapes = settings.matrices.values()
    fans_out, entries = sum(each.fan_out for each in shapes), sum(each.fan_out * each.fan_in for each in shapes)
    objects = _OBJECT * len(shapes)
    matrices = entries if INITIALIZERS[settings.initializer].diagonal else depth * (entries + fans_out + objects)
    biases = depth * (fans_out + objects) if settings.has_biases else 0
    return settings.networks * (matrices + biases)


def _sampled(settings: Settings) -> tuple[int, int]:
    depth, shapes = settings.depth, settings.matrices.values()
    numbers = sum(each.fan_out for each in shapes) if settings.has_biases else 0
    biases = settings.networks * depth * (numbers + _OBJECT)
    length = segment_length(settings)
    starts = 2 * (depth // length) * settings.width * settings.samples
    trace = _kept_numbers(settings) * min(depth, length)
    widest = max(max(each) for each in shapes)
    return biases, starts + trace + _SCRATCH * widest * settings.samples


def _remembered_units(settings: Settings) -> int:
    """How many units' values the way back through a layer needs of the way forward.

    What products and phi were given, and what norms gave; of other forms than dense layers a_l, what phi and norms
    gave, and phi'.
    """
    if not FORMS[settings.form].is_dense_layer:
        kept = ((2 if word == PHI else 1) * given for word, given in settings.units_given if word not in MATRICES)
        return settings.width + sum(kept)
    units, before, heard = 0, "", settings.width
    for word, given in settings.units_given:
        if word == NORMALISED or before != NORMALISED:
            units += heard
        before, heard = word, given
    return units


def _recurrent(settings: Settings) -> tuple[int, int]:
    n, depth, layer, gates = settings.width, settings.depth, settings.width * settings.samples, settings.gates
    drawn = 2 if settings.family == NORMAL else 3
    weights = gates * n * n * (drawn * settings.networks + _CELL_COPIES)
    length = segment_length(settings)
    starts = 2 * CELLS[settings.cell].states * layer * (depth // length)  # with exponents
    trace = _kept_numbers(settings) * min(depth, length)
    inputs = depth * (layer + _OBJECT) * (1 if settings.input_scale == 1 else 2)  # as drawn, and as shown
    return weights, inputs + starts + trace + _GATE_SCRATCH * gates * layer


def segment_length(settings: Settings) -> int:
    """How many layers or steps are kept at a time for the way back, by the exact pass and by recurrent cells."""
    return max(1, TRACE_BYTES // (_NUMBER * _kept_numbers(settings)))


def _kept_numbers(settings: Settings) -> int:
    """Those that are kept of one layer, or step, at the most, about."""
    if settings.is_recurrent:
        return 32 * settings.width * settings.samples
    if settings.has_tokens:
        units = 20 * settings.width + 4 * settings.matrices["up"].fan_out
        return units * settings.columns + 4 * _pairs(settings)
    each = 4 if INITIALIZERS[settings.initializer].diagonal else 2  # with an exponent for each unit
    return each * _remembered_units(settings) * settings.samples


def refusal(settings: Settings) -> str | None:
    """Why an observation of these settings is too much to hold, and what to lower; None where it is not."""
    if settings.width > WIDEST_STORED and (why := _why_stored(settings)):
        return (
            f"width: {settings.width} needs weights that are sampled, not stored, and {why}; "
            f"allowed: 1 to {WIDEST_STORED}"
        )
    needed = footprint(settings)
    if needed.total <= MEMORY_BUDGET:
        return None
    largest = max(needed._fields, key=lambda part: getattr(needed, part))
    lower = _LOWER[_OTHERWISE.get((largest, settings.is_recurrent, settings.has_tokens), largest)]
    parts = ", ".join(f"{bytes_ / 2**30:.2f} GiB of {part}" for part, bytes_ in needed._asdict().items())
    return (
        f"memory: these settings take {needed.total / 2**30:.2f} GiB ({parts}); "
        f"allowed: {MEMORY_BUDGET / 2**30:g} GiB (lower {lower})"
    )


_LOWER = {
    "weights": "width, depth or networks",
    "shared weights": "width or networks",
    "signals": "samples, depth or width",
    "signals of tokens": "tokens, samples or heads",
    "readings": "samples, depth or networks",
}
"""What makes each part of the footprint smaller."""
_OTHERWISE = {
    ("weights", True, False): "shared weights",
    ("signals", False, True): "signals of tokens",
}
"""The parts that it takes something else for, of recurrent cells and of sequences."""
