"""The verdict in words: a few sentences, each of them true by itself.

They are, in this order: what is not finite, the message, where it is lost, what learns, clipping where it is on, and
that weights were sampled where they were; what was not measured is left out. A remedy, where one was found, is a
sentence of its own (see `remedies`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope.notation import counted, scientific
from tui_telescope.observations.log_statistics import FLOAT32_EPSILON_LOG10
from tui_telescope.observations.observation import NonFinite, Observation, Verdict, measured


class Words(NamedTuple):
    """The verdict in words: the one to look at first, and the sentences after it."""

    headline: str
    """The verdict's state, or that readings are not finite; empty where there is nothing to judge."""
    sentences: str

    def __str__(self) -> str:
        return f"{self.headline}: {self.sentences}" if self.headline else self.sentences


NONFINITE = "NONFINITE"
"""The headline of readings that are not finite, whatever the verdict on the rest."""


NOTHING = Words("", "")


def describe(observation: Observation) -> str:
    """The verdict in one text, for print and for screen readers."""
    return str(words_of(observation))


def words_of(observation: Observation) -> Words:
    """The verdict with its headline apart, for a badge and the words beside it."""
    openings = [words for words in (_nonfinite(observation), _message(observation)) if words.sentences]
    first, *others = openings or [NOTHING]
    sentences = (
        first.sentences,
        *map(str, others),
        _what_kills(observation),
        _dead_networks(observation),
        _rounding(observation),
        _where_it_is_lost(observation),
        _what_learns(observation),
        _untrained(observation),
        _clipping(observation),
        "Weights are sampled, not stored." if observation.has_sampled_weights else "",
    )
    return Words(first.headline, " ".join(sentence for sentence in sentences if sentence))


def _nonfinite(observation: Observation) -> Words:
    """The first reading that is NaN or infinite, and its first layer."""
    if not observation.nonfinite:
        return NOTHING
    first = observation.nonfinite[0]
    return Words(NONFINITE, f"the {first.reading} is {nonfinite_layers(observation, first)}.")


def nonfinite_layers(observation: Observation, nonfinite: NonFinite) -> str:
    """Where a reading is not finite: `NaN or infinite at layer 7 and 2 others`."""
    first, *others = nonfinite.layers
    more = f" and {counted(len(others), 'other')}" if others else ""
    return f"NaN or infinite at {_at(observation, first)}{more}"


def alike(observation: Observation) -> str:
    """The first layer at which samples differ by less than float32's epsilon, in a clause; or empty."""
    layer = first_alike(observation, FLOAT32_EPSILON_LOG10)
    return f"float32 cannot tell the inputs apart at {_at(observation, layer)}" if layer else ""


def first_alike(observation: Observation, log10: float) -> int:
    """The first layer, counted from 1, at which samples differ by less than this share of the signal; 0 for none."""
    spread = None if observation.signal is None else observation.signal.log10_spread
    is_alike = np.zeros(0, np.bool_) if spread is None else spread < log10
    return int(np.argmax(is_alike)) + 1 if is_alike.any() else 0


def _at(observation: Observation, layer: int) -> str:
    """The layer in words: `layer 7`, or by its name."""
    return f"{observation.stage} {observation.name(layer)}"


def _message(observation: Observation) -> Words:
    """The verdict, and what arrives at layer 1; nothing where there is no gradient to judge."""
    verdict, first = observation.verdict, _at(observation, 1)
    if verdict.state is None:
        return NOTHING
    if verdict.state != "dead":
        received = f"{first} receives {_mean(observation)}{_pace(observation)}."
    elif verdict.dead_networks == verdict.networks:
        highest = measured(observation.gradient).dead_below
        received = f"nothing at all reaches {_from_to(observation, 1, highest)}."
    else:
        where = _where(verdict.dead_networks, verdict)
        received = f"{where}nothing at all reaches {first}; the mean of all is {_mean(observation)}."
    return Words(verdict.state.upper(), received)


def _mean(observation: Observation) -> str:
    """The mean at layer 1, and who carries it where it says little of most."""
    gradient, carriers = measured(observation.gradient), observation.verdict.carriers
    mean = scientific(float(gradient.log10_mean[0]))
    if carriers is None:
        return mean
    median = scientific(float(gradient.log10_median[0]))
    return f"{mean}, which few {carriers.kind}s carry ({carriers.reaching} of {carriers.total}); the median is {median}"


def _pace(observation: Observation) -> str:
    """The geometric mean of the factors: to the power of L-1 it gives the typical network's end-to-end ratio."""
    if observation.depth == 1:
        return ""
    verdict = observation.verdict
    typical = "typical " if verdict.networks > 1 else ""
    pace = factor(measured(verdict.end_to_end) / (observation.depth - 1))
    return f" ({typical}factor {pace} a {observation.stage})"


def factor(log10: float, digits: int = 2) -> str:
    """A factor as people read it, `0.43`; by powers of ten where that has no room."""
    return f"{10**log10:.{digits}f}" if -2 < log10 < 4 else scientific(log10)


def _where(count: int, verdict: Verdict) -> str:
    """In how many networks, where there are several."""
    return f"in {count} of {verdict.networks} networks " if verdict.networks > 1 else ""


def _what_kills(observation: Observation) -> str:
    """The layers that pass nothing down, all of them up to the last that receives anything, where that can be seen."""
    verdict, signal = observation.verdict, observation.signal
    if verdict.state != "dead" or verdict.dead_networks < verdict.networks or signal is None:
        return ""
    if any(each.reading == "signal" for each in observation.nonfinite):
        return ""
    last = measured(observation.gradient).dead_below + 1
    if signal.dead is not None and (first := _first_of_run(signal.dead >= 1, last)):
        return f"Every unit of {_from_to(observation, first, last)} is dead."
    if first := _first_of_run(np.isneginf(signal.log10_rms), last):
        return f"The output of {_from_to(observation, first, last)} is exactly zero."
    return ""


