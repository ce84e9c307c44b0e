"""Batch, layer and RMS normalisation of arrays of any size, each with the pullback of its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.scaled import Scaled, add, multiply, normalized, per_sample, reciprocal_root, shifted

Array = NDArray[np.float64]
Pullback = Callable[[Scaled], Scaled]

EPSILON = 1e-5
"""Added to the variance, as PyTorch does."""

UNITS, SAMPLES = 0, 1


@dataclass(frozen=True)
class Norm:
    """x -> (x - mean) / sqrt(variance + EPSILON) over one axis of (units, samples); nothing is learned."""

    name: str
    axis: int
    centred: bool
    """Whether the mean is taken out; RMS norm leaves it in and divides by the root mean square."""

    def __call__(self, x: Scaled) -> tuple[Scaled, Pullback]:
        """The normalised values, and the map that takes the gradient by them to the gradient by x.

        Ioffe and Szegedy (2015), section 3; Ba, Kiros and Hinton (2016), equation 4; Zhang and Sennrich (2019),
        equation 4. The pullback splits the gradient into the direction of x, which the norm all but removes (its
        share is EPSILON / (variance + EPSILON)), and the rest, so that nothing is lost where they nearly cancel.
        """
        mantissa, exponent = self._aligned(x)
        if self.centred:
            mantissa = mantissa - mantissa.take([0], self.axis)  # leaves constant values no rounding to amplify
            mantissa = mantissa - mantissa.mean(self.axis, keepdims=True)
        variance = np.mean(mantissa * mantissa, self.axis, keepdims=True)
        raised = add(Scaled(variance, 2 * exponent), Scaled(np.full_like(variance, EPSILON), np.zeros_like(exponent)))
        inverse = reciprocal_root(raised)
        root = np.sqrt(variance)
        direction = np.divide(mantissa, root, out=np.zeros_like(mantissa), where=root > 0)
        value = multiply(Scaled(mantissa, exponent), inverse)
        shrinkage = multiply(
            multiply(inverse, inverse), Scaled(np.full_like(variance, EPSILON), np.zeros_like(exponent))
        )

        def pullback(gradient: Scaled) -> Scaled:
            rest, along = self._split(gradient, direction)
            return _like(multiply(add(rest, multiply(along, shrinkage)), inverse), x)

        return _like(value, x), pullback

    def _split(self, gradient: Scaled, direction: Array) -> tuple[Scaled, Scaled]:
        """The parts of a gradient across and along the direction of x, without the mean that centring removes."""
        mantissa, exponent = self._aligned(gradient)
        if self.centred:
            mantissa = mantissa - mantissa.mean(self.axis, keepdims=True)
        along = direction * np.mean(mantissa * direction, self.axis, keepdims=True)
        freedoms = mantissa.shape[self.axis] - self.centred - 1
        moves = direction.any(self.axis, keepdims=True)
        rest = np.where(moves & (freedoms <= 0), 0.0, mantissa - along)
        return Scaled(rest, exponent), Scaled(along, exponent)

    def _aligned(self, x: Scaled) -> Scaled:
        """The same values under exponents that are equal along the axis."""
        if self.axis == UNITS:
            return normalized(per_sample(x))
        x = normalized(x)
        exponent = np.broadcast_to(x.exponent, x.exponent.shape).max(axis=SAMPLES, keepdims=True)
        return Scaled(shifted(x.mantissa, x.exponent - exponent), exponent)


def _like(y: Scaled, x: Scaled) -> Scaled:
    """y under exponents of x's shape."""
    if not x.per_unit:
        return per_sample(normalized(y))
    return normalized(Scaled(y.mantissa, np.broadcast_to(y.exponent, y.mantissa.shape)))


NORMS: dict[str, Norm] = {
    norm.name: norm
    for norm in (
        Norm("batch", SAMPLES, centred=True),
        Norm("layer", UNITS, centred=True),
        Norm("rms", UNITS, centred=False),
    )
}
"""Every norm by its name in `Settings`."""
