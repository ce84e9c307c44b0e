"""A network that learns a task: its parameters, the batches it is shown, their gradients, and its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tui_telescope.engine.arithmetic.arrays import Array, Classes, Floats
from tui_telescope.engine.learning import tasks
from tui_telescope.engine.learning.blocks import Blocks
from tui_telescope.engine.learning.cross_entropy import softmax_cross_entropy
from tui_telescope.engine.learning.feedforward import Layers
from tui_telescope.engine.learning.optimizers import OPTIMIZERS
from tui_telescope.engine.learning.parameters import Parameters, drawn, parts_read
from tui_telescope.engine.learning.through_time import Steps
from tui_telescope.engine.learning.trunk import Trunk
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.engine.weights.network import Network
from tui_telescope.engine.weights.streams import ORDER, numpy_generator
from tui_telescope.footprint import MEMORY_BUDGET
from tui_telescope.networks import CELLS, FORMS, TASKS, Shape
from tui_telescope.settings import Settings, SettingsError

EVALUATED = 512
"""Samples that loss and accuracy are told of, at least; whole batches of them."""

_COPIES = 9
"""Arrays as large as all parameters: them, their gradient, what the optimizer keeps, and what moments compare with."""
_KEPT_OF_LAYER, _KEPT_OF_UNIT, _KEPT_OF_GATE = 2, 2, 20
"""Arrays (units, batch) that are kept of a layer, of what each operation of its branch gives, or of a step's gate."""

_LEARNING = tuple(name for name, kind in CELLS.items() if not kind.has_tokens)

as_floats_are = np.errstate(all="ignore")
"""Decorates what may diverge: numbers that leave their range are looked for, and told of."""


class Diverged(NamedTuple):
    """Where a number first was NaN or infinite."""

    step: int
    """The step that could not be taken, counted from 1; or the last one taken, after which the loss is not finite."""
    layer: int | None
    """The layer, or step of time: the first one with such a signal, else the last one with such a gradient. None where
    only the head has one."""