def _first_of_run(is_meant: NDArray[np.bool_], last: int) -> int:
    """The first of the layers in one row up to this one, counted from 1, that are meant; 0 where it is not itself."""
    if last > len(is_meant) or not is_meant[last - 1]:
        return 0
    others = np.flatnonzero(~is_meant[:last])
    return int(others[-1]) + 2 if len(others) else 1


def _from_to(observation: Observation, first: int, last: int) -> str:
    """Some layers in a row, by their names."""
    if first == last:
        return _at(observation, first)
    return f"{observation.stage}s {observation.name(first)} to {observation.name(last)}"


def _dead_networks(observation: Observation) -> str:
    """Those that the typical one has nothing of."""
    verdict = observation.verdict
    if not verdict.dead_networks or verdict.state == "dead":
        return ""
    where = _where(verdict.dead_networks, verdict).capitalize()
    return f"{where}nothing at all reaches {_at(observation, 1)}."


def _rounding(observation: Observation) -> str:
    """What the number format leaves of the gradient's entries: how many layers nothing at all, where it leaves any."""
    rounding, depth, stage = observation.rounding, observation.depth, observation.stage
    if rounding is None:
        return ""
    silent, beyond = rounding.silent_layers, int(np.count_nonzero(rounding.overflowed))
    if silent:
        what = f"{silent} of {depth} {stage}{'s' * (depth > 1)} receive{'s' * (silent == 1)} exactly nothing"
    elif beyond:
        what = f"entries overflow at {beyond} of {depth} {stage}{'s' * (depth > 1)}"
    else:
        what = f"every {stage} receives something; {_share(float(np.mean(rounding.zero)))} of the entries are zero"
    return f"In {rounding.format} {what}."


def _share(share: float) -> str:
    """In percent, and never 0% of something."""
    return "none" if share == 0 else "under 1%" if share < 0.01 else f"{share:.0%}"


def _where_it_is_lost(observation: Observation) -> str:
    """The one layer that accounts for most, and what the others do; the LSTM's cell state beside it."""
    verdict = observation.verdict
    sentences = []
    if verdict.steepest:
        sentences.append(_steepest(observation, verdict))
    if verdict.cell_end_to_end is not None and (verdict.steepest or verdict.state != "healthy"):
        sentences.append(f"The cell state {_moved(verdict.cell_end_to_end)}.")
    return " ".join(sentences)


def _steepest(observation: Observation, verdict: Verdict) -> str:
    assert verdict.steepest is not None
    layer, decades = verdict.steepest
    end_to_end = measured(verdict.end_to_end)
    rest = end_to_end - decades
    is_part = abs(decades) <= abs(end_to_end)
    amount = f"{_size(decades)} of {_size(end_to_end)}" if is_part else _size(decades)
    change = "lost" if decades < 0 else "gained"
    others = observation.depth - 2
    average = f"; the other {observation.stage}s' factor averages {factor(rest / others, 3)}" if others else ""
    return f"{amount} decades are {change} at {_at(observation, layer)} alone{average}."


def _moved(decades: float) -> str:
    """What became of a gradient on its way, in decades."""
    if decades == -math.inf:
        return "loses everything"
    return f"{'loses' if decades < 0 else 'gains'} {_size(decades)} decades"


def _size(decades: float) -> str:
    """Their number, whatever the sign."""
    return f"{abs(decades):.2f}" if abs(decades) < 1e4 else f"{abs(decades):.3g}"


def _what_learns(observation: Observation) -> str:
    """How many layers are frozen, or steps unheard; or that no weight learns at all."""
    verdict, depth, stage = observation.verdict, observation.depth, observation.stage
    if verdict.frozen_layers is None:
        return ""
    if 2 * verdict.still_networks >= verdict.networks:
        which = "recurrent weight" if stage == "step" else "recorded layer" if observation.layers else "weight"
        what = f"no {which} learns: the gradient of every one is exactly 0."
        return f"{_where(verdict.still_networks, verdict)}{what}".capitalize()
    if stage == "step":
        return _unheard(verdict.frozen_layers, depth, verdict.frozen_in)
    verb, trained = "are" if verdict.frozen_layers > 1 else "is", depth - len(verdict.untrained)
    if not trained:
        return ""
    return f"{verdict.frozen_layers or 'None'} of {counted(trained, stage)} {verb} frozen in {verdict.frozen_in}."


def _untrained(observation: Observation) -> str:
    """Those that are not to learn."""
    if not observation.verdict.untrained:
        return ""
    first, *others = observation.verdict.untrained
    more = f" and {counted(len(others), 'other')} are" if others else " is"
    return f"{observation.stage.capitalize()} {observation.name(first)}{more} not trained."


def _unheard(count: int, depth: int, summed_in: str) -> str:
    """Step 1 adds nothing: h_0 = 0 is what its weights multiply."""
    if count == 1:
        return "All steps but the first are heard in dW."
    return f"{count} of {depth} steps are unheard in {summed_in}: they change no bit of dW."


def _clipping(observation: Observation) -> str:
    """Whether the weights' gradient is clipped, and from which norm."""
    verdict = observation.verdict
    if verdict.log10_clipped_from is None:
        return ""
    norm = scientific(verdict.log10_clipped_from)
    if not verdict.clipped_networks:
        return f"Clipping does not act: the global norm is {norm}."
    return f"{_where(verdict.clipped_networks, verdict)}clipping acts: the global norm was {norm}.".capitalize()
