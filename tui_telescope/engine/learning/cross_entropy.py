"""The softmax cross-entropy of some samples, and its gradient."""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array, Classes, Floats


def softmax_cross_entropy(logits: Floats, classes: Classes) -> tuple[Array, Floats]:
    """-log softmax(z)_c, the mean over samples, and its gradient by the logits, from (..., classes, samples).

    The mean has the shape that stands before these two, and is of float64. Bridle (1990); the largest logit is taken
    out first, so that no exponential overflows.
    """
    count = len(classes)
    right = ..., classes, np.arange(count)
    centred = logits - logits.max(axis=-2, keepdims=True)
    gradient = np.exp(centred)
    total = gradient.sum(axis=-2, keepdims=True)
    loss = (np.log(total)[..., 0, :] - centred[right]).sum(axis=-1, dtype=np.float64) / count
    gradient /= total * count
    gradient[right] -= 1 / count
    return loss, gradient
