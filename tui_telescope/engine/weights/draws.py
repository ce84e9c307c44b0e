"""The drawn numbers of a network: unit weights that outlive a change of settings."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.passes.progress import UNWATCHED, Progress
from tui_telescope.engine.weights.initializers import INITIALIZERS, Initializer
from tui_telescope.engine.weights.streams import LayerStream, bias_stream, sample_stream, weight_stream
from tui_telescope.footprint import MEMORY_BUDGET
from tui_telescope.networks import CELLS
from tui_telescope.settings import Settings

_PIECE_BYTES = 2**21
"""So much is drawn at a time: what lies about meanwhile is a few times that, and who waits may change his mind."""
_FOLDED_BYTES = 2**25
"""Up to this size a stack may be handed out as one block, of which scaled copies are made."""
_JOINED_BYTES = 2**22
"""Up to this size layers drawn later are joined with those drawn before."""
_LAYER_BYTES = 200
"""What a kept layer takes beside its numbers."""
_MOST_STACKS = 1024
"""Weights and biases of as many networks as settings may ask for, twice over."""


@dataclass(frozen=True, eq=False)
class UnitNetwork:
    """One network before scaling, layer by layer; the matrices of the identity are one and the same object."""

    weights: Sequence[Array]
    """Unit matrices (n, n)."""
    row_sums: Array
    """Their products with a vector of ones, (depth, n)."""
    norms: Array
    """Their Frobenius norms, (depth,)."""
    spread: float | Array
    """The root mean square of their singular values: the initializer's on average, or that of each layer, (depth,)."""
    biases: Array | None
    """Unit biases (depth, n); None where the bias is off."""
    block: Array | None = None
    """All the unit matrices as one array (depth, n, n), where they are small enough to be kept as one."""


