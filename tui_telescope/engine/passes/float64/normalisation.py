"""A norm of ordinary numbers in place, and what tells whether it has left them digits."""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.norms import Norm
from tui_telescope.networks import UNITS
from tui_telescope.observations.log_statistics import log2_mean, squared_norms

ALIKE = 1e-4
"""A norm is trusted while what it takes out is below 1 / ALIKE times what it leaves."""
CANCELLED = 1e-6
"""A squared weight gradient is trusted while it is above this share of what it would be if nothing cancelled."""
AMPLIFIED = 2.0**12
"""Readings are settled while what moves a signal moves the loss at most so many times as much as at the top."""


class NormKernel:
    """N(x) of signals (units, samples) and its pullback, by a few numpy calls into arrays that are given.

    The mean of a line is a product, which is quicker than numpy's own sum.
    """

    def __init__(self, norm: Norm, units: int, samples: int, scratch: Array) -> None:
        """`scratch`, (units, samples), is overwritten by each call."""
        self._norm, self._scratch, self.is_over_units = norm, scratch, norm.axis == UNITS
        self.lines = (1, samples) if self.is_over_units else (units, 1)
        """The shape of one number for each line that is normalised."""
        self._average = np.full((1, units), 1 / units) if self.is_over_units else np.full((samples, 1), 1 / samples)

    def normalise(self, x: Array, out: Array, mean: Array, variance: Array, inverse: Array) -> None:
        """N(x) into `out`, which may be x; each line's mean, if the norm takes it out, its variance and
        1 / sqrt(variance + epsilon)."""
        if self._norm.centred:
            x = np.subtract(x, self._averaged(x, mean), out)
        self._averaged(np.multiply(x, x, self._scratch), variance)
        np.add(variance, self._norm.epsilon, inverse)
        np.sqrt(inverse, inverse)
        np.reciprocal(inverse, inverse)
        np.multiply(x, inverse, out)

    def pull(self, normed: Array, inverse: Array, gradient: Array, out: Array) -> tuple[Array | float, Array]:
        """(g - mean(g) - N(x) mean(g N(x))) / sqrt(variance + epsilon) into `out`: Ioffe and Szegedy (2015), section 3.

        Returns what it took out: mean(g), if the norm is centred, and mean(g N(x)).
        """
        mean: Array | float = 0.0
        if self._norm.centred:
            mean = self._averaged(gradient)
            gradient = np.subtract(gradient, mean, out)
        share = self._averaged(np.multiply(gradient, normed, self._scratch))
        np.multiply(normed, share, self._scratch)
        np.subtract(gradient, self._scratch, out)
        np.multiply(out, inverse, out)
        return mean, share

    def mean_square(self, x: Array) -> Array:
        """Of each line."""
        return self._averaged(np.multiply(x, x, self._scratch))

    def _averaged(self, x: Array, out: Array | None = None) -> Array:
        return np.asarray(self._average.dot(x, out) if self.is_over_units else x.dot(self._average, out))


class Normalisation:
    """The norm at one place of several layers."""

    def __init__(self, norm: Norm, layers: int, units: int, samples: int) -> None:
        self._norm, self._kernel = norm, NormKernel(norm, units, samples, np.empty((units, samples)))
        self._means, self._variances, self._inverses = (np.zeros((layers, *self._kernel.lines)) for _ in range(3))

    def normalise(self, layer: int, x: Array, out: Array) -> None:
        """N(x) into `out`; keeps the mean, the variance and 1 / sqrt(variance + epsilon) of each line."""
        self._kernel.normalise(x, out, self._means[layer], self._variances[layer], self._inverses[layer])

    def pull(self, layer: int, normed: Array, gradient: Array, out: Array) -> Array:
        """The gradient by what was normalised into `out`."""
        self._kernel.pull(normed, self._inverses[layer], gradient, out)
        return out

    def has_digits(self, activation: Activation) -> bool:
        """Whether all that it was given differs enough from its mean."""
        means, variances = self._means, self._variances
        if not (variances >= ALIKE**2 * means * means).all() or (not activation.dies and not variances.all()):
            return False
        # where a signal around phi(0) fades, its level is all that float64 keeps of it
        fades = self._norm.centred and not activation.vanishes_at_zero
        return not (fades and (variances < ALIKE**2 * self._norm.epsilon).any())

    def has_left(self, layers: slice, before: Array, after: Array) -> bool:
        """Whether it left enough of each sample's gradient in some layers, (layers, units, samples)."""
        inverses = self._inverses[layers]
        inverses = inverses * inverses
        is_over_units = self._kernel.is_over_units
        weights = np.ones((1, before.shape[1])) if is_over_units else inverses.transpose(0, 2, 1)
        given = np.matmul(weights, before * before)
        if is_over_units:
            given *= inverses
        return bool((squares_of(after) >= ALIKE**2 * given[:, 0]).all())


def squares_of(stack: Array) -> Array:
    """Squared norms over the units, (layers, samples)."""
    squares = np.empty((stack.shape[0], stack.shape[2]))
    squared_norms(stack, np.empty_like(stack), squares)
    return squares


def products_have_left(squares: Array, products: Array, layer_inputs: Array, *, may_be_zero: bool) -> bool:
    """Whether the squared norms of sums over samples of outer products are those of sums that do not all but cancel."""
    most = np.einsum("lus,lus->l", products, products) * np.einsum("lus,lus->l", layer_inputs, layer_inputs)
    return bool((squares >= CANCELLED * most).all() and (may_be_zero or squares.all()))


def rescaled(delta: Array, norm: Norm | None) -> tuple[Array, Array]:
    """Scaled by powers of two, the same for samples that hear one another; and the exponents."""
    peaks = np.abs(delta).max(axis=0)
    if norm is not None and norm.axis != UNITS:
        peaks[...] = peaks.max()
    _, exponent = np.frexp(peaks)
    return np.ldexp(delta, -exponent), exponent.astype(np.float64)


def is_ordered(log2_gradient: Array, log2_signal: Array) -> bool:
    """Whether no layer hands a rounding of its signal on to chaos, which amplifies it on its way to the loss."""
    moved = log2_mean(log2_gradient + log2_signal)
    return not moved.max() > moved[-1] + np.log2(AMPLIFIED)
