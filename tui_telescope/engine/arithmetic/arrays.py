"""The arrays that the engine computes with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[Any]
"""Of float64 or float32, where networks learn in either."""
Classes = NDArray[np.intp]
"""To which class each sample belongs, (samples,), counted from 0."""
