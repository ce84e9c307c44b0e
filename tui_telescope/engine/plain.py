"""The plain road through a network: ordinary float64, as few numpy calls a layer as it takes, checked at the end.

`propagation` carries an exponent with every sample and is right everywhere. Nearly always that care is not needed,
and this module gives the same numbers many times faster. It says `None` where it cannot vouch for them: where a
norm is asked for, where signals or gradients leave a safe range, or where so many units are saturated that slopes
such as 1 - tanh^2 have lost digits which then matter (or might, because diagonal weights let no unit hear another).

With h as in `kernels`, a = output_scale * (h + shift) where the offsets of the layers add up to a known `shift`;
so z' = input_scale * z = factor * (W h + shift * row sums of W) + input_scale * b, and factor also takes a
gradient by h one layer down. Small networks have all that folded into copies of their weights, with a last column
that meets a row of ones; larger ones apply it to z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations import ACTIVATIONS
from tui_telescope.engine.draws import UnitNetwork
from tui_telescope.engine.initializers import INITIALIZERS
from tui_telescope.engine.measurement import SATURATED, Measurement, ShouldStop, SignalMeasurement, Wanted, ask
from tui_telescope.engine.workspace import Workspace
from tui_telescope.settings import Settings

Array = NDArray[np.float64]

FOLDED_WIDTH = 48
"""Up to this width scaled copies of the weights cost less than a call a layer."""
CHUNK_ELEMENTS = 2**13
"""Layers are taken in chunks of about so many numbers, which stay in the fast cache."""
CHUNK_LAYERS = 32
"""At most so many, so that no chunk can run through float64's range from within the safe one."""
SAFE_EXPONENT = 150
"""Signals stay within 2^-150 and 2^150 at the chunks' ends; gradients are rescaled there."""
SAFE_SQUARE = 160
"""Squared norms of rescaled gradients stay within 10^-160 and 10^160."""
BLUNT_FACTOR = 1e-3
"""A quick slope is trusted while each layer passes on this share of the most that it could."""


def measure(
    network: UnitNetwork,
    samples: tuple[Array, Array],
    settings: Settings,
    wanted: Wanted,
    should_stop: ShouldStop,
    workspace: Workspace,
) -> Measurement | None:
    """The readings of one network, or None where only `propagation.measure` can be trusted. Raises `Stopped`."""
    if settings.norm != "none" or INITIALIZERS[settings.initializer].diagonal:
        return None
    with np.errstate(all="ignore"):
        road = _Road(network, settings, samples[0].shape[0], workspace, should_stop)
        if not road.forward(samples[0].T):
            return None
        return road.backward(samples[1].T, wanted)


@dataclass(frozen=True, eq=False)
class _Operands:
    """What each layer multiplies with."""

    forward: Sequence[Array]
    backward: Sequence[Array]
    rescale: Array | None
    """Factor of every product, where it is not folded into the matrices."""
    shifts: Sequence[Array] | None
    """Added to every z', (n, 1), where not folded."""
    ones: int
    """1 if the forward matrices have a last column for a row of ones, else 0."""


def _operands(network: UnitNetwork, settings: Settings, factor: float, drifts: Array) -> _Operands:
    """The matrices and shifts of all layers; `drifts` holds the shift of the offsets that each layer hears."""
    shifted = bool(drifts.any() or network.biases)
    if network.block is None or settings.width > FOLDED_WIDTH:
        shifts = list(_shifts(network, settings, factor, drifts)[:, :, None]) if shifted else None
        return _Operands(network.weights, [w.T for w in network.weights], np.array(factor), shifts, 0)
    block = network.block * factor
    backward = list(block.transpose(0, 2, 1))
    if not shifted:
        return _Operands(list(block), backward, None, None, 0)
    shifts_column = _shifts(network, settings, factor, drifts)[:, :, None]
    return _Operands(list(np.concatenate([block, shifts_column], axis=2)), backward, None, None, 1)


def _shifts(network: UnitNetwork, settings: Settings, factor: float, drifts: Array) -> Array:
    """factor * drift * row sums + input_scale * b for every layer, shape (depth, n)."""
    shifts = np.multiply(network.row_sums, (factor * drifts)[:, None])
    if network.biases:
        input_scale = ACTIVATIONS[settings.activation].kernel.input_scale
        shifts += np.multiply(network.biases, settings.bias * input_scale)
    return shifts


