"""From raw measurements of networks to the readings of an observation: means, quantiles, log10."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.observations.from_norms import FROM_ABOVE
from tui_telescope.observations.log_statistics import (
    LOG10_2,
    QUANTILES,
    log2_mean,
    log2_root_mean_square,
    summarize_log2,
)
from tui_telescope.observations.observation import (
    GradientReading,
    NetworkReadings,
    NonFinite,
    RoundingReading,
    SignalReading,
    WeightGradientReading,
)
from tui_telescope.settings import Settings

BLOCK = 2**18
"""Numbers that are summarised at a time: sorting and averaging take several times their room."""


def gradient_reading(measurements: Sequence[Measurement]) -> GradientReading:
    """Mean and band over the samples of all networks."""
    return _with_band([each.gradient for each in measurements])


def cell_gradient_reading(measurements: Sequence[Measurement]) -> GradientReading | None:
    """The same of the LSTM's cell state."""
    cell_gradients = [each.cell_gradient for each in measurements if each.cell_gradient is not None]
    return _with_band(cell_gradients) if cell_gradients else None


def _with_band(gradients: Sequence[Array]) -> GradientReading:
    parts = [summarize_log2(part, QUANTILES) for part in _joined(gradients)]
    mean = np.concatenate([part.mean for part in parts])
    low, median, high = np.concatenate([part.quantiles for part in parts], axis=1)
    return GradientReading(mean * LOG10_2, low * LOG10_2, median * LOG10_2, high * LOG10_2)


def network_readings(
    measurements: Sequence[Measurement], gradient: GradientReading, settings: Settings
) -> NetworkReadings:
    """Those of each network by itself; `gradient` is that of all of them, which a single network shares.

    A reading that is not finite somewhere is not judged.
    """
    is_single, lost = len(measurements) == 1, {each.reading for each in nonfinite_readings(measurements)}
    cells = [each.cell_gradient for each in measurements if each.cell_gradient is not None]
    told = () if "weight gradient" in lost else measurements
    changes = [change for each in told if (change := _weight_change(each)) is not None]
    shares_weights = measurements[0].weight_norms is None
    of_networks = gradient.log10_mean[None] if is_single else _means([each.gradient for each in measurements])
    return NetworkReadings(
        None if "gradient" in lost else of_networks,
        None if "gradient" in lost else np.stack([each.gradient[0] for each in measurements]) * LOG10_2,
        np.stack(changes) * LOG10_2 if changes else None,
        _means(cells) if cells and "cell gradient" not in lost else None,
        shares_weights=shares_weights,
        kept_in=(shares_weights and settings.number_format) or settings.weight_format,
    )


def nonfinite_readings(measurements: Sequence[Measurement]) -> tuple[NonFinite, ...]:
    """What is not finite in some network, in the order in which a training step goes."""
    layers: dict[str, set[int]] = {}
    for each in (nonfinite for measurement in measurements for nonfinite in measurement.nonfinite):
        layers.setdefault(each.reading, set()).update(each.layers)
    return tuple(
        NonFinite(reading, tuple(sorted(layers[reading], reverse=from_above)))
        for reading, from_above in FROM_ABOVE.items()
        if reading in layers
    )


_LOST: dict[str, Callable[[Measurement], Array | None]] = {
    "signal": lambda measurement: None if measurement.signal is None else measurement.signal.norms,
    "gradient": lambda measurement: measurement.gradient,
    "cell gradient": lambda measurement: measurement.cell_gradient,
    "weight gradient": lambda measurement: measurement.weight_gradient,
}
"""The readings that a number format may lose, by their names."""


def lose_in_all(measurements: Sequence[Measurement], nonfinite: Sequence[NonFinite]) -> None:
    """Put -inf for every network where one has lost a reading: the mean over networks is not finite there."""
    for reading, layers in nonfinite:
        for measurement in measurements:
            log2_norms = _LOST[reading](measurement)
            if log2_norms is not None:
                log2_norms[np.array(layers) - 1] = -np.inf


def rounding_reading(measurements: Sequence[Measurement], precision: str) -> RoundingReading | None:
    """The shares over all networks."""
    entries = [each.entries for each in measurements if each.entries is not None]
    if not entries:
        return None
    return RoundingReading(
        precision, _averaged([each.zero for each in entries]), _averaged([each.overflowed for each in entries])
    )


