"""The plain road through a network: ordinary float64, as few numpy calls a layer as it takes, checked at the end.

`propagation` carries an exponent with every sample and is right everywhere. Nearly always that care is not needed,
and this module gives the same numbers many times faster. It says `None` where it cannot vouch for them: where a
norm is asked for, where signals or gradients leave a safe range, or where so many units are saturated that slopes
such as 1 - tanh^2 have lost digits which then matter (or might, because diagonal weights let no unit hear another).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations import ACTIVATIONS
from tui_telescope.engine.draws import UnitNetwork
from tui_telescope.engine.initializers import INITIALIZERS
from tui_telescope.engine.measurement import Measurement, ShouldStop, Wanted, ask
from tui_telescope.engine.operands import offset_drifts, operands
from tui_telescope.engine.plain_readings import LayerRecord, is_in_range
from tui_telescope.engine.statistics import log2_roots
from tui_telescope.engine.workspace import Stack, Workspace
from tui_telescope.settings import Settings

Array = NDArray[np.float64]

CHUNK_ELEMENTS = 2**14
"""Layers are taken in chunks of about so many numbers, which stay in the fast cache."""
FEWEST_LAYERS = 4
CHECK_LAYERS = 16
"""Signals are checked, and gradients rescaled, at the first end of a chunk after so many layers."""
CHUNK_LAYERS = 64
"""At most so many, so that no chunk can run through float64's range from within the safe one."""
SAFE_SIGNAL = 1e45
"""Signals stay within 1e-45 and 1e45 at the chunks' ends; gradients are rescaled there."""
SAFE_SQUARE = 1e200
"""Squared norms of rescaled gradients stay within 1e-200 and 1e200."""
BLUNT_FACTOR = 1e-4
"""A blunt slope is trusted while each layer passes on this share of the most that it could."""


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
    inputs, targets = samples
    with np.errstate(all="ignore"):
        road = _Road(network, settings, len(inputs), workspace, should_stop)
        measured = road.backward(targets.T, wanted) if road.forward(inputs.T) else None
        if measured is None and road.sharpen(inputs.T):
            return road.backward(targets.T, wanted)
        return measured


class _Heard(NamedTuple):
    """The h that each layer hears, and last the one that the loss hears."""

    array: Array
    """(depth + 1, n, samples)"""
    rows: list[Array]
    padded_rows: list[Array]
    """Each with the row of ones that folded matrices ask for, if they do."""


def _heard(memory: Array, width: int) -> _Heard:
    memory[:, width:] = 1.0
    array = memory[:, :width]
    return _Heard(array, list(array), list(memory))


