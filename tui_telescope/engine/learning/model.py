"""A network between its read-in and its head: what it says of some samples, its loss, and the gradient of that."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from tui_telescope.engine.arithmetic.arrays import Array, Classes, Floats
from tui_telescope.engine.learning.cross_entropy import softmax_cross_entropy
from tui_telescope.engine.learning.parameters import Parameters, parts_read
from tui_telescope.engine.learning.trunks.blocks import Blocks
from tui_telescope.engine.learning.trunks.feedforward import Layers
from tui_telescope.engine.learning.trunks.in_format import RoundedLayers, RoundedSteps
from tui_telescope.engine.learning.trunks.through_time import Steps
from tui_telescope.engine.learning.trunks.through_tokens import Sequences
from tui_telescope.engine.learning.trunks.trunk import Trunk
from tui_telescope.engine.weights.network import Network
from tui_telescope.networks import CELLS, FORMS, TASKS, Shape
from tui_telescope.settings import Settings, SettingsError
from tui_telescope.settings.footprint import MEMORY_BUDGET

_COPIES = 9
"""Arrays as large as all parameters: them, their gradient, what the optimizer keeps, and what moments compare with."""
_KEPT_OF_LAYER, _KEPT_OF_UNIT, _KEPT_OF_GATE = 2, 2, 20
"""Arrays (units, batch) that are kept of a layer, of what each operation of its branch gives, or of a step's gate."""
_KEPT_OF_PRODUCT, _KEPT_OF_PAIR = 3, 2
"""Arrays that are kept of what each of a block's products gives, (units, tokens * batch), or of what hears what."""


class Model:
    """One network, or several side by side, which are shown the same samples."""

    def __init__(self, settings: Settings, parameters: Parameters) -> None:
        """The parameters change in place; of the settings, what their numbers were drawn by matters no more."""
        self.network = parameters.network(settings)
        self.gradient = Parameters(parameters.shapes, parameters.vector.dtype, parameters.side_by_side)
        """What `differentiate` writes."""
        self._parameters = parameters.by_name
        self._trunk: tuple[int, Trunk] | None = None

    def differentiate(self, inputs: Array, classes: Classes) -> Array:
        """Write the gradient of the mean loss of some samples; returns that loss, of each network."""
        parts, trunk, by = self._parts(inputs), self.trunk_for(len(inputs)), self.gradient.by_name
        last = trunk.forward([self._read_in(part) for part in parts])
        loss, by_logits = softmax_cross_entropy(self._read_off(last), classes)
        np.matmul(by_logits, last.mT, out=by["head"])
        by_logits.sum(axis=-1, out=by["head_bias"])
        by_read = trunk.backward(np.matmul(self._parameters["head"].mT, by_logits), by)
        np.matmul(by_read[0], parts[0].T, out=by["read_in"])
        for gradient, part in zip(by_read[1:], parts[1:], strict=True):
            by["read_in"] += np.matmul(gradient, part.T)
        return loss

    def logits(self, inputs: Array) -> Floats:
        """What the network says of some samples, (classes, samples); of several, (networks, classes, samples)."""
        return self._read_off(self.gone_forward(inputs))

    def gone_forward(self, inputs: Array) -> Floats:
        """What the head is given, once the trunk has taken the samples forward."""
        return self.trunk_for(len(inputs)).forward([self._read_in(part) for part in self._parts(inputs)])

    def _read_in(self, part: Floats) -> Floats:
        return np.asarray(np.matmul(self._parameters["read_in"], part))

    def _read_off(self, last: Floats) -> Floats:
        return np.asarray(np.matmul(self._parameters["head"], last) + self._parameters["head_bias"][..., None])

    def _parts(self, inputs: Array) -> list[Floats]:
        """The inputs as they are read in, feature-major, in the parameters' precision."""
        read_in = self._parameters["read_in"]
        size, count = read_in.shape[-1], parts_read(self.network.settings)
        columns = np.ascontiguousarray(inputs.T, dtype=read_in.dtype)
        return [columns[k * size : (k + 1) * size] for k in range(count)]

    def trunk_for(self, samples: int) -> Trunk:
        """Room for so many samples, which is kept until another number is asked for."""
        if self._trunk is None or self._trunk[0] != samples:
            self._trunk = samples, _trunk_of(self.network, samples)
        return self._trunk[1]


def _trunk_of(network: Network, samples: int) -> Trunk:
    """With room for so many samples."""
    settings = network.settings
    if settings.number_format:
        return (RoundedSteps if settings.is_recurrent else RoundedLayers)(network, samples)
    if settings.is_recurrent:
        return Steps(network, samples)
    if settings.has_tokens:
        return Sequences(network)
    make = Layers if FORMS[settings.form].is_dense_layer else Blocks
    return make(network, samples)


def most_at_once(settings: Settings, dtype: DTypeLike) -> int:
    """How many of these networks can learn within `MEMORY_BUDGET`. Raises `SettingsError` where not one can."""
    needed = _bytes_needed(settings, np.dtype(dtype).itemsize)
    if needed > MEMORY_BUDGET:
        raise SettingsError(
            f"memory: learning with these settings takes {needed / 2**30:.2f} GiB; "
            f"allowed: {MEMORY_BUDGET / 2**30:g} GiB (lower width, depth or batch)"
        )
    return int(MEMORY_BUDGET / needed)


def _bytes_needed(settings: Settings, itemsize: int) -> int:
    """What a network takes to learn, with numbers of so many bytes."""
    kind, n = TASKS[settings.task], settings.width
    if settings.is_recurrent:
        matrices = [Shape(n, n)] * (2 * CELLS[settings.cell].gates)
        kept = _KEPT_OF_GATE * CELLS[settings.cell].gates * n
    elif settings.has_tokens:
        matrices = [*settings.matrices.values()] * settings.depth
        of_token = _KEPT_OF_PRODUCT * sum(shape.fan_out for shape in settings.matrices.values())
        kept = kind.parts * (of_token + _KEPT_OF_PAIR * settings.heads * kind.parts)
    else:
        matrices = [*settings.matrices.values()] * settings.depth
        kept = _KEPT_OF_LAYER * n + _KEPT_OF_UNIT * sum(units for _, units in settings.units_given)
    learned = sum(shape.fan_out * (shape.fan_in + 1) for shape in matrices) + n * (kind.inputs + kind.classes)
    number = 8 if settings.number_format else itemsize  # those of a format are held as float64
    return number * (_COPIES * learned + kept * settings.depth * settings.batch)
