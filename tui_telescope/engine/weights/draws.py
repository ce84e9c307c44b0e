"""The drawn numbers of a network: unit weights that outlive a change of settings."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.passes.progress import UNWATCHED, Progress
from tui_telescope.engine.weights.initializers import FAMILIES, INITIALIZERS, Family
from tui_telescope.engine.weights.sampled import SampledMatrix
from tui_telescope.engine.weights.streams import LayerStream, bias_stream, sample_stream, weight_stream
from tui_telescope.networks import CELLS, MATRICES, NORMAL, Shape
from tui_telescope.observations.log_statistics import log2_joint_norm
from tui_telescope.settings import Settings
from tui_telescope.settings.footprint import MEMORY_BUDGET

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
class UnitMatrices:
    """One kind of matrix of a network before scaling, layer by layer; those of the identity are one and the same
    object."""

    weights: Sequence[Any]
    """Unit matrices (fan_out, fan_in): arrays, or `SampledMatrix`."""
    row_sums: Array
    """Their products with a vector of ones, (depth, fan_out); not of sampled ones."""
    norms: Array
    """Their Frobenius norms, (depth,)."""
    spread: float | Array
    """The root mean square of their singular values: the initializer's on average, or that of each layer, (depth,)."""
    biases: Array | None
    """Their b_l as they are used, (depth, fan_out); None where there are none."""
    block: Array | None = None
    """All of them as one array (depth, fan_out, fan_in), where they are small enough to be kept as one."""


@dataclass(frozen=True, eq=False)
class UnitNetwork:
    """One network before scaling."""

    matrices: Mapping[str, UnitMatrices]
    """By the names that its form has for them."""

    @property
    def single(self) -> UnitMatrices:
        """Those of a form with one matrix a layer."""
        (matrices,) = self.matrices.values()
        return matrices


