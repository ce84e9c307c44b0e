"""Networks of infinite width, and the signal on its way up through them: Poole et al. (2016), layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.mean_field.operations import Join, JoinMemory, Linear, Normalise, Operation, Point
from tui_telescope.observations.interruption import ShouldStop, Stopped

SETTLED = 4e-16
"""Layers whose numbers differ by less than so much, relatively, are one and the same."""


@dataclass(frozen=True)
class Stack:
    """A feed-forward network of infinite width: Poole et al. (2016), equation 1, with a skip and norms."""

    depth: int
    log_power: float
    """Natural logarithm of the variance of the inputs, which are normal."""
    branch: tuple[Operation, ...]
    """F, operation by operation."""
    factors: tuple[float, ...]
    """What F is multiplied with in each layer."""
    skip: float = 0.0
    """What the residual connection multiplies with, 0 without one."""
    after: Normalise | None = None
    """The norm of the sum."""
    before_loss: Normalise | None = None

    @property
    def products(self) -> tuple[Linear, ...]:
        """What F multiplies with matrices."""
        return tuple(each for each in self.branch if isinstance(each, Linear))

    @property
    def bounds_branch(self) -> bool:
        """Whether a norm keeps F from growing with what it is given."""
        return any(isinstance(each, Normalise) for each in self.branch)

    @property
    def is_bare(self) -> bool:
        """Whether layers are W h, biases without a mean, and phi, and nothing else."""
        is_alone = not self.skip and self.factors[-1] == 1 and self.after is None
        return is_alone and len(self.branch) == 2 and all(product.mean_b == 0 for product in self.products)

    @property
    def join(self) -> Join:
        """The residual connection."""
        return Join(self.skip, self.after.batch if self.after else 0)

    @property
    def input(self) -> Point:
        """a_0, whose units are N(0, 1) times a scale, independent from sample to sample."""
        return Point(self.log_power, 0.0, 1.0, 1.0)


class LayerMemory(NamedTuple):
    """What the operations of one layer, or of many, remember."""

    below: Point
    """a_{l-1}."""
    branch: tuple[Any, ...]
    join: JoinMemory
    after: tuple[Any, ...]


class Signal(NamedTuple):
    """What travels forward: q of Poole et al. (2016), equation 3, and the mean besides."""

    layers: LayerMemory
    """Of layers 2..K, whose entries are arrays (K - 1,); layers beyond K are like layer K."""
    output: Point
    """a_L."""
    log_growth: Array
    """ln(m_l / m_{l-1}) for layers 1..K, shape (K,)."""


def forward(stack: Stack, should_stop: ShouldStop = lambda: False, settled: float = SETTLED) -> Signal:
    """The signal through all layers; once it repeats itself, the rest is extrapolated. Raises `Stopped`.

    Poole et al. (2016), equation 3, operation by operation.
    """
    passed: list[LayerMemory] = []
    growths: list[float] = []
    point, before = stack.input, None
    for index, factor in enumerate(stack.factors):
        if should_stop():
            raise Stopped
        above, memory = layer(stack, point, factor)
        growth = above.log_power - point.log_power
        passed.append(memory)
        growths.append(growth)
        state = (growth, *_numbers(memory))
        if before is not None and _is_same(state, before, settled):
            point = above._replace(log_power=above.log_power + growth * (stack.depth - index - 1))
            break
        point, before = above, state
    return Signal(_gathered(passed[1:] or passed), point, np.array(growths))


def layer(stack: Stack, point: Point, factor: float) -> tuple[Point, LayerMemory]:
    """The point after a layer whose branch is multiplied with this factor; see `operations`."""
    out, branch = _through(stack.branch, point)
    out, join = stack.join.forward(point, out, factor)
    out, after = _through([stack.after] if stack.after else [], out)
    return out, LayerMemory(point, branch, join, after)


def _through(operations: Sequence[Operation], point: Point) -> tuple[Point, tuple[Any, ...]]:
    memories = []
    for operation in operations:
        point, memory = operation.forward(point)
        memories.append(memory)
    return point, tuple(memories)


def _numbers(memory: LayerMemory) -> Iterator[float]:
    for each in (*memory.branch, memory.join, *memory.after):
        yield from each


def _is_same(state: tuple[float, ...], before: tuple[float, ...], settled: float) -> bool:
    return all(abs(x - y) <= settled * abs(y) for x, y in zip(state, before, strict=True))


def _gathered(layers: Sequence[LayerMemory]) -> LayerMemory:
    """The same with an array over layers in the place of every number."""
    return LayerMemory(
        _stacked([layer.below for layer in layers]),
        tuple(_stacked(each) for each in zip(*(layer.branch for layer in layers), strict=True)),
        _stacked([layer.join for layer in layers]),
        tuple(_stacked(each) for each in zip(*(layer.after for layer in layers), strict=True)),
    )


def _stacked(memories: Sequence[Any]) -> Any:
    return type(memories[0])(*np.array(memories).T)