@dataclass(frozen=True, eq=False)
class UnitCell:
    """One recurrent network before scaling, gate by gate."""

    weights: Array
    """Unit recurrent matrices, (gates, n, n)."""
    input_weights: Array
    """The input matrices U as they are used, with entries N(0, 1/n); (gates, n, n)."""
    biases: Array
    """Unit biases, (gates, n); zeros where the bias is off."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """What recurrent networks are shown."""

    inputs: Sequence[Array]
    """x_t of every sample for t = 1..T, each (samples, n)."""
    targets: Array
    """(samples, n)."""


class _GrowingStack:
    """The layers drawn so far of one stream; asked for more, it draws the missing ones and no other."""

    def __init__(self, stream: LayerStream, shape: tuple[int, ...], initializer: Initializer | None = None) -> None:
        self._stream, self._shape, self._initializer = stream, shape, initializer
        self._chunks: list[Array] = []
        self._layers: list[Array] = []
        self._row_sums = np.empty((0, *shape[:-1]))
        self._norms = np.empty(0)

    @property
    def nbytes(self) -> int:
        return len(self._layers) * (8 * math.prod(self._shape) + _LAYER_BYTES)

    def missing(self, depth: int) -> int:
        """How many layers are still to be drawn."""
        return max(0, depth - len(self._layers))

    def missing_bytes(self, depth: int) -> int:
        return self.missing(depth) * (8 * math.prod(self._shape) + _LAYER_BYTES)

    def grow(self, depth: int, progress: Progress) -> None:
        """Draw what is missing up to this depth; what was drawn when `Stopped` is raised stays."""
        missing, size = self.missing(depth), math.prod(self._shape)
        whole, drawn = np.empty((missing, *self._shape)), 0
        piece = max(1, _PIECE_BYTES // (8 * size))
        try:
            while drawn < missing:
                progress.reach(drawn / missing)
                count = min(piece, missing - drawn)
                normals = self._stream.layers(count, size).reshape(count, *self._shape)
                whole[drawn : drawn + count] = self._initializer.from_normals(normals) if self._initializer else normals
                drawn += count
        finally:
            if drawn:
                self._keep(whole[:drawn])

    def layers(self, depth: int) -> Sequence[Array]:
        return self._layers[:depth]

    def row_sums(self, depth: int) -> Array:
        """The layers summed over their last axis."""
        return self._row_sums[:depth]

    def norms(self, depth: int) -> Array:
        """The Frobenius norms of the layers."""
        return self._norms[:depth]

    def block(self, depth: int) -> Array | None:
        """The layers as one array, where they are small enough to be kept as one."""
        is_one = len(self._chunks) == 1 and self._chunks[0].nbytes <= _FOLDED_BYTES
        return self._chunks[0][:depth] if is_one else None

    def array(self, depth: int) -> Array:
        """The layers as one array, however large."""
        if len(self._chunks) > 1:
            self._join()
        return self._chunks[0][:depth]

    def _keep(self, drawn: Array) -> None:
        self._row_sums = np.concatenate([self._row_sums, drawn.sum(axis=-1)])
        flat = drawn.reshape(len(drawn), -1)
        self._norms = np.concatenate([self._norms, np.sqrt(np.einsum("li,li->l", flat, flat))])
        self._chunks.append(drawn)
        self._layers.extend(drawn)
        if len(self._chunks) > 1 and self.nbytes <= _JOINED_BYTES:
            self._join()

    def _join(self) -> None:
        self._chunks = [np.concatenate(self._chunks)]
        self._layers = list(self._chunks[0])


class UnitDraws:
    """Keeps unit draws between observations, the least recently used leaving first once they pass the budget.

    Whatever draws tells its progress every few megabytes, and raises `Stopped` where that does.
    """

    def __init__(self, budget: int = MEMORY_BUDGET) -> None:
        self._budget = budget
        self.reserved = 0
        """Bytes of the budget that are meant for something else."""
        self._stacks: OrderedDict[tuple[object, ...], _GrowingStack] = OrderedDict()
        self._samples: tuple[tuple[object, ...], Array] | None = None

    def network(self, settings: Settings, index: int, progress: Progress = UNWATCHED) -> UnitNetwork:
        """Network `index` of these settings, drawn from seed + index."""
        initializer, n, depth = INITIALIZERS[settings.initializer], settings.width, settings.depth
        biases = self._biases(settings, index, depth, progress)
        if initializer.diagonal:
            return UnitNetwork([np.eye(n)] * depth, np.ones((depth, n)), np.full(depth, n**0.5), 1.0, biases)
        stack = self._weights(settings, index, initializer, depth, progress)
        of_layers = stack.layers(depth), stack.row_sums(depth), stack.norms(depth)
        return UnitNetwork(*of_layers, initializer.spread(n), biases, stack.block(depth))

    def cell(self, settings: Settings, index: int, progress: Progress = UNWATCHED) -> UnitCell:
        """Recurrent network `index` of these settings, drawn from seed + index.

        The matrices are the first layers of the stream that feedforward networks are drawn from: the recurrent ones
        gate by gate, then the input ones gate by gate, each row by row. Whatever the initializer, the input matrices
        stay where they are in the stream, and gaussian.
        """
        initializer, n, gates = INITIALIZERS[settings.initializer], settings.width, settings.gates
        both = 2 * gates
        drawn = self._weights(settings, index, INITIALIZERS["gaussian"], both, progress).layers(both)
        input_weights = np.stack(drawn[gates:]) * n**-0.5
        biases = self._biases(settings, index, gates, progress)
        if initializer.diagonal:
            weights = np.broadcast_to(np.eye(n), (gates, n, n))
        else:
            weights = np.stack(self._weights(settings, index, initializer, gates, progress).layers(gates))
        return UnitCell(weights, input_weights, np.zeros((gates, n)) if biases is None else biases)

    def undrawn(self, settings: Settings, index: int) -> int:
        """How many weights of network `index` of these settings are not there yet."""
        initializer, n = INITIALIZERS[settings.initializer], settings.width
        if initializer.diagonal and not settings.is_recurrent:
            return 0
        layers = settings.gates * 2 if settings.is_recurrent else settings.depth
        family = (INITIALIZERS["gaussian"] if settings.is_recurrent else initializer).family
        stack = self._stacks.get(_weights_key(family, settings.generator, settings.seed + index, n))
        return n * n * (stack.missing(layers) if stack else layers)

    def undrawn_inputs(self, settings: Settings) -> int:
        """How many numbers of the inputs of these settings' steps are not there yet."""
        if not settings.is_recurrent:
            return 0
        stack, later = self._stacks.get(_inputs_key(settings)), settings.depth - 1
        return settings.samples * settings.width * (stack.missing(later) if stack else later)

    def samples(self, settings: Settings) -> tuple[Array, Array]:
        """Inputs and targets, each of shape (samples, n), the targets as the loss wants them."""
        key = (settings.generator, settings.sample_seed, settings.samples, settings.width)
        if self._samples is None or self._samples[0] != key:
            generator, seed, samples, width = key
            self._samples = key, sample_stream(generator, seed).layers(1, samples * 2 * width).reshape(samples, -1)
        both = self._samples[1]
        return both[:, : settings.width], LOSSES[settings.loss].vectors(both[:, settings.width :])

    def sequences(self, settings: Settings, progress: Progress = UNWATCHED) -> Sequences:
        """Inputs of every step, and targets.

        The stream starts as it does for a feedforward network: x_1 and the target of each sample in turn. Then
        follow x_2 of each sample in turn, then x_3, and so on, so that a longer sequence keeps the inputs it had.
        """
        first, targets = self.samples(settings)
        generator, seed, samples, n = settings.generator, settings.sample_seed, settings.samples, settings.width
        key = _inputs_key(settings)
        if key not in self._stacks:
            stream = sample_stream(generator, seed)
            stream.layers(1, samples * 2 * n)
            self._stacks[key] = _GrowingStack(stream, (samples, n))
        later = settings.depth - 1
        return Sequences([first, *self._grown(key, later, progress).layers(later)], targets)

    def _weights(
        self, settings: Settings, index: int, initializer: Initializer, count: int, progress: Progress
    ) -> _GrowingStack:
        """The stack of unit matrices that this initializer makes of the weight stream, `count` at least."""
        seed = settings.seed + index
        key = _weights_key(initializer.family, settings.generator, seed, settings.width)
        if key not in self._stacks:
            shape = (settings.width, settings.width)
            self._stacks[key] = _GrowingStack(weight_stream(settings.generator, seed), shape, initializer)
        return self._grown(key, count, progress)

    def _biases(self, settings: Settings, index: int, count: int, progress: Progress) -> Array | None:
        if settings.bias == 0:
            return None
        seed = settings.seed + index
        key = ("biases", settings.generator, seed, settings.width)
        if key not in self._stacks:
            self._stacks[key] = _GrowingStack(bias_stream(settings.generator, seed), (settings.width,))
        return self._grown(key, count, progress).array(count)

    def _grown(self, key: tuple[object, ...], depth: int, progress: Progress) -> _GrowingStack:
        """A stack with at least `depth` layers, after room for the missing ones has been made."""
        self._stacks.move_to_end(key)
        missing = self._stacks[key].missing_bytes(depth)
        while len(self._stacks) > 1 and self._is_crowded(missing):
            self._stacks.popitem(last=False)
        self._stacks[key].grow(depth, progress)
        return self._stacks[key]

    def _is_crowded(self, missing: int) -> bool:
        kept = sum(each.nbytes for each in self._stacks.values())
        return len(self._stacks) > _MOST_STACKS or missing + kept > self._budget - self.reserved


def _weights_key(family: str, generator: str, seed: int, width: int) -> tuple[object, ...]:
    return "weights", family, generator, seed, width


def _inputs_key(settings: Settings) -> tuple[object, ...]:
    return "inputs", settings.generator, settings.sample_seed, settings.samples, settings.width


def log2_weight_norms(network: UnitNetwork, settings: Settings) -> Array:
    """log2 of ||W_l||_F of a network's layers, scale included, shape (depth,)."""
    gain = settings.scale * INITIALIZERS[settings.initializer].gain(settings.width)
    return np.asarray(np.log2(network.norms * gain))


def scaled_cell(cell: UnitCell, settings: Settings) -> tuple[Array, Array, Array]:
    """The recurrent matrices, the input matrices and the biases of a cell as its equations use them.

    Shapes (gates, n, n) twice and (gates, n). The LSTM's forget bias is among the biases (Gers et al. 2000 call for
    a positive one; here it is a setting).
    """
    gain = settings.scale * INITIALIZERS[settings.initializer].gain(settings.width)
    biases = settings.bias * cell.biases
    forget_gate = CELLS[settings.cell].forget_gate
    if forget_gate is not None:
        biases[forget_gate] += settings.forget_bias
    return gain * cell.weights, cell.input_weights, biases
