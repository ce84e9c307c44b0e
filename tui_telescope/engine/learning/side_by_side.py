"""Networks that differ in their numbers alone, and learn one task side by side: a layer of all of them is one call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from tui_telescope.engine.arithmetic.arrays import Array, Floats
from tui_telescope.engine.learning.learner import as_floats_are
from tui_telescope.engine.learning.model import Model
from tui_telescope.engine.learning.optimizers import OPTIMIZERS, clip
from tui_telescope.engine.learning.parameters import Parameters, drawn
from tui_telescope.engine.learning.tasks.batches import Batches
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.settings import Settings


class SideBySide:
    """Networks whose settings differ in what their weights are drawn by alone, such as the scale.

    Each does what a `Learner` of its own would do.
    """

    def __init__(self, units: UnitDraws, networks: Sequence[Settings], dtype: DTypeLike = np.float32) -> None:
        self.settings = networks[0]
        self._parameters = Parameters.of_several([drawn(units, each, dtype) for each in networks])
        self._model = Model(self.settings, self._parameters)
        self._optimizer = OPTIMIZERS[self.settings.optimizer](self.settings.learning_rate, self._parameters.vector)
        self._batches = Batches(self.settings)
        self._learns = np.ones(len(networks), dtype=bool)
        """Which networks have not diverged."""
        self.steps = 0

    @property
    def parameters(self) -> dict[str, Floats]:
        """As `Learner.parameters`, with an axis of networks in front."""
        return self._parameters.by_name

    @as_floats_are
    def step(self) -> None:
        """All that have not diverged learn from the next batch."""
        loss = self._model.differentiate(*self._batches.batch(self.steps))
        gradient = self._model.gradient.vector
        self._learns &= np.isfinite(loss) & np.isfinite(gradient).all(axis=-1)
        gradient[~self._learns] = 0
        if self.settings.clip_norm is not None:
            clip(gradient, self.settings.clip_norm)
        self._optimizer.turn(gradient)
        gradient[~self._learns] = 0  # an optimizer may go on by itself
        self._parameters.vector += gradient
        self.steps += 1

    @as_floats_are
    def accuracies(self) -> Array:
        """The share of samples that each network puts into their class, over `Batches.to_evaluate`."""
        hits = []
        for inputs, classes in map(self._batches.batch, self._batches.to_evaluate):
            hits.append(np.mean(self._model.logits(inputs).argmax(axis=-2) == classes, axis=-1))
        return np.asarray(np.mean(hits, axis=0))
