"""Readings beside the gradient, taken chunk by chunk, while what they need is in the fast cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.activations.float64_kernels import FromOutput
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.extended_range import EXPONENT_OF_ZERO
from tui_telescope.engine.arithmetic.outer_products import outer_squares
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Measurement, SignalMeasurement, Wanted, saturated_and_dead
from tui_telescope.engine.passes.parameter_gradients import ParameterGradients
from tui_telescope.observations.log_statistics import log2_roots, squared_norms
from tui_telescope.settings import Settings

LEAST_SIGNAL = 1e-3
"""Signals that may have cancelled are trusted down to this norm: tanh + 1 has no more digits below zero."""
SAFE_SQUARE = 1e280
"""Squared norms of signals and weight gradients stay within 1e-280 and 1e280."""


class Slopes(NamedTuple):
    """core' of some layers (see `float64_kernels`): `array * 2**exponents`."""

    array: Array
    """(layers, n, samples)"""
    rows: list[Array]
    """Each layer's."""
    exponents: Array | None = None
    """(layers, samples); None stands for zeros."""
    fill: FromOutput | None = None
    """Where it is given, rows are filled by it when they are walked, and not before."""
    layer_inputs: Sequence[Array] = ()
    """The h of each layer, for `fill`."""

    def part(self, layers: slice) -> Slopes:
        """Those of some of these layers."""
        exponents = None if self.exponents is None else self.exponents[layers]
        return Slopes(self.array[layers], self.rows[layers], exponents, self.fill, self.layer_inputs[layers])

    def downwards(self) -> Iterable[Array]:
        """Each layer's from the top, whatever the exponents."""
        return reversed(self.rows) if self.fill is None else self._filled(self.fill)

    def _filled(self, fill: FromOutput) -> Iterator[Array]:
        for h, row in zip(reversed(self.layer_inputs), reversed(self.rows), strict=True):
            fill(h, row)
            yield row

    def whole_downwards(self) -> Iterable[Array]:
        """The same with nothing lacking."""
        return self.downwards() if self.exponents is None else (self.array * np.exp2(self.exponents)[:, None])[::-1]


class Signals(NamedTuple):
    """a / output_scale for neighbouring layers: `array * 2**exponents`."""

    array: Array
    """(layers, n, samples)"""
    exponents: Array | None = None
    """(layers, samples); None stands for zeros."""


