"""The float64 pass through a transformer: as few numpy calls a block as it takes, checked where something cancels.

`measure` says `None` where it cannot vouch for its numbers: where signals or gradients leave a safe range, where a
norm, a softmax or an activation leaves next to nothing of what it was given, where tokens have become so alike that
keys or values have lost what they differ by. There `exact_pass` goes on.
"""

from __future__ import annotations

import math

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.norms import norm_of
from tui_telescope.engine.passes.checkpoints import segments
from tui_telescope.engine.passes.float64.layer_record import is_in_range
from tui_telescope.engine.passes.measurement import Measurement, SignalMeasurement, saturated_and_dead
from tui_telescope.engine.passes.progress import LAYERS_BACK, tally_of_passes
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.transformer.float64_halves import AttentionHalf, Memory, MlpHalf, Products
from tui_telescope.engine.transformer.float64_kernels import CheckedNorm, Sizes, SquaredNorms
from tui_telescope.engine.transformer.matrix_gradients import MatrixGradients
from tui_telescope.engine.transformer.recipe import columns_of

SAFE_SQUARE = 1e160
"""Squared norms of signals and of rescaled gradients stay within 1e-160 and 1e160."""
LEAST_SPREAD = 1e-5
"""What tokens differ by is trusted while it is above this share of them."""
LEVEL = 2.0**100
"""Gradients are rescaled where a sample's squared norm leaves this range and its reciprocal."""


def measure(task: Task) -> Measurement | None:
    """The readings of one transformer, or None where they need more care. Raises `Stopped`."""
    with np.errstate(all="ignore"):
        return _Run(task).measure()


