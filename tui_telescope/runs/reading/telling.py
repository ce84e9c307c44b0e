"""What a run's course adds to the verdict, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tui_telescope.notation import counted
from tui_telescope.observations.observation import Observation
from tui_telescope.runs.reading.observing import Course

_FRESH_SECONDS = 10
_PATIENCE, _PATIENCE_SECONDS, _ENDED_SECONDS = 4, 15, 7200
"""A record is overdue after so many times the usual gap, and so many seconds at least; until so many have passed."""
_EVERY_STEP, _EVERY_LAYER = "every=1", 'layers="leaves"'
"""What to give the recorder for nothing to be lost between records, or outside the layers."""


def told_with(verdict: str, course: Course, observation: Observation) -> tuple[str, ...]:
    """The verdict's sentences and those of the course. Where it ceased to be finite comes first: of what is lost since,
    the verdict says little."""
    sentences = tuple(course_sentences(course, observation))
    first = 1 if course.nonfinite else 0
    opening, others = sentences[:first], sentences[first:]
    return (*opening, f"{verdict[:1].upper()}{verdict[1:]}" if opening else verdict, *others)


def course_sentences(course: Course, observation: Observation) -> Iterator[str]:
    """First where the run ceased to be finite."""
    if course.nonfinite:
        yield _where_it_was_lost(course)
    if observation.gradient is None:
        yield "No gradient by activations was recorded: weights alone are judged."
    if course.since is not None:
        yield f"It is {observation.verdict.state} since step {course.since}."
    if course.halvings:
        yield f"The loss's scale was halved {counted(course.halvings, 'time')}."


def left_out(layers: Sequence[str], observation: Observation) -> str:
    """Which of a run's layers are not judged, for the record holds nothing of them; empty where it holds all."""
    seen = set(observation.layers or layers)
    missing = [name for name in layers if name not in seen]
    if not missing:
        return ""
    others = f" and {counted(len(missing) - 1, 'other')}" if len(missing) > 1 else ""
    what = "reading" if observation.gradient is None else "gradient"
    judged = f"{len(layers) - len(missing)} of {len(layers)} are judged"
    return f"No {what} was recorded of layer {missing[0]}{others}: {judged}."


def _where_it_was_lost(course: Course) -> str:
    """Where it began, as far as that is known; and what finds what is not."""
    assert course.nonfinite is not None
    step, layer, reading, after = course.nonfinite
    lost = f"The {reading.replace('_', ' ')} became NaN or infinite"
    when = f"at step {step}" if after is None else f"between steps {after} and {step}"
    if course.outside:
        return f"{lost} {when}, first in {_named(course.outside)} not recorded."
    if layer is None:
        finds = f"to find it, record with {_EVERY_STEP} and {_EVERY_LAYER}"
        return f"{lost} {when}; where that began is not known ({finds})."
    if after is not None:
        return f"{lost} {when}, in layer {layer} by then ({_EVERY_STEP} finds where it began)."
    return f"{lost} {when}, in layer {layer}."


def _named(names: Sequence[str]) -> str:
    first, *others = names
    return f"{first} and {counted(len(others), 'other')}, which are" if others else f"{first}, which is"


def age_sentence(seconds: float, usual: float | None) -> str:
    """How old the last record is, in steps coarse enough to be read; nothing of one that has just come. Where it is
    overdue, how far apart they usually are."""
    if seconds < _FRESH_SECONDS:
        return ""
    overdue = f", {_usually(usual)}: no longer training?" if usual and is_overdue(seconds, usual) else "."
    return f"The last record is {age_in_words(seconds)} old{overdue}"


def is_overdue(seconds: float, usual: float | None) -> bool:
    """Whether the next record should have come by now: a recorder that minds its cost leaves a healthy run alone for a
    dozen seconds and more. A run that has been silent for long has ended, and that is no news."""
    return usual is not None and max(_PATIENCE_SECONDS, _PATIENCE * usual) < seconds < _ENDED_SECONDS


def _usually(gap: float) -> str:
    return f"and they usually come every {age_in_words(gap) if gap >= _FRESH_SECONDS else f'{gap:.1g} s'}"


def age_in_words(seconds: float) -> str:
    """`40 s`, `3 min`, `5 h` or `12 days`."""
    if seconds < 60:
        return f"{seconds // 10 * 10:.0f} s" if seconds >= _FRESH_SECONDS else "now"
    if seconds < 7200:
        return f"{seconds // 60:.0f} min"
    return f"{seconds // 3600:.0f} h" if seconds < 72 * 3600 else f"{seconds // 86400:.0f} days"


def layers_apart(layers: Sequence[str], other: str, its_layers: Sequence[str]) -> str:
    """Of how many of a run's layers another one has none of that name, and which of its own the run lacks; empty where
    both have the same."""
    missing = len(set(layers) - set(its_layers))
    if missing == len(set(layers)):
        return f"{other} has no layer of the same name: there is nothing of it to compare."
    told = [f"has no layer of the same name as {missing} of these {len(layers)} (a gap)"] if missing else []
    if more := [name for name in its_layers if name not in set(layers)]:
        others = f" and {counted(len(more) - 1, 'other')}" if len(more) > 1 else ""
        told.append(f"has {more[0]}{others} beside them, not shown")
    return f"{other} {' and '.join(told)}." if told else ""
