"""Values that are allowed each by itself and refused together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_telescope.networks import CELLS, NORMS
from tui_telescope.settings import footprint

if TYPE_CHECKING:
    from tui_telescope.settings.settings import Settings


def _depth(settings: Settings) -> str | None:
    most = CELLS[settings.cell].most_layers
    if most is None or settings.depth <= most:
        return None
    return f"depth: {settings.depth} is not allowed for a {settings.cell}; allowed: 1 to {most} blocks"


def _heads(settings: Settings) -> str | None:
    if not (settings.has_tokens and settings.width % settings.heads):
        return None
    divisors = [str(heads) for heads in range(1, min(settings.width, 64) + 1) if settings.width % heads == 0]
    return (
        f"heads: {settings.heads} is not allowed at width {settings.width}, which it does not divide; "
        f"allowed: {', '.join(divisors)}"
    )


def _batch(settings: Settings) -> str | None:
    norm = NORMS.get(settings.norm)
    if norm is None or not norm.takes_shares_out or settings.columns > 1:
        return None
    return f"norm: {settings.norm!r} needs more than 1 sample to take a variance over; allowed: samples from 2"


REFUSALS: tuple[Callable[[Settings], str | None], ...] = (_depth, _heads, footprint.refusal, _batch)
"""Each gives the reason why these settings are refused, in one line, or None; asked in this order."""
