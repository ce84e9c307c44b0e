"""All that a network learns with, as one vector: an optimizer then takes a few numpy calls, whatever the depth."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike

from tui_telescope.engine.arithmetic.arrays import Floats
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.engine.weights.network import Network
from tui_telescope.engine.weights.streams import ENDS, numpy_generator
from tui_telescope.networks import TASKS
from tui_telescope.settings import Settings


class Parameters:
    """Arrays by name, which are views of one vector."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype: DTypeLike) -> None:
        self.vector = np.zeros(sum(map(math.prod, shapes.values())), dtype)
        self.by_name: dict[str, Floats] = {}
        start = 0
        for name, shape in shapes.items():
            end = start + math.prod(shape)
            self.by_name[name] = self.vector[start:end].reshape(shape)
            start = end

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: array.shape for name, array in self.by_name.items()}


def parts_read(settings: Settings) -> int:
    """In how many parts a sample is read in: by a layer whole, by a cell a part a step, as far as there are steps."""
    return min(TASKS[settings.task].parts, settings.depth) if settings.is_recurrent else 1


def drawn(units: UnitDraws, settings: Settings, dtype: DTypeLike) -> tuple[Parameters, Network]:
    """The settings' network with a read-in and a head: the parameters, and the network whose arrays are among them.

    The read-in has entries N(0, 1 / inputs), the head N(0, 1/n) and a bias of 0 (LeCun et al. 1998, section 4.6). They
    have a stream of their own.
    """
    kind, n = TASKS[settings.task], settings.width
    inputs = kind.inputs // (kind.parts if settings.is_recurrent else 1)
    network = Network.drawn(units, settings, dtype=dtype)
    shapes = {name: array.shape for name, array in network.parameters.items()}
    shapes = {"read_in": (n, inputs), **shapes, "head": (kind.classes, n), "head_bias": (kind.classes,)}
    parameters = Parameters(shapes, dtype)
    for name, array in network.parameters.items():
        parameters.by_name[name][...] = array
    for index, (name, fan_in) in enumerate((("read_in", inputs), ("head", n))):
        normals = numpy_generator(settings.seed, ENDS, index).standard_normal(shapes[name])
        parameters.by_name[name][...] = normals * fan_in**-0.5
    return parameters, Network(settings, {name: parameters.by_name[name] for name in network.parameters})
