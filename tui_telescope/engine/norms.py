"""Batch, layer and RMS normalisation of arrays of any size, each with the pullback of its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope import networks
from tui_telescope.engine.arithmetic.arrays import Array, Floats
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange
from tui_telescope.settings import Settings

Mask = NDArray[np.bool_]

Pull = Callable[[Floats], Floats]

STANDS_OUT = 0.9
"""The share of a line's variance from which a value is told from what differs among the others."""


@dataclass(frozen=True)
class Norm(networks.NormKind):
    """A norm of arrays of any size."""

    epsilon: float = 1e-5
    """Added to the variance, as PyTorch does."""

    def __call__(self, x: ExtendedRange) -> tuple[ExtendedRange, Pullback]:
        """The normalised values, and the map that takes the gradient by them to the gradient by x.

        Ioffe and Szegedy (2015), section 3; Ba, Kiros and Hinton (2016), equation 4; Zhang and Sennrich (2019),
        equation 4.
        """
        x_aligned = x.aligned(self.axis)
        mantissa, exponent = x_aligned.mantissa, x_aligned.exponent
        direction, root = self.direction(mantissa)
        epsilon = ExtendedRange(np.full_like(root, self.epsilon), np.zeros_like(exponent))
        inverse = (ExtendedRange(root * root, 2 * exponent).normalized() + epsilon).reciprocal_root()
        length = ExtendedRange(root, exponent) * inverse
        value = ExtendedRange(direction, np.zeros_like(exponent)) * length
        shrinkage = inverse * inverse * epsilon
        normed = _like(value, x.is_per_unit)
        return normed, Pullback(self, mantissa, normed, length, inverse, shrinkage, x.is_per_unit)

    @property
    def of_stacks(self) -> Norm:
        """The same over the last two axes of arrays that have more."""
        return replace(self, axis=self.axis - 2)

    def centre(self, mantissa: Array) -> Array:
        """Less the mean, if this norm takes it out."""
        if not self.centred:
            return mantissa
        mantissa = mantissa - mantissa.take([0], self.axis)  # leaves constant values no rounding to amplify
        return np.asarray(mantissa - mantissa.mean(self.axis, keepdims=True))

    def direction(self, mantissa: Array) -> tuple[Array, Array]:
        """What varies, with a mean square of 1 (or 0 where nothing does), and its root mean square."""
        varying = self.centre(mantissa)
        root = np.sqrt(np.mean(varying * varying, self.axis, keepdims=True))
        return np.divide(varying, root, out=np.zeros_like(varying), where=root > 0), root


