"""A run's record as an observation, judged as every other; and what its course adds to that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope.observations.from_norms import from_log10_norms
from tui_telescope.observations.observation import GradientReading, Observation, State, Verdict
from tui_telescope.runs.reading.records import Array, Reading, Record

_MOST_JUDGED = 300
"""Records to look back over for when a state began."""
_JUDGED_BY = ("gradient", "weight_gradient", "rms")
"""The layers of an observation are those for which the first of these is known that is known at all."""
_FROM_ABOVE = {"rms": False, "gradient": True, "weight_gradient": True, "weight": False}
"""The readings that may tell of NaN, in the order of a step, and whether a step takes them from the last layer down."""


class NonFiniteStep(NamedTuple):
    """Where a run first met NaN or infinity."""

    step: int
    """The first that is recorded so."""
    layer: str | None
    """The nearest to the loss on the way back, the nearest to the input on the way forward; None where the way back is
    lost from its beginning, or where it began outside the recorded layers (`Record.nonfinite_outside`)."""
    reading: str
    after: int | None = None
    """The step recorded before, where the steps between are not known to have been finite."""


class Course(NamedTuple):
    """What the records up to one tell beside it."""

    nonfinite: NonFiniteStep | None
    """Steps that a scaler skipped for it do not count: they are its way to find the scale."""
    since: int | None
    """The step since which the verdict is what it is, where it was healthy before."""
    halvings: int
    """How often the loss's scale was halved."""
    outside: tuple[str, ...] = ()
    """What was the first that is not finite, where that is not one of the recorded layers (`nonfinite_outside`)."""


def observation_of(
    records: Sequence[Record], names: Sequence[str], among: Sequence[int] | None = None
) -> Observation | None:
    """Of one step's records, one a rank, their mean; None where they hold nothing to judge.

    A layer that was not measured, for it never ran or takes no part, is left out. `among` are the indices of the layers
    to show, all by default: of them which are frozen is told by what the largest of all layers does.
    """
    whole = _observation(records, names, np.arange(len(names)))
    if among is None or whole is None:
        return whole
    part = _observation(records, names, np.array(among, dtype=int))
    return part and replace(part, verdict=_as_in(whole, part))


def _as_in(whole: Observation, part: Observation) -> Verdict:
    """The part's verdict, with the layers that are frozen in the whole."""
    if whole.verdict.frozen is None:
        return part.verdict
    frozen = {whole.name(layer) for layer in whole.verdict.frozen}
    return replace(
        part.verdict, frozen=tuple(layer for layer in range(1, part.depth + 1) if part.name(layer) in frozen)
    )


def _observation(records: Sequence[Record], names: Sequence[str], among: NDArray[np.int_]) -> Observation | None:
    merged = {name: found for name in records[0].readings if (found := _mean_over_ranks(records, name, len(names)))}
    by = next((name for name in _JUDGED_BY if name in merged and merged[name].known.any()), None)
    if by is None:
        return None
    shown = np.isin(np.arange(len(names)), among) & merged[by].known
    if not shown.any():
        return None
    rows = {name: _shown(reading, shown) for name, reading in merged.items()}
    trained = merged["weight_gradient"].known if "weight_gradient" in merged else np.zeros(len(names), dtype=bool)
    weights_are_known = "weight" in merged and bool(trained.any() and merged["weight"].known[trained].all())
    is_signal_known = "rms" in merged and merged["rms"].known[shown].all()  # what is unknown would pass for nothing
    return from_log10_norms(
        _log10(rows.get("gradient")),
        weight_gradient=_log10(rows.get("weight_gradient")),
        weights=_log10(rows.get("weight")) if weights_are_known else None,
        trained=trained[shown] if weights_are_known else None,
        rms=_log10(rows["rms"]) if is_signal_known else None,
        saturated=_fractions(rows.get("saturated")),
        dead=_fractions(rows.get("dead")),
        layers=[name for name, is_shown in zip(names, shown, strict=True) if is_shown],
    )


def with_band(observation: Observation, records: Sequence[Record], names: Sequence[str]) -> Observation:
    """The same with the 10% and the 90% quantile of each layer's gradient over the finite ones of these records."""
    if observation.gradient is None or observation.layers is None:
        return observation
    shown = np.array([name in set(observation.layers) for name in names])
    found = [_log10(reading.numbers[shown]) for record in records if (reading := _whole(record, len(names)))]
    rows = np.array([row for row in found if row is not None and (row < np.inf).all()])
    if len(rows) < 2 or rows.shape[1] != observation.depth:
        return observation
    low, median, high = np.quantile(rows, (0.1, 0.5, 0.9), axis=0, method="inverted_cdf")
    return replace(observation, gradient=GradientReading(observation.gradient.log10_mean, low, median, high))


