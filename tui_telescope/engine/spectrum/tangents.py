"""A signal with its derivative by the network's input: one more kind of number that blocks are run over.

The forward mode of differentiation (Wengert 1964). Whatever operation a block is made of, what it does to a signal it
does to the derivative beside it: weights multiply both, phi's slope scales the rows of the derivative, and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.activations.extended_range_values import phi_slope
from tui_telescope.engine.arithmetic.arrays import Array, Identity
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange
from tui_telescope.engine.norms import Norm, Pullback
from tui_telescope.engine.passes.exact.extended_range_pass import Signal
from tui_telescope.engine.spectrum.graded_product import GradedProduct


@dataclass(frozen=True, eq=False)
class Tangents:
    """A sample's signal a_l and d a_l / d a_0."""

    signal: Signal
    """(units, 1)"""
    derivative: GradedProduct

    @classmethod
    def at_input(cls, signal: Signal) -> Tangents:
        return cls(signal, GradedProduct.identity(signal.value.mantissa.shape[0]))

    def before_block(self, skip: float | None) -> Tangents:
        """What a block begins with: where its input is added again, sizes have to stay as they are until then."""
        if not skip:
            return self
        return replace(self, derivative=replace(self.derivative.settled(), waits=True))

    @property
    def layer_input(self) -> Any:
        return self.signal.layer_input

    def without_levels(self) -> Tangents:
        return replace(self, signal=self.signal.without_levels())

    def times(self, factor: float) -> Tangents:
        return Tangents(self.signal.times(factor), self.derivative.times(factor))

    def through(self, weights: Array | Identity, gain: float) -> Tangents:
        return Tangents(self.signal.through(weights, gain), self.derivative.through(weights, gain))

    def with_biases(self, biases: Array) -> Tangents:
        return replace(self, signal=self.signal.with_biases(biases))

    def response(self, activation: Activation) -> tuple[Tangents, Callable[[], ExtendedRange]]:
        value, slope = self.signal.response(activation)
        sizes = phi_slope(activation, self.signal.value.per_unit())
        return Tangents(value, self.derivative.scaled(sizes)), slope

    def normed(self, norm: Norm) -> tuple[Tangents, Pullback]:
        normed, pullback = self.signal.normed(norm)
        return Tangents(normed, _through_norm(self.derivative, norm, pullback)), pullback

    def joined(self, branch: Tangents) -> Tangents:
        signal = self.signal.joined(branch.signal)
        if not self.derivative.waits:  # the connection carries nothing
            return Tangents(signal, branch.derivative)
        return Tangents(signal, self.derivative.plus(branch.derivative))


def _through_norm(derivative: GradedProduct, norm: Norm, pullback: Pullback) -> GradedProduct:
    """The norm's own derivative times this one.

    It is (1 - 11^T/n - (1 - s) u u^T) / sqrt(variance + eps), with u the direction of x and s the share of it that is
    left, eps / (variance + eps) (derived here): reflections turn u and the constant vector 1 into axes, along which
    sizes are told exactly; without the 1 where the mean stays in.
    """
    direction, _ = norm.direction(pullback.mantissa)
    n, constants = len(direction), int(norm.centred)
    axes = np.hstack([np.ones((n, constants)), direction])
    rotation = np.linalg.qr(axes, mode="complete")[0].T
    mantissas, exponents = np.ones((n, 1)), np.zeros((n, 1))
    if direction.any():
        mantissas[constants], exponents[constants] = pullback.shrinkage.mantissa, pullback.shrinkage.exponent
    mantissas[:constants] = 0.0
    sizes = ExtendedRange(mantissas, exponents) * pullback.inverse
    return derivative.rotated(rotation).scaled(sizes).rotated(rotation.T)