@dataclass(frozen=True, eq=False)
class Pullback:
    """Takes the gradient by N(x) to the gradient by x.

    It splits the gradient into the direction of x, which the norm all but removes (its share is `shrinkage`,
    epsilon / (variance + epsilon)), and the rest, so that nothing is lost where they nearly cancel.
    """

    norm: Norm
    mantissa: Array
    """x, aligned."""
    normed: ExtendedRange
    """N(x)."""
    length: ExtendedRange
    """The root mean square of N(x) along the axis."""
    inverse: ExtendedRange
    """1 / sqrt(variance + epsilon)."""
    shrinkage: ExtendedRange
    is_per_unit: bool

    def __call__(self, gradient: ExtendedRange, product: ExtendedRange | None = None) -> ExtendedRange:
        """`product` is the sum of gradient * N(x) along the axis, where it is known better than from the two."""
        norm = self.norm
        gradient = gradient.aligned(norm.axis)
        mantissa, exponent = gradient.mantissa, gradient.exponent
        direction, root = norm.direction(self.mantissa)
        share = np.mean(norm.centre(mantissa) * direction, norm.axis, keepdims=True)
        rest = ExtendedRange(self._rest(mantissa, direction, share, root), exponent)
        along = ExtendedRange(direction * share, exponent)
        if product is not None:
            known = product * self.length.reciprocal()
            along = ExtendedRange(direction * known.mantissa / direction.shape[norm.axis], known.exponent)
        return _like((rest + along.normalized() * self.shrinkage) * self.inverse, self.is_per_unit)

    def _rest(self, gradient: Array, direction: Array, share: Array, root: Array) -> Array:
        """The gradient across the direction of x, without the mean that centring removes."""
        norm, count = self.norm, gradient.shape[self.norm.axis]
        if count - norm.centred < 2:
            return np.where(direction.any(norm.axis, keepdims=True), 0.0, norm.centre(gradient))
        rest = norm.centre(gradient) - direction * share
        leverage = direction * direction / count
        foremost = leverage == leverage.max(norm.axis, keepdims=True)
        stands_out = (leverage > STANDS_OUT - norm.centred / count) & foremost
        if not stands_out.any():
            return np.asarray(rest)
        return np.where(stands_out, self._rest_that_stands_out(gradient, foremost, root), rest)

    def _rest_that_stands_out(self, gradient: Array, foremost: Mask, root: Array) -> Array:
        """The rest at the one value of a line that stands out, from what differs among the others.

        That value leaves of its gradient what a line through the others does not explain: the residual of a
        regression by the residual that it has when it is left out (Cook and Weisberg 1982, equation 2.2.9).
        """
        norm, count = self.norm, gradient.shape[self.norm.axis]
        others = ~foremost
        x, g = self._beside_others(self.mantissa, foremost), self._beside_others(gradient, foremost)
        x_own, g_own = (np.sum(each, norm.axis, keepdims=True, where=foremost) for each in (x, g))
        square = np.sum(x * x, norm.axis, keepdims=True, where=others)
        product = np.sum(x * g, norm.axis, keepdims=True, where=others)
        factor = 1 - norm.centred / count
        total = count * root * root
        rest = factor * (square * g_own - product * x_own)
        return np.asarray(np.divide(rest, total, out=np.zeros_like(total), where=total > 0))

    def _beside_others(self, values: Array, foremost: Mask) -> Array:
        """Less the mean of all but the foremost, if this norm takes the mean out."""
        if not self.norm.centred:
            return values
        axis = self.norm.axis
        first = np.take_along_axis(values, np.argmin(foremost, axis, keepdims=True), axis)
        values = values - first
        return np.asarray(values - np.sum(values, axis, keepdims=True, where=~foremost) / (values.shape[axis] - 1))


def _like(y: ExtendedRange, is_per_unit: bool) -> ExtendedRange:
    """y under an exponent a unit, or a sample."""
    return y.per_unit() if is_per_unit else y.normalized().per_sample()


def normalise(norm: Norm, x: Floats, out: Floats) -> Pull:
    """N(x) of ordinary floats, (units, samples), into `out`; returns the map from the gradient by it to the one by x.

    The formulas are those of `Norm` and `Pullback`.
    """
    direction, root = norm.direction(x)
    inverse = 1 / np.sqrt(root * root + norm.epsilon)
    length = root * inverse
    np.multiply(direction, length, out)

    def pull(gradient: Floats) -> Floats:
        gradient = norm.centre(gradient)
        share = np.mean(gradient * direction, norm.axis, keepdims=True)
        return np.asarray(inverse * (gradient - direction * (share * length * length)))

    return pull


def norm_of(settings: Settings) -> Norm | None:
    """The norm of a network's layers; None where they have none."""
    kind = settings.norm_kind
    return None if kind is None else Norm(kind.axis, kind.centred, settings.norm_eps)


class Places(NamedTuple):
    """The norm at each place of a layer, and at the network's end; None where it does not stand."""

    at_branch_start: Norm | None = None
    before_activation: Norm | None = None
    at_branch_end: Norm | None = None
    after_block: Norm | None = None
    before_loss: Norm | None = None
    """After the last layer."""


def places_of_norm(settings: Settings) -> Places:
    """Where these settings have their norm."""
    norm, place = norm_of(settings), settings.place_of_norm
    if norm is None or place is None:
        return Places()
    stands = place.begins_branch, place.meets_activation, place.ends_branch, place.crosses_residual
    return Places(*(norm if is_here else None for is_here in (*stands, settings.final_norm)))
