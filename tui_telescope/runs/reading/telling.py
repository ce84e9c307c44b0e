"""What a run's course adds to the verdict, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tui_telescope.notation import counted
from tui_telescope.observations.observation import Observation
from tui_telescope.runs.reading.observing import Course, NonFiniteStep

_FRESH_SECONDS = 10


def course_sentences(course: Course, observation: Observation) -> Iterator[str]:
    """First where the run ceased to be finite."""
    if course.nonfinite:
        yield _where_it_was_lost(course.nonfinite)
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


def _where_it_was_lost(lost: NonFiniteStep) -> str:
    """Where it began, as far as that is known."""
    step, layer, reading, after = lost
    when = f"at step {step}" if after is None else f"between steps {after} and {step}"
    if layer is None:
        return f"The loss became NaN or infinite {when}; in which layer that began was not recorded."
    named = f"layer {layer}" if after is None else f"layer {layer} by then"
    return f"The {reading.replace('_', ' ')} became NaN or infinite {when}, in {named}."


def age_sentence(seconds: float) -> str:
    """How old the last record is, in steps coarse enough to be read; nothing of one that has just come."""
    return "" if seconds < _FRESH_SECONDS else f"The last record is {age_in_words(seconds)} old."


def age_in_words(seconds: float) -> str:
    """`40 s`, `3 min`, `5 h` or `12 days`."""
    if seconds < 60:
        return f"{seconds // 10 * 10:.0f} s" if seconds >= _FRESH_SECONDS else "now"
    if seconds < 7200:
        return f"{seconds // 60:.0f} min"
    return f"{seconds // 3600:.0f} h" if seconds < 72 * 3600 else f"{seconds // 86400:.0f} days"


def layers_apart(layers: Sequence[str], other: str, its_layers: Sequence[str]) -> str:
    """Of how many of a run's layers another one has none of that name; empty where it has all of them."""
    missing = len(set(layers) - set(its_layers))
    if not missing:
        return ""
    if missing == len(set(layers)):
        return f"{other} has no layer of the same name: there is nothing of it to compare."
    return f"{other} has no layer of the same name as {missing} of these {len(layers)}: its line has gaps there."
