"""The passes, which networks each of them takes, and what it costs: one table, from the quickest to the surest.

A pass is a module with `measure(task) -> Measurement | None`, imported where it is first needed: the start must not
wait for it. It says None where it cannot vouch for its numbers, and the next one that takes such networks is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.task import SequenceTask, Task
from tui_telescope.networks import FORMS, INITIALIZERS, ORTHOGONAL
from tui_telescope.settings import Settings


class Cost(NamedTuple):
    """Seconds for one layer or step, there and back: its calls, and what each number adds to them."""

    calls: float
    element: float
    """For each unit of each sample."""
    product: float
    """For each weight and each sample."""
    weight: float
    """For each weight, which has to come from memory."""
    pair: float = 0.0
    """For each unit of each pair of samples."""

    def seconds(self, settings: Settings) -> float:
        samples = settings.samples
        if settings.is_recurrent:
            units, weights = settings.width, settings.width**2
        else:
            units = max(units for _, units in settings.units_given)
            weights = sum(math.prod(shape) for shape in settings.matrices.values())
        by_units = units * samples * (self.element + samples * self.pair)
        return self.calls + by_units + weights * (samples * self.product + self.weight)


class TransformerCost(NamedTuple):
    """The same for one block."""

    calls: float
    element: float
    """For each number of a token in a block: those of all products."""
    product: float
    weight: float
    pair: float
    """For each pair of tokens in each head."""

    def seconds(self, settings: Settings) -> float:
        shapes, columns = settings.matrices.values(), settings.columns
        units, weights = sum(each.fan_out for each in shapes), sum(each.fan_out * each.fan_in for each in shapes)
        pairs = settings.samples * settings.heads * settings.tokens**2
        of_weights = weights * (columns * self.product + self.weight)
        return self.calls + columns * units * self.element + of_weights + pairs * self.pair


class Pass(NamedTuple):
    """One way to measure a network."""

    module: str
    """Below `engine`."""
    takes: Callable[[Settings], bool]
    """Whether it may do for networks of these settings."""
    cost: Cost | TransformerCost
    """What one layer or step takes."""
    rounds: bool = False
    """Whether it computes in a number format, and no exact network."""

    def load(self) -> ModuleType:
        return import_module(f"tui_telescope.engine.{self.module}")


def measure(task: Task | SequenceTask) -> Measurement:
    """The readings of one network, by the first pass that vouches for them. Raises `Stopped`."""
    readings: Iterator[Measurement | None] = (each.load().measure(task) for each in passes_of(task.settings))
    return next(each for each in readings if each is not None)


def passes_of(settings: Settings) -> list[Pass]:
    """Those that take such networks, in the order in which they are asked."""
    rounds = settings.number_format is not None
    return [each for each in PASSES.values() if each.rounds == rounds and each.takes(settings)]


def _samples_weights(settings: Settings) -> bool:
    return settings.samples_weights


def _has_tokens(settings: Settings) -> bool:
    return settings.has_tokens


def _has_tokens_and_weights(settings: Settings) -> bool:
    return settings.has_tokens and settings.scale > 0


def _has_no_norm(settings: Settings) -> bool:
    return not settings.is_recurrent and not settings.has_tokens and settings.norm_kind is None


def _mixes(settings: Settings) -> bool:
    """Whether units hear one another."""
    return not INITIALIZERS[settings.initializer].diagonal and settings.scale > 0


def _suits_float64(settings: Settings) -> bool:
    """Whether no norm is there, units are mixed, and no residual connection may be cancelled by its branch.

    A single unit beside a residual connection has orthogonal weights of -1 or 1: what is left of 1 - phi' has few
    digits.
    """
    is_unit = settings.width == 1 and INITIALIZERS[settings.initializer].family == ORTHOGONAL
    may_cancel = settings.residual and is_unit and not settings.has_biases
    return _has_no_norm(settings) and _mixes(settings) and not may_cancel


def _is_dense_and_suits_float64(settings: Settings) -> bool:
    return _is_dense(settings) and _suits_float64(settings)


def _is_dense(settings: Settings) -> bool:
    return FORMS[settings.form].is_dense_layer


def _has_norm(settings: Settings) -> bool:
    return settings.norm_kind is not None and not settings.has_tokens


def _has_norm_and_mixes(settings: Settings) -> bool:
    return _has_norm(settings) and _mixes(settings)


def _is_dense_and_has_norm(settings: Settings) -> bool:
    return _is_dense(settings) and _has_norm_and_mixes(settings)


def _is_of_another_form(settings: Settings) -> bool:
    """Whether a block is more than one dense layer, and ordinary numbers may do."""
    is_other = not settings.is_recurrent and not _is_dense(settings)
    return is_other and (_suits_float64(settings) or _has_norm_and_mixes(settings))


def _is_feedforward(settings: Settings) -> bool:
    return not settings.is_recurrent


def _has_gates(least: int, most: float) -> Callable[[Settings], bool]:
    return lambda settings: settings.is_recurrent and least <= settings.gates <= most


_OF_FLOAT64_BLOCK = TransformerCost(3e-4, 8e-9, 0.14e-9, 2e-9, 20e-9)
_OF_EXACT_BLOCK = TransformerCost(8e-3, 200e-9, 0.4e-9, 8e-9, 800e-9)

PASSES: dict[str, Pass] = {
    "sampled weights": Pass("passes.exact.sampled_weights", _samples_weights, Cost(0.6e-3, 110e-9, 0.0, 0.0, 1.2e-9)),
    "float64": Pass("passes.float64.without_norm", _is_dense_and_suits_float64, Cost(5e-6, 14e-9, 0.14e-9, 2e-9)),
    "float64, with exponents": Pass(
        "passes.float64.with_exponents", _is_dense_and_suits_float64, Cost(35e-6, 28e-9, 0.1e-9, 5e-9)
    ),
    "float64, by recipe": Pass("passes.float64.by_recipe", _is_of_another_form, Cost(30e-6, 20e-9, 0.14e-9, 2e-9)),
    "exact": Pass("passes.exact.extended_range_pass", _has_no_norm, Cost(180e-6, 58e-9, 0.09e-9, 0.0)),
    "float64, with a norm": Pass(
        "passes.float64.with_norm", _is_dense_and_has_norm, Cost(23e-6, 24e-9, 0.14e-9, 2.5e-9)
    ),
    "exact, with a norm": Pass("passes.exact.rounding_check", _has_norm, Cost(1e-3, 180e-9, 0.14e-9, 1.5e-9)),
    "transformer": Pass("transformer.float64_pass", _has_tokens_and_weights, _OF_FLOAT64_BLOCK),
    "exact transformer": Pass("transformer.rounding_check", _has_tokens, _OF_EXACT_BLOCK),
    "recurrent": Pass("recurrent.through_time", _has_gates(1, 2), Cost(84e-6, 18e-9, 0.16e-9, 1.9e-9)),
    "recurrent, 3 gates": Pass("recurrent.through_time", _has_gates(3, 3), Cost(140e-6, 110e-9, 0.31e-9, 18e-9)),
    "recurrent, 4 gates": Pass(
        "recurrent.through_time", _has_gates(4, float("inf")), Cost(160e-6, 130e-9, 0.87e-9, 13e-9)
    ),
    "in a format": Pass("formats.in_format", _is_feedforward, Cost(220e-6, 45e-9, 0.12e-9, 35e-9), rounds=True),
    "recurrent, in a format": Pass(
        "recurrent.through_time", _has_gates(1, float("inf")), Cost(400e-6, 100e-9, 0.5e-9, 70e-9), rounds=True
    ),
}
"""Costs are fitted to 8 or 9 sizes from width 2 to 512 and 1 to 1000 samples, on one core with AVX-512; most are met
within a third. With decimals, or an exponent for each number, a pass takes up to ten times as long."""
