"""What a training loop may tell the recorder: understood, or said in one line to be none of it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from tui_telescope.runs.recording.guard import say


class Arguments:
    """Reads those of `log`. What is wrong with one of them is said once, and it counts as not told."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def understood(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Each that `log` takes, by its name; None for what was not told."""
        for name in told.keys() - _READ.keys():
            self._say(name, told[name], _NAMES)
        return {name: self._read(name, told[name]) for name in _READ}

    def _read(self, name: str, value: Any) -> Any:
        if value is None:
            return None
        read, allowed = _READ[name]
        try:
            return read(value)
        except (TypeError, ValueError, OverflowError):
            self._say(name, value, allowed)
            return None

    def _say(self, name: str, value: Any, allowed: str) -> None:
        if name not in self._said:
            self._said.add(name)
            say(f"log: {name}: {shown(value)} is not allowed; allowed: {allowed}")


def shown(value: Any) -> str:
    """It in a few characters: a number or a text itself, of everything else what it is."""
    if not isinstance(value, (str, int, float)):
        return type(value).__name__
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _number(value: Any) -> Any:
    """A tensor stays where it is: on its way to the host the loop would have to wait for it."""
    if hasattr(value, "detach"):
        if value.numel() != 1 or value.is_complex():
            raise ValueError(value)
        return value.detach()
    if isinstance(value, str):
        raise TypeError(value)
    return float(value.item() if hasattr(value, "item") else value)


def _scaler(value: Any) -> Any:
    if not all(callable(getattr(value, method, None)) for method in ("step", "get_scale", "is_enabled")):
        raise TypeError(value)
    return value


_READ: dict[str, tuple[Callable[[Any], Any], str]] = {
    "loss": (_number, "a number, or a tensor of one"),
    "scaler": (_scaler, "a torch.amp.GradScaler"),
    "step": (operator.index, "a whole number"),
}
"""By argument, how it is read, and what is allowed in words."""
_NAMES = "loss, scaler=, step="
_LONGEST = 40
