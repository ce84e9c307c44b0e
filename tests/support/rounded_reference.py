"""Networks in a number format, written out in plain numpy over ml_dtypes' casts: nothing here is the engine's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from tui_telescope import Settings, Telescope

Array = np.ndarray[Any, Any]

TYPES = {
    "float32": np.float32,
    "bfloat16": ml_dtypes.bfloat16,
    "float16": np.float16,
    "float8_e4m3": ml_dtypes.float8_e4m3fn,
    "float8_e5m2": ml_dtypes.float8_e5m2,
}


def cast(x: Array | float, precision: str) -> Array:
    """To the format and back to float32, which holds every number of it."""
    with np.errstate(all="ignore"):
        return np.asarray(np.asarray(x, np.float32).astype(TYPES[precision]).astype(np.float32))


@dataclass
class Expected:
    """Gradients by a_l, unscaled, and by W_l of the mean loss; signals a_l: one array a layer."""

    gradients: list[Array]
    weight_gradients: list[Array]
    signals: list[Array]


def sigmoid_stack(settings: Settings) -> Expected:
    """Sigmoid layers, with or without a residual connection of factor 1, under the probe loss."""
    draw = Telescope().draw(settings)

    def r(x: Array | float) -> Array:
        return cast(x, settings.precision)

    weights, a = [r(each) for each in draw.weights[0]], r(draw.inputs.T)
    inputs, slopes, signals = [], [], []
    with np.errstate(all="ignore"):
        for matrix in weights:
            z = r(matrix @ a)
            sigma = 1 / (1 + np.exp(-z.astype(np.float64)))
            inputs.append(a)
            slopes.append(r(sigma * (1 - sigma)))
            a = r(a + r(sigma)) if settings.residual else r(sigma)
            signals.append(a)
        gradient = r(r(draw.targets.T) * np.float32(settings.loss_scale))
        gradients, by_weights = [], []
        for matrix, slope, heard in zip(weights[::-1], slopes[::-1], inputs[::-1], strict=True):
            gradients.append(gradient / np.float64(settings.loss_scale))
            by_product = r(slope * gradient)
            by_weights.append(r(by_product @ heard.T) / np.float64(settings.loss_scale) / settings.samples)
            below = r(matrix.T @ by_product)
            gradient = r(gradient + below) if settings.residual else below
    return Expected(gradients[::-1], by_weights[::-1], signals)


def elman_steps(settings: Settings) -> Expected:
    """tanh(W h + (U x + b)) through time under the probe loss; `weight_gradients` are those of all steps together, by W
    and by U with b."""
    draw = Telescope().draw(settings)

    def r(x: Array | float) -> Array:
        return cast(x, settings.precision)

    assert draw.input_weights is not None
    w, u, b = r(draw.weights[0, 0]), r(draw.input_weights[0, 0]), r(draw.biases[0, 0])[:, None]
    hidden = [np.zeros(draw.targets.T.shape, np.float32)]
    slopes = []
    for t in range(settings.depth):
        news = r(r(u @ r(draw.inputs[:, t].T)) + b)
        z = r(r(w @ hidden[-1]) + news).astype(np.float64)
        slopes.append(r(1 / np.cosh(z) ** 2))
        hidden.append(r(np.tanh(z)))
    ones = np.ones((1, settings.samples), np.float32)
    gradient, gradients = r(r(draw.targets.T) * np.float32(settings.loss_scale)), []
    totals = [np.zeros_like(w), np.zeros((len(u), u.shape[1] + 1), np.float32)]
    for t in reversed(range(settings.depth)):
        gradients.append(gradient / np.float64(settings.loss_scale))
        by_product = r(gradient * slopes[t])
        heard = hidden[t], np.concatenate([r(draw.inputs[:, t].T), ones])
        totals = [r(total + r(by_product @ each.T)) for total, each in zip(totals, heard, strict=True)]
        gradient = r(w.T @ by_product)
    of_mean = [total / np.float64(settings.loss_scale) / settings.samples for total in totals]
    return Expected(gradients[::-1], of_mean, hidden[1:])