class _Run:
    """Once through the blocks, there and back."""

    def __init__(self, task: Task) -> None:
        self._task, settings, workspace = task, task.settings, task.workspace
        self._settings, self._activation = settings, ACTIVATIONS[settings.activation]
        depth, samples, n, columns = settings.depth, settings.samples, settings.width, settings.columns
        self._segments = segments(settings)
        self._tally = tally_of_passes(task.progress, self._segments)
        sizes = Sizes(n, samples, settings.tokens, settings.heads)
        self._squared_norms = SquaredNorms(sizes, settings.matrices["up"].fan_out, workspace)
        self._by_matrices = MatrixGradients(settings, task.wanted)
        self._products = Products(task, self._by_matrices)
        slots = max(map(len, self._segments))
        memory = Memory(*workspace.take_stack("of a half", 4, n, columns).rows)
        of_half = task, self._products, memory, self._squared_norms, slots
        self._mlp = MlpHalf(*of_half)
        self._halves = AttentionHalf(*of_half), self._mlp
        self._tokens = workspace.take_stack("tokens", 2 * slots + 1, n, columns).rows
        """Before the first block of a segment, and after each half of each."""
        self._gradients = workspace.take_stack("by tokens", 3, n, columns).rows
        self._by_tokens, self._squares, self._spreads = (np.empty((depth, samples)) for _ in range(3))
        self._average = np.full(settings.tokens, 1 / settings.tokens)
        self._saturated, self._dead = np.empty(depth), np.empty(depth)

    def measure(self) -> Measurement | None:
        inputs, vectors = map(columns_of, self._task.samples)
        starts = self._go_forward(inputs)
        if not (self._products.is_sound and self._are_signals_safe()):
            return None
        if not self._go_back(starts, vectors):
            return None
        signal = SignalMeasurement(
            0.5 * np.log2(self._squares), self._saturated, self._dead, 0.5 * np.log2(self._spreads)
        )
        return Measurement(
            self._by_tokens,
            self._by_matrices.of_blocks(),
            signal if self._task.wanted.signal else None,
            global_norm=self._by_matrices.global_norm(),
            weight_gradient_parts=self._by_matrices.of_parts(),
        )

    def _go_forward(self, inputs: Array) -> list[Array]:
        """The tokens before each segment."""
        starts, x = [], inputs
        for segment in self._segments:
            starts.append(x.copy())
            x = self._walk(segment, starts[-1], reads=True)
        return starts

    def _walk(self, segment: range, start: Array, *, reads: bool = False) -> Array:
        """The tokens after the last block of a segment; what the way back needs of it is kept."""
        np.copyto(self._tokens[0], start)
        for slot, layer in enumerate(segment):
            self._tally.take_up(1)
            for half, module in enumerate(self._halves, start=2 * slot):
                module.forward(slot, layer, self._tokens[half], self._tokens[half + 1])
            if reads:
                self._read(slot, layer, self._tokens[2 * slot + 2])
        return self._tokens[2 * len(segment)]

    def _read(self, slot: int, layer: int, x: Array) -> None:
        self._squares[layer] = self._squared_norms(x)
        if self._task.wanted.signal:
            by_sample = x.reshape(len(x), self._settings.samples, -1)
            spread = by_sample - by_sample.dot(self._average)[..., None]
            self._spreads[layer] = self._squared_norms(spread.reshape(x.shape))
            sizes = self._mlp.slopes[slot]
            sizes = sizes if self._activation.kernel.is_monotone else np.abs(sizes)
            self._saturated[layer], self._dead[layer] = saturated_and_dead(sizes, self._activation)

    def _are_signals_safe(self) -> bool:
        if not is_in_range(self._squares, SAFE_SQUARE, may_be_zero=False):
            return False
        has_spread = self._task.wanted.signal and self._settings.tokens > 1
        return not has_spread or bool((self._spreads >= LEAST_SPREAD**2 * self._squares).all())

    def _go_back(self, starts: list[Array], vectors: Array) -> bool:
        """Fill in the gradients; whether they can be vouched for."""
        last = self._segments[-1]
        delta = self._error(self._tokens[2 * len(last)], vectors)
        for segment, start in zip(reversed(self._segments), reversed(starts), strict=True):
            if segment is not last:
                self._walk(segment, start)
            for slot in range(len(segment) - 1, -1, -1):
                self._tally.take_up(LAYERS_BACK)
                if not self._block_back(slot, segment[slot], delta):
                    return False
        return True

    def _error(self, output: Array, vectors: Array) -> Array:
        """The gradient by the last block's tokens."""
        loss, norm, top = LOSSES[self._settings.loss], norm_of(self._settings), self._gradients[0]
        if norm is None or not self._settings.final_norm:
            np.copyto(top, loss.gradient(output, vectors))
            return top
        units, columns = output.shape
        final = CheckedNorm(norm, units, columns, self._task.workspace)
        normed, inverse = np.empty_like(output), np.empty(final.lines)
        self._products.vouch(final.forward(output, normed, inverse))
        self._products.vouch(final.backward(normed, inverse, loss.gradient(normed, vectors), top))
        return top

    def _block_back(self, slot: int, layer: int, delta: Array) -> bool:
        """Read the gradient by a block's tokens and turn it into the one by those before it, in place."""
        squares = self._rescaled(delta)
        if not self._products.is_sound or not is_in_range(squares, SAFE_SQUARE, may_be_zero=self._activation.dies):
            return False
        self._by_tokens[layer] = 0.5 * np.log2(squares) + self._products.exponent
        between, (attention, mlp) = self._gradients[1], self._halves
        mlp.backward(slot, layer, self._tokens[2 * slot + 1], delta, between)
        attention.backward(slot, layer, self._tokens[2 * slot], between, delta)
        return self._products.is_sound

    def _rescaled(self, delta: Array) -> Array:
        """Squared norms of the samples, (samples,), after the gradient was brought near 1, all samples alike."""
        squares = self._squared_norms(delta)
        peak = float(squares.max())
        if 1 / LEVEL < peak < LEVEL or not 0 < peak < math.inf:
            return squares
        exponent = round(math.log2(peak) / 2)
        self._products.exponent += exponent
        np.multiply(delta, 2.0**-exponent, delta)
        return squares * 4.0**-exponent