class LayerRecord:
    """The weight gradient and the signal, layer by layer, as far as they are wanted."""

    def __init__(
        self,
        settings: Settings,
        wanted: Wanted,
        signals_of: Callable[[slice], Signals],
        workspace: Workspace,
        *,
        may_cancel: bool,
    ) -> None:
        """`signals_of` some layers are those below them and of each of them, one more than layers.

        `may_cancel` says that they are sums in which small signals have few digits left.
        """
        self._settings, self._wanted, self._workspace = settings, wanted, workspace
        self._signals_of, self._may_cancel = signals_of, may_cancel
        self._activation = ACTIVATIONS[settings.activation]
        self._kernel = self._activation.kernel
        self.reads_layers = wanted.weight_gradient or wanted.signal
        """Whether anything is read at all."""
        self.takes_products = wanted.weight_gradient
        """Whether anything is read from products of slopes and gradients."""
        self._measures_signal = wanted.signal or (wanted.weight_gradient and may_cancel)
        depth = settings.depth
        self._outer_squares, self._outer_exponents = np.empty(depth), np.zeros(depth)
        self._gradients = ParameterGradients(settings, wanted)
        self._bias_squares, self._bias_exponents = np.empty(depth), np.zeros(depth)
        self._norms = np.empty((depth if self._measures_signal else 0, settings.samples))
        self._are_norms_safe = True
        self._saturated, self._dead = np.empty(depth), np.empty(depth)

    def take(self, layers: slice, products: Array, exponents: Array, slopes: Slopes) -> None:
        """Read some layers.

        `products * 2**exponents` are `slopes.array` times the gradient, from the top layer down, (layers, n, samples)
        and (layers, samples). May overwrite the products.
        """
        wanted = self._wanted
        if not self.reads_layers:
            return
        signals = self._signals_of(layers)
        if self._gradients.takes_biases:
            self._take_sums(layers, products, exponents, slopes.exponents)
        if wanted.weight_gradient:
            self._take_outer_products(layers, products, exponents, slopes.exponents, signals)
        if self._measures_signal:
            self._take_norms(layers, signals)
        if wanted.signal:
            self._count_saturated_and_dead(layers, slopes)

    def _take_norms(self, layers: slice, signals: Signals) -> None:
        array = signals.array[1:]
        squares = np.empty((len(array), array.shape[2]))
        squared_norms(array, self._workspace.take("squared signals", *array.shape), squares)
        self._are_norms_safe &= is_in_range(squares, SAFE_SQUARE, may_be_zero=self._activation.dies)
        norms = log2_roots(squares)
        self._norms[layers] = norms if signals.exponents is None else norms + signals.exponents[1:]

    def _take_sums(self, layers: slice, products: Array, exponents: Array, of_slopes: Array | None) -> None:
        if of_slopes is not None:
            exponents = exponents + of_slopes[::-1]
        peaks = np.maximum(np.maximum.reduce(exponents, axis=1), EXPONENT_OF_ZERO)
        sums = np.matmul(products, np.exp2(exponents - peaks[:, None])[:, :, None])
        self._bias_squares[layers][::-1] = np.einsum("lus,lus->l", sums, sums)
        self._bias_exponents[layers][::-1] = peaks

    def _take_outer_products(
        self, layers: slice, products: Array, exponents: Array, of_slopes: Array | None, signals: Signals
    ) -> None:
        for others in (of_slopes, None if signals.exponents is None else signals.exponents[:-1]):
            if others is not None:
                exponents = exponents + others[::-1]
        if exponents.any():
            peaks = np.maximum(np.maximum.reduce(exponents, axis=1), EXPONENT_OF_ZERO)
            spread = exponents - peaks[:, None]
            if spread.any():
                np.multiply(products, np.exp2(spread)[:, None], products)
            self._outer_exponents[layers][::-1] = peaks
        self._outer_squares[layers][::-1] = outer_squares(products, signals.array[:-1][::-1], self._workspace.take)

    def _count_saturated_and_dead(self, layers: slice, slopes: Slopes) -> None:
        array = slopes.array
        if not self._kernel.is_monotone:
            array = np.abs(array, out=self._workspace.take("sizes", *array.shape))
        if slopes.exponents is not None:
            array = array * np.exp2(slopes.exponents)[:, None]
        unit = self._kernel.input_scale * self._kernel.output_scale
        self._saturated[layers], self._dead[layers] = saturated_and_dead(array, self._activation, unit=unit)

    def is_sound(self) -> bool:
        """Whether signals have digits enough, and neither they nor a weight gradient ran through float64's range."""
        dies = self._activation.dies
        if self._may_cancel and self._measures_signal and not self._norms.min() > np.log2(LEAST_SIGNAL):
            return False
        if not self._are_norms_safe:
            return False
        if self._gradients.takes_biases and not is_in_range(self._bias_squares, SAFE_SQUARE, may_be_zero=dies):
            return False
        return not self._wanted.weight_gradient or is_in_range(self._outer_squares, SAFE_SQUARE, may_be_zero=dies)

    def measurement(self, gradient: Array) -> Measurement:
        """All that was taken down, beside the gradient by a_1 to a_L. To be asked for once."""
        gradients, wanted = self._gradients, self._wanted
        if gradients.by_weights is not None:
            self._finish(gradients, gradients.by_weights)
        signal = self._signal() if wanted.signal else None
        return Measurement(gradient, gradients.by_weights, signal, global_norm=gradients.global_norm())

    def _finish(self, gradients: ParameterGradients, by_weights: Array) -> None:
        """Norms of the mean over samples of d loss / d z_l, times a_{l-1}^T for weights, from their squares."""
        kernel, settings = self._kernel, self._settings
        by_argument = np.log2(kernel.input_scale * kernel.output_scale / settings.samples)
        by_argument = by_argument + np.log2(np.array(settings.branch_factors))  # apart: they may be subnormal
        by_weights[:] = log2_roots(self._outer_squares) + self._outer_exponents
        by_weights += by_argument + np.log2(kernel.output_scale)
        if gradients.takes_biases:
            gradients.by_biases[:] = log2_roots(self._bias_squares) + self._bias_exponents + by_argument

    def _signal(self) -> SignalMeasurement:
        """What travels forward."""
        return SignalMeasurement(self._norms + np.log2(self._kernel.output_scale), self._saturated, self._dead)


def is_in_range(sizes: Array, limit: float, *, may_be_zero: bool) -> bool:
    """Whether numbers are safely within float64, or zero because units are dead."""
    lowest = sizes.min()
    if lowest == 0 and may_be_zero:
        lowest = sizes.min(where=sizes > 0, initial=1.0)
    return bool(lowest > 1 / limit and sizes.max() < limit)
