"""The drawn numbers of a network: unit weights that outlive a change of settings, and the scaled draw users see."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.initializers import INITIALIZERS, Initializer
from tui_telescope.engine.streams import LayerStream, bias_stream, sample_normals, weight_stream
from tui_telescope.settings import WEIGHT_BUDGET, Settings

Array = NDArray[np.float64]

_CHUNK_BYTES = 2**25


@dataclass(frozen=True, eq=False)
class Draw:
    """The numbers that an observation used, scale included."""

    weights: Array
    """W_l of every network, shape (networks, depth, n, n); a layer computes W a."""
    biases: Array
    """b_l, shape (networks, depth, n)."""
    inputs: Array
    """a_0, shape (samples, n)."""
    targets: Array
    """The targets t of the squared error, or the injected errors e of the probe; shape (samples, n)."""


@dataclass(frozen=True, eq=False)
class UnitNetwork:
    """One network before scaling: unit matrices (n, n) and unit biases (n,), a list entry a layer.

    The matrices of the identity are one and the same; unit biases are an empty list where the bias is off.
    """

    weights: Sequence[Array]
    biases: Sequence[Array]


class _GrowingStack:
    """The layers drawn so far of one stream; asked for more, it draws the missing ones and no other."""

    def __init__(self, stream: LayerStream, shape: tuple[int, ...], initializer: Initializer | None = None) -> None:
        self._stream, self._shape, self._initializer = stream, shape, initializer
        self._layers: list[Array] = []

    @property
    def nbytes(self) -> int:
        return 8 * len(self._layers) * math.prod(self._shape)

    def missing_bytes(self, depth: int) -> int:
        return 8 * max(0, depth - len(self._layers)) * math.prod(self._shape)

    def layers(self, depth: int) -> Sequence[Array]:
        size = math.prod(self._shape)
        chunk = max(1, _CHUNK_BYTES // (8 * size))
        while len(self._layers) < depth:
            count = min(chunk, depth - len(self._layers))
            drawn = self._stream.layers(count, size).reshape(count, *self._shape)
            self._layers.extend(self._initializer.from_normals(drawn) if self._initializer else drawn)
        return self._layers if len(self._layers) == depth else self._layers[:depth]


class UnitDraws:
    """Keeps unit draws between observations, the least recently used leaving first once they pass the budget."""

    def __init__(self, budget: int = WEIGHT_BUDGET) -> None:
        self._budget = budget
        self._stacks: OrderedDict[tuple[object, ...], _GrowingStack] = OrderedDict()
        self._samples: tuple[tuple[object, ...], Array] | None = None

    def network(self, settings: Settings, index: int) -> UnitNetwork:
        """Network `index` of these settings, drawn from seed + index."""
        return UnitNetwork(self._weights(settings, index), self._biases(settings, index))

    def samples(self, settings: Settings) -> tuple[Array, Array]:
        """Inputs and targets, each of shape (samples, n)."""
        key = (settings.generator, settings.sample_seed, settings.samples, settings.width)
        if self._samples is None or self._samples[0] != key:
            generator, seed, samples, width = key
            self._samples = key, sample_normals(generator, seed, samples, 2 * width)
        both = self._samples[1]
        return both[:, : settings.width], both[:, settings.width :]

    def _weights(self, settings: Settings, index: int) -> Sequence[Array]:
        initializer, n = INITIALIZERS[settings.initializer], settings.width
        if initializer.diagonal:
            return [np.eye(n)] * settings.depth
        seed = settings.seed + index
        key = ("weights", initializer.family, settings.generator, seed, n)
        if key not in self._stacks:
            self._stacks[key] = _GrowingStack(weight_stream(settings.generator, seed), (n, n), initializer)
        return self._grown(key, settings.depth)

    def _biases(self, settings: Settings, index: int) -> Sequence[Array]:
        if settings.bias == 0:
            return []
        seed = settings.seed + index
        key = ("biases", settings.generator, seed, settings.width)
        if key not in self._stacks:
            self._stacks[key] = _GrowingStack(bias_stream(settings.generator, seed), (settings.width,))
        return self._grown(key, settings.depth)

    def _grown(self, key: tuple[object, ...], depth: int) -> Sequence[Array]:
        """The first `depth` layers of a stack, after room for the missing ones has been made."""
        self._stacks.move_to_end(key)
        missing = self._stacks[key].missing_bytes(depth)
        while len(self._stacks) > 1 and missing + sum(each.nbytes for each in self._stacks.values()) > self._budget:
            self._stacks.popitem(last=False)
        return self._stacks[key].layers(depth)


def scaled_draw(units: UnitDraws, settings: Settings) -> Draw:
    """The draw of these settings with gain, scale and bias applied."""
    n, depth = settings.width, settings.depth
    gain = settings.scale * INITIALIZERS[settings.initializer].gain(n)
    weights = np.empty((settings.networks, depth, n, n))
    biases = np.zeros((settings.networks, depth, n))
    for index in range(settings.networks):
        network = units.network(settings, index)
        for layer in range(depth):
            np.multiply(network.weights[layer], gain, out=weights[index, layer])
            if network.biases:
                np.multiply(network.biases[layer], settings.bias, out=biases[index, layer])
    inputs, targets = units.samples(settings)
    return Draw(weights, biases, inputs.copy(), targets.copy())
