"""All that a network learns with, as one vector: an optimizer then takes a few numpy calls, whatever the depth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike

from tui_telescope.engine.arithmetic.arrays import Floats, aligned
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.engine.weights.network import Network
from tui_telescope.engine.weights.streams import ENDS, numpy_generator
from tui_telescope.networks import TASKS
from tui_telescope.settings import Settings

_ENDS = ("read_in", "head", "head_bias")


class Parameters:
    """Arrays by name, which are views of one vector; of several networks side by side, of one for each."""

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], dtype: DTypeLike, side_by_side: tuple[int, ...] = ()
    ) -> None:
        """Zeros; `shapes` are those of one network, `side_by_side` is how many there are, if there are several."""
        self.shapes, self.side_by_side = dict(shapes), side_by_side
        self.vector: Floats = aligned(*side_by_side, sum(map(math.prod, shapes.values())), dtype=dtype)
        self.vector.fill(0)
        self.by_name: dict[str, Floats] = {}
        start = 0
        for name, shape in shapes.items():
            end = start + math.prod(shape)
            self.by_name[name] = self.vector[..., start:end].reshape(*side_by_side, *shape)
            start = end

    @classmethod
    def of_several(cls, parts: Sequence[Parameters]) -> Parameters:
        """Copies of those of networks that have the same shapes."""
        whole = cls(parts[0].shapes, parts[0].vector.dtype, (len(parts),))
        np.stack([part.vector for part in parts], out=whole.vector)
        return whole

    def network(self, settings: Settings) -> Network:
        """What the layers are made of."""
        return Network(settings, {name: self.by_name[name] for name in self.by_name if name not in _ENDS})


def parts_read(settings: Settings) -> int:
    """In how many parts a sample is read in: by a layer whole, by a cell a part a step, as far as there are steps, by a
    transformer each as a token."""
    parts = _parts(settings)
    return min(parts, settings.depth) if settings.is_recurrent else parts


def _parts(settings: Settings) -> int:
    """How many a sample has."""
    return TASKS[settings.task].parts if settings.is_recurrent or settings.has_tokens else 1


def drawn(units: UnitDraws, settings: Settings, dtype: DTypeLike) -> Parameters:
    """Those of the settings' network with a read-in and a head.

    The read-in has entries N(0, 1 / inputs), the head N(0, 1/n) and a bias of 0 (LeCun et al. 1998, section 4.6). They
    have a stream of their own.
    """
    kind, n = TASKS[settings.task], settings.width
    inputs = kind.inputs // _parts(settings)
    network = Network.drawn(units, settings, dtype=dtype)
    shapes = {name: array.shape for name, array in network.parameters.items()}
    shapes = {"read_in": (n, inputs), **shapes, "head": (kind.classes, n), "head_bias": (kind.classes,)}
    parameters = Parameters(shapes, dtype)
    for name, array in network.parameters.items():
        parameters.by_name[name][...] = array
    for index, (name, fan_in) in enumerate((("read_in", inputs), ("head", n))):
        normals = numpy_generator(settings.seed, ENDS, index).standard_normal(shapes[name])
        parameters.by_name[name][...] = normals * fan_in**-0.5
    return parameters
