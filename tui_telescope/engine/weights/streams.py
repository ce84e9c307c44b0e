"""Where the random numbers come from: Python's own stream, vectorised, and numpy's fast one.

Every stream yields numbers of mean 0 and variance 1: standard normals, but for weights of another distribution. Weights
and biases are drawn layer by layer, so that a deeper network keeps the layers it had; each purpose and distribution,
and each kind of matrix, has a stream of its own, so that drawing one thing moves no other.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.networks import DISTRIBUTIONS, NORMAL, TRUNCATED, UNIFORM

BIAS_SEED_OFFSET = 2**33
"""Python's bias stream starts from `random.seed(2**33 + seed)`: no weight stream can have that seed."""

SEED_OFFSETS = {NORMAL: 0, UNIFORM: 2**34, TRUNCATED: 3 * 2**33}
"""Python's weight streams start from `random.seed(offset + seed)`."""

MATRIX_SEED_OFFSET = 2**35
"""Those of another kind of matrix start from so much more for each number of its stream (`networks.MatrixKind`)."""

BIASES, SAMPLES, TASK, ENDS, ORDER = range(1, 6)
WEIGHTS = {NORMAL: 0, UNIFORM: 6, TRUNCATED: 7}
SAMPLED_FORWARD, SAMPLED_BACKWARD = 8, 9
"""The purposes that numpy's streams are told apart by: weights have one for each distribution; what is learned, the
read-in and the head, and in which order samples are learned from have no other generator."""

FARTHEST = 2.0
"""Where the truncated distribution ends, in standard deviations of the normal one that it is cut from."""
_DENSITY_THERE = math.exp(-(FARTHEST**2) / 2) / math.sqrt(2 * math.pi)
TRUNCATED_DEVIATION = math.sqrt(1 - 2 * FARTHEST * _DENSITY_THERE / math.erf(FARTHEST / math.sqrt(2)))
"""The standard deviation of N(0, 1) without what lies beyond `FARTHEST` (Johnson, Kotz and Balakrishnan 1994)."""

_BLOCK = 2**20


class LayerStream(Protocol):
    """Yields the numbers of one layer after another."""

    def layers(self, count: int, size: int) -> Array:
        """The next `count` layers of `size` numbers each, shape (count, size)."""


class Source(Protocol):
    """Random numbers, one after another."""

    def normals(self, count: int) -> Array:
        """The next ones as N(0, 1), shape (count,)."""

    def uniforms(self, count: int) -> Array:
        """The next ones, uniform within [0, 1)."""


def _normal(source: Source, count: int) -> Array:
    return source.normals(count)


def _uniform(source: Source, count: int) -> Array:
    """Within sqrt(3) of 0."""
    return (2 * source.uniforms(count) - 1) * math.sqrt(3)


def _truncated(source: Source, count: int) -> Array:
    """The source's normals but for those beyond `FARTHEST`, which are passed over, each over `TRUNCATED_DEVIATION`."""
    kept, missing = [np.empty(0)], count
    while missing:
        drawn = source.normals(missing)  # never more: the last one drawn is the last one kept
        kept.append(drawn[np.abs(drawn) <= FARTHEST])
        missing -= len(kept[-1])
    return np.concatenate(kept) / TRUNCATED_DEVIATION


_DRAWN: dict[str, Callable[[Source, int], Array]] = {NORMAL: _normal, UNIFORM: _uniform, TRUNCATED: _truncated}
"""How numbers of each distribution are drawn."""


