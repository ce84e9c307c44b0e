"""What differs between the responses of units, or of samples, that all but agree.

Saturated alike, or moved by next to nothing beside a common bias, they agree to the last digit of a float64 and are
not equal; a norm that takes their mean out leaves what differs. So that is computed before the common level is added.
"""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.activations.extended_range_values import assembled, bounded, phi_slope, phi_value
from tui_telescope.engine.activations.tailed_values import Tailed
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.extended_range import REPRESENTABLE, ExtendedRange, shifted, where

SATURATED_FROM = 1.0
"""Beyond this argument phi is told from its limit there, nearer than that from phi(0)."""
SHORT_WAY = 1 / 16
"""Up to this share of their scale, differences of phi are taken as integrals of phi'."""

_NODES = (1 + np.array([-(0.6**0.5), 0.0, 0.6**0.5]))[:, None, None] / 2
_WEIGHTS = np.array([5 / 18, 8 / 18, 5 / 18])[:, None, None]
"""Gauss and Legendre's, of order six, on [0, 1]; (nodes, 1, 1)."""


def spread_of_phi(
    activation: Activation, z: ExtendedRange, axis: int, base: Array | None, product: ExtendedRange
) -> ExtendedRange:
    """phi(z) less a level that is the same all along the axis, to full relative precision; an exponent a unit.

    The level is the limit of phi on the side where most arguments are saturated, else phi(0). With a `base`, which
    is a column (units, 1), z = base + product; where the product hardly moves it, the level is phi(base).
    """
    z = z.per_unit()
    result = _from_level(activation, z, axis)
    if base is None:
        return result
    argument, way = z.values(), np.abs(product.values())
    is_short = (way * (1 + np.abs(base))).max(axis=axis, keepdims=True) < SHORT_WAY
    is_short &= (np.sign(argument) == np.sign(base)).all(axis=axis, keepdims=True)  # no kink on the way
    if not is_short.any():
        return result
    return where(is_short, _integral(activation, ExtendedRange.of(base, per_unit=True), product.per_unit()), result)


def differences_of_phi(activation: Activation, base: ExtendedRange, way: ExtendedRange) -> ExtendedRange:
    """phi(base + way) less a level that is the same for all samples, to full relative precision; an exponent a unit.

    `base` is a column (units, 1) of any size, `way` what each sample adds to it. As in `spread_of_phi`, but a way may
    also be short beside the base, where phi has come to grow evenly.
    """
    z, size, reach = base + way, np.abs(base.mantissa), np.abs(way.mantissa)
    is_short = np.abs(way.values()) * (1 + np.abs(base.values())) < SHORT_WAY
    share = shifted(reach, np.minimum(way.exponent - base.exponent, REPRESENTABLE))
    is_short |= np.where(base.mantissa > 0, *activation.grows[::-1]) & (share < SHORT_WAY * size)
    is_short &= np.sign(z.mantissa) == np.sign(base.mantissa)  # no kink on the way
    is_short = (is_short | (reach == 0)).all(axis=1, keepdims=True)
    if is_short.all():
        return _integral(activation, base, way)
    result = _from_level(activation, z, 1)
    return where(is_short, _integral(activation, base, way), result) if is_short.any() else result


def _from_level(activation: Activation, z: ExtendedRange, axis: int) -> ExtendedRange:
    """phi(z) less the limit on the side of most arguments, or phi(0)."""
    value = phi_value(activation, z)
    if not activation.levels:
        return value
    argument, beyond = bounded(z)
    result = value
    if 0 in activation.levels:
        near = _assembled_from(activation.levels[0](argument))
        result = ExtendedRange(near.mantissa, near.exponent + beyond * (beyond < 0))  # proportional to z near 0
        if activation.grows[1]:
            result = where(beyond > 0, value, result)
    for side in (-1, 1):
        is_there = np.mean(side * argument > SATURATED_FROM, axis=axis, keepdims=True) > 0.5
        if is_there.any() and not activation.grows[side > 0]:
            less = activation.levels.get(side)
            result = where(is_there, value if less is None else _assembled_from(less(argument)), result)
    return result


def _assembled_from(response: Tailed) -> ExtendedRange:
    return assembled(response, per_unit=True)


def _integral(activation: Activation, base: ExtendedRange, way: ExtendedRange) -> ExtendedRange:
    """phi(base + way) - phi(base) for a short way."""
    points = base + ExtendedRange(way.mantissa * _NODES, way.exponent)
    slopes = phi_slope(activation, points)
    exponent = slopes.exponent.max(axis=0)
    mean = np.add.reduce(_WEIGHTS * shifted(slopes.mantissa, slopes.exponent - exponent))
    return way * ExtendedRange(mean, exponent)
