"""What is left of a single unit's residual block where the skip and the linear part of its branch cancel.

An orthogonal weight of a single unit may be -scale. Where scale * branch_scale * phi'(0) is skip_scale,
skip_scale * a + branch_scale * phi(z) is branch_scale * (phi(z) - phi'(0) z), a square or a cube of z that the sum
would round away. So it is with the weights after phi, and with weights on both sides of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.activations.gaussian_tail import SQRT_2PI
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.extended_range import EXPONENT_OF_ZERO, ExtendedRange
from tui_telescope.engine.blocks import Block, Linear, Pull, Respond, Step, StepBack


@dataclass(frozen=True)
class Curvature:
    """phi(z) - phi'(0) z = z^order * value(z), and its derivative is z^(order - 1) * slope(z)."""

    slope_at_zero: float
    order: int
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]

    def of(self, z: ExtendedRange) -> ExtendedRange:
        """phi(z) - phi'(0) z."""
        return _power(z, self.order, self.value(z.values()))

    def slope_of(self, z: ExtendedRange) -> ExtendedRange:
        """phi'(z) - phi'(0)."""
        return _power(z, self.order - 1, self.slope(z.values()))


@dataclass(frozen=True, eq=False)
class CancelledBlock(Block):
    """A block of which only the curvature of phi is left."""

    curvature: Curvature

    def forward(self, a: Any) -> tuple[Any, list[Step]]:
        x, left, steps = a, a, []
        for operation in self.branch:
            is_response = isinstance(operation, Respond)
            left = x.of_argument(self.curvature.of) if is_response else operation.forward(left)[0]
            x, memory = operation.forward(x)
            steps.append(Step(operation, memory))
        return left.times(self.branch_factor), steps

    def backward(self, steps: Sequence[Step], gradient: Any, pull: Pull) -> tuple[Any, list[StepBack]]:
        """The gradients by the weights are the branch's own; the one by a_{l-1} is what the residual leaves of it."""
        assert self.skip is not None, "without a residual connection nothing cancels"
        _, steps_back = super().backward(steps, gradient, pull)
        (slope,) = (step.memory for step in steps if isinstance(step.operation, Respond))
        left = self.curvature.slope_of(slope.argument).times(-self.skip / self.curvature.slope_at_zero)
        return gradient * left, steps_back


def with_cancelled(block: Block, curvature: Curvature) -> Block:
    """The block of a single unit without biases and with a single phi, or what is left of it where its residual
    connection cancels."""
    if block.skip is None or block.branch_factor * _slope_at_zero(block, curvature) != -block.skip:
        return block
    return CancelledBlock(block.branch, (), block.skip, block.branch_factor, curvature)


def _slope_at_zero(block: Block, curvature: Curvature) -> float:
    """The branch's."""
    weights = (operation.single_weight for operation in block.branch if isinstance(operation, Linear))
    return math.prod(weight for weight in weights if weight is not None) * curvature.slope_at_zero


def _power(z: ExtendedRange, order: int, factor: Array) -> ExtendedRange:
    """z^order * factor; what even the exponent cannot hold is zero."""
    result = ExtendedRange(factor, np.zeros_like(z.exponent)).normalized()
    for _ in range(order):
        result = result * z
    faded = result.exponent < EXPONENT_OF_ZERO
    exponent = np.where(faded, EXPONENT_OF_ZERO, result.exponent)
    return ExtendedRange(np.where(faded, 0.0, result.mantissa), exponent)


def _ratio(numerator: Array, z: Array, limit: float) -> Array:
    """numerator / z, and its limit at 0."""
    return np.divide(numerator, z, out=np.full_like(z, limit), where=z != 0)


def _tanh_value(z: Array) -> Array:
    """(tanh(z) - z) / z^3; near 0 from tanh's continued fraction (Lambert 1770)."""
    near = np.clip(z, -1, 1)
    square, fraction = near * near, np.full_like(z, 25.0)
    for odd in range(23, 1, -2):
        fraction = odd + square / fraction
    far = np.where(near == z, 1.0, z)
    return np.where(near == z, -1 / (fraction + square), (np.tanh(far) - far) / far**3)


def _tanh_slope(z: Array) -> Array:
    return np.asarray(-(_ratio(np.tanh(z), z, 1.0) ** 2))


def _elu_value(z: Array) -> Array:
    """(exp(z) - 1 - z) / z^2 below zero, and 0 above."""
    near, total = np.clip(z, -1, 0), np.zeros_like(z)
    for k in range(20, 1, -1):
        total = total * near + 1 / math.factorial(k)
    far = np.minimum(z, -1)
    return np.where(z > 0, 0.0, np.where(near == z, total, (np.expm1(far) - far) / far**2))


def _elu_slope(z: Array) -> Array:
    return np.where(z > 0, 0.0, _ratio(np.expm1(np.minimum(z, 0)), z, 1.0))


def _silu_value(z: Array) -> Array:
    return _ratio(np.tanh(z / 2), 2 * z, 0.25)


def _silu_slope(z: Array) -> Array:
    decay = np.exp(-np.abs(z))
    return np.asarray(_silu_value(z) + decay / (1 + decay) ** 2)


def _gelu_value(z: Array) -> Array:
    """(Phi(z) - 1/2) / z."""
    near = np.clip(z, -1, 1)
    square, total = near * near, np.zeros_like(z)
    for k in range(20, -1, -1):
        total = total * square + (-0.5) ** k / (math.factorial(k) * (2 * k + 1))
    far = np.where(near == z, 1.0, z)
    return np.where(near == z, total / SQRT_2PI, (ACTIVATIONS["gelu"].value(far).product / far - 0.5) / far)


def _gelu_slope(z: Array) -> Array:
    return np.asarray(_gelu_value(z) + np.exp(-0.5 * np.minimum(np.abs(z), 1e150) ** 2) / SQRT_2PI)


CURVATURES: dict[str, Curvature] = {
    "tanh": Curvature(1.0, 3, _tanh_value, _tanh_slope),
    "elu": Curvature(1.0, 2, _elu_value, _elu_slope),
    "gelu": Curvature(0.5, 2, _gelu_value, _gelu_slope),
    "silu": Curvature(0.5, 2, _silu_value, _silu_slope),
}
"""Of the activations whose signal may fade for ever towards 0 while they are not linear there."""
