"""From raw measurements of networks to the readings of an observation: means, quantiles, log10."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.measurement import Measurement
from tui_telescope.engine.observation import GradientReading, SignalReading, WeightGradientReading
from tui_telescope.engine.statistics import LOG10_2, log2_mean, log2_root_mean_square, summarize_log2

Array = NDArray[np.float64]

LOW, HIGH = 0.1, 0.9
"""The quantiles of the gradient's band."""
BLOCK = 2**18
"""Numbers that are summarised at a time: sorting and averaging take several times their room."""


def gradient_reading(measurements: Sequence[Measurement]) -> GradientReading:
    """Mean and band over the samples of all networks."""
    return _with_band([each.gradient for each in measurements])


def cell_gradient_reading(measurements: Sequence[Measurement]) -> GradientReading | None:
    """The same of the LSTM's cell road."""
    cell_gradients = [each.cell_gradient for each in measurements if each.cell_gradient is not None]
    return _with_band(cell_gradients) if cell_gradients else None


def _with_band(gradients: Sequence[Array]) -> GradientReading:
    parts = [summarize_log2(part, (LOW, HIGH)) for part in _joined(gradients)]
    mean = np.concatenate([part.mean for part in parts])
    low, high = np.concatenate([part.quantiles for part in parts], axis=1)
    return GradientReading(mean * LOG10_2, low * LOG10_2, high * LOG10_2)


def _averaged(readings: Sequence[Array]) -> Array:
    """The mean over networks."""
    return np.mean(readings, axis=0) if len(readings) > 1 else readings[0]


def _joined(readings: Sequence[Array]) -> Iterator[Array]:
    """The samples of all networks side by side, a few layers at a time."""
    depth, samples = readings[0].shape
    count = max(1, BLOCK // (samples * len(readings)))
    for start in range(0, depth, count):
        parts = [each[start : start + count] for each in readings]
        yield np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


def log10_factor(log10_gradient: Array) -> Array:
    """log10(gradient_{l-1} / gradient_l) for l = 2..L; a layer that receives nothing passes nothing: -inf."""
    below, above = log10_gradient[:-1], log10_gradient[1:]
    alive = np.isfinite(above)
    return np.where(alive, below - np.where(alive, above, 0.0), -np.inf)


def weight_gradient_reading(measurements: Sequence[Measurement], clip: float | None) -> WeightGradientReading | None:
    """The mean over networks, then clipped to a global norm of `clip`, so that no ratio between layers changes."""
    norms = [each.weight_gradient for each in measurements if each.weight_gradient is not None]
    if not norms:
        return None
    mean = log2_mean(np.stack(norms, axis=1)) if len(norms) > 1 else norms[0]
    return WeightGradientReading(
        (mean if clip is None else _clipped(mean, _global_norm(mean, measurements), clip)) * LOG10_2
    )


def _global_norm(log2_norms: Array, measurements: Sequence[Measurement]) -> float:
    """log2 of the norm of all weight gradients together: of all layers', or of the one that all steps share."""
    shared = [each.shared_weight_gradient for each in measurements if each.shared_weight_gradient is not None]
    if shared:
        return float(log2_mean(np.array(shared)))
    return float(log2_root_mean_square(log2_norms)) + 0.5 * float(np.log2(len(log2_norms)))


def _clipped(log2_norms: Array, log2_global_norm: float, clip: float) -> Array:
    """All layers scaled down together where their global norm is above the limit.

    Pascanu, Mikolov and Bengio (2013), algorithm 1.
    """
    return np.asarray(log2_norms - max(0.0, log2_global_norm - float(np.log2(clip))))


def signal_reading(measurements: Sequence[Measurement], width: int) -> SignalReading | None:
    """The root mean square over units, samples and networks, and the mean fractions of silent units."""
    signals = [each.signal for each in measurements if each.signal is not None]
    if not signals:
        return None
    norms = [log2_root_mean_square(part) for part in _joined([signal.norms for signal in signals])]
    log2_rms = np.concatenate(norms) - 0.5 * np.log2(width)
    saturated = _averaged([signal.saturated for signal in signals])
    dead = _averaged([signal.dead for signal in signals])
    return SignalReading(log2_rms * LOG10_2, saturated, dead)
