"""The exact pass of a network with a norm, and what to do where float64 has not enough digits for it.

Rounding shows itself: what changes the last digit of the numbers that go in, and of nothing else, may change a reading
by as little (Vignes 1974 draws the errors at random for the same purpose). Where it changes more, the reading has lost
its digits, to cancellation or to chaos, and `decimal_pass` is asked. Where that would take too long the reading is
handed on as not settled; so is one whose rounding it would take too long to look for.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.exact import decimal_pass, extended_range_pass
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import UnitMatrices, UnitNetwork
from tui_telescope.settings import Settings

STEADY = 1e-11
"""A reading that moves by less has its digits; of log2, and relative where that is larger than 1."""
MOST_NUMBERS = 1_000_000
"""Rounding is looked for in networks of up to so many numbers, which takes about half a second."""
_NUMBERS_OF_CALLS = 2_000
"""The calls for a layer take as long as so many of its numbers."""
COSTS = (1, 1, 8)
"""What the extended-range pass, the same once more and decimals take beside one another, about."""
_LAST_DIGIT = 2.0**-52


def measure(task: Task) -> Measurement:
    """The readings of one network with a norm. Raises `Stopped`."""
    is_small = decimal_pass.is_small(task.settings)
    if not is_small and not _is_checked_quickly(task.settings):
        return dataclasses.replace(extended_range_pass.measure(task), is_settled=False)
    first, second, last = (task._replace(progress=piece) for piece in task.progress.parts(COSTS))
    measured = extended_range_pass.measure(first)
    if decimal_pass.differ_by(measured, extended_range_pass.measure(moved(second))) <= STEADY:
        return measured
    return (decimal_pass.measure(last) if is_small else None) or dataclasses.replace(measured, is_settled=False)


def _is_checked_quickly(settings: Settings) -> bool:
    widest = max(max(shape) for shape in settings.matrices.values())
    return settings.depth * (widest * settings.samples + _NUMBERS_OF_CALLS) <= MOST_NUMBERS


def moved(task: Task) -> Task:
    """The same with another last digit in every number, up or down at random; in the scale for all weights alike."""
    rng = np.random.default_rng(0)

    def nudged(numbers: Array) -> Array:
        return np.asarray(numbers * (1 + _LAST_DIGIT * rng.choice((-1, 1), numbers.shape)))

    def moved_matrices(each: UnitMatrices) -> UnitMatrices:
        biases = None if each.biases is None else nudged(each.biases)
        return dataclasses.replace(each, weights=[nudged(weights) for weights in each.weights], biases=biases)

    network, (inputs, targets), settings = task.network, task.samples, task.settings
    return task._replace(
        network=UnitNetwork({name: moved_matrices(each) for name, each in network.matrices.items()}),
        samples=(nudged(inputs), nudged(targets)),
        settings=settings.replace(scale=settings.scale * (1 + (3 if settings.scale < 1 else -3) * _LAST_DIGIT)),
    )
