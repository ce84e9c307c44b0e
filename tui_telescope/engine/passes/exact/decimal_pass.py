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
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.norms import EPSILON, NORMS
from tui_telescope.engine.passes.measurement import SATURATED, Measurement, SignalMeasurement, Wanted
from tui_telescope.engine.passes.parameter_gradients import ParameterGradients
from tui_telescope.engine.passes.progress import FORWARD_SHARE, Progress
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import UnitNetwork
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.settings import Settings

Array = NDArray[np.float64]
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
    products = settings.width // 3 if INITIALIZERS[settings.initializer].diagonal else settings.width
    work = settings.depth * settings.width * settings.samples * (products + activation)
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
    network, (inputs, targets), settings, wanted, progress, _ = task
    before: Measurement | None = None
    trials = _digits(settings)
    for digits, piece in zip(trials, progress.parts(trials), strict=True):
        traps = [InvalidOperation, DivisionByZero, Overflow]
        with localcontext(Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=traps)):
            run = _Run(network, settings, piece)
            now = run.measure(_decimals(inputs.T), _decimals(targets.T), wanted)
        if now is not None and before is not None and differ_by(now, before) <= AGREEMENT:
            return now
        before = now
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


@dataclass(frozen=True, eq=False)
class _Step:
    """What the backward pass needs of one layer."""

    layer_input: Numbers
    slopes: Numbers
    normed: Numbers
    inverse: Numbers
    """1 / sqrt(variance + EPSILON) of each line."""


