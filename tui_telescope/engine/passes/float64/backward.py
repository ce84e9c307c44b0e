"""The way back from the loss through a network without a norm, each sample under a power of two of its own.

Gradients are rescaled between chunks of layers, where they must be; a chunk in which one leaves the safe range is taken
again in halves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import cycle, islice, repeat

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.float64.forward import ForwardPass, chunk_layers, is_large
from tui_telescope.engine.passes.float64.layer_record import LayerRecord, Slopes, is_in_range
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.observations.log_statistics import log2_roots, squared_norms
from tui_telescope.settings import Settings

LONG_CHUNK = 16
"""Layers in a chunk of large layers of which no more than the gradient's norm is wanted."""
SAFE_SQUARE = 1e200
"""Squared norms of rescaled gradients stay within 1e-200 and 1e200."""
ORDINARY_SQUARE = 1e20
"""Those between 1e-20 and 1e20 are left as they are."""


class BackwardPass:
    """One run: the gradients of all layers, and a record of what else is read on the way."""

    def __init__(
        self,
        settings: Settings,
        forward: ForwardPass,
        slopes_of: Callable[[slice, bool], Slopes],
        record: LayerRecord,
        workspace: Workspace,
        progress: Progress,
    ) -> None:
        self._settings, self._slopes_of, self._record, self._progress = settings, slopes_of, record, progress
        self._operands, self._factor = forward.operands, forward.factor
        self._dies = ACTIVATIONS[settings.activation].dies
        n, samples = settings.width, settings.samples
        self._passes_by = passes_by = is_large(settings) and not record.reads_layers
        """Whether nothing of a layer is read once it has been walked; then all of it stays in the fastest cache."""
        self._chunk = chunk = min(LONG_CHUNK, settings.depth) if passes_by else chunk_layers(settings)
        self._deltas = workspace.take_stack("deltas", 3 if passes_by else chunk + 1, n, samples)
        first, *others = self._deltas.rows
        self._delta_rows = [first, *islice(cycle(others), chunk)]
        self._products = workspace.take_stack("products", chunk if record.takes_products else 1, n, samples)
        self._product_rows = self._products.rows * (chunk // len(self._products.rows))
        self._squares = np.empty((chunk + 1, samples))
        self._scratch = workspace.take_stack("squares", 1 if passes_by else chunk + 1, n, samples)
        self._log2_norms = np.empty((settings.depth + 1, samples))
        """Of the gradients by a_0 to a_L."""
        is_lacking = self._operands.rescale is not None and not settings.residual
        self._log2_factors = np.zeros((chunk + 1, 1))
        """Of the scale that deltas[0..chunk] lack where it is not folded into the matrices."""
        if is_lacking:
            self._log2_factors[:, 0] = np.arange(chunk + 1) * math.log2(self._factor)
        self._exponent = np.zeros(samples)
        """log2 of what the samples' gradients lack where the next chunk starts."""

    def run(self, error: Array, exponent: Array | None = None) -> Array | None:
        """log2 of ||d loss / d a_l|| for l = 0..L, (depth + 1, samples), or None where one cannot be told.

        `error * 2**exponent` is the gradient by the output, shapes (n, samples) and (samples,).
        """
        np.copyto(self._deltas.rows[0], error)
        if exponent is not None:
            self._exponent = exponent
        for stop in range(self._settings.depth, 0, -self._chunk):
            self._progress.reach(1 - stop / self._settings.depth)
            layers = slice(max(0, stop - self._chunk), stop)
            if not self._take(layers, self._slopes_of(layers, self._passes_by)):
                return None
        return self._log2_norms

    def _take(self, layers: slice, slopes: Slopes) -> bool:
        """Some layers, or each half of them in turn; whether their gradients stayed within the safe range."""
        count = layers.stop - layers.start
        self._walk_down(layers, slopes)
        squares = self._squares_of(count)
        if not is_in_range(squares, SAFE_SQUARE, may_be_zero=self._dies):
            return count > 1 and all(self._take(*half) for half in _halves(layers, slopes))
        lacking = self._lacking(slopes, count)
        self._read(layers, slopes, lacking[:count])
        if layers.start > 0:
            self._carry_on(self._delta_rows[count], squares[count], lacking[count])
        self._log2_norms[layers.start : layers.stop + 1][::-1] = log2_roots(squares) + lacking
        return True

    def _walk_down(self, layers: slice, slopes: Slopes) -> None:
        """From the top layer down: products[i] = slope * deltas[i], and deltas[i + 1] the gradient a layer below."""
        residual, is_folded = self._settings.residual, self._operands.rescale is None
        beta = self._settings.branch_factor
        branch_factor = np.array(beta if is_folded else beta * self._factor)
        rows = slopes.whole_downwards() if residual else slopes.downwards()
        transposed, deltas, products = self._operands.backward[layers], self._delta_rows, self._product_rows
        squares = self._squares[1:] if self._passes_by else repeat(None)
        steps = zip(reversed(transposed), rows, deltas, deltas[1:], products, squares, strict=False)
        for multiply, slope, delta, below, product, square in steps:
            np.multiply(slope, delta, product)
            multiply(product, below)
            if residual:
                np.multiply(below, branch_factor, below)
                np.add(below, delta, below)
            if square is not None:
                squared_norms(below, self._scratch.rows[0], square)

    def _squares_of(self, count: int) -> Array:
        """The squared norms of deltas[0..count], (count + 1, samples); passing by, all but the first are known."""
        squares, known = self._squares[: count + 1], 1 if self._passes_by else count + 1
        squared_norms(self._deltas.array[:known], self._scratch.array[:known], squares[:known])
        return squares

    def _read(self, layers: slice, slopes: Slopes, lacking: Array) -> None:
        """Have the record take down the layers just walked."""
        count = layers.stop - layers.start
        products = self._products.array[:count]
        if self._record.takes_products and self._settings.residual and slopes.exponents is not None:
            np.multiply(slopes.array[::-1], self._deltas.array[:count], products)
        self._record.take(layers, products, lacking, slopes)

    def _carry_on(self, delta: Array, squares: Array, lacking: Array) -> None:
        """Start the next chunk from this gradient, its norm of ordinary size."""
        if is_in_range(squares, ORDINARY_SQUARE, may_be_zero=self._dies):
            np.copyto(self._deltas.rows[0], delta)
            self._exponent = lacking
        else:
            shift = np.frexp(squares)[1] // 2
            np.multiply(delta, np.ldexp(1.0, -shift), self._deltas.rows[0])
            self._exponent = lacking + shift

    def _lacking(self, slopes: Slopes, count: int) -> Array:
        """log2 of what deltas[0..count] lack, (count + 1, samples)."""
        lacking = self._exponent + self._log2_factors[: count + 1]
        if slopes.exponents is not None and not self._settings.residual:
            lacking[1:] += np.add.accumulate(slopes.exponents[::-1])
        return lacking


def _halves(layers: slice, slopes: Slopes) -> Iterator[tuple[slice, Slopes]]:
    """The upper half, then the lower."""
    middle = (layers.stop - layers.start) // 2
    yield slice(layers.start + middle, layers.stop), slopes.part(slice(middle, None))
    yield slice(layers.start, layers.start + middle), slopes.part(slice(middle))
