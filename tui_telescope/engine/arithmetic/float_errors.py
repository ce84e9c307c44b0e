"""What the engine's arithmetic may meet without a word, whatever a program around it has asked of numpy."""

from __future__ import annotations

import numpy as np

as_numpy_begins = np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")
"""Decorates what users of the engine call: numbers that underflow there are meant to, but `np.seterr(all="raise")` or
a program's own `np.errstate` would make an error of them. What nobody has foreseen still gives a warning."""
