"""Where the random numbers come from: Python's own stream, vectorised, and numpy's fast one.

Every stream yields standard normals. Weights and biases are drawn layer by layer, so that a deeper network keeps
the layers it had; each purpose has a stream of its own, so that drawing one thing moves no other.
"""

from __future__ import annotations

import random
from typing import Protocol

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array

BIAS_SEED_OFFSET = 2**33
"""Python's bias stream starts from `random.seed(2**33 + seed)`: no weight stream can have that seed."""

WEIGHTS, BIASES, SAMPLES, TASK, ENDS, ORDER = range(6)
"""The purposes that numpy's streams are told apart by: what is learned, the read-in and the head, and in which order
samples are learned from have no other."""

_BLOCK = 2**20


class LayerStream(Protocol):
    """Yields the normals of one layer after another."""

    def layers(self, count: int, size: int) -> Array:
        """The next `count` layers of `size` normals each, shape (count, size)."""


class PythonStream:
    """The stream of `random.seed(seed)` followed by `random.gauss(0, 1)` again and again.

    Python draws normals in pairs from two uniforms (Box and Muller 1958) and keeps the second for the next call;
    numpy's MT19937 yields the same uniforms from the same state. Equal to Python's to the last bit or two, which
    is what separates numpy's logarithm and sine from the C library's.
    """

    def __init__(self, seed: int) -> None:
        state = random.Random(seed).getstate()[1]
        self._bits = np.random.MT19937()
        self._bits.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(state[:-1], dtype=np.uint32), "pos": state[-1]},
        }
        self._uniforms = np.random.Generator(self._bits)
        self._kept = np.empty(0)

    def layers(self, count: int, size: int) -> Array:
        return self.normals(count * size).reshape(count, size)

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
    """SFC64 normals with a generator for each layer, seeded by (seed, purpose, layer)."""

    def __init__(self, seed: int, purpose: int) -> None:
        self._seed, self._purpose, self._layer = seed, purpose, 0

    def layers(self, count: int, size: int) -> Array:
        result = np.empty((count, size))
        for row in result:
            numpy_generator(self._seed, self._purpose, self._layer).standard_normal(out=row)
            self._layer += 1
        return result


def numpy_generator(seed: int, purpose: int, index: int = 0) -> np.random.Generator:
    """The random numbers of one thing among those of its purpose."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence((seed, purpose, index))))


def weight_stream(generator: str, seed: int) -> LayerStream:
    """The stream of one network's weights."""
    return PythonStream(seed) if generator == "python" else NumpyStream(seed, WEIGHTS)


def bias_stream(generator: str, seed: int) -> LayerStream:
    """The stream of one network's biases."""
    return PythonStream(BIAS_SEED_OFFSET + seed) if generator == "python" else NumpyStream(seed, BIASES)


def sample_stream(generator: str, seed: int) -> LayerStream:
    """The stream of inputs and targets: those of every sample in turn come first."""
    return PythonStream(seed) if generator == "python" else NumpyStream(seed, SAMPLES)
