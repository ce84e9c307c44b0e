"""The check that every step has: a few numbers, which tell whether something has just ceased to be finite."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor


class Alarm:
    """Goes off at a step with a number that is not finite, where the step before had none such.

    A number on the CPU is looked at there and then; on another device at the next step, when nothing waits for it.
    """

    def __init__(self) -> None:
        self.is_prompt = True
        """Whether the number that was looked at last was the step's own."""
        self._is_lost = self._was_lost = False
        self._before: dict[str, Tensor] = {}

    def begin_step(self) -> None:
        self._was_lost, self._is_lost = self._is_lost, False

    def goes_off(self, name: str, number: Any) -> bool:
        """By the number that the step has under this name."""
        self.is_prompt = not isinstance(number, Tensor) or number.device.type == "cpu"
        if not self.is_prompt:
            before = self._before.get(name)
            self._before[name], number = number.detach(), before
        if number is not None and not math.isfinite(number):
            self._is_lost = True
        return self._is_lost and not self._was_lost