def _means(gradients: Sequence[Array]) -> Array:
    """log10 of each network's mean over its samples, (networks, depth)."""
    return np.stack([log2_mean(each) for each in gradients]) * LOG10_2


def _weight_change(measurement: Measurement) -> Array | None:
    """log2 of what the weights of each layer would change, as a share: see `NetworkReadings.weight_change`."""
    gradient, whole = measurement.weight_gradient, measurement.shared_weight_gradient
    if gradient is None:
        return None
    if whole is None:
        if measurement.weight_norms is None:
            return None
        norms = measurement.weight_norms
        gradient = gradient - np.where(np.isfinite(norms), norms, 0.0)  # weights of zero have no share of themselves
        whole = float(gradient.max())
    return gradient - whole if np.isfinite(whole) else gradient


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


def weight_gradient_reading(measurements: Sequence[Measurement], clip: float | None) -> WeightGradientReading | None:
    """Each network's clipped to a global norm of `clip`, so that no ratio between its layers changes; then the mean.

    Pascanu, Mikolov and Bengio (2013), algorithm 1. Where there is a limit, the measurements hold the global norms.
    """
    norms = [each.weight_gradient for each in measurements if each.weight_gradient is not None]
    if not norms:
        return None
    if clip is None or any(each.global_norm is None for each in measurements):
        return WeightGradientReading(_mean_over_networks(norms) * LOG10_2, log10_parts=_parts(measurements, 0.0))
    global_norms = np.array([each.global_norm for each in measurements], dtype=np.float64)
    excess = np.maximum(0.0, global_norms - np.log2(clip))
    clipped = [each - above for each, above in zip(norms, excess, strict=True)]
    _, ((median,),) = summarize_log2(global_norms[None], (0.5,))
    return WeightGradientReading(
        _mean_over_networks(clipped) * LOG10_2,
        float(median) * LOG10_2,
        int(np.count_nonzero(excess)),
        _parts(measurements, excess),
    )


def _parts(measurements: Sequence[Measurement], excess: Array | float) -> dict[str, Array] | None:
    """log10 of each part's gradient by its weights, each network's less the `excess` that clipping takes off."""
    parts = [each.weight_gradient_parts for each in measurements if each.weight_gradient_parts is not None]
    if not parts:
        return None
    less = np.broadcast_to(excess, len(parts))
    return {
        name: _mean_over_networks([each[name] - above for each, above in zip(parts, less, strict=True)]) * LOG10_2
        for name in parts[0]
    }


def _mean_over_networks(log2_norms: Sequence[Array]) -> Array:
    return log2_mean(np.stack(log2_norms, axis=1)) if len(log2_norms) > 1 else log2_norms[0]


def signal_reading(measurements: Sequence[Measurement], numbers: int) -> SignalReading | None:
    """The root mean square over a sample's `numbers`, samples and networks, what of it differs among samples or tokens,
    and the mean fractions of saturated and dead units."""
    signals = [each.signal for each in measurements if each.signal is not None]
    if not signals:
        return None
    log2_norm = _root_mean_square([signal.norms for signal in signals])
    differing = [signal.differing for signal in signals if signal.differing is not None]
    log2_rms = log2_norm - 0.5 * np.log2(numbers)
    saturated = _averaged([signal.saturated for signal in signals])
    dead = _averaged([signal.dead for signal in signals])
    return SignalReading(log2_rms * LOG10_2, saturated, dead, _log10_share(differing, log2_norm) if differing else None)


def _root_mean_square(log2_norms: Sequence[Array]) -> Array:
    """log2 of that over the samples of all networks, (depth,)."""
    return np.concatenate([log2_root_mean_square(part) for part in _joined(log2_norms)])


def _log10_share(differing: Sequence[Array], log2_whole: Array) -> Array:
    """What differs as a share of the whole; of a whole that is zero nothing does."""
    log2 = _root_mean_square(differing)
    # rounding may not make it more than the whole
    return np.where(np.isneginf(log2), log2, np.minimum(log2 - np.where(np.isneginf(log2), 0, log2_whole), 0)) * LOG10_2
