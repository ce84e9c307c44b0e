"""Sums of products of gradients and signals, told in the way that cancels least.

A norm takes from a gradient its product with the signal, so that below it the two are all but orthogonal; and an
activation that is linear on the side where its units are alive, a matrix and the next norm below all keep that. Summed
from its terms the product would be rounding alone. Here it is carried along with the gradient instead: by Euler's
identity for homogeneous functions, extended by what the activation departs from one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tui_telescope.engine.activations.extended_range_values import phi_departure
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange, where
from tui_telescope.engine.blocks import Linear, Normalise, Respond, Step
from tui_telescope.engine.norms import Pullback


class Product(NamedTuple):
    """A sum for each line of a norm, a sample or a unit."""

    value: ExtendedRange
    size: ExtendedRange
    """The sum of the sizes of its terms, which its rounding error goes with."""

    def less(self, other: Product) -> Product:
        return Product(self.value - other.value, self.size + other.size)

    def times(self, factor: ExtendedRange) -> Product:
        return Product(self.value * factor, self.size * factor)


def inner(x: ExtendedRange, y: ExtendedRange, axis: int, terms: ExtendedRange | None = None) -> Product:
    """The sums of x * y along the axis; `terms` are the sizes of what x was itself summed from, if it was."""
    return Product((x * y).sum(axis), abs((x if terms is None else terms) * y).sum(axis))


def better(one: Product | None, other: Product) -> Product:
    """For each line the one whose terms are smaller."""
    if one is None:
        return other
    is_first = _log2(one.size) < _log2(other.size)
    return Product(where(is_first, one.value, other.value), where(is_first, one.size, other.size))


@dataclass(frozen=True, eq=False)
class TrackedGradient:
    """A gradient by some signal, and its products with that."""

    value: ExtendedRange
    product: Product | None
    """The sum of gradient * signal for each line of the norm."""
    terms: ExtendedRange | None = None
    """The sizes of what the weights summed it from."""

    def sum(self, axis: int) -> ExtendedRange:
        return self.value.sum(axis)

    def log2_norm(self) -> Array:
        return self.value.log2_norm()

    def log2_outer_norm(self, layer_input: ExtendedRange) -> float:
        return self.value.log2_outer_norm(layer_input)


def pulled_with_product(step: Step, gradient: TrackedGradient, axis: int) -> TrackedGradient:
    """What an operation's backward makes of a gradient and of its product along the axis."""
    return _PULLS[type(step.operation)](step.operation, step.memory, gradient, axis)


def _through_norm(norm: Normalise, pullback: Pullback, gradient: TrackedGradient, axis: int) -> TrackedGradient:
    """Below the norm the product has shrunk."""
    product = gradient.product or inner(gradient.value, pullback.normed, axis)
    return TrackedGradient(pullback(gradient.value, product.value), product.times(pullback.shrinkage))


def _through_response(respond: Respond, slope: Any, gradient: TrackedGradient, axis: int) -> TrackedGradient:
    product, terms = gradient.product, gradient.terms
    if product is not None:
        departure = phi_departure(respond.activation, slope.argument)
        product = product.less(inner(gradient.value, departure, axis))
    by_argument = respond.backward(gradient.value, slope)
    sizes = None if terms is None else slope() * terms
    return TrackedGradient(by_argument, better(product, inner(by_argument, slope.argument, axis, sizes)))


def _through_weights(
    linear: Linear, layer_input: ExtendedRange, gradient: TrackedGradient, axis: int
) -> TrackedGradient:
    by_input, terms = linear.backward(gradient.value), linear.sizes_backward(abs(gradient.value))
    product = gradient.product
    if product is not None and linear.biases is not None:
        column = np.broadcast_to(linear.biases[:, None], gradient.value.mantissa.shape)
        product = product.less(inner(gradient.value, ExtendedRange.of(column), axis))
    product = better(product, inner(by_input, layer_input, axis, terms))
    return TrackedGradient(_with_product(by_input, layer_input, product, axis, terms), product, terms)


_PULLS: dict[type, Callable[[Any, Any, TrackedGradient, int], TrackedGradient]] = {
    Normalise: _through_norm,
    Respond: _through_response,
    Linear: _through_weights,
}


def _with_product(
    gradient: ExtendedRange, signal: ExtendedRange, product: Product, axis: int, terms: ExtendedRange
) -> ExtendedRange:
    """The gradient, moved along the signal until their product is the one that is known.

    It is moved only where it has `terms`, the sizes of what it was summed from: elsewhere it is exactly zero.
    """
    moved = ExtendedRange(np.where(terms.mantissa > 0, signal.mantissa, 0.0), signal.exponent)
    missing = product.value - inner(gradient, signal, axis).value
    return gradient + along(moved, missing, axis)


def along(signal: ExtendedRange, product: ExtendedRange, axis: int) -> ExtendedRange:
    """The multiple of the signal whose product with it is this one; zero where the signal is."""
    share = product * inner(signal, signal, axis).value.reciprocal()
    return signal.aligned(axis) * share


def _log2(x: ExtendedRange) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(x.mantissa) + x.exponent)
