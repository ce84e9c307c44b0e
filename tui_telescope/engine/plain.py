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
FEWEST_LAYERS = 4
CHECK_LAYERS = 16
"""Signals are checked, and gradients rescaled, at the first end of a chunk after so many layers."""
CHUNK_LAYERS = 64
"""At most so many, so that no chunk can run through float64's range from within the safe one."""
SAFE_SIGNAL = 1e45
"""Signals stay within 1e-45 and 1e45 at the chunks' ends; gradients are rescaled there."""
SAFE_SQUARE = 1e160
"""Squared norms of rescaled gradients stay within 1e-160 and 1e160."""
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
    kernel = ACTIVATIONS[settings.activation].kernel
    # beside a residual road saturation grows with depth, and the weight gradient lives on what is left
    is_quick = kernel.quick_slope is not None and not settings.residual
    with np.errstate(all="ignore"):
        road = _Road(network, settings, samples[0].shape[0], workspace, should_stop)
        measured = road.measure(samples, wanted, is_quick=is_quick)
        return measured or (road.measure(samples, wanted, is_quick=False) if is_quick else None)


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
    shifted = bool(drifts[-1] or network.biases is not None)
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
    if network.biases is not None:
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
        self._beta = settings.branch_factor
        gain = settings.scale * INITIALIZERS[settings.initializer].gain(n)
        self._factor = gain * kernel.input_scale * kernel.output_scale
        self._drifts = _drifts(settings)
        self._operands = _operands(network, settings, self._factor, self._drifts[:-1])
        self._chunk = min(max(FEWEST_LAYERS, CHUNK_ELEMENTS // (n * samples)), CHUNK_LAYERS, depth)
        self._depth, self._width, self._samples = depth, n, samples
        self._heard = workspace.take_stack("heard", depth + 1, n, samples, padding=self._operands.ones)
        self._slopes = workspace.take_stack("slopes", depth, n, samples)
        self._workspace = workspace
        self._is_quick = False

    def measure(self, samples: tuple[Array, Array], wanted: Wanted, *, is_quick: bool) -> Measurement | None:
        """Go there and back, with quick slopes or sharp ones; None where the result cannot be vouched for."""
        inputs, targets = samples
        self._is_quick = is_quick
        return self.backward(targets.T, wanted) if self.forward(inputs.T) else None

    def forward(self, inputs: Array) -> bool:
        """Fill `heard` and `slopes`; whether the signals stayed in the safe range."""
        shape = self._chunk, self._width, self._samples
        heard, kernel = self._heard, self._kernel
        slope = kernel.quick_slope if self._is_quick and kernel.quick_slope else kernel.slope
        np.multiply(inputs, 1 / kernel.output_scale, heard.rows[0])
        if self._operands.ones:
            for padded in heard.padded_rows:
                padded[-1] = 1.0
        z = self._workspace.take_stack("z", *shape)
        branches = self._workspace.take_stack("branches", *shape) if self._settings.residual else None
        checked = 0
        for start in range(0, self._depth, self._chunk):
            ask(self._should_stop)
            stop = min(start + self._chunk, self._depth)
            self._forward_chunk(start, stop, z.rows, branches.rows if branches else heard.rows[start + 1 : stop + 1])
            responses = branches.array[: stop - start] if branches else heard.array[start + 1 : stop + 1]
            slope(z.array[: stop - start], responses, self._slopes.array[start:stop])
            if stop - checked >= CHECK_LAYERS or stop == self._depth:
                checked = stop
                if not self._is_safe(heard.rows[stop]):
                    return False
        return True

    def _forward_chunk(self, start: int, stop: int, arguments: list[Array], responses: list[Array]) -> None:
        operands, core = self._operands, self._kernel.core
        rescale, shifts, residual = operands.rescale, operands.shifts, self._settings.residual
        heard, branch_factor = self._heard.rows, np.array(self._beta)
        layers = zip(
            range(start, stop), operands.forward[start:stop], self._heard.padded_rows[start:stop], arguments, responses,
            self._slopes.rows[start:stop], strict=False,
        )  # fmt: skip
        for layer, weights, padded, argument, response, stash in layers:
            weights.dot(padded, argument)
            if rescale is not None:
                np.multiply(argument, rescale, argument)
            if shifts is not None:
                np.add(argument, shifts[layer], argument)
            core(argument, response, stash)
            if residual:
                np.multiply(response, branch_factor, heard[layer + 1])
                np.add(heard[layer], heard[layer + 1], heard[layer + 1])

    def _is_safe(self, h: Array) -> bool:
        """Whether each sample's largest signal is within the safe range, or zero because its units are dead."""
        peaks = np.abs(h).max(axis=0)
        lowest, highest = peaks.min(), peaks.max()
        if lowest == 0 and self._activation.dies:
            lowest = peaks.min(where=peaks > 0, initial=1.0)
        return bool(lowest > 1 / SAFE_SIGNAL and highest < SAFE_SIGNAL)

    def backward(self, targets: Array, wanted: Wanted) -> Measurement | None:
        """Walk down from the loss and take the readings; None where they cannot be vouched for."""
        output = self._kernel.output_scale * (self._heard.rows[-1] + self._drifts[-1])
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
        deltas = self._workspace.take_stack("deltas", self._chunk + 1, self._width, self._samples)
        products = self._workspace.take_stack("products", self._chunk, self._width, self._samples)
        deltas.rows[0][...] = error
        exponent, rescaled = np.zeros(self._samples), self._depth
        for stop in range(self._depth, 0, -self._chunk):
            ask(self._should_stop)
            layers, count = slice(max(0, stop - self._chunk), stop), min(stop, self._chunk)
            self._backward_chunk(layers, deltas.rows, products.rows)
            chunk = deltas.array[:count]
            np.einsum("lus,lus->ls", chunk, chunk, out=squares[layers][::-1])
            exponents[layers] = exponent
            if weight_gradient is not None:
                weight_gradient[layers][::-1] = self._outer_norms(layers, products.array[:count], exponent)
            if rescaled - layers.start >= CHECK_LAYERS:
                rescaled = layers.start
                exponent = exponent + _rescale(deltas.rows[count], deltas.rows[0])
            else:
                np.copyto(deltas.rows[0], deltas.rows[count])
        if self._operands.rescale is not None and not self._settings.residual:
            passed = np.arange(self._depth - 1, -1, -1) * np.log2(self._factor)
            exponents += passed[:, None]
            weight_gradient = None if weight_gradient is None else weight_gradient + passed
        return squares, exponents, weight_gradient

    def _backward_chunk(self, layers: slice, deltas: list[Array], products: list[Array]) -> None:
        """From the top layer down: products[i] = core' * deltas[i], and deltas[i + 1] the gradient a layer below."""
        operands, residual = self._operands, self._settings.residual
        branch_factor = np.array(self._beta if operands.rescale is None else self._beta * self._factor)
        matrices, slopes = operands.backward[layers], self._slopes.rows[layers]
        steps = zip(reversed(matrices), reversed(slopes), deltas, deltas[1:], products, strict=False)
        for weights, slope, delta, below, product in steps:
            np.multiply(slope, delta, product)
            weights.dot(product, below)
            if residual:
                np.multiply(below, branch_factor, below)
                np.add(below, delta, below)

    def _outer_norms(self, layers: slice, products: Array, exponent: Array) -> Array:
        """log2 of ||mean over samples of (d loss / d z_l) a_{l-1}^T||_F, from the top layer of a chunk down."""
        kernel = self._kernel
        peak = exponent.max()
        products *= np.exp2(exponent - peak)
        heard = self._workspace.take("outer", *products.shape)
        np.add(self._heard.array[layers][::-1], self._drifts[:-1][layers][::-1, None, None], out=heard)
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
        """Whether squared norms are safely within float64, or zero because units are dead."""
        lowest = squares.min()
        if lowest == 0 and self._activation.dies:
            lowest = squares.min(where=squares > 0, initial=1.0)
        return bool(lowest > 1 / SAFE_SQUARE and squares.max() < SAFE_SQUARE)

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
            np.add(self._heard.array[1:][layers], self._drifts[1:][layers, None, None], out=chunk)
            np.einsum("lus,lus->ls", chunk, chunk, out=squares[layers])
            np.abs(self._slopes.array[layers], out=chunk)
            saturated[layers] = np.count_nonzero(chunk < threshold, axis=(1, 2)) / chunk[0].size
            if self._activation.dies:
                dead[layers] = np.count_nonzero(~chunk.any(axis=2), axis=1) / n
        return SignalMeasurement(0.5 * np.log2(squares) + np.log2(kernel.output_scale), saturated, dead)


def _rescale(delta: Array, out: Array) -> Array:
    """Scale each sample by a power of two until its largest entry is within [1/2, 1); returns the exponents."""
    _, exponent = np.frexp(np.abs(delta).max(axis=0))
    np.ldexp(delta, -exponent, out=out)
    return np.asarray(exponent, dtype=np.float64)


def _drifts(settings: Settings) -> Array:
    """What the offsets of the layers below have added to a_l / output_scale for l = 0..L, shape (depth + 1,)."""
    kernel = ACTIVATIONS[settings.activation].kernel
    offset = kernel.offset / kernel.output_scale
    if settings.residual:
        return np.asarray(np.arange(settings.depth + 1) * (settings.branch_factor * offset), dtype=np.float64)
    drifts = np.full(settings.depth + 1, offset)
    drifts[0] = 0.0
    return drifts