class Learner:
    """The network of some settings with a read-in and a head, and their optimizer."""

    def __init__(self, units: UnitDraws, settings: Settings, dtype: DTypeLike = np.float32) -> None:
        """Draws the network. Raises `SettingsError` for a transformer, and where it does not fit into memory with all
        that it learns by."""
        if settings.has_tokens:
            raise SettingsError(f"cell: {settings.cell!r} does not learn here; allowed: {', '.join(_LEARNING)}")
        self.settings = settings
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        _check_memory(settings, self.dtype)
        self._parameters, self.network = drawn(units, settings, dtype)
        self._gradient = Parameters(self._parameters.shapes, dtype)
        self._optimizer = OPTIMIZERS[settings.optimizer](settings.learning_rate, self._parameters.vector)
        self._data = tasks.made_for(settings)
        self._orders: dict[int, NDArray[np.intp]] = {}
        self._trunk: tuple[int, Trunk] | None = None
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
        """Inputs (batch, inputs) and classes (batch,) of step k, which counts from 0.

        All samples come in a seeded order, then all in another, and so on; a batch may begin in one and end in the
        next.
        """
        samples, size = len(self._data.classes), self.settings.batch
        first, start = divmod(k * size, samples)
        epochs = -(-(start + size) // samples)
        order = np.concatenate([self._order(first + epoch) for epoch in range(epochs)])
        chosen = order[start : start + size]
        return self._data.inputs[chosen], self._data.classes[chosen]

    def _order(self, epoch: int) -> NDArray[np.intp]:
        if epoch not in self._orders:
            shuffled = numpy_generator(self.settings.sample_seed, ORDER, epoch).permutation(len(self._data.classes))
            self._orders = {each: self._orders[each] for each in self._orders if each >= epoch - 1} | {epoch: shuffled}
        return self._orders[epoch]

    @as_floats_are
    def gradients(self, inputs: Array, classes: Classes) -> dict[str, Floats]:
        """The gradients of the mean loss of some samples, by the parameters' names, before any clipping."""
        self._differentiate(inputs, classes)
        return {name: array.copy() for name, array in self._gradient.by_name.items()}

    @as_floats_are
    def step(self) -> None:
        """Learn from the next batch; does nothing once it has diverged."""
        if self.diverged:
            return
        loss = self._differentiate(*self.batch(self.steps))
        gradient = self._gradient.vector
        squares = gradient.dot(gradient)  # a sum may leave the range of its terms, but is sooner had
        if not (np.isfinite(loss) and (np.isfinite(squares) or _all_finite(gradient))):
            trunk = self._trunk_for(self.settings.batch)
            self.diverged = Diverged(self.steps + 1, _first(trunk.signals) or _last(trunk.gradients))
            return
        self._clip()
        self._optimizer.turn(gradient)
        self._parameters.vector += gradient
        self.steps += 1

    @as_floats_are
    def evaluate(self) -> tuple[float, float]:
        """Loss and accuracy as the network is now, the mean over the first batches that hold `EVALUATED` samples."""
        batches = -(-min(EVALUATED, len(self._data.classes)) // self.settings.batch)
        losses, hits = [], []
        for inputs, classes in map(self.batch, range(batches)):
            logits = self._logits(inputs)
            losses.append(softmax_cross_entropy(logits, classes)[0])
            hits.append(np.mean(logits.argmax(axis=0) == classes))
            if not (np.isfinite(losses[-1]) or self.diverged):
                self.diverged = Diverged(self.steps, _first(self._trunk_for(len(inputs)).signals))
        return float(np.mean(losses)), float(np.mean(hits))

    @as_floats_are
    def gone_forward(self, inputs: Array) -> Trunk:
        """The network's trunk after it took some samples forward."""
        self._logits(inputs)
        return self._trunk_for(len(inputs))

    @as_floats_are
    def gone_back(self, inputs: Array, classes: Classes) -> Trunk:
        """The same after the gradient of their mean loss has come back."""
        self._differentiate(inputs, classes)
        return self._trunk_for(len(inputs))

    def _differentiate(self, inputs: Array, classes: Classes) -> float:
        """Write the gradient; returns the mean loss."""
        parts, trunk, by = self._parts(inputs), self._trunk_for(len(inputs)), self._gradient.by_name
        read_in, head = self.parameters["read_in"], self.parameters["head"]
        last = trunk.forward([read_in.dot(part) for part in parts])
        loss, by_logits = softmax_cross_entropy(self._read_off(last), classes)
        np.dot(by_logits, last.T, out=by["head"])
        by_logits.sum(axis=1, out=by["head_bias"])
        by_read = trunk.backward(head.T.dot(by_logits), by)
        by["read_in"][...] = sum(gradient.dot(part.T) for gradient, part in zip(by_read, parts, strict=True))
        return loss

    def _logits(self, inputs: Array) -> Floats:
        """What the network says of some samples, (classes, samples)."""
        read_in = self.parameters["read_in"]
        return self._read_off(self._trunk_for(len(inputs)).forward([read_in.dot(each) for each in self._parts(inputs)]))

    def _read_off(self, last: Floats) -> Floats:
        return np.asarray(self.parameters["head"].dot(last) + self.parameters["head_bias"][:, None])

    def _parts(self, inputs: Array) -> list[Floats]:
        """The inputs as they are read in, feature-major, in the parameters' precision."""
        size, count = self.parameters["read_in"].shape[1], parts_read(self.settings)
        columns = np.ascontiguousarray(inputs.T, dtype=self.dtype)
        return [columns[k * size : (k + 1) * size] for k in range(count)]

    def _trunk_for(self, samples: int) -> Trunk:
        """Room for so many samples, which is kept until another number is asked for."""
        if self._trunk is None or self._trunk[0] != samples:
            self._trunk = samples, _trunk_of(self.network, samples)
        return self._trunk[1]

    def _clip(self) -> None:
        """Bring the gradient's global norm down to the limit: Pascanu, Mikolov and Bengio (2013), algorithm 1."""
        limit, gradient = self.settings.clip_norm, self._gradient.vector
        if limit is None:
            return
        largest = float(np.abs(gradient).max())
        if largest > 0:
            norm = largest * float(np.linalg.norm(gradient / largest))  # squares of float32 leave its range
            gradient *= min(1.0, limit / norm)


def _trunk_of(network: Network, samples: int) -> Trunk:
    """With room for so many samples."""
    if network.settings.is_recurrent:
        return Steps(network, samples)
    make = Layers if FORMS[network.settings.form].is_dense_layer else Blocks
    return make(network, samples)


def _check_memory(settings: Settings, dtype: np.dtype[Any]) -> None:
    kind, n = TASKS[settings.task], settings.width
    if settings.is_recurrent:
        matrices = [Shape(n, n)] * (2 * CELLS[settings.cell].gates)
        kept = _KEPT_OF_GATE * CELLS[settings.cell].gates * n
    else:
        matrices = [*settings.matrices.values()] * settings.depth
        kept = _KEPT_OF_LAYER * n + _KEPT_OF_UNIT * sum(units for _, units in settings.units_given)
    learned = sum(shape.fan_out * (shape.fan_in + 1) for shape in matrices) + n * (kind.inputs + kind.classes)
    signals = kept * settings.depth * settings.batch
    needed = dtype.itemsize * (_COPIES * learned + signals)
    if needed > MEMORY_BUDGET:
        raise SettingsError(
            f"memory: learning with these settings takes {needed / 2**30:.2f} GiB; "
            f"allowed: {MEMORY_BUDGET / 2**30:g} GiB (lower width, depth or batch)"
        )


def _first(layers: Sequence[Floats]) -> int | None:
    """The number of the first layer that is not finite."""
    return next((number for number, each in enumerate(layers, 1) if not _all_finite(each)), None)


def _last(layers: Sequence[Floats]) -> int | None:
    """The number of the last layer that is not finite."""
    return max((number for number, each in enumerate(layers, 1) if not _all_finite(each)), default=None)


def _all_finite(numbers: Floats) -> bool:
    return bool(np.isfinite(numbers).all())
