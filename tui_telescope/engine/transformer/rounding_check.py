"""The exact pass through a transformer, and whether rounding decides what it reads.

As beside a norm (see `passes.exact.rounding_check`), what changes the last digit of the numbers that go in may change a
reading by as little. More of it, and scores so large that their last digits choose whom a token hears, or a norm, or
chaos, have taken its digits; then it is handed on as not settled.
"""

from __future__ import annotations

import dataclasses

from tui_telescope.engine.passes.exact.decimal_pass import differ_by
from tui_telescope.engine.passes.exact.rounding_check import STEADY, moved
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.transformer import exact_pass
from tui_telescope.settings import Settings

MOST_NUMBERS = 200_000
"""Rounding is looked for in transformers of up to so many numbers, which takes about half a second."""
_NUMBERS_OF_CALLS = 2_000
"""The calls for a block take as long as so many of its numbers."""


def measure(task: Task) -> Measurement:
    """The readings of one transformer. Raises `Stopped`."""
    if not _is_checked_quickly(task.settings):
        return dataclasses.replace(exact_pass.measure(task), is_settled=False)
    first, second = (task._replace(progress=piece) for piece in task.progress.parts((1.0, 1.0)))
    measured = exact_pass.measure(first)
    is_settled = differ_by(measured, exact_pass.measure(moved(second))) <= STEADY
    return dataclasses.replace(measured, is_settled=is_settled)


def _is_checked_quickly(settings: Settings) -> bool:
    return settings.depth * (settings.width * settings.columns + _NUMBERS_OF_CALLS) <= MOST_NUMBERS