class _Road:
    """One run: `forward` fills `heard`, `backward` reads it.

    Slopes are stored on the way forward where they cannot be had from h, or not sharply enough.
    """

    def __init__(
        self, network: UnitNetwork, settings: Settings, samples: int, workspace: Workspace, should_stop: ShouldStop
    ) -> None:
        n, depth = settings.width, settings.depth
        self._settings, self._should_stop, self._workspace = settings, should_stop, workspace
        self._activation = ACTIVATIONS[settings.activation]
        self._kernel = kernel = self._activation.kernel
        gain = settings.scale * INITIALIZERS[settings.initializer].gain(n)
        self._factor = gain * kernel.input_scale * kernel.output_scale
        self._beta = settings.branch_factor
        self._drifts = offset_drifts(settings)
        self._operands = operands(network, settings, self._factor, self._drifts[:-1], workspace)
        self._depth, self._width, self._samples = depth, n, samples
        self._chunk = min(max(FEWEST_LAYERS, CHUNK_ELEMENTS // (n * samples)), CHUNK_LAYERS, depth)
        shape = depth + 1, n + self._operands.ones, samples
        self._heard = workspace.keep("heard", (n, *shape), lambda: _heard(workspace.take("heard", *shape), n))
        self._arguments = self._take("arguments", self._chunk)
        # beside a residual road h is a sum, from which no slope can be had
        self._output_slope = None if settings.residual else kernel.output_slope
        self._slopes = self._take_slopes()

    def _take(self, name: str, layers: int) -> Stack:
        return self._workspace.take_stack(name, layers, self._width, self._samples)

    def _take_slopes(self) -> Stack:
        """Room for the slopes of one chunk, or of all layers where they are stored."""
        return self._take("slopes", self._chunk if self._output_slope else self._depth)

    def forward(self, inputs: Array) -> bool:
        """Fill `heard`, and the slopes where they are stored; whether the signals stayed in the safe range."""
        heard, slopes, arguments = self._heard, self._slopes, self._arguments
        np.multiply(inputs, 1 / self._kernel.output_scale, heard.rows[0])
        branches = self._take("branches", self._chunk) if self._settings.residual else None
        checked = 0
        for start in range(0, self._depth, self._chunk):
            ask(self._should_stop)
            layers = slice(start, min(start + self._chunk, self._depth))
            count, above = layers.stop - start, slice(start + 1, layers.stop + 1)
            stashes = slopes.rows if self._output_slope else slopes.rows[layers]
            self._forward_chunk(layers, branches.rows if branches else heard.rows[above], stashes)
            if not self._output_slope:
                responses = branches.array[:count] if branches else heard.array[above]
                self._kernel.slope(arguments.array[:count], responses, slopes.array[layers])
            if layers.stop - checked >= CHECK_LAYERS or layers.stop == self._depth:
                checked = layers.stop
                if not self._is_safe(heard.rows[checked]):
                    return False
        return True

    def _forward_chunk(self, layers: slice, responses: Sequence[Array], stashes: Sequence[Array]) -> None:
        rescale, shifts, core = self._operands.rescale, self._operands.shifts, self._kernel.core
        residual, heard, branch_factor = self._settings.residual, self._heard.rows, np.array(self._beta)
        steps = zip(
            range(layers.start, layers.stop), self._operands.forward[layers], self._heard.padded_rows[layers],
            self._arguments.rows, responses, stashes, strict=False,
        )  # fmt: skip
        for layer, product, padded, argument, response, stash in steps:
            product(padded, argument)
            if rescale is not None:
                np.multiply(argument, rescale, argument)
            if shifts is not None:
                np.add(argument, shifts[layer], argument)
            core(argument, response, stash)
            if residual:
                np.multiply(response, branch_factor, heard[layer + 1])
                np.add(heard[layer], heard[layer + 1], heard[layer + 1])

    def sharpen(self, inputs: Array) -> bool:
        """Store sharp slopes where blunt ones were used; whether `backward` has something new to go by."""
        if not (self._output_slope and self._kernel.is_blunt):
            return False
        self._output_slope = None
        self._slopes = self._take_slopes()
        if self._chunk < self._depth:
            return self.forward(inputs)
        self._kernel.slope(self._arguments.array, self._heard.array[1:], self._slopes.array)
        return True

    def _is_safe(self, h: Array) -> bool:
        """Whether each sample's largest signal is within the safe range, or zero because its units are dead."""
        peaks = np.maximum.reduce(np.abs(h))
        lowest, highest = peaks.min(), peaks.max()
        if lowest == 0 and self._activation.dies:
            lowest = peaks.min(where=peaks > 0, initial=1.0)
        return bool(lowest > 1 / SAFE_SIGNAL and highest < SAFE_SIGNAL)

    def backward(self, targets: Array, wanted: Wanted) -> Measurement | None:
        """Walk down from the loss and take the readings; None where they cannot be vouched for."""
        output = self._kernel.output_scale * (self._heard.rows[-1] + self._drifts[-1])
        error = output - targets if self._settings.loss == "mse" else targets
        record = LayerRecord(self._settings, wanted, self._heard.array, self._drifts, self._workspace)
        squares, exponents = self._walk_down(error, record)
        if not is_in_range(squares, SAFE_SQUARE, may_be_zero=self._activation.dies):
            return None
        gradient = log2_roots(squares)
        gradient += exponents[:, None]
        if not (self._is_sharp(gradient) and record.is_sound()):
            return None
        return Measurement(gradient, record.weight_gradient(exponents), record.signal())

    def _walk_down(self, error: Array, record: LayerRecord) -> tuple[Array, Array]:
        """Squared norms of rescaled gradients, (depth, samples), and the log2 of what a layer's were scaled by."""
        squares, exponents = np.empty((self._depth, self._samples)), np.empty(self._depth)
        deltas, products = self._take("deltas", self._chunk + 1), self._take("products", self._chunk)
        deltas.rows[0][...] = error
        exponent, rescaled = 0, self._depth
        for stop in range(self._depth, 0, -self._chunk):
            ask(self._should_stop)
            layers, count = slice(max(0, stop - self._chunk), stop), min(stop, self._chunk)
            slopes = self._slopes_of(layers, count)
            self._backward_chunk(layers, slopes.rows, deltas.rows, products.rows)
            chunk = deltas.array[:count]
            np.einsum("lus,lus->ls", chunk, chunk, out=squares[layers][::-1])
            exponents[layers] = exponent
            record.take(layers, products.array[:count], slopes.array)
            if rescaled - layers.start >= CHECK_LAYERS:
                rescaled = layers.start
                exponent += _rescale(deltas.rows[count], deltas.rows[0])
            else:
                np.copyto(deltas.rows[0], deltas.rows[count])
        if self._operands.rescale is not None and not self._settings.residual:
            exponents += np.arange(self._depth - 1, -1, -1) * np.log2(self._factor)
        return squares, exponents

    def _slopes_of(self, layers: slice, count: int) -> Stack:
        """core' of a chunk of layers."""
        if self._output_slope is None:
            return Stack(self._slopes.array[layers], self._slopes.rows[layers])
        slopes = self._slopes.array[:count]
        self._output_slope(self._heard.array[1:][layers], slopes)
        return Stack(slopes, self._slopes.rows[:count])

    def _backward_chunk(
        self, layers: slice, slopes: Sequence[Array], deltas: Sequence[Array], products: Sequence[Array]
    ) -> None:
        """From the top layer down: products[i] = core' * deltas[i], and deltas[i + 1] the gradient a layer below."""
        residual, is_folded = self._settings.residual, self._operands.rescale is None
        branch_factor = np.array(self._beta if is_folded else self._beta * self._factor)
        transposed = self._operands.backward[layers]
        steps = zip(reversed(transposed), reversed(slopes), deltas, deltas[1:], products, strict=False)
        for multiply, slope, delta, below, product in steps:
            np.multiply(slope, delta, product)
            multiply(product, below)
            if residual:
                np.multiply(below, branch_factor, below)
                np.add(below, delta, below)

    def _is_sharp(self, gradient: Array) -> bool:
        """Whether slopes had digits enough for these gradients: see `BLUNT_FACTOR`."""
        if not (self._output_slope and self._kernel.is_blunt):
            return True
        settings = self._settings
        sigma_w = INITIALIZERS[settings.initializer].sigma_w(settings.scale, settings.width)
        most = sigma_w * self._kernel.input_scale * self._kernel.output_scale
        return bool((gradient[:-1] - gradient[1:] > np.log2(BLUNT_FACTOR * most)).all())


def _rescale(delta: Array, out: Array) -> int:
    """Scale by a power of two until the largest entry is within [1/2, 1); returns the exponent."""
    _, exponent = math.frexp(float(np.abs(delta).max()))
    np.ldexp(delta, -exponent, out=out)
    return exponent