def _whole(record: Record, layers: int) -> Reading | None:
    reading = record.readings.get("gradient")
    return reading if reading is not None and len(reading.numbers) == layers else None


def course_of(
    records: Sequence[Record], names: Sequence[str], state: State | None, among: Sequence[int] | None = None
) -> Course:
    """What the records tell whose last one's verdict is `state`, of these layers (see `observation_of`)."""
    segment = [record for record in records if record.segment == records[-1].segment]
    lost = next((record for record in records if not record.skipped and _lost(record)), None)
    since = _since(segment, names, state, among)
    outside = lost.nonfinite_outside if lost else ()
    return Course(_first_nonfinite(records, names), since, _halvings(segment), outside)


def _mean_over_ranks(records: Sequence[Record], name: str, layers: int) -> Reading | None:
    found = [record.readings[name].padded(layers) for record in records if name in record.readings]
    # a run whose header has changed may hold records of other layers
    found = [reading for reading in found if len(reading.numbers) == layers]
    if not found:
        return None
    known = np.all([reading.known for reading in found], axis=0)
    with np.errstate(over="ignore", invalid="ignore"):  # what a mean cannot tell is not finite
        return Reading(np.mean([reading.numbers for reading in found], axis=0), known)


def _shown(reading: Reading, shown: np.typing.NDArray[np.bool_]) -> Array | None:
    """The numbers of the layers shown, 0 for those unknown; None where all are."""
    known = reading.known[shown]
    return np.where(known, reading.numbers[shown], 0.0) if known.any() else None


def _log10(numbers: Array | None) -> Array | None:
    """A zero is -inf; a norm below it is none, and NaN."""
    if numbers is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log10(numbers))


def _fractions(numbers: Array | None) -> Array | None:
    return None if numbers is None else np.clip(np.nan_to_num(numbers), 0.0, 1.0)


def _first_nonfinite(records: Sequence[Record], names: Sequence[str]) -> NonFiniteStep | None:
    before: Record | None = None
    for record in records:
        if not record.skipped and (found := _lost(record)):
            name, layer = found
            called = None if layer is None else names[layer] if layer < len(names) else str(layer + 1)
            is_exact = record.alarm or before is None or before.step >= record.step - 1
            return NonFiniteStep(record.step, called, name, None if is_exact or before is None else before.step)
        before = record
    return None


def _lost(record: Record) -> tuple[str, int | None] | None:
    """The first reading of the step that is not finite, and the layer where that began, counted from 0.

    What the layer next to the loss gets back is lost above it: by the head, or by the loss. Its weights' gradient is
    lost in it alone where what it got back is known to have been finite, or a layer below got something finite of it.
    """
    for name, from_above in _FROM_ABOVE.items():
        if (reading := record.readings.get(name)) is None:
            continue
        lost = np.flatnonzero(~np.isfinite(reading.numbers) & reading.known).tolist()
        if not lost:
            continue
        if record.nonfinite_outside:
            return name, None
        if not from_above:
            return name, lost[0]
        came_with_the_loss = record.loss is not None and not math.isfinite(record.loss) and "rms" not in record.readings
        return name, None if came_with_the_loss or _came_from_above(record, name, lost) else lost[-1]
    return None


def _came_from_above(record: Record, name: str, lost: Sequence[int]) -> bool:
    """Whether a reading of the way back may have been lost before it came to the layer next to the loss."""
    known = np.flatnonzero(record.readings[name].known)
    if lost[-1] != known[-1]:
        return False
    if name == "gradient":
        return True
    gradient = record.readings.get("gradient")
    got_finite = gradient is not None and gradient.known[lost[-1]]
    return len(lost) == len(known) and not got_finite


def _since(
    segment: Sequence[Record], names: Sequence[str], state: State | None, among: Sequence[int] | None
) -> int | None:
    if state in (None, "healthy"):
        return None
    since = segment[-1].step
    for record in reversed(segment[-_MOST_JUDGED:]):
        alone = Record(record.step, readings={"gradient": record.readings.get("gradient", _NOTHING)})
        observation = observation_of([alone], names, among)
        if observation is None or observation.nonfinite:
            continue
        if observation.verdict.state == "healthy":
            return since
        since = record.step
    return None


_NOTHING = Reading(np.empty(0), np.empty(0, dtype=bool))


def _halvings(segment: Sequence[Record]) -> int:
    scales = [record.scale for record in segment if record.scale is not None and 0 < record.scale < math.inf]
    falls = [math.log2(before) - math.log2(after) for before, after in pairwise(scales) if after < before]
    return round(sum(falls))
