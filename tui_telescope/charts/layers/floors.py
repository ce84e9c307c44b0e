"""Where number formats end: entries below the smallest number are zero, entries above the largest overflow.

A format ends for entries, not for norms. The chart shows the norm of n entries of one sample's gradient; training
averages the loss over a batch, which leaves each entry 1 / samples of that. So the lines stand at the format's ends
times sqrt(n) * samples, derived here: there the root mean square of the batch's entries is the end itself.

Rounded to the nearest, what is below half of the smallest number becomes zero: 38% of Gaussian entries at the line.
Samples and networks differ, though, and the mean norm lies above the typical one: in networks of 64 to 256 units, ReLU,
tanh and linear, 37% to 62% of the entries were zero where the gradient met the line, hence "about half". Where the root
mean square itself is rounded to zero, most entries are: 68% of Gaussian ones.

Above the upper line some entry of some sample is beyond the largest number for certain, for the largest entry is no
smaller than the root mean square of them all; that was so of 24% to 33% of them at the line.

The lines hold for the gradient by a_l, h_t and c_t, of n entries a sample; not for a weight gradient, which has n^2
entries and is the mean's already.

A network that is computed in a format is not averaged over a batch, and its gradient is multiplied with the loss scale:
for it the lines of that format stand at its ends times sqrt(n) / loss scale.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.elements import Rule
from tui_telescope.networks import NUMBER_FORMATS
from tui_telescope.notation import counted
from tui_telescope.observations.observation import Observation
from tui_telescope.settings import REGISTRY, Settings


def _ends_of(name: str) -> tuple[float, float]:
    return math.log10(NUMBER_FORMATS[name].smallest), math.log10(NUMBER_FORMATS[name].largest)


FLOORS: dict[str, float] = {name: _ends_of(name)[0] for name in ("float16", "bfloat16", "float32")}
"""log10 of the smallest positive number of each format, subnormal numbers included: 2^-24, 2^-133, 2^-149."""

CEILINGS: dict[str, float] = {"float16": _ends_of("float16")[1], "bfloat16 and float32": _ends_of("float32")[1]}
"""log10 of the largest number of each format: 65504, and 3.39e38 and 3.40e38, which no chart tells apart."""


class _Ends(NamedTuple):
    """Where formats end for a network's gradient, as log10 of a norm."""

    floors: Mapping[str, float]
    ceilings: Mapping[str, float]

    @classmethod
    def of(cls, settings: Settings) -> _Ends:
        """Those of the common formats for a batch; of a network that is computed in one, that one's."""
        reach = 0.5 * math.log10(settings.width)
        if settings.number_format is None:
            reach += math.log10(settings.samples)
            floors, ceilings = FLOORS, CEILINGS
        else:
            reach -= math.log10(settings.loss_scale)
            floor, ceiling = _ends_of(settings.precision)
            floors, ceilings = {settings.precision: floor}, {settings.precision: ceiling}
        return cls(*({name: end + reach for name, end in ends.items()} for ends in (floors, ceilings)))


def with_floors(chart: Chart, settings: Settings) -> Chart:
    """The chart of a log10 gradient with a rule at each end, for the network that the settings describe.

    Rules beyond its axis stay out of sight.
    """
    ends = _Ends.of(settings)
    floors = (Rule(floor, f"{name}: about half zero") for name, floor in ends.floors.items())
    ceilings = (Rule(ceiling, f"{name}: overflow above") for name, ceiling in ends.ceilings.items())
    return replace(chart, rules=(*chart.rules, *floors, *ceilings))


def summary(settings: Settings) -> str:
    """All ends in one sentence, for those that the chart has no room for."""
    ends = _Ends.of(settings)
    zero = ", ".join(f"{written(floor)} in {name}" for name, floor in ends.floors.items())
    overflow = ", ".join(f"{written(ceiling)} in {name}" for name, ceiling in ends.ceilings.items())
    where = f"In a mean over {counted(settings.samples, 'sample')}"
    if settings.number_format:
        where = f"At loss scale {REGISTRY['loss_scale'].show(settings.loss_scale)}"
    return f"{where} about half of the entries are zero below {zero}; entries overflow above {overflow}."


def beyond_ends(observation: Observation, settings: Settings) -> str:
    """Which layers lie beyond which end, in a sentence for each; nothing where none does."""
    if observation.gradient is None:
        return ""
    too_small, too_large = _measured(observation) or _by_norms(observation.gradient.log10_mean, _Ends.of(settings))
    sentences = (
        _sentence("Most entries are zero at", too_small, observation.stage),
        _sentence("Entries overflow at least at", too_large, observation.stage),
    )
    return " ".join(filter(None, sentences))


_Beyond: TypeAlias = tuple[Mapping[str, NDArray[np.bool_]], Mapping[str, NDArray[np.bool_]]]
"""By the format's name, which layers are too small for it, and which are too large."""


def _measured(observation: Observation) -> _Beyond | None:
    """Of a network that was computed in a format."""
    rounding = observation.rounding
    if rounding is None:
        return None
    return {rounding.format: rounding.zero > 0.5}, {rounding.format: rounding.overflowed > 0}


def _by_norms(norms: NDArray[np.float64], ends: _Ends) -> _Beyond:
    """Of one that would be; where the root mean square itself is rounded to zero, most entries are."""
    too_small = {name: norms < floor - math.log10(2) for name, floor in ends.floors.items()}
    return too_small, {name: norms > ceiling for name, ceiling in ends.ceilings.items()}


def written(log10: float) -> str:
    """10**log10 in one digit: `6e-08`."""
    exponent = math.floor(log10)
    digit = round(10 ** (log10 - exponent))
    return f"{digit}e{exponent:+03d}" if digit < 10 else f"1e{exponent + 1:+03d}"


def _sentence(words: str, is_beyond: Mapping[str, NDArray[np.bool_]], stage: str) -> str:
    numbers = {name: (np.flatnonzero(mask) + 1).tolist() for name, mask in is_beyond.items() if mask.any()}
    places = [f"{_places(each, stage)} in {name}" for name, each in numbers.items()]
    return f"{words} {', '.join(places)}." if places else ""


def _places(numbers: Sequence[int], stage: str) -> str:
    """`layers 1 to 12`, `layer 7`, or, where some between are missing, `3 of the layers 1 to 12`."""
    first, last = numbers[0], numbers[-1]
    if first == last:
        return f"{stage} {first}"
    share = "" if len(numbers) == last - first + 1 else f"{len(numbers)} of the "
    return f"{share}{stage}s {first} to {last}"
