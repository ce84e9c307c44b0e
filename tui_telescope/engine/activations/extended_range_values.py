"""The activations of numbers that leave float64: phi, phi' and phi(z) - z phi'(z) in the extended range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.activations.tailed_values import Tailed
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.extended_range import COMFORTABLE, REPRESENTABLE, ExtendedRange, exponential


def phi(activation: Activation, z: ExtendedRange) -> tuple[ExtendedRange, ExtendedRange]:
    """phi(z) and phi'(z) for pre-activations of any size, under the exponents' own shape."""
    return phi_value(activation, z), phi_slope(activation, z)


def phi_value(activation: Activation, z: ExtendedRange) -> ExtendedRange:
    """phi(z) for pre-activations of any size, under the exponents' own shape."""
    if activation.slopes:  # any multiple of z has the same multiple of phi(z)
        return ExtendedRange(activation.value(z.mantissa).product, z.exponent).normalized()
    argument, beyond = bounded(z)
    value = assembled(activation.value(argument), z.is_per_unit)
    return _carry(activation, value, argument, beyond) if beyond.any() else value


def phi_slope(activation: Activation, z: ExtendedRange, tolerance: float = COMFORTABLE) -> ExtendedRange:
    """phi'(z) for pre-activations of any size, under the exponents' own shape, normalized to this tolerance."""
    argument = z.mantissa if activation.slopes else bounded(z)[0]
    return assembled(activation.slope(argument), z.is_per_unit, tolerance)


def bounded(z: ExtendedRange) -> tuple[Array, Array]:
    """Arguments within float64, and the powers of two that are missing."""
    within = np.maximum(np.minimum(z.exponent, REPRESENTABLE), -REPRESENTABLE)
    return z.mantissa * np.ldexp(1.0, within.astype(np.int32)), z.exponent - within


def phi_departure(activation: Activation, z: ExtendedRange) -> ExtendedRange:
    """phi(z) - z phi'(z) for pre-activations up to 2^500, under the exponents' own shape."""
    if activation.slopes:
        return ExtendedRange.of(np.zeros_like(z.mantissa), per_unit=z.is_per_unit)
    if activation.departure:
        return assembled(activation.departure(bounded(z)[0]), z.is_per_unit)
    return phi_value(activation, z) - z * phi_slope(activation, z)


def assembled(response: Tailed, per_unit: bool, tolerance: float = COMFORTABLE) -> ExtendedRange:
    """The same with an exponent a sample or a unit."""
    body, tail = response
    if isinstance(tail, float) or tail.min() > -600:
        return ExtendedRange.of(response.product, per_unit=per_unit, tolerance=tolerance)
    return exponential(body, tail, per_unit=per_unit, tolerance=tolerance)


def _carry(activation: Activation, value: ExtendedRange, argument: Array, beyond: Array) -> ExtendedRange:
    """Give back the powers of two that the argument could not hold, where phi is proportional to it."""
    below, above = activation.grows
    grows: NDArray[np.bool_] | bool = above
    if below != above:
        grows = (argument > 0) == above
        if not value.is_per_unit:  # beside a unit that grows so far the others are nothing
            grows = np.logical_or.reduce(grows, axis=-2, keepdims=True)
    carries = (beyond > 0) & grows | (beyond < 0) & activation.vanishes_at_zero
    return ExtendedRange(value.mantissa, value.exponent + beyond * carries)
