"""Numbers of a format: a kind of number for the blocks of a layer and for the equations of a recurrent cell.

Every operation's result is rounded. Products of matrices are accumulated in float32 first, as tensor cores do; a norm,
phi and phi' are one operation each, and so is a factor, which is no number of the format itself (a branch's 1/sqrt(L)).
phi' is taken of the pre-activation as the format holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Array, Identity
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange
from tui_telescope.engine.formats.rounding import product_in_single, rounded
from tui_telescope.engine.losses import Loss
from tui_telescope.engine.norms import Norm, normalise
from tui_telescope.networks import NUMBER_FORMATS, NumberFormat
from tui_telescope.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Self


class Rounded:
    """An array (units, samples) of numbers of one format, held as float64; forward and backward.

    What leaves the format's range is infinite, or NaN, and travels on so.
    """

    __slots__ = ("array",)
    format: ClassVar[NumberFormat]
    loss_scale: ClassVar[int]
    """What the loss's gradient is multiplied with."""

    def __init__(self, array: Array) -> None:
        """Of numbers that are of the format already."""
        self.array = array

    @classmethod
    def of(cls, values: Array) -> Self:
        """The format's nearest numbers."""
        return cls(rounded(values, cls.format))

    # Arithmetic

    def __add__(self, other: Self) -> Self:
        return self.of(self.array + other.array)

    def __sub__(self, other: Self) -> Self:
        return self.of(self.array - other.array)

    def __mul__(self, other: Self) -> Self:
        return self.of(self.array * other.array)

    def __neg__(self) -> Self:
        return type(self)(-self.array)

    def times(self, factor: float) -> Self:
        """factor * self."""
        return self if factor == 1.0 else self.of(self.array * factor)

    def through(self, weights: Array | Identity, gain: float = 1.0) -> Self:
        """gain * weights @ self, of weights that are rounded first."""
        if isinstance(weights, Identity):
            return self._resized(weights.fan_out).times(float(rounded(np.array(gain), self.format)))
        return self.of(product_in_single(rounded(weights * gain, self.format), self.array))

    def _resized(self, units: int) -> Self:
        """The first so many units, zeros in the place of those that are not there."""
        present = self.array[:units]
        missing = units - len(present)
        return type(self)(np.pad(present, ((0, missing), (0, 0)))) if missing else type(self)(present)

    def sum(self, axis: int) -> Self:
        return self.of(np.asarray(np.sum(self.array, axis, dtype=np.float32, keepdims=True), dtype=np.float64))

    # What a block asks of its signals

    @property
    def layer_input(self) -> Self:
        return self

    def without_levels(self) -> Self:
        """The same: in a format levels are there, and cancel where a norm takes them out."""
        return self

    def with_biases(self, biases: Array) -> Self:
        return self + self.of(biases[:, None])

    def response(self, activation: Activation) -> tuple[Self, Callable[[], Self]]:
        return self.of(activation.value(self.array).product), cache(lambda: self._slope(activation))

    def _slope(self, activation: Activation) -> Self:
        """phi'; of what is not a number it is none, whatever comparisons say."""
        return self.of(np.where(np.isnan(self.array), np.nan, activation.slope(self.array).product))

    def normed(self, norm: Norm) -> tuple[Self, Callable[[Self], Self]]:
        out = np.empty_like(self.array)
        pull = normalise(norm, self.array, out)
        return self.of(out), lambda gradient: self.of(pull(gradient.array))

    def joined(self, branch: Self) -> Self:
        return self + branch

    def error(self, loss: Loss, vectors: Array) -> Self:
        """The gradient, times the loss scale."""
        error = loss.gradient(self, self.of(vectors), lambda slope, z: z.respond(slope)[0])
        return error.times(self.loss_scale)

    # What a cell asks of its gates

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """The units of all parts, one part after another."""
        return parts[0] if len(parts) == 1 else cls(np.concatenate([part.array for part in parts]))

    def split(self, count: int) -> list[Self]:
        """The parts of a stack of `count` equal ones."""
        return [type(self)(part) for part in np.split(self.array, count)]

    def respond(self, activation: Activation, *, is_unmixed: bool = False) -> tuple[Self, Self]:
        """phi and phi' of these values."""
        value, slope = self.response(activation)
        return value, slope()

    # Readings

    def values(self) -> Array:
        return self.array

    def is_zero(self) -> NDArray[np.bool_]:
        return np.asarray(self.array == 0)

    def log2_norm(self) -> Array:
        """log2 of the Euclidean norm over the units, (samples,); -inf where all are zero, else what it comes to."""
        with np.errstate(divide="ignore"):
            return np.asarray(0.5 * np.log2(np.einsum("us,us->s", self.array, self.array)))

    def log2_differing(self) -> Array:
        """log2 of the norm of what differs from the mean over samples, (samples,); -inf of what is not finite."""
        differing = self.array - self.array[:, :1]  # samples that are all the same leave no rounding of their mean
        differing -= differing.mean(axis=1, keepdims=True)
        log2 = type(self)(differing).log2_norm()
        return np.where(log2 < np.inf, log2, -np.inf)

    def outer(self, layer_input: Self) -> Self:
        """The sum over samples of its outer products with the layer input."""
        return self.of(product_in_single(self.array, layer_input.array.T))

    def log2_outer_norm(self, layer_input: Self) -> float:
        """log2 of its Frobenius norm."""
        return self.outer(layer_input).log2_size()

    def log2_size(self) -> float:
        """log2 of the Frobenius norm of the whole array."""
        return float(type(self)(self.array.reshape(-1, 1)).log2_norm()[0])

    # Through time: nothing is rescaled on the way

    @classmethod
    def affine(cls, weights: Array, x: Array, biases: Array) -> Self:
        """weights @ x + biases."""
        return cls.of(x).through(weights) + cls.of(biases)

    def to_be_mixed(self, *, may_be_zero: bool) -> Self:
        return self

    @staticmethod
    def rebased(numbers: Sequence[Rounded]) -> tuple[tuple[Rounded, ...], Array]:
        """The same numbers, and exponents of zero."""
        return tuple(numbers), np.zeros(numbers[0].array.shape[1])

    def to_extended_range(self, exponent: Array) -> ExtendedRange:
        """These values times 2**exponent, exponent of shape (samples,)."""
        return ExtendedRange(self.array, exponent[None, :])


class RoundedSum:
    """The sum over steps of outer products, each step's and the sum rounded: the gradient of matrices they share."""

    def __init__(self, settings: Settings) -> None:
        self._total: Rounded | None = None

    @staticmethod
    def log2_share(by_product: Any, layer_input: Any, exponent: Array) -> float:
        """log2 of the Frobenius norm of what one step adds, from two `Rounded`; exponents are zero."""
        return float(by_product.log2_outer_norm(layer_input))

    def take(self, by_product: Any, layer_input: Any, exponent: Array | None = None) -> Array:
        """Add one step's, which is given back."""
        share: Rounded = by_product.outer(layer_input)
        self._total = share if self._total is None else self._total + share
        return share.array

    @property
    def array(self) -> Array:
        """What it has come to, once something was taken."""
        assert self._total is not None, "some step was taken"
        return self._total.array

    def log2_norm(self) -> float:
        """log2 of its Frobenius norm."""
        return -np.inf if self._total is None else self._total.log2_size()


@cache
def kind_of(precision: str, loss_scale: int = 1) -> type[Rounded]:
    """The numbers of the format that `Settings` call so."""
    return type(precision, (Rounded,), {"__slots__": (), "format": NUMBER_FORMATS[precision], "loss_scale": loss_scale})