class PythonStream:
    """The stream of `random.seed(seed)` followed by `random.gauss(0, 1)` again and again.

    Python draws normals in pairs from two uniforms (Box and Muller 1958) and keeps the second for the next call;
    numpy's MT19937 yields the same uniforms from the same state. Equal to Python's to the last bit or two, which
    is what separates numpy's logarithm and sine from the C library's.
    """

    def __init__(self, seed: int, distribution: str = NORMAL) -> None:
        self._drawn = _DRAWN[distribution]
        state = random.Random(seed).getstate()[1]
        self._bits = np.random.MT19937()
        self._bits.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(state[:-1], dtype=np.uint32), "pos": state[-1]},
        }
        self._uniforms = np.random.Generator(self._bits)
        self._kept = np.empty(0)

    def layers(self, count: int, size: int) -> Array:
        return self._drawn(self, count * size).reshape(count, size)

    def uniforms(self, count: int) -> Array:
        """The next `count` of `random.random()`, shape (count,)."""
        return self._uniforms.random(count)

    def normals(self, count: int) -> Array:
        """The next `count` normals, shape (count,)."""
        result = np.empty(count)
        kept = min(len(self._kept), count)
        result[:kept] = self._kept[:kept]
        self._kept = self._kept[kept:]
        for start in range(kept, count, _BLOCK):
            wanted = min(_BLOCK, count - start)
            pairs = self._pairs((wanted + 1) // 2)
            result[start : start + wanted] = pairs[:wanted]
            self._kept = pairs[wanted:].copy()  # a view would keep the block
        return result

    def _pairs(self, count: int) -> Array:
        uniforms = self._uniforms.random(2 * count)
        angle = uniforms[0::2] * (2 * np.pi)
        radius = np.sqrt(-2.0 * np.log(1.0 - uniforms[1::2]))
        pairs = np.empty(2 * count)
        np.multiply(np.cos(angle), radius, out=pairs[0::2])
        np.multiply(np.sin(angle), radius, out=pairs[1::2])
        return pairs


class NumpyStream:
    """SFC64 numbers with a generator for each layer, seeded by (seed, purpose, layer), and by the kind of matrix."""

    def __init__(self, seed: int, purpose: int, distribution: str = NORMAL, kind: int = 0) -> None:
        self._seed, self._purpose, self._kind = seed, purpose, kind
        self._layer, self._drawn = 0, _DRAWN[distribution]

    def layers(self, count: int, size: int) -> Array:
        result = np.empty((count, size))
        for row in result:
            generator = numpy_generator(self._seed, self._purpose, self._layer, self._kind)
            row[:] = self._drawn(_NumpySource(generator), size)
            self._layer += 1
        return result


def numpy_generator(seed: int, purpose: int, index: int = 0, kind: int = 0) -> np.random.Generator:
    """The random numbers of one thing among those of its purpose, and of its kind."""
    entropy = (seed, purpose, index, kind) if kind else (seed, purpose, index)
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))


class _NumpySource(NamedTuple):
    generator: np.random.Generator

    def normals(self, count: int) -> Array:
        return self.generator.standard_normal(count)

    def uniforms(self, count: int) -> Array:
        return self.generator.random(count)


def weight_stream(generator: str, seed: int, family: str = NORMAL, kind: int = 0) -> LayerStream:
    """The stream of one network's weights, or of the normals that a family without a distribution makes them of.

    `kind` is the number of the stream of a kind of matrix.
    """
    distribution = family if family in DISTRIBUTIONS else NORMAL
    if generator == "python":
        return PythonStream(kind * MATRIX_SEED_OFFSET + SEED_OFFSETS[distribution] + seed, distribution)
    return NumpyStream(seed, WEIGHTS[distribution], distribution, kind)


def bias_stream(generator: str, seed: int, kind: int = 0) -> LayerStream:
    """The stream of one network's biases, those of a kind of matrix."""
    if generator == "python":
        return PythonStream(kind * MATRIX_SEED_OFFSET + BIAS_SEED_OFFSET + seed)
    return NumpyStream(seed, BIASES, kind=kind)


def sample_stream(generator: str, seed: int) -> LayerStream:
    """The stream of inputs and targets: those of every sample in turn come first."""
    return PythonStream(seed) if generator == "python" else NumpyStream(seed, SAMPLES)
