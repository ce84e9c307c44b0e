"""Signals forward and gradients backward through time, with the same weights at every step.

The readings are those of a feedforward network with steps t = 1..T in the place of layers; the loss sees h_T alone.
d loss / d h_t and d loss / d c_t are total derivatives, as automatic differentiation leaves them in h_t and c_t: how
the loss changes if that vector is changed and everything that is computed from it follows (h_t follows c_t, while c_t
keeps its value where h_t is changed). The weight gradient of step t is its share in d mean loss / d W: what the
recurrent matrices of all gates contribute by their use at step t alone, so that the shares add up to the gradient.
The share of step 1 is exactly zero, since h_0 = 0. (Pascanu, Mikolov and Bengio 2013, equations 3 to 5.)
"""

from __future__ import annotations

from typing import Generic

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange, concatenated, outer
from tui_telescope.engine.formats.readings import as_the_format_has_it
from tui_telescope.engine.formats.rounded import RoundedSum, kind_of
from tui_telescope.engine.formats.rounding import as_formats_are
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.passes.checkpoints import segments
from tui_telescope.engine.passes.measurement import (
    EntryShares,
    Measurement,
    SignalMeasurement,
    Wanted,
    saturated_and_dead,
)
from tui_telescope.engine.passes.parameter_gradients import log2_norm_of_all
from tui_telescope.engine.passes.progress import LAYERS_BACK, Progress, tally_of_passes
from tui_telescope.engine.passes.task import SequenceTask
from tui_telescope.engine.recurrent.cells import CELLS, Pulled, Step
from tui_telescope.engine.recurrent.number_kinds import Extended, Float64, N, OutOfRange
from tui_telescope.engine.weights.draws import Sequences, UnitCell, scaled_cell
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.settings import Settings

SUMMED_ELEMENTS = 2**13
"""Steps are summed so many numbers at a time, which stay in the fast cache."""


def measure(task: SequenceTask) -> Measurement:
    """The readings of one network: in the settings' format; or in float64 where that reaches, else in the extended
    range. Raises `Stopped`.

    Backpropagation through time: Pascanu, Mikolov and Bengio (2013), equations 3 to 5, for the loss at step T alone.
    """
    cell, sequences, settings, wanted, progress, _ = task
    if settings.number_format:
        return _in_format(task)
    try:
        return _Journey(WeightedCell(Float64, cell, sequences, settings), wanted, progress).measure()
    except OutOfRange:
        return _Journey(WeightedCell(Extended, cell, sequences, settings), wanted, progress).measure()


@as_formats_are
def _in_format(task: SequenceTask) -> Measurement:
    cell, sequences, settings, wanted, progress, _ = task
    kind = kind_of(settings.precision, settings.loss_scale)
    journey = _Journey(WeightedCell(kind, cell, sequences, settings), wanted, progress)
    return as_the_format_has_it(journey.measure(), settings)


