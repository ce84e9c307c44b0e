"""What long work asks between two of its parts: whether anybody still waits for it."""

from __future__ import annotations

from collections.abc import Callable

ShouldStop = Callable[[], bool]


class Stopped(Exception):
    """Whoever asked for an observation no longer wants it."""
