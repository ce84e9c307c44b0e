"""Recurrent cells of infinite width: units whose products with the shared weights are Gaussian processes in time.

At every step a gate adds W h_{t-1}, and W is the same at all of them. For fresh units, W h_1, W h_2, ... is a Gaussian
process whose kernel is sigma_w^2 E[h_t h_t'], and so it is drawn here: h_t is split into what earlier ones span and a
new direction, along which W gives a new normal number a unit. Backward, W^T d is known along those directions, and
elsewhere is a Gaussian process of its own, whose kernel is sigma_w^2 E[d_t d_t']. Gates taken to be independent in time
instead are wrong by decades. This is an average over `UNITS` units drawn from a fixed seed: derived here, from the
conditioning of Bolthausen (2014); the cells themselves are those of `recurrent.cells`.

Of more than `STEPS` steps the middle is filled in: each of its steps does what those about the middle of `STEPS` do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.recurrent.cells import CELLS, Step
from tui_telescope.engine.recurrent.number_kinds import Unwatched
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.networks import CELLS as KINDS
from tui_telescope.networks import ORTHOGONAL
from tui_telescope.observations.interruption import ShouldStop, Stopped
from tui_telescope.settings import Settings

UNITS = 4000
STEPS = 150
"""As many are followed. The time goes with their square: 50 take about 0.1 s, 150 a second."""
_SEED = 0
_NEW = 1e-9
"""Less of a vector than this, relatively, is no new direction."""
_LARGEST = 1e100
"""A signal is followed no further than to here."""


def predict(settings: Settings, should_stop: ShouldStop) -> tuple[Array, float]:
    """log10 of ||d loss / d h_t||, t = 1..T, shape (T,), and what a step about the middle does to it. Raises `Stopped`.

    Derived in the module's docstring.
    """
    followed = _Walk(settings.replace(depth=min(settings.depth, STEPS)), should_stop).log10_gradient()
    gradient, factor = _filled_in(followed, settings.depth)
    start = gradient[-1] if LOSSES[settings.loss].has_unit_norm else -math.log10(settings.width) / 2
    return gradient - start, factor


def _filled_in(followed: Array, depth: int) -> tuple[Array, float]:
    """All of `depth` steps, from those at the ends, and what a step does about the middle."""
    steps = len(followed)
    early, late, middle = steps // 4, steps - 1 - steps // 4, steps // 2
    ends = followed[[early, late]]
    pace = float(ends[1] - ends[0]) / (late - early) if late > early and np.isfinite(ends).all() else 0.0
    missing = depth - steps
    between = followed[middle] + pace * (np.arange(missing) - missing)
    return np.concatenate([followed[:middle] - pace * missing, between, followed[middle:]]), 10**-pace


class _Directions:
    """What a sequence of vectors over units spans, and what a random matrix makes of each direction."""

    def __init__(self, steps: int, drawn_for: int, generator: np.random.Generator) -> None:
        self._directions = np.zeros((steps, UNITS))
        self._images = np.zeros((drawn_for, steps, UNITS))
        self._generator = generator
        self._count = 0

    def image(self, vector: Array) -> Array:
        """What the random matrices, of entries N(0, 1 / units), make of one more vector, (drawn_for, units)."""
        known = self._directions[: self._count]
        shares = known @ vector / UNITS
        rest = vector - shares @ known
        size = math.sqrt(rest @ rest / UNITS)
        if size > _NEW * math.sqrt(vector @ vector / UNITS):
            self._directions[self._count] = rest / size
            self._images[:, self._count] = self._generator.standard_normal(self._images[:, 0].shape)
            self._count += 1
            shares = np.append(shares, size)
        return np.asarray(shares @ self._images[:, : self._count])

    def split(self, vector: Array, matrix: int) -> tuple[Array, Array]:
        """What the matrix's transpose makes of a vector along the directions, and the vector's shares in the images."""
        shares = self._images[matrix, : self._count] @ vector / UNITS
        along: Array = shares @ self._directions[: self._count]
        heard: Array = shares @ self._images[matrix, : self._count]
        return along, heard

    def outside(self, vector: Array) -> Array:
        """What of a vector lies along none of the directions."""
        known = self._directions[: self._count]
        return np.asarray(vector - (known @ vector / UNITS) @ known)


class _Walk:
    """One way through time, there and back."""

    def __init__(self, settings: Settings, should_stop: ShouldStop) -> None:
        self._settings, self._should_stop = settings, should_stop
        self._generator = np.random.default_rng(_SEED)
        self._cell, self._gates = CELLS[settings.cell](settings), settings.gates
        initializer = INITIALIZERS[settings.initializer]
        self._is_diagonal, self._is_orthogonal = initializer.diagonal, initializer.family == ORTHOGONAL
        self._gain = initializer.sigma_w(settings.scale, settings.width)
        self._heard = _Directions(settings.depth, self._gates, self._generator)
        biases = settings.bias * self._normals(self._gates) + settings.bias_mean
        if (forget_gate := KINDS[settings.cell].forget_gate) is not None:
            biases[forget_gate] += settings.forget_bias
        self._biases = biases

    def log10_gradient(self) -> Array:
        """log10 of the root mean square over units of d loss / d h_t, (T,)."""
        steps = self._forward()
        sums = [_Directions(len(steps), 1, self._generator) for _ in range(self._gates)]
        gradient, log_unit = self._error(steps[-1]), 0.0
        log_sizes = np.empty(len(steps))
        for t in range(len(steps) - 1, -1, -1):
            self._go_on()
            pulled = steps.pop().pull(tuple(map(Unwatched, gradient)))
            log_sizes[t] = _log_size(pulled.totals[0].array[:, 0]) + log_unit
            products = [product.array[:, 0] for product in pulled.by_products]
            before = self._transposed(products, sums)
            if pulled.hidden_skip is not None:
                before = before + pulled.hidden_skip.array[:, 0]
            below = [before, *(each.array[:, 0] for each in pulled.other_skips)]
            unit = max(max(np.abs(each).max() for each in below), _SMALLEST)
            gradient, log_unit = [each[:, None] / unit for each in below], log_unit + math.log(unit)
        return log_sizes / math.log(10)

    def _normals(self, count: int) -> Array:
        return self._generator.standard_normal((count, UNITS))

    def _go_on(self) -> None:
        if self._should_stop():
            raise Stopped

    def _forward(self) -> list[Step[Unwatched]]:
        state = tuple(Unwatched(np.zeros((UNITS, 1))) for _ in range(self._cell.state_size))
        steps: list[Step[Unwatched]] = []
        for t in range(self._settings.depth):
            self._go_on()
            hidden = state[0].array[:, 0]
            if not np.abs(hidden).max() < _LARGEST:
                break
            recurrent = self._gain * (
                np.tile(hidden, (self._gates, 1)) if self._is_diagonal else self._heard.image(hidden)
            )
            inputs = self._settings.input_scale * self._normals(self._gates) + self._biases
            with np.errstate(over="ignore"):
                step = self._cell.step(t, Unwatched(recurrent.reshape(-1, 1)), Unwatched(inputs.reshape(-1, 1)), state)
            state = step.state
            steps.append(step)
        return steps

    def _error(self, last: Step[Unwatched]) -> list[Array]:
        """The loss's gradient by h_T, and none by c_T."""
        drawn = self._normals(1).T
        error = last.state[0].array - drawn if LOSSES[self._settings.loss].hears_output else drawn
        return [error, *(np.zeros((UNITS, 1)) for _ in range(self._cell.state_size - 1))]

    def _transposed(self, products: list[Array], sums: list[_Directions]) -> Array:
        """W^T of every gate's gradient, summed over the gates."""
        if self._is_diagonal:
            return np.asarray(self._gain * np.sum(products, axis=0))
        total = np.zeros(UNITS)
        for gate, (product, drawn) in enumerate(zip(products, sums, strict=True)):
            along, heard = self._heard.split(product, gate)
            if self._is_orthogonal:
                total += along + drawn.image(product - heard)[0]
            else:
                total += along + self._heard.outside(drawn.image(product)[0])
        return self._gain * total


_SMALLEST = 1e-300


def _log_size(vector: Array) -> float:
    """ln of the root mean square; -inf for a vector of zeros."""
    square: Any = vector @ vector / UNITS
    return 0.5 * math.log(square) if square > 0 else -math.inf
