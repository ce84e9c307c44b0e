"""What makes a number format's zeros go: a loss scale, or a format that reaches as far as float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tui_telescope.networks import NUMBER_FORMATS
from tui_telescope.observations.observation import Observation
from tui_telescope.settings import REGISTRY, Settings

Observe = Callable[[Settings], Observation]


class Fitting(NamedTuple):
    """Settings that suit their number format, and what was seen of them."""

    settings: Settings
    observation: Observation


def fitting_the_format(settings: Settings, observation: Observation, observe: Observe) -> Fitting | None:
    """The smallest change after which every layer receives something and nothing overflows; None where there is no such
    change, or nothing to mend."""
    if observation.rounding is None or fits(observation):
        return None
    for trial in filter(None, (_with_best_loss_scale(settings, observe), _as_far_as_float32(settings))):
        seen = observe(trial)
        if fits(seen):
            return Fitting(trial, seen)
    return None


def fits(observation: Observation) -> bool:
    """Whether no layer receives exactly nothing, and nothing leaves the format's range."""
    return observation.rounding is not None and not (observation.nonfinite or observation.rounding.silent_layers)


def _with_best_loss_scale(settings: Settings, observe: Observe) -> Settings | None:
    """The largest at which nothing overflows, which leaves the fewest zeros; None where something always does.

    By bisection over the powers of two: the larger the scale, the more overflows.
    """
    low, high = -1, int(REGISTRY["loss_scale"].ends[1]).bit_length()
    while high - low > 1:
        middle = (low + high) // 2
        if observe(settings.replace(loss_scale=2**middle)).nonfinite:
            high = middle
        else:
            low = middle
    return settings.replace(loss_scale=2**low) if low >= 0 else None


def _as_far_as_float32(settings: Settings) -> Settings | None:
    """The same bits, fewer of them digits; None where the exponent has as many already."""
    wide = NUMBER_FORMATS["bfloat16"]
    is_narrow = settings.number_format is not None and settings.number_format.least_exponent > wide.least_exponent
    return settings.replace(precision=wide.name, loss_scale=1) if is_narrow else None