class WeightedCell(Generic[N]):
    """The cell with its weights and its inputs, in one kind of numbers."""

    def __init__(self, kind: type[N], cell: UnitCell, sequences: Sequences, settings: Settings) -> None:
        weights, input_weights, biases = scaled_cell(cell, settings)
        self.kind: type[N] = kind
        self.settings, self.cell = settings, CELLS[settings.cell](settings)
        self._weights = weights.reshape(-1, settings.width)
        self._input_weights = input_weights.reshape(-1, input_weights.shape[-1])
        self._biases = biases.reshape(-1, 1)
        self._diagonal_gain = settings.scale if INITIALIZERS[settings.initializer].diagonal else None
        self._sequences = sequences

    def start(self) -> tuple[N, ...]:
        """h_0, and c_0: zeros."""
        shape = (self.settings.width, self.settings.samples)
        return tuple(self.kind.of(np.zeros(shape)) for _ in range(self.cell.state_size))

    def step(self, t: int, state: tuple[N, ...]) -> Step[N]:
        """The state after step t, which counts from 0."""
        inputs = self.kind.affine(self._input_weights, self.inputs(t), self._biases)
        return self.cell.step(t, self._recurrent(state[0]), inputs, state)

    def inputs(self, t: int) -> Array:
        """x_t, which counts from 0, shape (n, samples)."""
        inputs: Array = self._sequences.inputs[t].T
        return inputs

    def error(self, state: tuple[N, ...]) -> tuple[N, ...]:
        """The loss's gradient by h_T, and none by c_T."""
        targets = np.ascontiguousarray(self._sequences.targets.T)
        gradient = list(self.start())
        gradient[0] = state[0].error(LOSSES[self.settings.loss], targets)
        return tuple(gradient)

    def _recurrent(self, hidden: N) -> N:
        """W h of all gates."""
        if self._diagonal_gain is not None:
            return self.kind.stack([hidden.times(self._diagonal_gain)] * self.cell.gates)
        return hidden.through(self._weights)

    def by_input(self, by_news: N) -> N:
        """The gradient by x_t from that by U x_t + b of all gates."""
        return by_news.through(self._input_weights.T)

    def before(self, pulled: Pulled[N]) -> tuple[N, ...]:
        """The gradient by the state at t-1."""
        through_weights = self._recurrent_transposed(pulled.by_products)
        skip = pulled.hidden_skip
        gradient = [through_weights if skip is None else skip + through_weights]
        gradient.extend(pulled.other_skips)
        return tuple(gradient)

    def _recurrent_transposed(self, by_products: tuple[N, ...]) -> N:
        """W^T of every gate's gradient, summed over the gates."""
        if self._diagonal_gain is None:
            mixed = self.kind.stack(by_products).to_be_mixed(may_be_zero=self.cell.dies)
            return mixed.through(self._weights.T)
        total = by_products[0]
        for by_product in by_products[1:]:
            total = total + by_product
        return total.times(self._diagonal_gain)


class _Journey(Generic[N]):
    """One way through time, there and back."""

    def __init__(self, network: WeightedCell[N], wanted: Wanted, progress: Progress) -> None:
        self._network: WeightedCell[N] = network
        self._wanted = wanted
        self._segments = segments(network.settings)
        self._tally = tally_of_passes(progress, self._segments)

    def measure(self) -> Measurement:
        """The readings. Raises `Stopped`, and `OutOfRange` where the kind of numbers does."""
        signal = _Signal(self._network.settings) if self._wanted.signal else None
        starts, steps = self._go_forward(signal)
        gradients = _Gradients(self._network.settings, self._network.cell.state_size, self._wanted)
        self._go_back(starts, steps, gradients)
        return gradients.measurement(signal)

    def _go_forward(self, signal: _Signal | None) -> tuple[list[tuple[N, ...]], list[Step[N]]]:
        """The state before each segment, and the steps of the last one."""
        starts, steps = [self._network.start()], list[Step[N]]()
        for segment in self._segments:
            steps = []  # the segment before is free before this one takes its room
            steps = self._walk(segment, starts[-1])
            starts.append(steps[-1].state)
            if signal is not None:
                for t, step in zip(segment, steps, strict=True):
                    signal.take(t, step)
        return starts[:-1], steps

    def _walk(self, segment: range, state: tuple[N, ...]) -> list[Step[N]]:
        steps = []
        for t in segment:
            self._tally.take_up(1)
            step = self._network.step(t, state)
            state = step.state
            steps.append(step)
        return steps

    def _go_back(self, starts: list[tuple[N, ...]], steps: list[Step[N]], gradients: _Gradients) -> None:
        gradient = self._network.error(steps[-1].state)
        exponent = np.zeros(self._network.settings.samples)
        for segment, start in zip(reversed(self._segments), reversed(starts), strict=True):
            steps = steps or self._walk(segment, start)
            for t in reversed(segment):
                self._tally.take_up(LAYERS_BACK)
                pulled = steps.pop().pull(gradient)
                hidden = steps[-1].state[0] if steps else start[0]
                gradients.take(t, pulled, hidden, self._network.inputs(t), exponent)
                if t > 0:
                    gradient, shift = self._network.kind.rebased(self._network.before(pulled))
                    exponent = exponent + shift


class _Signal:
    """What travels forward, step by step."""

    def __init__(self, settings: Settings) -> None:
        self._is_rounded = settings.number_format is not None
        self.measurement = SignalMeasurement(
            np.empty((settings.depth, settings.samples)), np.empty(settings.depth), np.empty(settings.depth)
        )

    def take(self, t: int, step: Step[N]) -> None:
        """The norm of h_t; the saturated share of all gates; the share of dead units, which a single gate can have."""
        self.measurement.norms[t] = step.state[0].log2_norm()
        shares = [self._shares(gate, np.abs(slope.values())) for gate, slope in step.slopes]
        self.measurement.saturated[t], self.measurement.dead[t] = np.mean(shares, axis=0)

    def _shares(self, gate: Activation, sizes: Array) -> tuple[Array, Array]:
        """In a number format any slope may be zero, and none is merely too small for a float64."""
        return saturated_and_dead(sizes, gate, is_rounded=self._is_rounded)


