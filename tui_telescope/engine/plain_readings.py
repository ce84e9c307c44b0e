"""Readings beside the gradient, taken on the plain road chunk by chunk, while what they need is in the fast cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations import ACTIVATIONS
from tui_telescope.engine.measurement import SATURATED, SignalMeasurement, Wanted
from tui_telescope.engine.statistics import log2_roots
from tui_telescope.engine.workspace import Workspace
from tui_telescope.settings import Settings

Array = NDArray[np.float64]

BLUNT_SIGNAL = 1e-3
"""Signals of an activation with an offset are trusted down to this norm: tanh + 1 cancels below zero."""

GRAM_SHARE = 0.6
"""With fewer samples than this share of the units, samples x samples matrices cost less than units x units."""


class LayerRecord:
    """The weight gradient and the signal, layer by layer, as far as they are wanted."""

    def __init__(self, settings: Settings, wanted: Wanted, heard: Array, drifts: Array, workspace: Workspace) -> None:
        """`heard` holds h for l = 0..L, and `drifts` what offsets have added to each."""
        self._settings, self._wanted, self._workspace = settings, wanted, workspace
        self._heard, self._drifts = heard, drifts
        self._activation = ACTIVATIONS[settings.activation]
        self._kernel = kernel = self._activation.kernel
        self._threshold = SATURATED * self._activation.steepest / (kernel.input_scale * kernel.output_scale)
        depth, samples = settings.depth, heard.shape[2]
        self._measures_signal = wanted.signal or (wanted.weight_gradient and kernel.offset != 0)
        self._outer_squares = np.empty(depth)
        self._signal_squares = np.empty((depth if self._measures_signal else 0, samples))
        self._saturated, self._dead = np.zeros(depth), np.zeros(depth)

    def take(self, layers: slice, products: Array, slopes: Array) -> None:
        """Read some layers: `products` are core' times the gradient, from the top layer down, `slopes` core'."""
        wanted = self._wanted
        if not (wanted.weight_gradient or wanted.signal):
            return
        signals = self._signals(layers)
        if wanted.weight_gradient:
            self._outer_squares[layers][::-1] = outer_squares(products, signals[:-1][::-1], self._workspace)
        if self._measures_signal:
            np.einsum("lus,lus->ls", signals[1:], signals[1:], out=self._signal_squares[layers])
        if wanted.signal:
            self._count_silent_units(layers, slopes)

    def _signals(self, layers: slice) -> Array:
        """a / output_scale below these layers and of each of them."""
        reach = slice(layers.start, layers.stop + 1)
        heard = self._heard[reach]
        if not self._drifts[-1]:
            return heard
        return np.add(heard, self._drifts[reach, None, None], out=self._workspace.take("signals", *heard.shape))

    def _count_silent_units(self, layers: slice, slopes: Array) -> None:
        if not self._kernel.is_monotone:
            slopes = np.abs(slopes, out=self._workspace.take("sizes", *slopes.shape))
        is_saturated = slopes < self._threshold
        self._saturated[layers] = is_saturated.reshape(len(slopes), -1).sum(axis=1)
        if self._activation.dies:
            self._dead[layers] = (slopes == 0).all(axis=2).sum(axis=1)

    def is_sound(self) -> bool:
        """Whether offsets left the signals digits enough, and no weight gradient ran through float64's range."""
        if self._measures_signal and self._kernel.offset and not self._signal_squares.min() > BLUNT_SIGNAL**2:
            return False
        if not self._wanted.weight_gradient:
            return True
        lowest, highest = self._outer_squares.min(), self._outer_squares.max()
        return bool((lowest > 0 or self._activation.dies) and highest < np.inf)

    def weight_gradient(self, exponents: Array) -> Array | None:
        """log2 of ||mean over samples of (d loss / d z_l) a_{l-1}^T||_F; `exponents` is what gradients lack."""
        if not self._wanted.weight_gradient:
            return None
        kernel = self._kernel
        constants = kernel.input_scale * kernel.output_scale**2 * self._settings.branch_factor / self._heard.shape[2]
        return np.asarray(0.5 * np.log2(self._outer_squares) + exponents + np.log2(constants))

    def signal(self) -> SignalMeasurement | None:
        """What travels forward; None where it is not wanted."""
        if not self._wanted.signal:
            return None
        _, n, samples = self._heard.shape
        norms = log2_roots(self._signal_squares)
        norms += np.log2(self._kernel.output_scale)
        return SignalMeasurement(norms, self._saturated / (n * samples), self._dead / n)


def is_in_range(squares: Array, limit: float, *, may_be_zero: bool) -> bool:
    """Whether squared norms are safely within float64, or zero because units are dead."""
    lowest = squares.min()
    if lowest == 0 and may_be_zero:
        lowest = squares.min(where=squares > 0, initial=1.0)
    return bool(lowest > 1 / limit and squares.max() < limit)


def outer_squares(products: Array, signals: Array, workspace: Workspace) -> Array:
    """||P A^T||_F^2 of each layer, P and A its products and signals: as it stands, or as sum((P^T P) * (A^T A))."""
    count, n, samples = products.shape
    transposed = workspace.take("transposed", count, samples, n)
    np.copyto(transposed, products.transpose(0, 2, 1))
    if samples > GRAM_SHARE * n:
        outer = np.matmul(signals, transposed, out=workspace.take("outer", count, n, n))
        return np.asarray(np.einsum("lij,lij->l", outer, outer))
    among_products = np.matmul(transposed, products, out=workspace.take("outer", count, samples, samples))
    np.copyto(transposed, signals.transpose(0, 2, 1))
    among_signals = np.matmul(transposed, signals, out=workspace.take("inner", count, samples, samples))
    return np.asarray(np.einsum("lij,lij->l", among_products, among_signals))
