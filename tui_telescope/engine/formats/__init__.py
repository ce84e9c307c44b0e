"""Networks computed in a number format: rounding, the numbers that are rounded, and what became of their entries."""
