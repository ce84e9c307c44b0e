"""The norms over ordinary floats of either precision, each with the pullback of its gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Floats
from tui_telescope.engine.norms import Norm

Pull = Callable[[Floats], Floats]


def normalise(norm: Norm, x: Floats, out: Floats) -> Pull:
    """N(x) of (units, samples) into `out`; returns the map from the gradient by it to the gradient by x.

    The formulas are those of `norms.Norm` and `norms.Pullback`.
    """
    direction, root = norm.direction(x)
    inverse = 1 / np.sqrt(root * root + norm.epsilon)
    length = root * inverse
    np.multiply(direction, length, out)

    def pull(gradient: Floats) -> Floats:
        gradient = norm.centre(gradient)
        share = np.mean(gradient * direction, norm.axis, keepdims=True)
        return np.asarray(inverse * (gradient - direction * (share * length * length)))

    return pull
