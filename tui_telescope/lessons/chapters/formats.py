"""Where a gradient is lost to the numbers themselves: formats, and the scale of the loss.

Micikevicius et al. (2018, mixed precision training).
"""

from __future__ import annotations

import numpy as np

from tui_telescope.lessons.measures import Measures, Number, first
from tui_telescope.lessons.step import Scene, Step
from tui_telescope.observations.observation import measured
from tui_telescope.presets import PRESETS
from tui_telescope.settings import Settings

HALVES = PRESETS["float16"].settings.replace(depth=18)
SCALED = HALVES.replace(loss_scale=PRESETS["loss-scale"].settings.loss_scale)


def _silent(measures: Measures, settings: Settings) -> int:
    """At how many layers exactly nothing arrives."""
    return int(np.isneginf(measured(measures.observe(settings).gradient).log10_mean).sum())


def silent(settings: Settings, **changes: object) -> Number:
    """The same as a number for a text."""
    return lambda measures: str(_silent(measures, settings.replace(**changes)))


STEPS: tuple[Step, ...] = (
    Step(
        "Number formats",
        "number formats: float16 leaves layers exactly nothing, and the loss scale",
        "A number format has an end. In float16 entries below half of 6e-08 are rounded to zero, and zeros "
        "multiply to zeros: exactly nothing reaches {silent} of these 18 sigmoid layers, where exact numbers, the "
        "ghost, bring {exact} to the first. Fading is slow; this is sudden.",
        "Type 16384 for Loss scale, which is selected (Enter). How many layers receive nothing then?",
        "{scaled} of them: the loss is multiplied by it, and the gradients of the weights divided by it in the end. At "
        "2^24 all of it overflows: {over} are lost. bfloat16, with float32's range, loses {brain} by itself.",
        HALVES,
        lambda m: _silent(m, HALVES) > 3 and m.first(HALVES.replace(precision="exact")) < -8,
        lambda m: (
            _silent(m, SCALED) == 0 == _silent(m, HALVES.replace(precision="bfloat16"))
            and _silent(m, HALVES.replace(loss_scale=2**24)) == HALVES.depth
        ),
        {"silent": silent(HALVES), "exact": first(HALVES, precision="exact")},
        {
            "scaled": silent(SCALED),
            "over": silent(HALVES, loss_scale=2**24),
            "brain": silent(HALVES, precision="bfloat16"),
        },
        explains=("float16",),
        scene=Scene(ghost=True, selected="loss_scale"),
    ),
)