class _Gradients:
    """What travels backward, step by step."""

    def __init__(self, settings: Settings, state_size: int, wanted: Wanted) -> None:
        self._log2_samples = float(np.log2(settings.samples))
        self._ones = np.ones((1, settings.samples))
        self._by_state = np.empty((state_size, settings.depth, settings.samples))
        self._by_weights = np.empty(settings.depth) if wanted.weight_gradient else None
        make_sum: type[_Sum] | type[RoundedSum] = RoundedSum if settings.number_format else _Sum
        self._by_recurrent = make_sum(settings) if wanted.weight_gradient else None
        self._by_input = make_sum(settings) if wanted.global_norm else None
        """Of the input matrices and the biases together."""
        self._entries = EntryShares.of(settings)

    def take(self, t: int, pulled: Pulled[N], hidden: N, inputs: Array, exponent: Array) -> None:
        """What step t says, from h_{t-1} and the inputs x_t; what was pulled lacks 2**exponent, (samples,)."""
        for log2_norms, total in zip(self._by_state, pulled.totals, strict=True):
            log2_norms[t] = total.log2_norm() + exponent
        if self._entries is not None:
            self._entries.take(t, pulled.totals[0].values())
        if self._by_weights is not None and self._by_recurrent is not None:
            by_product = type(hidden).stack(pulled.by_products)
            self._by_weights[t] = self._by_recurrent.log2_share(by_product, hidden, exponent) - self._log2_samples
            self._by_recurrent.take(by_product, hidden, exponent)
        if self._by_input is not None:
            with_ones = type(hidden).of(np.concatenate([inputs, self._ones]))  # a bias is the weight of an input of 1
            self._by_input.take(type(hidden).stack(pulled.by_inputs), with_ones, exponent)

    def measurement(self, signal: _Signal | None) -> Measurement:
        by_hidden, *by_memory = self._by_state
        sums = [each.log2_norm() - self._log2_samples for each in (self._by_recurrent, self._by_input) if each]
        return Measurement(
            by_hidden,
            self._by_weights,
            signal.measurement if signal else None,
            by_memory[0] if by_memory else None,
            shared_weight_gradient=sums[0] if sums else None,
            global_norm=log2_norm_of_all(np.array(sums)) if self._by_input else None,
            entries=self._entries,
        )


class _Sum:
    """The sum over steps and samples of outer products: the gradient of matrices that all steps share."""

    def __init__(self, settings: Settings) -> None:
        self._total = ExtendedRange.of(np.zeros((1, 1)))
        self._steps: list[tuple[ExtendedRange, ExtendedRange]] = []
        self._together = max(1, SUMMED_ELEMENTS // (settings.width * settings.samples))

    @staticmethod
    def log2_share(by_product: N, layer_input: N, exponent: Array) -> float:
        """log2 of the Frobenius norm of what one step adds; what it was given lacks 2**exponent, (samples,)."""
        by, of = _in_extended_range(by_product, layer_input, exponent)
        return by.log2_outer_norm(of)

    def take(self, by_product: N, layer_input: N, exponent: Array) -> None:
        """Add one step's. Small ones are added many at a time, as a single product."""
        self._steps.append(_in_extended_range(by_product, layer_input, exponent))
        if len(self._steps) >= self._together:
            self._add()

    def _add(self) -> None:
        by_products, layer_inputs = zip(*self._steps, strict=True)
        self._total += outer(concatenated(by_products, axis=-1), concatenated(layer_inputs, axis=-1))
        self._steps.clear()

    def log2_norm(self) -> float:
        """log2 of its Frobenius norm."""
        if self._steps:
            self._add()
        return log2_norm_of_all(self._total.log2_norm())


def _in_extended_range(by_product: N, layer_input: N, exponent: Array) -> tuple[ExtendedRange, ExtendedRange]:
    return by_product.to_extended_range(exponent), layer_input.to_extended_range(np.zeros_like(exponent))