class _Run:
    """One pass forward and one backward, in the current decimal context."""

    def __init__(self, network: UnitNetwork, settings: Settings, progress: Progress) -> None:
        self._network, self._settings, self._progress = network, settings, progress
        self._norm, self._place = NORMS[settings.norm], settings.norm_place
        initializer = INITIALIZERS[settings.initializer]
        self._is_diagonal, self._gain = initializer.diagonal, settings.scale * initializer.gain(settings.width)
        self._beta = Decimal(settings.branch_factor)
        self._epsilon = Decimal(str(EPSILON))
        self._respond: Callable[[Numbers], tuple[Numbers, Numbers]] = np.frompyfunc(
            RESPONSES[settings.activation], 1, 2
        )
        self._is_lost = False
        """Whether numbers that need not be equal were, to the last digit: there may be more behind it."""

    def measure(self, inputs: Numbers, targets: Numbers, wanted: Wanted) -> Measurement | None:
        """The readings, or None where more digits are needed."""
        settings = self._settings
        activation, (n, count) = ACTIVATIONS[settings.activation], inputs.shape
        gradient, gradients = np.empty((settings.depth, count)), ParameterGradients(settings, wanted)
        saturated, dead = np.empty(settings.depth), np.empty(settings.depth)
        signal = SignalMeasurement(np.empty((settings.depth, count)), saturated, dead)
        a, steps = inputs, []
        for layer in range(settings.depth):
            self._progress.reach(FORWARD_SHARE * layer / settings.depth)
            a, step = self._forward(layer, a)
            steps.append(step)
            signal.norms[layer] = _log2_norms(a)
        if self._is_lost:
            return None
        delta = LOSSES[settings.loss].gradient(a, targets, respond=_value)
        quiet: Numbers = np.array(Decimal(SATURATED * activation.steepest), dtype=object)
        for layer in reversed(range(settings.depth)):
            self._progress.reach(1 - (1 - FORWARD_SHARE) * (layer + 1) / settings.depth)
            step = steps.pop()
            gradient[layer] = _log2_norms(delta)
            saturated[layer] = np.count_nonzero(np.abs(step.slopes) < quiet) / (n * count)
            dead[layer] = np.mean((step.slopes == 0).all(axis=1)) if activation.dies else 0.0
            by_product, delta = self._backward(layer, step, delta)
            if gradients.by_weights is not None:
                outer = by_product.dot(step.layer_input.T).reshape(-1, 1)
                gradients.by_weights[layer] = _log2_norms(outer)[0] - math.log2(count)
            if gradients.takes_biases:
                gradients.by_biases[layer] = _log2_norms(by_product.sum(axis=1)[:, None])[0] - math.log2(count)
        return Measurement(
            gradient, gradients.by_weights, signal if wanted.signal else None, global_norm=gradients.global_norm()
        )

    def _through(self, weights: Array, x: Numbers) -> Numbers:
        """W x, with the gain that unit weights lack."""
        if self._is_diagonal:
            return np.asarray(x * Decimal(self._gain))
        return np.asarray(_decimals(weights * self._gain).dot(x))

    def _forward(self, layer: int, a: Numbers) -> tuple[Numbers, _Step]:
        normed = inverse = layer_input = a
        if self._place == "pre":
            normed, inverse = self._normalised(a)
            layer_input = normed
        argument = self._through(self._network.weights[layer], layer_input)
        if self._network.biases is not None:
            argument = argument + _decimals(self._settings.bias * self._network.biases[layer])[:, None]
        if self._place == "activation":
            normed, inverse = self._normalised(argument)
            argument = normed
        value, slopes = self._respond(argument)
        if self._settings.residual:
            branch = self._beta * value
            value = a + branch
            self._is_lost |= bool(((value == 0) & (branch != 0)).any())
        if self._place == "post":
            normed, inverse = self._normalised(value)
            value = normed
        return value, _Step(layer_input, slopes, normed, inverse)

    def _normalised(self, x: Numbers) -> tuple[Numbers, Numbers]:
        """N(x), and 1 / sqrt(variance + EPSILON) of each line."""
        norm, varying = self._norm, x
        if norm.centred:
            varying = x - self._mean(x)
            if x.shape[norm.axis] == 1:
                varying = varying * 0
            else:
                self._is_lost |= bool(((varying == 0).all(axis=norm.axis) & (x != 0).any(axis=norm.axis)).any())
        inverse = 1 / np.sqrt(self._mean(varying * varying) + self._epsilon)
        return varying * inverse, np.asarray(inverse)

    def _mean(self, x: Numbers) -> Numbers:
        return np.asarray(x.sum(axis=self._norm.axis, keepdims=True) / x.shape[self._norm.axis])

    def _backward(self, layer: int, step: _Step, delta: Numbers) -> tuple[Numbers, Numbers]:
        """The gradients by W a (before any norm) and by a_{l-1}, from the one by a_l."""
        by_sum = self._pulled(step, delta) if self._place == "post" else delta
        branch = step.slopes * by_sum
        if self._settings.residual:
            branch = self._beta * branch
        by_product = self._pulled(step, branch) if self._place == "activation" else branch
        below = self._through(self._network.weights[layer].T, by_product)
        if self._place == "pre":
            below = self._pulled(step, below)
        return by_product, by_sum + below if self._settings.residual else below

    def _pulled(self, step: _Step, gradient: Numbers) -> Numbers:
        """(g - mean(g) - N(x) mean(g N(x))) / sqrt(variance + EPSILON): Ioffe and Szegedy (2015), section 3."""
        if self._norm.centred:
            gradient = gradient - self._mean(gradient)
        return np.asarray((gradient - step.normed * self._mean(gradient * step.normed)) * step.inverse)


def _value(activation: Activation, z: Numbers) -> Numbers:
    return np.asarray(np.frompyfunc(RESPONSES[activation.name], 1, 2)(z)[0])


def _log2_norms(columns: Numbers) -> Array:
    """log2 of the Euclidean norm of each column; -inf where all are zero."""
    return np.array([_log2(square) / 2 for square in (columns * columns).sum(axis=0)])


def _log2(x: Decimal) -> float:
    if not x:
        return -math.inf
    exponent = x.adjusted()
    return math.log2(float(x.scaleb(-exponent))) + exponent * _LOG2_10
