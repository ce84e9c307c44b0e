"""The float64 pass through blocks of any form, with or without a norm: the branch's recipe run by in-place kernels.

Dense layers have passes of their own. The exact pass is right everywhere; this module says `None` where it cannot vouch
for its numbers: where signals or gradients leave a safe range, where a norm or saturation takes out nearly all there
is, or where the samples' weight gradients all but cancel.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.outer_products import outer_squares
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.norms import norm_of
from tui_telescope.engine.passes.float64.layer_record import is_in_range
from tui_telescope.engine.passes.float64.normalisation import (
    Normalisation,
    is_ordered,
    products_have_left,
    rescaled,
    squares_of,
)
from tui_telescope.engine.passes.float64.operations import Norming, Operation, Product, Response
from tui_telescope.engine.passes.float64.workspace import Stack
from tui_telescope.engine.passes.measurement import Measurement, SignalMeasurement, saturated_and_dead
from tui_telescope.engine.passes.parameter_gradients import ParameterGradients
from tui_telescope.engine.passes.progress import FORWARD_SHARE
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import gain_of
from tui_telescope.networks import NORMALISED, PHI

CHUNK_ELEMENTS = 2**13
"""Layers are taken in chunks of about so many numbers, which stay in the fast cache."""
CHUNK_LAYERS = 16
"""At most so many: gradients are rescaled after each chunk."""
SAFE_SQUARE = 1e160
"""Squared norms of signals and of rescaled gradients stay within 1e-160 and 1e160."""


def measure(task: Task) -> Measurement | None:
    """The readings of one network, or None where only the exact pass can be trusted. Raises `Stopped`."""
    inputs, targets = task.samples
    norm, kernel = task.settings.norm_kind, ACTIVATIONS[task.settings.activation].kernel
    if norm is not None and inputs.shape[::-1][norm.axis] - norm.centred < 2:
        return None
    with np.errstate(all="ignore"):
        for precise in (False, True) if kernel.loses_digits else (True,):
            run = _Run(task, precise=precise)
            if run.forward(inputs.T) and (measured := run.backward(targets.T)):
                return measured
    return None


class _Run:
    """One run: forward fills what the way back needs of every layer, backward reads it."""

    def __init__(self, task: Task, *, precise: bool) -> None:
        self._task, self._settings = task, task.settings
        settings = self._settings
        self._norm, self._activation = norm_of(settings), ACTIVATIONS[settings.activation]
        self._betas = [np.array(each) for each in settings.branch_factors]
        self._skip = np.array(settings.skip_scale)
        n, depth, samples = settings.width, settings.depth, settings.samples
        widest = max(units for _, units in settings.units_given)
        self._chunk = min(max(1, CHUNK_ELEMENTS // (widest * samples)), CHUNK_LAYERS, depth)
        self._signals, self._scratch = (
            task.workspace.take_stack("signals", depth + 1, n, samples),
            np.empty((n, samples)),
        )
        self._given = self._memory()
        self._branch = [
            self._operation(word, index, precise=precise) for index, (word, _) in enumerate(settings.units_given)
        ]
        self._after = self._norming(self._signals.rows[1:], depth) if self._crosses_residual else None
        self._output = np.empty((n, samples))
        self._final = self._norming([self._output], 1) if self._norm and settings.final_norm else None

    @property
    def _crosses_residual(self) -> bool:
        place = self._settings.place_of_norm
        return place is not None and place.crosses_residual

    def _memory(self) -> list[Stack]:
        """Where each operation of the branch writes what it gives, by layer: what nobody needs later is written over.

        Norms work in place, and products need what they were given.
        """
        settings = self._settings
        depth, samples = settings.depth, settings.samples
        following = [*settings.branch[1:], ""]
        memory: list[Stack] = []
        for index, ((word, units), after) in enumerate(zip(settings.units_given, following, strict=True)):
            is_kept = after in settings.matrices or NORMALISED in (word, after)
            if word == NORMALISED and index > 0:
                memory.append(memory[-1])
            else:
                stack = self._task.workspace.take_stack(f"given {index}", depth if is_kept else 1, units, samples)
                memory.append(stack if is_kept else Stack(stack.array, stack.rows * depth))
        return memory

    def _operation(self, word: str, index: int, *, precise: bool) -> Operation:
        settings, rows = self._settings, self._given[index].rows
        if word == NORMALISED:
            return self._norming(rows, settings.depth)
        if word == PHI:
            slopes = self._task.workspace.take_stack(f"slopes {index}", settings.depth, *rows[0].shape)
            return Response(self._activation, slopes, precise=precise)
        matrices = self._task.network.matrices[word]
        biases = None if word in settings.levelled else matrices.biases
        return Product(matrices, gain_of(settings, settings.matrices[word]), biases)

    def _norming(self, rows: list[Array], layers: int) -> Norming:
        """In so many layers, with N(x) in these rows until the way back."""
        assert self._norm is not None, "there is a norm"
        return Norming(Normalisation(self._norm, layers, *rows[0].shape), self._activation, rows)

    def forward(self, inputs: Array) -> bool:
        """Fill the stacks; whether what went forward can be vouched for."""
        np.copyto(self._signals.rows[0], inputs)
        for layer in range(self._settings.depth):
            if layer % self._chunk == 0:
                self._task.progress.reach(FORWARD_SHARE * layer / self._settings.depth)
            self._forward_layer(layer)
        np.copyto(self._output, self._signals.rows[-1])
        if self._final:
            self._final.forward(0, self._output, self._output)
        self._squares = squares_of(self._signals.array[1:])
        if not is_in_range(self._squares, SAFE_SQUARE, may_be_zero=self._activation.dies):
            return False
        return all(each.has_digits() for each in (*self._branch, self._after, self._final) if each)

    def _forward_layer(self, layer: int) -> None:
        a, above = self._signals.rows[layer], self._signals.rows[layer + 1]
        x = a
        for operation, given in zip(self._branch, self._given, strict=True):
            operation.forward(layer, x, given.rows[layer])
            x = given.rows[layer]
        if self._settings.residual:
            np.multiply(x, self._betas[layer], above)
            np.add(above, self._skipping(a), above)
        else:
            np.copyto(above, x)
        if self._after:
            self._after.forward(layer, above, above)

    def _skipping(self, x: Array) -> Array:
        """What the residual connection makes of a signal, or of a gradient; overwritten by the next call."""
        return x if self._skip == 1 else np.multiply(x, self._skip, self._scratch)

    def backward(self, targets: Array) -> Measurement | None:
        """Walk down from the loss and take the readings; None where they cannot be vouched for."""
        settings, wanted = self._settings, self._task.wanted
        depth, samples = settings.depth, settings.samples
        squares, exponents = np.empty((depth, samples)), np.empty((depth, samples))
        gradients, signal = ParameterGradients(settings, wanted), self._signal()
        walk = _Walk(self._chunk, settings.width, [units for _, units in settings.units_given], samples)
        top = self._by_last_signal(targets)
        if top is None:
            return None
        top, exponent = rescaled(top, self._norm)
        for stop in range(depth, 0, -self._chunk):
            self._task.progress.reach(1 - (1 - FORWARD_SHARE) * stop / depth)
            layers, count = slice(max(0, stop - self._chunk), stop), min(stop, self._chunk)
            np.copyto(walk.deltas[count], top)
            self._walk_down(layers, walk)
            if not (self._has_left(layers, walk) and self._take_parameters(layers, walk, exponent, gradients)):
                return None
            squares[layers], exponents[layers] = squares_of(walk.deltas[1 : count + 1]), exponent
            if wanted.signal:
                signal.saturated[layers], signal.dead[layers] = self._saturated_and_dead(layers)
            top, shift = rescaled(walk.deltas[0], self._norm)
            exponent = exponent + shift
        if not is_in_range(squares, SAFE_SQUARE, may_be_zero=self._activation.dies):
            return None
        gradient = 0.5 * np.log2(squares) + exponents
        return Measurement(
            gradient,
            gradients.by_weights,
            signal if wanted.signal else None,
            global_norm=gradients.global_norm(),
            is_settled=self._norm is None or is_ordered(gradient, signal.norms),
        )

    def _signal(self) -> SignalMeasurement:
        """Its saturated and dead fractions are filled in on the way back."""
        depth = self._settings.depth
        return SignalMeasurement(0.5 * np.log2(self._squares), np.empty(depth), np.empty(depth))

    def _by_last_signal(self, targets: Array) -> Array | None:
        """The gradient by a_L; None where too little is left of it."""
        by_output = LOSSES[self._settings.loss].gradient(self._output, targets)
        if self._final is None:
            return by_output
        by_last = np.empty_like(by_output)
        self._final.backward(0, by_output, by_last)
        return by_last if self._final.has_left(slice(0, 1), by_output[None], by_last[None]) else None

    def _walk_down(self, layers: slice, walk: _Walk) -> None:
        """From the top layer down: deltas[i] are the gradients by a_{l-1}."""
        for i in range(layers.stop - layers.start - 1, -1, -1):
            layer, by_sum = layers.start + i, walk.deltas[i + 1]
            if self._after:
                self._after.backward(layer, by_sum, walk.by_sums[i])
                by_sum = walk.by_sums[i]
            gradient = np.multiply(by_sum, self._betas[layer], walk.by_given[-1][i])
            for operation, by_input in zip(reversed(self._branch), walk.by_given[-2::-1], strict=True):
                operation.backward(layer, gradient, by_input[i])
                gradient = by_input[i]
            if self._settings.residual:
                np.add(gradient, self._skipping(by_sum), walk.deltas[i])
            else:
                np.copyto(walk.deltas[i], gradient)

    def _has_left(self, layers: slice, walk: _Walk) -> bool:
        count = layers.stop - layers.start
        if self._after and not self._after.has_left(layers, walk.deltas[1 : count + 1], walk.by_sums[:count]):
            return False
        stages = zip(self._branch, pairwise(walk.by_given), strict=True)
        return all(each.has_left(layers, above[:count], below[:count]) for each, (below, above) in stages)

    def _saturated_and_dead(self, layers: slice) -> tuple[Array, Array]:
        """Of the units of all activations of some layers."""
        slopes = [each.slopes(layers) for each in self._branch if isinstance(each, Response)]
        slopes = slopes if self._activation.kernel.is_monotone else [np.abs(each) for each in slopes]
        return saturated_and_dead(np.concatenate(slopes, axis=1) if len(slopes) > 1 else slopes[0], self._activation)

    def _take_parameters(self, layers: slice, walk: _Walk, exponent: Array, gradients: ParameterGradients) -> bool:
        """Add the gradients by parameters, as far as they are wanted; whether they can be vouched for."""
        if gradients.by_weights is None:
            return True
        count, peak = layers.stop - layers.start, exponent.max()
        of_mean = peak - np.log2(self._settings.samples)
        shares = np.exp2(exponent - peak) if exponent.min() < peak else None
        heard = self._signals.array
        for index, (word, _) in enumerate(self._settings.units_given):
            if word in self._settings.matrices:
                products, layer_inputs = walk.by_given[index + 1][:count], heard[layers]
                products = products if shares is None else products * shares
                squares = self._outer_squares(word, products, layer_inputs)
                if squares is None:
                    return False
                gradients.add_weights(layers, 0.5 * np.log2(squares) + of_mean)
                if word in gradients.takes_biases:
                    sums = products.sum(axis=2)
                    gradients.add_biases(layers, 0.5 * np.log2(np.einsum("lu,lu->l", sums, sums)) + of_mean)
            heard = self._given[index].array
        return True

    def _outer_squares(self, name: str, products: Array, layer_inputs: Array) -> Array | None:
        """||sum over samples of (d loss / d (W x)) x^T||_F^2, or None where it all but cancels."""
        if name in self._settings.levelled:
            # the gradients' sum is zero: what samples share drops out
            layer_inputs = layer_inputs - layer_inputs.mean(axis=2, keepdims=True)
        squares = outer_squares(products, layer_inputs, self._task.workspace.take)
        is_left = products_have_left(squares, products, layer_inputs, may_be_zero=self._activation.dies)
        return squares if is_left and is_in_range(squares, SAFE_SQUARE, may_be_zero=self._activation.dies) else None


class _Walk:
    """Room for the gradients of a chunk of layers."""

    def __init__(self, chunk: int, width: int, units: list[int], samples: int) -> None:
        self.deltas = np.empty((chunk + 1, width, samples))
        """By a_{l-1} of the chunk's first layer, and by a_l of all of them."""
        self.by_sums = np.empty((chunk, width, samples))
        """By what a norm across the residual connection is given."""
        self.by_given = [np.empty((chunk, each, samples)) for each in (width, *units)]
        """By what the branch is given, and by what each of its operations gives."""
