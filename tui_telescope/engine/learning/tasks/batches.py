"""The samples of a task as they are shown while it is learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.arithmetic.arrays import Array, Classes
from tui_telescope.engine.learning.tasks.data_sets import made_for
from tui_telescope.engine.weights.streams import ORDER, numpy_generator
from tui_telescope.settings import Settings

EVALUATED = 512
"""Samples that loss and accuracy are told of, at least; whole batches of them."""


class Batches:
    """All samples come in a seeded order, then all in another, and so on; a batch may begin in one and end in the
    next."""

    def __init__(self, settings: Settings) -> None:
        self._seed, self._size = settings.sample_seed, settings.batch
        self._data = made_for(settings)
        self._orders: dict[int, NDArray[np.intp]] = {}

    @property
    def to_evaluate(self) -> range:
        """The numbers of the first batches that hold `EVALUATED` samples, or all where there are fewer."""
        return range(-(-min(EVALUATED, len(self._data.classes)) // self._size))

    def batch(self, k: int) -> tuple[Array, Classes]:
        """Inputs (batch, inputs) and classes (batch,) of step k, which counts from 0."""
        samples, size = len(self._data.classes), self._size
        first, start = divmod(k * size, samples)
        epochs = -(-(start + size) // samples)
        order = np.concatenate([self._order(first + epoch) for epoch in range(epochs)])
        chosen = order[start : start + size]
        return self._data.inputs.take(chosen, axis=0), self._data.classes.take(chosen)

    def _order(self, epoch: int) -> NDArray[np.intp]:
        if epoch not in self._orders:
            shuffled = numpy_generator(self._seed, ORDER, epoch).permutation(len(self._data.classes))
            self._orders = {each: self._orders[each] for each in self._orders if each >= epoch - 1} | {epoch: shuffled}
        return self._orders[epoch]
