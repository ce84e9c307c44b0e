"""What samples share and what differs among them, carried apart: no share hides a difference, however small it is.

Where signals become alike, float64 keeps nothing of what differs below 1e-16 of them. Here it has exponents of its own,
and every operation is written for it, so that it is known to full relative precision at any depth. Blocks and recurrent
cells take these numbers forward; the way back has none of them. The formulas are derived here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.activations.extended_range_values import phi_value
from tui_telescope.engine.arithmetic.arrays import Array, Identity
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange, concatenated, where
from tui_telescope.engine.norms import Norm
from tui_telescope.engine.passes.exact.saturated_differences import differences_of_phi
from tui_telescope.networks import SAMPLES


class Unasked:
    """What a way back would need: nobody asks for it."""

    def split(self, count: int) -> list[Unasked]:
        return [self] * count


@dataclass(frozen=True, eq=False)
class Apart:
    """shared + differing, with an exponent for each unit of each sample."""

    shared: ExtendedRange
    """(units, 1)"""
    differing: ExtendedRange
    """(units, samples); its mean over the samples is zero."""

    @classmethod
    def of(cls, values: Array) -> Apart:
        """Of float64 values (units, samples)."""
        first = values[:, :1]
        return _recentred(ExtendedRange.of(first, per_unit=True), ExtendedRange.of(values - first, per_unit=True))

    @classmethod
    def affine(cls, weights: Array, x: Array, biases: Array) -> Apart:
        """weights @ x + biases, of what a cell is shown."""
        return cls.of(weights.dot(x) + biases)

    @classmethod
    def stack(cls, parts: Sequence[Apart]) -> Apart:
        """The units of all parts, one part after another."""
        shared, differing = zip(*((part.shared, part.differing) for part in parts), strict=True)
        return cls(concatenated(shared, axis=-2), concatenated(differing, axis=-2))

    def split(self, count: int) -> list[Apart]:
        """The parts of a stack of `count` equal ones."""
        size = len(self.shared.mantissa) // count
        units = [slice(k * size, (k + 1) * size) for k in range(count)]
        return [Apart(_units(self.shared, each), _units(self.differing, each)) for each in units]

    @property
    def layer_input(self) -> Unasked:
        return Unasked()

    def __add__(self, other: Apart) -> Apart:
        return Apart(self.shared + other.shared, self.differing + other.differing)

    def __neg__(self) -> Apart:
        return Apart(-self.shared, -self.differing)

    def __mul__(self, other: Apart) -> Apart:
        differing = self.shared * other.differing + self.differing * other.shared + self.differing * other.differing
        return _recentred(self.shared * other.shared, differing)

    def without_levels(self) -> Apart:
        return self

    def times(self, factor: float) -> Apart:
        return Apart(self.shared.times(factor), self.differing.times(factor))

    def through(self, weights: Array | Identity, gain: float = 1.0) -> Apart:
        return Apart(*(each.through(weights, gain).per_unit() for each in (self.shared, self.differing)))

    def with_biases(self, biases: Array) -> Apart:
        return Apart(self.shared + ExtendedRange.of(biases[:, None], per_unit=True), self.differing)

    def joined(self, branch: Apart) -> Apart:
        return self + branch

    def respond(self, activation: Activation, *, is_unmixed: bool = False) -> tuple[Apart, Unasked]:
        """phi of these values."""
        value = phi_value(activation, (self.shared + self.differing).per_unit())
        differing = differences_of_phi(activation, self.shared, self.differing)
        return Apart(_mean(value), differing - _mean(differing)), Unasked()

    response = respond

    def normed(self, norm: Norm) -> tuple[Apart, Unasked]:
        """N of these values."""
        over = _normed_over_samples if norm.axis == SAMPLES else _normed_over_units
        return over(norm, self), Unasked()

    def log2_differing(self) -> Array:
        """log2 of the norm over the units of what differs, (samples,); -inf where nothing does."""
        return self.differing.log2_norm()


def _recentred(level: ExtendedRange, differing: ExtendedRange) -> Apart:
    """level + differing, whose mean need not be zero."""
    mean = _mean(differing)
    return Apart((level + mean).per_unit(), (differing - mean).per_unit())


def _mean(x: ExtendedRange) -> ExtendedRange:
    """Over the samples, (units, 1)."""
    return x.sum(1).times(1 / x.mantissa.shape[1])


def _units(x: ExtendedRange, units: slice) -> ExtendedRange:
    return ExtendedRange(x.mantissa[units], x.exponent[units])


def _normed_over_samples(norm: Norm, x: Apart) -> Apart:
    """Each unit divided by one number, (units, 1); the mean that a norm takes out is what is shared."""
    shared = x.shared.times(0.0) if norm.centred else x.shared
    power = shared * shared + _mean(x.differing * x.differing)
    inverse = (power + _number(norm.epsilon)).reciprocal_root()
    return Apart(shared * inverse, x.differing * inverse)


def _normed_over_units(norm: Norm, x: Apart) -> Apart:
    """Each sample divided by its own root mean square, R = sqrt(mean(x^2) + epsilon).

    What a sample adds to the shared m is split into c m and a rest e across it. Less m / R_m, which all samples share,
    there is left of (m + c m + e) / R

        e / R + m (epsilon c (2 + c) - mean(e^2)) / (R R_m ((1 + c) R_m + R)),

    in which nothing cancels while 1 + c is positive.
    """
    shared, differing = (_centred(norm, each) for each in (x.shared, x.differing))
    epsilon, one = _number(norm.epsilon), _number(1.0)
    power = _mean_product(shared, shared)
    along = _mean_product(differing, shared) * power.reciprocal()
    across = differing - along * shared
    if shared.mantissa.shape[0] - norm.centred < 2:  # a single direction: nothing is across it
        across = across.times(0.0)
    root_of_shared = _root(power + epsilon)
    whole = shared + differing
    root = _root(_mean_product(whole, whole) + epsilon)
    turned = across * root.reciprocal()
    longer = one + along
    excess = epsilon * along * (longer + one) - _mean_product(across, across)
    denominator = root * root_of_shared * (longer * root_of_shared + root)
    stretched = shared * excess * denominator.reciprocal()
    opposed = whole * root.reciprocal() - shared * root_of_shared.reciprocal()
    left = where(longer.mantissa > 0, (turned + stretched).per_unit(), opposed.per_unit())
    return _recentred((shared * root_of_shared.reciprocal()).per_unit(), left)


def _centred(norm: Norm, x: ExtendedRange) -> ExtendedRange:
    """Less the mean over the units, if this norm takes it out."""
    x = x.aligned(0)
    return ExtendedRange(norm.centre(x.mantissa), x.exponent).normalized()


def _mean_product(x: ExtendedRange, y: ExtendedRange) -> ExtendedRange:
    """Over the units, (1, samples)."""
    return (x * y).sum(0).times(1 / x.mantissa.shape[0])


def _number(x: float) -> ExtendedRange:
    return ExtendedRange.of(np.full((1, 1), x))


def _root(x: ExtendedRange) -> ExtendedRange:
    return x.reciprocal_root().reciprocal()
