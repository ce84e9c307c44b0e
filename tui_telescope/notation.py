"""How numbers are written for people when only their log10 fits a float."""

from __future__ import annotations

import math


def scientific(log10: float, digits: int = 3) -> str:
    """Write 10**log10 with `digits` significant digits, such as `2.51e-18` or `1.30e-4567`; -inf is `0`.

    The input is a log10 and may lie far outside float64's own range.
    """
    if log10 == -math.inf:
        return "0"
    exponent = math.floor(log10)
    mantissa = f"{10 ** (log10 - exponent):.{digits - 1}f}"
    if mantissa.startswith("10"):
        mantissa, exponent = f"{1:.{digits - 1}f}", exponent + 1
    return f"{mantissa}e{exponent:+03d}"


def decade(log10: int) -> str:
    """Name a decade tick: `1e-18`."""
    return f"1e{log10:+03d}"
