"""What networks learn here: data sets made from a seed, in a stream of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array, Classes
from tui_telescope.engine.learning.tasks.glyphs import GLYPHS
from tui_telescope.engine.weights.streams import TASK, numpy_generator
from tui_telescope.networks import TASKS, TaskKind
from tui_telescope.settings import Settings

SPIRAL_TURNS = 1.5
SPIRAL_NOISE = 0.02
GLYPH_NOISE = 0.3
"""Standard deviations of what is added to every number."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """What is to be learned."""

    inputs: Array
    """(samples, inputs)."""
    classes: Classes


def made_for(settings: Settings) -> DataSet:
    """The samples of the settings' task, the same for the same sample seed; all classes have equally many."""
    return _made(settings.task, settings.sample_seed)


@lru_cache(maxsize=2)
def _made(task: str, sample_seed: int) -> DataSet:
    """Kept, for a map trains many networks by one task."""
    kind = TASKS[task]
    classes = np.arange(kind.samples) % kind.classes
    data = DataSet(_MAKERS[task](kind, classes, numpy_generator(sample_seed, TASK)), classes)
    data.inputs.flags.writeable = data.classes.flags.writeable = False
    return data


def _spirals(kind: TaskKind, classes: Classes, random: np.random.Generator) -> Array:
    """Two arms, one turned by half a circle, from the middle of the plane to a distance of about 1.

    The task of Lang and Witbrock (1988), with random radii and noise; derived here.
    """
    radius = np.sqrt(random.uniform(0.01, 1.0, kind.samples))
    angle = 2 * np.pi * SPIRAL_TURNS * radius + np.pi * classes
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    # brought to a mean square of 1, as the inputs of every other network here have
    return np.asarray(2 * points + SPIRAL_NOISE * random.standard_normal(points.shape))


def _glyphs(kind: TaskKind, classes: Classes, random: np.random.Generator) -> Array:
    """Digits moved by up to a pixel to each side, with noise; brought to mean 0 and mean square 1."""
    shifts = random.integers(-1, 2, (kind.samples, 2))
    images = np.stack(
        [np.roll(GLYPHS[digit], tuple(shift), (0, 1)) for digit, shift in zip(classes, shifts, strict=True)]
    ).reshape(kind.samples, kind.inputs)
    images = images + GLYPH_NOISE * random.standard_normal(images.shape)
    return np.asarray((images - images.mean()) / images.std())


_MAKERS: dict[str, Callable[[TaskKind, Classes, np.random.Generator], Array]] = {
    "spirals": _spirals,
    "glyphs": _glyphs,
}
