"""The decimal pass through a network with a norm: arithmetic in decimals, repeated until more digits change nothing.

Norms take differences, of signals and of gradients, and what they leave may lie so far below what they are given that
float64 keeps none of it. Here every number has as many digits as it takes. It is slow, and so only for networks of
few numbers that `rounding_check` finds float64 to have lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.activations.decimal_definitions import RESPONSES
from tui_telescope.engine.activations.definitions import ACTIVATIONS, Activation
from tui_telescope.engine.arithmetic.arrays import Array, Identity
from tui_telescope.engine.blocks import blocks
from tui_telescope.engine.losses import LOSSES, Loss
from tui_telescope.engine.norms import Norm
from tui_telescope.engine.passes.exact.layer_by_layer import LayerByLayer
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.networks import PHI
from tui_telescope.settings import Settings

Numbers = NDArray[Any]
"""Of `Decimal`, (units, samples) or one of those for each line of a norm."""

MOST_WORK = {50: 150_000, 110: 150_000, 240: 150_000, 500: 25_000}
"""By the numbers of digits that are tried one after the other until two agree: the most work that is done with them.

The most takes a second with 50, two with 110, and now and then ten with 240.
"""
AGREEMENT = 1e-12
"""By how much two readings may differ, relative to log2 where that is larger than 1."""
_EXPONENTIAL_WORK = 30
"""An activation with an exponential takes as long as so many products."""

_decimals = np.frompyfunc(lambda x: +Decimal(x), 1, 1)
_LOG2_10 = math.log2(10)


def _digits(settings: Settings) -> list[int]:
    """Those that networks of this size are tried with."""
    activation = 2 if ACTIVATIONS[settings.activation].slopes else _EXPONENTIAL_WORK
    # of three products of matrices a layer diagonal weights leave that of the weight gradient
    products = sum(shape.fan_out * shape.fan_in for shape in settings.matrices.values())
    responses = sum(units for word, units in settings.units_given if word == PHI)
    if INITIALIZERS[settings.initializer].diagonal:
        products //= 3
    work = settings.depth * settings.samples * (products + responses * activation)
    return [digits for digits, most in MOST_WORK.items() if work <= most]


def is_small(settings: Settings) -> bool:
    """Whether `measure` takes these settings on: activations, and the slope of a loss, may do without decimals."""
    slope = LOSSES[settings.loss].slope
    has_decimals = settings.activation in RESPONSES and (slope is None or slope.name in RESPONSES)
    return has_decimals and len(_digits(settings)) > 1


def measure(task: Task) -> Measurement | None:
    """The readings of one network with a norm, or None where even the most digits do not settle them.

    Raises `Stopped`.
    """
    before: Measurement | None = None
    trials = _digits(task.settings)
    for digits, piece in zip(trials, task.progress.parts(trials), strict=True):
        traps = [InvalidOperation, DivisionByZero, Overflow]
        with localcontext(Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=traps)):
            now = _measure(task._replace(progress=piece))
        if now is not None and before is not None and differ_by(now, before) <= AGREEMENT:
            return now
        before = now
    return None


def _measure(task: Task) -> Measurement | None:
    """The readings in the current context, or None where more digits are needed."""
    inputs, vectors = task.samples
    through_layers = LayerByLayer(blocks(task.network, task.settings), task)
    try:
        return through_layers.measure(Decimals.of(inputs.T), vectors.T)
    except DigitsLost:
        return None


def differ_by(one: Measurement, other: Measurement) -> float:
    """The largest difference of two readings, relative to log2 where that is larger than 1."""
    pairs = [(one.gradient, other.gradient)]
    if one.weight_gradient is not None and other.weight_gradient is not None:
        pairs.append((one.weight_gradient, other.weight_gradient))
    if one.global_norm is not None and other.global_norm is not None:
        pairs.append((np.array(one.global_norm), np.array(other.global_norm)))
    if one.signal is not None and other.signal is not None:
        pairs += [(getattr(one.signal, name), getattr(other.signal, name)) for name in ("norms", "saturated", "dead")]
    return max(_difference(*pair) for pair in pairs)


def _difference(x: Array, y: Array) -> float:
    alive = np.isfinite(x)
    if (alive != np.isfinite(y)).any():
        return math.inf
    x, y = x[alive], y[alive]
    return float(np.max(np.abs(x - y) / np.maximum(1, np.abs(y)), initial=0.0))


class DigitsLost(Exception):
    """Numbers that need not be equal were, to the last digit: there may be more behind it."""


@dataclass(frozen=True, eq=False)
class Decimals:
    """An array of decimals, (units, samples), to the digits of the current context; forward and backward."""

    numbers: Numbers

    @classmethod
    def of(cls, values: Array) -> Decimals:
        return cls(_decimals(values))

    @property
    def layer_input(self) -> Decimals:
        return self

    def without_levels(self) -> Decimals:
        return self

    def __add__(self, other: Decimals) -> Decimals:
        return Decimals(self.numbers + other.numbers)

    def __sub__(self, other: Decimals) -> Decimals:
        return Decimals(self.numbers - other.numbers)

    def __mul__(self, other: Decimals) -> Decimals:
        return Decimals(self.numbers * other.numbers)

    def times(self, factor: float) -> Decimals:
        return Decimals(self.numbers * Decimal(factor))

    def through(self, weights: Array | Identity, gain: float) -> Decimals:
        if isinstance(weights, Identity):
            units = self.numbers[: weights.fan_out]
            missing = _decimals(np.zeros((weights.fan_out - len(units), units.shape[1])))
            return Decimals(np.concatenate([units, missing])).times(gain)
        return Decimals(np.asarray(_decimals(weights * gain).dot(self.numbers)))

    def with_biases(self, biases: Array) -> Decimals:
        return Decimals(self.numbers + _decimals(biases)[:, None])

    def response(self, activation: Activation) -> tuple[Decimals, Callable[[], Decimals]]:
        respond: Callable[[Numbers], tuple[Numbers, Numbers]] = np.frompyfunc(RESPONSES[activation.name], 1, 2)
        value, slope = respond(self.numbers)
        return Decimals(value), lambda: Decimals(slope)

    def normed(self, norm: Norm) -> tuple[Decimals, Callable[[Decimals], Decimals]]:
        x = varying = self.numbers
        if norm.centred:
            varying = x - _mean(x, norm.axis)
            if x.shape[norm.axis] == 1:
                varying = varying * 0
            elif ((varying == 0).all(axis=norm.axis) & (x != 0).any(axis=norm.axis)).any():
                raise DigitsLost
        inverse = 1 / np.sqrt(_mean(varying * varying, norm.axis) + Decimal(str(norm.epsilon)))
        normed: Numbers = varying * inverse

        def pulled(gradient: Decimals) -> Decimals:
            """(g - mean(g) - N(x) mean(g N(x))) / sqrt(variance + epsilon): Ioffe and Szegedy (2015), section 3."""
            g = gradient.numbers
            if norm.centred:
                g = g - _mean(g, norm.axis)
            return Decimals((g - normed * _mean(g * normed, norm.axis)) * inverse)

        return Decimals(normed), pulled

    def joined(self, branch: Decimals) -> Decimals:
        total = self + branch
        if ((total.numbers == 0) & (branch.numbers != 0)).any():
            raise DigitsLost
        return total

    def error(self, loss: Loss, vectors: Array) -> Decimals:
        return loss.gradient(self, Decimals.of(vectors), lambda slope, z: z.response(slope)[0])

    def sum(self, axis: int) -> Decimals:
        return Decimals(self.numbers.sum(axis=axis, keepdims=True))

    def values(self) -> Array:
        """As float64, where what is too small becomes zero."""
        return self.numbers.astype(np.float64)

    def is_zero(self) -> NDArray[np.bool_]:
        """Of each value, whether it is an exact zero."""
        return np.asarray(self.numbers == 0, dtype=np.bool_)

    def log2_norm(self) -> Array:
        return np.array([_log2(square) / 2 for square in (self.numbers * self.numbers).sum(axis=0)])

    def log2_outer_norm(self, layer_input: Decimals) -> float:
        outer = self.numbers.dot(layer_input.numbers.T)
        return float(Decimals(outer.reshape(-1, 1)).log2_norm()[0])


def _mean(x: Numbers, axis: int) -> Numbers:
    return np.asarray(x.sum(axis=axis, keepdims=True) / x.shape[axis])


def _log2(x: Decimal) -> float:
    if not x:
        return -math.inf
    exponent = x.adjusted()
    return math.log2(float(x.scaleb(-exponent))) + exponent * _LOG2_10