class _Road:
    """One run: forward fills `heard` (the h that each layer hears) and `slopes`, backward reads them."""

    def __init__(
        self, network: UnitNetwork, settings: Settings, samples: int, workspace: Workspace, should_stop: ShouldStop
    ) -> None:
        n, depth = settings.width, settings.depth
        self._settings, self._should_stop = settings, should_stop
        self._activation = ACTIVATIONS[settings.activation]
        self._kernel = kernel = self._activation.kernel
        # beside a residual road saturation grows with depth, and the weight gradient lives on what is left
        self._is_quick = kernel.quick_slope is not None and not settings.residual
        self._slope = kernel.quick_slope if kernel.quick_slope and self._is_quick else kernel.slope
        self._beta = settings.branch_factor
        gain = settings.scale * INITIALIZERS[settings.initializer].gain(n)
        self._factor = gain * kernel.input_scale * kernel.output_scale
        self._drifts = _drifts(settings)
        self._operands = _operands(network, settings, self._factor, self._drifts[:-1])
        self._chunk = min(max(1, CHUNK_ELEMENTS // (n * samples)), CHUNK_LAYERS, depth)
        self._depth, self._width, self._samples = depth, n, samples
        self._padded = workspace.take("heard", depth + 1, n + self._operands.ones, samples)
        self._heard = self._padded[:, :n]
        self._slopes = workspace.take("slopes", depth, n, samples)
        self._workspace = workspace

    def forward(self, inputs: Array) -> bool:
        """Fill `heard` and `slopes`; whether the signals stayed in the safe range."""
        np.multiply(inputs, 1 / self._kernel.output_scale, self._heard[0])
        self._padded[:, self._width :] = 1.0
        z = self._workspace.take("z", self._chunk, self._width, self._samples)
        branches = self._workspace.take("branches", *z.shape) if self._settings.residual else None
        for start in range(0, self._depth, self._chunk):
            ask(self._should_stop)
            stop = min(start + self._chunk, self._depth)
            responses = self._heard[start + 1 : stop + 1] if branches is None else branches[: stop - start]
            self._forward_chunk(start, stop, z, responses)
            self._slope(z[: stop - start], responses, self._slopes[start:stop])
            if not self._is_safe(self._heard[stop]):
                return False
        return True

    def _forward_chunk(self, start: int, stop: int, z: Array, responses: Array) -> None:
        operands, core = self._operands, self._kernel.core
        rescale, shifts, residual = operands.rescale, operands.shifts, self._settings.residual
        layers = zip(
            range(start, stop), operands.forward[start:stop], self._padded[start:stop], z, responses,
            self._slopes[start:stop], strict=False,
        )  # fmt: skip
        for layer, weights, heard, argument, response, stash in layers:
            weights.dot(heard, argument)
            if rescale is not None:
                np.multiply(argument, rescale, argument)
            if shifts is not None:
                np.add(argument, shifts[layer], argument)
            core(argument, response, stash)
            if residual:
                np.multiply(response, self._beta, self._heard[layer + 1])
                np.add(self._heard[layer], self._heard[layer + 1], self._heard[layer + 1])

    def _is_safe(self, h: Array) -> bool:
        """Whether each sample's largest signal is exactly zero or within the safe range."""
        peak = np.abs(h).max(axis=0)
        _, exponent = np.frexp(peak)
        return bool(np.isfinite(peak).all() and np.abs(exponent).max() < SAFE_EXPONENT)

    def backward(self, targets: Array, wanted: Wanted) -> Measurement | None:
        """Walk down from the loss and take the readings; None where they cannot be vouched for."""
        output = self._kernel.output_scale * (self._heard[-1] + self._drifts[-1])
        error = output - targets if self._settings.loss == "mse" else targets
        squares, exponents, weight_gradient = self._walk_down(error, wanted)
        gradient = 0.5 * np.log2(squares) + exponents
        if not (self._is_in_range(squares) and self._is_sharp(gradient)):
            return None
        if weight_gradient is not None and not (np.isfinite(weight_gradient).all() or self._activation.dies):
            return None
        signal = self._signal() if wanted.signal or wanted.weight_gradient else None
        if signal is not None and self._kernel.offset and signal.norms.min() < np.log2(BLUNT_FACTOR):
            return None
        return Measurement(gradient, weight_gradient, signal if wanted.signal else None)

    def _walk_down(self, error: Array, wanted: Wanted) -> tuple[Array, Array, Array | None]:
        """Squared norms of rescaled gradients, the log2 of what they were scaled by, and the weight gradient."""
        squares = np.empty((self._depth, self._samples))
        exponents = np.empty((self._depth, self._samples))
        weight_gradient = np.empty(self._depth) if wanted.weight_gradient else None
        deltas = self._workspace.take("deltas", self._chunk + 1, self._width, self._samples)
        products = self._workspace.take("products", self._chunk, self._width, self._samples)
        deltas[0] = error
        exponent = np.zeros(self._samples)
        for stop in range(self._depth, 0, -self._chunk):
            ask(self._should_stop)
            layers, count = slice(max(0, stop - self._chunk), stop), min(stop, self._chunk)
            self._backward_chunk(layers, deltas, products)
            np.einsum("lus,lus->ls", deltas[:count], deltas[:count], out=squares[layers][::-1])
            exponents[layers] = exponent
            if weight_gradient is not None:
                weight_gradient[layers][::-1] = self._outer_norms(layers, products[:count], exponent)
            _, shift = np.frexp(np.abs(deltas[count]).max(axis=0))
            np.ldexp(deltas[count], -shift, out=deltas[0])
            exponent = exponent + shift
        passed = self._passed_factors()
        exponents += passed[:, None]
        return squares, exponents, None if weight_gradient is None else weight_gradient + passed

    def _backward_chunk(self, layers: slice, deltas: Array, products: Array) -> None:
        """From the top layer down: products[i] = core' * deltas[i], and deltas[i + 1] the gradient a layer below."""
        operands, residual = self._operands, self._settings.residual
        branch_factor = np.array(self._beta if operands.rescale is None else self._beta * self._factor)
        steps = zip(
            operands.backward[layers][::-1], self._slopes[layers][::-1], deltas, deltas[1:], products, strict=False
        )
        for weights, slope, delta, below, product in steps:
            np.multiply(slope, delta, product)
            weights.dot(product, below)
            if residual:
                np.multiply(below, branch_factor, below)
                np.add(below, delta, below)

    def _passed_factors(self) -> Array:
        """log2 of the factors that the walk down left out of each layer's gradient, shape (depth,)."""
        if self._operands.rescale is None or self._settings.residual:
            return np.zeros(self._depth)
        return np.asarray(np.arange(self._depth - 1, -1, -1) * np.log2(self._factor))

    def _outer_norms(self, layers: slice, products: Array, exponent: Array) -> Array:
        """log2 of ||mean over samples of (d loss / d z_l) a_{l-1}^T||_F, from the top layer of a chunk down."""
        kernel = self._kernel
        peak = exponent.max()
        products *= np.exp2(exponent - peak)
        heard = self._workspace.take("outer", *products.shape)
        np.add(self._heard[layers][::-1], self._drifts[:-1][layers][::-1, None, None], out=heard)
        if self._samples < self._width:
            pairs = products.transpose(0, 2, 1) @ products
            pairs *= heard.transpose(0, 2, 1) @ heard
            squares = pairs.sum(axis=(1, 2))
        else:
            outer = products @ heard.transpose(0, 2, 1)
            squares = np.einsum("lij,lij->l", outer, outer)
        constants = kernel.input_scale * kernel.output_scale**2 * self._beta / self._samples
        return np.asarray(0.5 * np.log2(squares) + peak + np.log2(constants))

    def _is_in_range(self, squares: Array) -> bool:
        """Whether squared norms are safely within float64, or zero because slopes are exactly zero."""
        positive = squares[squares > 0]
        exact = positive.size == squares.size or self._activation.dies
        return bool(exact and np.isfinite(squares).all() and (np.abs(np.log10(positive)) < SAFE_SQUARE).all())

    def _is_sharp(self, gradient: Array) -> bool:
        """Whether slopes had digits enough for these gradients: see `BLUNT_FACTOR`."""
        if not self._is_quick:
            return True
        settings = self._settings
        sigma_w = INITIALIZERS[settings.initializer].sigma_w(settings.scale, settings.width)
        most = sigma_w * self._kernel.input_scale * self._kernel.output_scale
        return bool((gradient[:-1] - gradient[1:] > np.log2(BLUNT_FACTOR * most)).all())

    def _signal(self) -> SignalMeasurement:
        kernel, n = self._kernel, self._width
        threshold = SATURATED * self._activation.steepest / (kernel.input_scale * kernel.output_scale)
        squares = np.empty((self._depth, self._samples))
        saturated, dead = np.empty(self._depth), np.zeros(self._depth)
        scratch = self._workspace.take("outer", self._chunk, n, self._samples)
        for start in range(0, self._depth, self._chunk):
            layers = slice(start, min(start + self._chunk, self._depth))
            chunk = scratch[: layers.stop - start]
            np.add(self._heard[1:][layers], self._drifts[1:][layers, None, None], out=chunk)
            np.einsum("lus,lus->ls", chunk, chunk, out=squares[layers])
            np.abs(self._slopes[layers], out=chunk)
            saturated[layers] = np.count_nonzero(chunk < threshold, axis=(1, 2)) / chunk[0].size
            if self._activation.dies:
                dead[layers] = np.count_nonzero(~chunk.any(axis=2), axis=1) / n
        return SignalMeasurement(0.5 * np.log2(squares) + np.log2(kernel.output_scale), saturated, dead)


def _drifts(settings: Settings) -> Array:
    """What the offsets of the layers below have added to a_l / output_scale for l = 0..L, shape (depth + 1,)."""
    kernel = ACTIVATIONS[settings.activation].kernel
    offset = kernel.offset / kernel.output_scale
    if settings.residual:
        return np.asarray(np.arange(settings.depth + 1) * (settings.branch_factor * offset), dtype=np.float64)
    drifts = np.full(settings.depth + 1, offset)
    drifts[0] = 0.0
    return drifts
