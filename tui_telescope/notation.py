"""How numbers are written for people when only their log10 fits a float."""

from __future__ import annotations

import math
from collections.abc import Iterable

FARTHEST = 1e12
"""Decades up to which float64 holds the mantissa of 10**log10 as well, to the three digits that people are told."""


def scientific(log10: float) -> str:
    """Write 10**log10 with three significant digits, such as `2.51e-18` or `1.30e-4567`; -inf is `0`.

    The input is a log10 and may lie far outside float64's own range. Beyond `FARTHEST` the exponent alone is known,
    and told: `10^-2.4e+50`.
    """
    if log10 == -math.inf:
        return "0"
    return decimal_literal(log10, 3) if abs(log10) < FARTHEST else f"10^{log10:.2g}"


def decimal_literal(log10: float, digits: int) -> str:
    """Write 10**log10 with `digits` significant digits, whatever its size, as programs read it; log10 is finite."""
    exponent = math.floor(log10)
    mantissa = f"{10 ** (log10 - exponent):.{digits - 1}f}"
    if mantissa.startswith("10"):
        mantissa, exponent = f"{1:.{digits - 1}f}", exponent + 1
    return f"{mantissa}e{exponent:+03d}"


def counted(number: int, what: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number} {what}{'s' * (number != 1)}"


def percent_done(share: float) -> str:
    """`34% done`, of work that goes on: rounded down, and never all of it."""
    return f"{min(math.floor(100 * share + 1e-9), 99)}% done"


def nullable(log10: Iterable[float]) -> list[float | None]:
    """For JSON, which has no infinity: None in place of what is not finite, such as the log10 of an exact zero."""
    return [float(number) if math.isfinite(number) else None for number in log10]


def decade(log10: int) -> str:
    """Name a decade tick: `1e-18`."""
    return f"1e{log10:+03d}"
