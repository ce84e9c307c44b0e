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

from tui_telescope.engine.scaled import Scaled, add, multiply, normalized, per_sample, reciprocal, times

Array = NDArray[np.float64]


class Product(NamedTuple):
    """A sum for each sample, and the sum of the sizes of its terms, which its rounding error goes with."""

    value: Scaled
    size: Scaled

    def less(self, other: Product) -> Product:
        return Product(add(self.value, times(other.value, -1.0)), add(self.size, other.size))

    def times(self, factor: Scaled) -> Product:
        return Product(multiply(self.value, factor), multiply(self.size, factor))


def inner(x: Scaled, y: Scaled) -> Product:
    """The sums over the units of x * y."""
    x, y = per_sample(x), per_sample(y)
    terms, exponent = x.mantissa * y.mantissa, x.exponent + y.exponent
    value, size = (np.sum(each, axis=0, keepdims=True) for each in (terms, np.abs(terms)))
    return Product(normalized(Scaled(value, exponent)), normalized(Scaled(size, exponent)))


def better(one: Product | None, other: Product) -> Product:
    """For each sample the one whose terms are smaller."""
    if one is None:
        return other
    is_first = _log2(one.size) < _log2(other.size)
    return Product(_where(is_first, one.value, other.value), _where(is_first, one.size, other.size))


def with_product(gradient: Scaled, signal: Scaled, product: Product) -> Scaled:
    """The gradient, moved along the signal until their product is the one that is known."""
    missing = add(product.value, times(inner(gradient, signal).value, -1.0))
    square = inner(signal, signal).value
    return add(per_sample(gradient), multiply(per_sample(signal), multiply(missing, reciprocal(square))))


def _log2(x: Scaled) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(x.mantissa) + x.exponent)


def _where(condition: NDArray[np.bool_], x: Scaled, y: Scaled) -> Scaled:
    return Scaled(np.where(condition, x.mantissa, y.mantissa), np.where(condition, x.exponent, y.exponent))
