"""What came of learning, in sentences that are each true by themselves."""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.learning.course.moments import Moment
from tui_telescope.engine.learning.tasks.batches import EVALUATED
from tui_telescope.networks import TASKS
from tui_telescope.notation import counted
from tui_telescope.observations.description import alike
from tui_telescope.settings import Settings


def summary(settings: Settings, first: Moment, last: Moment) -> str:
    """What became of the loss and of the samples since the first moment, and whether every layer has moved."""
    return f"{_outcome(settings, first, last)} {_changed(settings, last)}".strip()


def _outcome(settings: Settings, first: Moment, last: Moment) -> str:
    if last.diverged:
        return f"It {divergence(settings, last)}."
    chance = 1 / TASKS[settings.task].classes
    if last.step and (reason := _why_it_guesses(last, chance)):
        return f"{_loss(last)} and {last.accuracy:.0%} of the samples are right, a guess: {reason}."
    since = f", from {first.loss:.4g}," if last.step else ""
    return f"{_loss(last)}{since} and {last.accuracy:.0%} of the samples are right; guessing gives {chance:.0%}."


def _loss(last: Moment) -> str:
    when = f"After {counted(last.step, 'step')}" if last.step else "Before the first step"
    return f"{when} the loss is {last.loss:.4g}"


def _why_it_guesses(moment: Moment, chance: float) -> str:
    """Why layers that move all the same learn nothing: what they are given is one and the same for all. Or empty."""
    deviation = (chance * (1 - chance) / EVALUATED) ** 0.5  # of the share of guesses that are right
    return alike(moment.observation) if moment.accuracy < chance + 3 * deviation else ""


def divergence(settings: Settings, last: Moment) -> str:
    """Where it ended, as a clause without its subject; empty where it has not."""
    if last.diverged is None:
        return ""
    step, layer = last.diverged
    where = "the head" if layer is None else f"{settings.stage} {layer}"
    return f"diverged at step {step}: {where} was the first whose numbers were not finite"


def _changed(settings: Settings, moment: Moment) -> str:
    """How many layers have not moved at all; where all have, which has most."""
    if moment.step == 0:
        return ""
    count = int(np.count_nonzero(moment.unchanged))
    if settings.is_recurrent:
        return f"The recurrent weights {'are what they were, bit for bit' if count else 'have changed'}."
    verb = "is what it was" if count == 1 else "are what they were"
    still = f"{count} of {counted(settings.depth, settings.stage)} {verb}, bit for bit"
    return f"{still if count else f'Every {settings.stage} has changed{_farthest(settings, moment)}'}."


def _farthest(settings: Settings, moment: Moment) -> str:
    """Which layer has moved most, as a clause; empty where none has that is still finite."""
    change = np.where(np.isfinite(moment.log10_change), moment.log10_change, -np.inf)
    layer = int(np.argmax(change))
    if settings.depth == 1 or np.isneginf(change[layer]):
        return ""
    return f", {settings.stage} {layer + 1} most: by {10 ** change[layer]:.3g} times its size"
