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
_BLOCK_BYTES = 2**22


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
    """One network before scaling, layer by layer; the matrices of the identity are one and the same object."""

    weights: Sequence[Array]
    """Unit matrices (n, n)."""
    row_sums: Array
    """Their products with a vector of ones, (depth, n)."""
    biases: Array | None
    """Unit biases (depth, n); None where the bias is off."""
    block: Array | None = None
    """All the unit matrices as one array (depth, n, n), where they are small enough to be kept as one."""


class _GrowingStack:
    """The layers drawn so far of one stream; asked for more, it draws the missing ones and no other."""

    def __init__(self, stream: LayerStream, shape: tuple[int, ...], initializer: Initializer | None = None) -> None:
        self._stream, self._shape, self._initializer = stream, shape, initializer
        self._chunks: list[Array] = []
        self._layers: list[Array] = []
        self._row_sums = np.empty((0, *shape[:-1]))

    @property
    def nbytes(self) -> int:
        return 8 * len(self._layers) * math.prod(self._shape)

    def missing_bytes(self, depth: int) -> int:
        return 8 * max(0, depth - len(self._layers)) * math.prod(self._shape)

    def grow(self, depth: int) -> None:
        """Draw what is missing up to this depth, in chunks that bound what lies about meanwhile."""
        size = math.prod(self._shape)
        chunk = max(1, _CHUNK_BYTES // (8 * size))
        missing = depth - len(self._layers)
        for start in range(0, missing, chunk):
            count = min(chunk, missing - start)
            drawn = self._stream.layers(count, size).reshape(count, *self._shape)
            self._keep(self._initializer.from_normals(drawn) if self._initializer else drawn)

    def layers(self, depth: int) -> Sequence[Array]:
        return self._layers[:depth]

    def row_sums(self, depth: int) -> Array:
        """The layers summed over their last axis."""
        return self._row_sums[:depth]

    def block(self, depth: int) -> Array | None:
        """The layers as one array, where they are small enough to be kept as one."""
        return self._chunks[0][:depth] if len(self._chunks) == 1 else None

    def array(self, depth: int) -> Array:
        """The layers as one array, however large."""
        if len(self._chunks) > 1:
            self._join()
        return self._chunks[0][:depth]

    def _keep(self, drawn: Array) -> None:
        self._row_sums = np.concatenate([self._row_sums, drawn.sum(axis=-1)])
        self._chunks.append(drawn)
        self._layers.extend(drawn)
        if len(self._chunks) > 1 and self.nbytes <= _BLOCK_BYTES:
            self._join()

    def _join(self) -> None:
        self._chunks = [np.concatenate(self._chunks)]
        self._layers = list(self._chunks[0])


class UnitDraws:
    """Keeps unit draws between observations, the least recently used leaving first once they pass the budget."""

    def __init__(self, budget: int = WEIGHT_BUDGET) -> None:
        self._budget = budget
        self._stacks: OrderedDict[tuple[object, ...], _GrowingStack] = OrderedDict()
        self._samples: tuple[tuple[object, ...], Array] | None = None

    def network(self, settings: Settings, index: int) -> UnitNetwork:
        """Network `index` of these settings, drawn from seed + index."""
        initializer, n, depth = INITIALIZERS[settings.initializer], settings.width, settings.depth
        biases = self._biases(settings, index)
        if initializer.diagonal:
            return UnitNetwork([np.eye(n)] * depth, np.ones((depth, n)), biases)
        seed = settings.seed + index
        key = ("weights", initializer.family, settings.generator, seed, n)
        if key not in self._stacks:
            self._stacks[key] = _GrowingStack(weight_stream(settings.generator, seed), (n, n), initializer)
        stack = self._grown(key, depth)
        return UnitNetwork(stack.layers(depth), stack.row_sums(depth), biases, stack.block(depth))

    def samples(self, settings: Settings) -> tuple[Array, Array]:
        """Inputs and targets, each of shape (samples, n)."""
        key = (settings.generator, settings.sample_seed, settings.samples, settings.width)
        if self._samples is None or self._samples[0] != key:
            generator, seed, samples, width = key
            self._samples = key, sample_normals(generator, seed, samples, 2 * width)
        both = self._samples[1]
        return both[:, : settings.width], both[:, settings.width :]

    def _biases(self, settings: Settings, index: int) -> Array | None:
        if settings.bias == 0:
            return None
        seed = settings.seed + index
        key = ("biases", settings.generator, seed, settings.width)
        if key not in self._stacks:
            self._stacks[key] = _GrowingStack(bias_stream(settings.generator, seed), (settings.width,))
        return self._grown(key, settings.depth).array(settings.depth)

    def _grown(self, key: tuple[object, ...], depth: int) -> _GrowingStack:
        """A stack with at least `depth` layers, after room for the missing ones has been made."""
        self._stacks.move_to_end(key)
        missing = self._stacks[key].missing_bytes(depth)
        while len(self._stacks) > 1 and missing + sum(each.nbytes for each in self._stacks.values()) > self._budget:
            self._stacks.popitem(last=False)
        self._stacks[key].grow(depth)
        return self._stacks[key]


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
        if network.biases is not None:
            np.multiply(network.biases, settings.bias, out=biases[index])
    inputs, targets = units.samples(settings)
    return Draw(weights, biases, inputs.copy(), targets.copy())