@dataclass(frozen=True, eq=False)
class UnitCell:
    """One recurrent network before scaling, gate by gate."""

    weights: Array
    """Unit recurrent matrices, (gates, n, n)."""
    input_weights: Array
    """The input matrices U as they are used, with entries N(0, 1/n); (gates, n, n)."""
    biases: Array
    """b of each gate as they are used, without the forget bias, (gates, n); zeros where there are none."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """What recurrent networks are shown."""

    inputs: Sequence[Array]
    """x_t of every sample for t = 1..T, each (samples, n)."""
    targets: Array
    """(samples, n)."""


class _GrowingStack:
    """The layers drawn so far of one stream; asked for more, it draws the missing ones and no other."""

    def __init__(self, stream: LayerStream, shape: tuple[int, ...], family: Family | None = None) -> None:
        self._stream, self._shape, self._family = stream, shape, family
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
                entries = self._stream.layers(count, size).reshape(count, *self._shape)
                whole[drawn : drawn + count] = self._family.from_drawn(entries) if self._family else entries
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
        shapes = settings.matrices
        pieces = zip(shapes, progress.parts([float(math.prod(shape)) for shape in shapes.values()]), strict=True)
        return UnitNetwork({name: self._matrices(settings, index, name, piece) for name, piece in pieces})

    def _matrices(self, settings: Settings, index: int, name: str, progress: Progress) -> UnitMatrices:
        """Those of one kind."""
        initializer, depth, shape = INITIALIZERS[settings.initializer], settings.depth, settings.matrices[name]
        biases = self._biases(settings, index, name, shape.fan_out, depth, progress)
        if initializer.diagonal:
            identity = np.eye(*shape)
            sums, norms = np.tile(identity.sum(axis=1), (depth, 1)), np.full(depth, min(shape) ** 0.5)
            return UnitMatrices([identity] * depth, sums, norms, 1.0, biases)
        stack = self._weights(settings, index, settings.family, name, shape, depth, progress)
        of_layers = stack.layers(depth), stack.row_sums(depth), stack.norms(depth)
        return UnitMatrices(*of_layers, initializer.spread(max(shape)), biases, stack.block(depth))

    def sampled_network(self, settings: Settings, index: int, progress: Progress = UNWATCHED) -> UnitNetwork:
        """A network like `network`, whose weights are sampled where they are needed, from numpy's generator."""
        return UnitNetwork({name: self._sampled(settings, index, name, progress) for name in settings.matrices})

    def _sampled(self, settings: Settings, index: int, name: str, progress: Progress) -> UnitMatrices:
        shape, depth, seed = settings.matrices[name], settings.depth, settings.seed + index
        weights = [SampledMatrix(shape, seed, layer, MATRICES[name].stream) for layer in range(depth)]
        biases = self._biases(settings, index, name, shape.fan_out, depth, progress)
        spread = INITIALIZERS[settings.initializer].spread(max(shape))
        # the norms of so many entries are all alike, to one part in their number's root
        return UnitMatrices(weights, np.empty((depth, 0)), np.full(depth, math.prod(shape) ** 0.5), spread, biases)

    def cell(self, settings: Settings, index: int, progress: Progress = UNWATCHED) -> UnitCell:
        """Recurrent network `index` of these settings, drawn from seed + index.

        The matrices are the first layers of the stream that feedforward networks are drawn from: the recurrent ones
        gate by gate, then the input ones gate by gate, each row by row. Whatever the initializer, the input matrices
        stay where they are in the stream, and gaussian.
        """
        initializer, n, gates = INITIALIZERS[settings.initializer], settings.width, settings.gates
        both, name, shape = 2 * gates, "weights", Shape(n, n)
        drawn = self._weights(settings, index, NORMAL, name, shape, both, progress).layers(both)
        input_weights = np.stack(drawn[gates:]) * n**-0.5
        biases = self._biases(settings, index, name, n, gates, progress)
        if initializer.diagonal:
            weights = np.broadcast_to(np.eye(n), (gates, n, n))
        else:
            stack = self._weights(settings, index, settings.family, name, shape, gates, progress)
            weights = np.stack(stack.layers(gates))
        return UnitCell(weights, input_weights, np.zeros((gates, n)) if biases is None else biases)

    def undrawn(self, settings: Settings, index: int) -> int:
        """How many weights of network `index` of these settings are not there yet."""
        if settings.is_recurrent:
            shape = Shape(settings.width, settings.width)
            return self._missing(settings, index, NORMAL, "weights", shape, settings.gates * 2)
        if INITIALIZERS[settings.initializer].diagonal or settings.samples_weights:
            return 0
        return sum(
            self._missing(settings, index, settings.family, name, shape, settings.depth)
            for name, shape in settings.matrices.items()
        )

    def _missing(self, settings: Settings, index: int, family: str, name: str, shape: Shape, layers: int) -> int:
        stack = self._stacks.get(_weights_key(settings, index, family, name, shape))
        return math.prod(shape) * (stack.missing(layers) if stack else layers)

    def undrawn_inputs(self, settings: Settings) -> int:
        """How many numbers of the inputs of these settings' steps are not there yet."""
        if not settings.is_recurrent:
            return 0
        stack, later = self._stacks.get(_inputs_key(settings)), settings.depth - 1
        return settings.samples * settings.width * (stack.missing(later) if stack else later)

    def samples(self, settings: Settings) -> tuple[Array, Array]:
        """Inputs as they are shown and targets as the loss wants them, (samples, n), or (samples, tokens, n).

        The stream gives the first token and its target of each sample in turn, then the second ones, and so on, so that
        a longer sequence keeps the tokens it had.
        """
        n, samples = settings.width, settings.samples
        tokens = settings.columns // samples
        key = (settings.generator, settings.sample_seed, samples, n, tokens)
        if self._samples is None or self._samples[0] != key:
            drawn = sample_stream(settings.generator, settings.sample_seed).layers(tokens, samples * 2 * n)
            self._samples = key, drawn.reshape(tokens, samples, 2, n).transpose(2, 1, 0, 3)
        inputs, vectors = self._samples[1]
        shape = (samples, tokens, n) if settings.has_tokens else (samples, n)
        vectors = LOSSES[settings.loss].vectors(vectors.reshape(samples, -1))
        return settings.input_scale * inputs.reshape(shape), vectors.reshape(shape)

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
        following = self._grown(key, later, progress).layers(later)
        if settings.input_scale != 1:
            following = [settings.input_scale * each for each in following]
        return Sequences([first, *following], targets)

    def _weights(
        self, settings: Settings, index: int, family: str, name: str, shape: Shape, count: int, progress: Progress
    ) -> _GrowingStack:
        """The stack of unit matrices of this kind and family, `count` at least."""
        key = _weights_key(settings, index, family, name, shape)
        if key not in self._stacks:
            stream = weight_stream(settings.generator, settings.seed + index, family, MATRICES[name].stream)
            self._stacks[key] = _GrowingStack(stream, shape, FAMILIES[family])
        return self._grown(key, count, progress)

    def _biases(
        self, settings: Settings, index: int, name: str, units: int, count: int, progress: Progress
    ) -> Array | None:
        """Those of a kind of matrix as they are used; None where there are none."""
        if settings.bias == 0:
            return np.full((count, units), settings.bias_mean) if settings.has_biases else None
        seed = settings.seed + index
        key = ("biases", name, settings.generator, seed, units)
        if key not in self._stacks:
            stream = bias_stream(settings.generator, seed, MATRICES[name].stream)
            self._stacks[key] = _GrowingStack(stream, (units,))
        return settings.bias_mean + settings.bias * self._grown(key, count, progress).array(count)

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


def _weights_key(settings: Settings, index: int, family: str, name: str, shape: Shape) -> tuple[object, ...]:
    return "weights", name, family, settings.generator, settings.seed + index, shape


def _inputs_key(settings: Settings) -> tuple[object, ...]:
    return "inputs", settings.generator, settings.sample_seed, settings.samples, settings.width


def gain_of(settings: Settings, shape: Shape) -> float:
    """What unit matrices of this shape are multiplied with."""
    return settings.scale * INITIALIZERS[settings.initializer].gain(shape.fan_in, shape.fan_out)


def log2_weight_norms(network: UnitNetwork, settings: Settings) -> Array:
    """log2 of ||W_l||_F of a network's layers, of all their matrices together, scale included, shape (depth,); -inf
    for matrices of zeros."""
    gains = {name: gain_of(settings, shape) for name, shape in settings.matrices.items()}
    with np.errstate(divide="ignore"):
        log2_norms = [np.log2(each.norms * gains[name]) for name, each in network.matrices.items()]
    return log2_joint_norm(log2_norms)


def scaled_cell(cell: UnitCell, settings: Settings) -> tuple[Array, Array, Array]:
    """The recurrent matrices, the input matrices and the biases of a cell as its equations use them.

    Shapes (gates, n, n) twice and (gates, n). The LSTM's forget bias is among the biases (Gers et al. 2000 call for
    a positive one; here it is a setting).
    """
    gain = gain_of(settings, Shape(settings.width, settings.width))
    biases = cell.biases.copy()
    forget_gate = CELLS[settings.cell].forget_gate
    if forget_gate is not None:
        biases[forget_gate] += settings.forget_bias
    return gain * cell.weights, cell.input_weights, biases
