"""The softmax cross-entropy of some samples, and its gradient."""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Classes, Floats


def softmax_cross_entropy(logits: Floats, classes: Classes) -> tuple[float, Floats]:
    """-log softmax(z)_c, the mean over samples, and its gradient by the logits; both (classes, samples).

    Bridle (1990); the largest logit is taken out first, so that no exponential overflows.
    """
    count = len(classes)
    right = classes, np.arange(count)
    centred = logits - logits.max(axis=0)
    gradient = np.exp(centred)
    total = gradient.sum(axis=0)
    loss = float((np.log(total) - centred[right]).sum(dtype=np.float64)) / count
    gradient /= total * count
    gradient[right] -= 1 / count
    return loss, gradient
