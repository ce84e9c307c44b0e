"""A network that learns a task: its parameters, the batches it is shown, their gradients, and its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from tui_telescope.engine.arithmetic.arrays import Array, Classes, Floats
from tui_telescope.engine.formats.rounding import rounded
from tui_telescope.engine.learning.cross_entropy import softmax_cross_entropy
from tui_telescope.engine.learning.model import Model, most_at_once
from tui_telescope.engine.learning.optimizers import OPTIMIZERS, clip
from tui_telescope.engine.learning.parameters import drawn
from tui_telescope.engine.learning.tasks.batches import Batches
from tui_telescope.engine.learning.trunks.trunk import Trunk
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.settings import Settings

as_floats_are = np.errstate(all="ignore")
"""Decorates what may diverge: numbers that leave their range are looked for, and told of."""


class Diverged(NamedTuple):
    """Where a number first was NaN or infinite."""

    step: int
    """The last one taken, whatever found out that after it the loss or its gradient is not finite; 0 before any."""
    layer: int | None
    """The layer, or step of time: the first one with such a signal, else the last one with such a gradient. None where
    only the head has one."""


class Learner:
    """The network of some settings with a read-in and a head, and their optimizer."""

    def __init__(self, units: UnitDraws, settings: Settings, dtype: DTypeLike = np.float32) -> None:
        """Draws the network. Raises `SettingsError` where it does not fit into memory with all that it learns by, or
        its weights are not stored."""
        self.settings = settings
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        settings.check_stored("learn")
        most_at_once(settings, self.dtype)
        self._parameters = drawn(units, settings, dtype)
        self._keep_in_format()
        self._model = Model(settings, self._parameters)
        self.network = self._model.network
        self._optimizer = OPTIMIZERS[settings.optimizer](settings.learning_rate, self._parameters.vector)
        self._batches = Batches(settings)
        self.steps = 0
        """How many were taken."""
        self.diverged: Diverged | None = None

    @property
    def parameters(self) -> dict[str, Floats]:
        """What is learned, by name; the arrays change in place.

        read_in (n, inputs), weights (depth, n, n), biases (depth, n) where there are any, head (classes, n) and
        head_bias (classes,). Layers with several matrices: each by its name, (depth, fan_out, fan_in), and its biases,
        `up_biases` and so on. Recurrent: weights and input_weights (gates, n, n), biases (gates, n).
        """
        return self._parameters.by_name

    def batch(self, k: int) -> tuple[Array, Classes]:
        """Inputs (batch, inputs) and classes (batch,) of step k, which counts from 0: see `Batches`."""
        return self._batches.batch(k)

    @as_floats_are
    def gradients(self, inputs: Array, classes: Classes) -> dict[str, Floats]:
        """The gradients of the mean loss of some samples, by the parameters' names, before any clipping."""
        self._model.differentiate(inputs, classes)
        return {name: array.copy() for name, array in self._model.gradient.by_name.items()}

    @as_floats_are
    def step(self) -> None:
        """Learn from the next batch; does nothing once it has diverged."""
        if self.diverged:
            return
        loss = self._model.differentiate(*self.batch(self.steps))
        gradient = self._model.gradient.vector
        squares = gradient.dot(gradient)  # a sum may leave the range of its terms, but is sooner had
        if not (np.isfinite(loss) and (np.isfinite(squares) or _all_finite(gradient))):
            trunk = self._model.trunk_for(self.settings.batch)
            self.diverged = Diverged(self.steps, _first(trunk.signals) or _last(trunk.gradients))
            return
        if self.settings.clip_norm is not None:
            clip(gradient, self.settings.clip_norm)
        self._optimizer.turn(gradient)
        self._parameters.vector += gradient
        self._keep_in_format()
        self.steps += 1

    def _keep_in_format(self) -> None:
        """Parameters without a master copy are of the format: of an update stays what their digits hold."""
        if self.settings.number_format and not self.settings.master_weights:
            parameters = self._parameters.vector
            parameters[...] = rounded(parameters.astype(np.float64), self.settings.number_format)

    @property
    def weight_gradients(self) -> dict[str, Floats]:
        """Of what went back last, by the names of the network's matrices; the arrays change in place."""
        return {name: self._model.gradient.by_name[name] for name in self.network.matrices}

    @as_floats_are
    def evaluate(self) -> tuple[float, float]:
        """Loss and accuracy as the network is now, the mean over `Batches.to_evaluate`."""
        losses, hits = [], []
        for inputs, classes in map(self.batch, self._batches.to_evaluate):
            logits = self._model.logits(inputs)
            losses.append(float(softmax_cross_entropy(logits, classes)[0]))
            hits.append(np.mean(logits.argmax(axis=0) == classes))
            if not (np.isfinite(losses[-1]) or self.diverged):
                self.diverged = Diverged(self.steps, _first(self._model.trunk_for(len(inputs)).signals))
        return float(np.mean(losses)), float(np.mean(hits))

    @as_floats_are
    def gone_forward(self, inputs: Array) -> Trunk:
        """The network's trunk after it took some samples forward."""
        self._model.gone_forward(inputs)
        return self._model.trunk_for(len(inputs))

    @as_floats_are
    def gone_back(self, inputs: Array, classes: Classes) -> Trunk:
        """The same after the gradient of their mean loss has come back."""
        self._model.differentiate(inputs, classes)
        return self._model.trunk_for(len(inputs))


def _first(layers: Sequence[Floats]) -> int | None:
    """The number of the first layer that is not finite."""
    return next((number for number, each in enumerate(layers, 1) if not _all_finite(each)), None)


def _last(layers: Sequence[Floats]) -> int | None:
    """The number of the last layer that is not finite."""
    return max((number for number, each in enumerate(layers, 1) if not _all_finite(each)), default=None)


def _all_finite(numbers: Floats) -> bool:
    return bool(np.isfinite(numbers).all())
