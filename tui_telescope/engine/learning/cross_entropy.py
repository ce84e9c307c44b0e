"""The softmax cross-entropy of some samples, and its gradient."""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Classes, Floats


def softmax_cross_entropy(logits: Floats, classes: Classes) -> tuple[float, Floats]:
    """-log softmax(z)_c, the mean over samples, and its gradient by the logits; both (classes, samples).

    Bridle (1990); the largest logit is taken out first, so that no exponential overflows.
    """
    samples = np.arange(len(classes))
    centred = logits - logits.max(axis=0)
    exponentials = np.exp(centred)
    total = exponentials.sum(axis=0)
    loss = float(np.mean(np.log(total) - centred[classes, samples], dtype=np.float64))
    gradient = exponentials / (total * len(classes))
    gradient[classes, samples] -= 1 / len(classes)
    return loss, gradient
