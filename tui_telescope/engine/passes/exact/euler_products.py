"""Sums of products of gradients and signals, told in the way that cancels least.

A norm takes from a gradient its product with the signal, so that below it the two are all but orthogonal; and an
activation that is linear on the side where its units are alive, a matrix and the next norm below all keep that. Summed
from its terms the product would be rounding alone. Here it is carried along with the gradient instead: by Euler's
identity for homogeneous functions, extended by what the activation departs from one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.arithmetic.extended_range import (
    Scaled,
    add,
    along_one_exponent,
    multiply,
    normalized,
    reciprocal,
    times,
    where,
)

Array = NDArray[np.float64]


class Product(NamedTuple):
    """A sum for each line of a norm, a sample or a unit."""

    value: Scaled
    size: Scaled
    """The sum of the sizes of its terms, which its rounding error goes with."""

    def less(self, other: Product) -> Product:
        return Product(add(self.value, times(other.value, -1.0)), add(self.size, other.size))

    def times(self, factor: Scaled) -> Product:
        return Product(multiply(self.value, factor), multiply(self.size, factor))


def inner(x: Scaled, y: Scaled, axis: int, terms: Scaled | None = None) -> Product:
    """The sums of x * y along the axis; `terms` are the sizes of what x was itself summed from, if it was."""
    value = _summed(multiply(x, y), axis)
    return Product(value, _summed(sizes(multiply(x if terms is None else terms, y)), axis))


def sizes(x: Scaled) -> Scaled:
    """|x|."""
    return Scaled(np.abs(x.mantissa), x.exponent)


def _summed(x: Scaled, axis: int) -> Scaled:
    x = along_one_exponent(x, axis)
    return _by_line(np.sum(x.mantissa, axis=axis, keepdims=True), x.exponent)


def _by_line(sums: Array, exponent: Array) -> Scaled:
    return normalized(Scaled(sums, np.broadcast_to(exponent, sums.shape)))


def better(one: Product | None, other: Product) -> Product:
    """For each line the one whose terms are smaller."""
    if one is None:
        return other
    is_first = _log2(one.size) < _log2(other.size)
    return Product(where(is_first, one.value, other.value), where(is_first, one.size, other.size))


def with_product(gradient: Scaled, signal: Scaled, product: Product, axis: int, terms: Scaled) -> Scaled:
    """The gradient, moved along the signal until their product is the one that is known.

    It is moved only where it has `terms`, the sizes of what it was summed from: elsewhere it is exactly zero.
    """
    moved = Scaled(np.where(terms.mantissa > 0, signal.mantissa, 0.0), signal.exponent)
    missing = add(product.value, times(inner(gradient, signal, axis).value, -1.0))
    return add(gradient, along(moved, missing, axis))


def along(signal: Scaled, product: Scaled, axis: int) -> Scaled:
    """The multiple of the signal whose product with it is this one; zero where the signal is."""
    share = multiply(product, reciprocal(inner(signal, signal, axis).value))
    return multiply(along_one_exponent(signal, axis), share)


def _log2(x: Scaled) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(x.mantissa) + x.exponent)
