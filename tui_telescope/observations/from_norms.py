"""Observations of whatever knows a norm for each layer: nothing here asks how it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui_telescope.networks import NUMBER_FORMATS, NumberFormat
from tui_telescope.observations.diagnosis import diagnose
from tui_telescope.observations.log_statistics import LOG10_2, QUANTILES, summarize_log2
from tui_telescope.observations.observation import (
    GradientReading,
    NetworkReadings,
    NonFinite,
    Observation,
    SignalReading,
    WeightGradientReading,
)

Array = NDArray[np.float64]

FROM_ABOVE = {"weight norm": False, "signal": False, "gradient": True, "cell gradient": True, "weight gradient": True}
"""The readings in the order of a training step, and whether it takes them from the last layer to the first."""


def from_log10_norms(
    gradient: ArrayLike | None = None,
    *,
    weight_gradient: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    rms: ArrayLike | None = None,
    saturated: Array | None = None,
    dead: Array | None = None,
    spread: Array | None = None,
    trained: NDArray[np.bool_] | None = None,
    layers: Sequence[str] | None = None,
    stage: str = "layer",
    shares_weights: bool = False,
    kept_in: NumberFormat = NUMBER_FORMATS["float32"],
) -> Observation:
    """The readings of one network or more, and what they amount to; of the first four there is one at least.

    `gradient`, `weight_gradient` and `weights` are the log10 of each layer's ||d loss / d a_l||, ||d loss / d W_l|| and
    ||W_l||, `rms` that of its signal: shape (L,), or (networks, L) for all but the signal. A zero is -inf; NaN and
    infinity are told of in `Observation.nonfinite`, and of what holds one nothing is judged. `saturated` and `dead` are
    fractions, (L,), `spread` is that of `SignalReading`, `trained` that of `NetworkReadings`: where it is False the
    weights' numbers are not looked at. `layers` are the layers' names. With `shares_weights`
    `weight_gradient` is what each step adds to the gradient by the shared ones, and `weights` the norm of that whole.
    `kept_in` is the format in which a change is to be felt.
    """
    given = {"weight norm": weights, "signal": rms, "gradient": gradient, "weight gradient": weight_gradient}
    rows = {name: np.array(each, dtype=np.float64, ndmin=2) for name, each in given.items() if each is not None}
    nonfinite = tuple(NonFinite(name, numbers) for name in rows if (numbers := _nonfinite_layers(name, rows[name])))
    shown = {name: np.where(log10 < np.inf, log10, -np.inf) for name, log10 in rows.items()}
    sound = {name: log10 for name, log10 in shown.items() if name not in {each.reading for each in nonfinite}}
    reading = _over_networks(shown["gradient"]) if "gradient" in shown else None
    by_weights = _over_networks(shown["weight gradient"]) if "weight gradient" in shown else None
    return Observation(
        reading,
        None if reading is None else log10_factor(reading.log10_mean),
        diagnose(replace(_network_readings(sound, shares_weights, kept_in), trained=trained), reading),
        WeightGradientReading(by_weights.log10_mean) if by_weights else None,
        SignalReading(shown["signal"][0], saturated, dead, spread) if "signal" in shown else None,
        stage=stage,
        layers=None if layers is None else tuple(layers),
        nonfinite=nonfinite,
    )


def _nonfinite_layers(name: str, log10: Array) -> tuple[int, ...]:
    """The numbers of the layers that are NaN or infinite in some network, in the order in which a step meets them."""
    numbers = (np.flatnonzero(~(log10 < np.inf).all(axis=0)) + 1).tolist()
    return tuple(reversed(numbers) if FROM_ABOVE[name] else numbers)


def _over_networks(log10: Array) -> GradientReading:
    """Mean and quantiles of 10**log10 over networks, from (networks, L)."""
    if len(log10) == 1:
        return GradientReading(*[log10[0]] * 4)
    mean, quantiles = summarize_log2(log10.T / LOG10_2, QUANTILES)
    return GradientReading(mean * LOG10_2, *(quantiles * LOG10_2))


def _network_readings(log10: Mapping[str, Array], shares_weights: bool, kept_in: NumberFormat) -> NetworkReadings:
    gradient = log10.get("gradient")
    change = None
    if "weight gradient" in log10 and "weight norm" in log10:
        change_of = _share_of_whole if shares_weights else _weight_change
        change = change_of(log10["weight gradient"], log10["weight norm"])
    first = None if gradient is None else gradient[:, :1]
    return NetworkReadings(gradient, first, change, shares_weights=shares_weights, kept_in=kept_in)


def _share_of_whole(gradient: Array, whole: Array) -> Array:
    """See `NetworkReadings`; of a whole that is zero the gradient itself."""
    return gradient - np.where(np.isneginf(whole), 0.0, whole)


def _weight_change(gradient: Array, weights: Array) -> Array:
    """See `NetworkReadings`. All-zero weights move by more than their size: they learn, but set no standard."""
    are_zero = np.isneginf(weights)
    change = np.where(are_zero, -np.inf, gradient - np.where(are_zero, 0.0, weights))
    largest = change.max(axis=1, keepdims=True)
    share = change - np.where(np.isneginf(largest), 0.0, largest)
    return np.where(are_zero & (gradient > -np.inf), 0.0, share)


def log10_factor(log10_gradient: Array) -> Array:
    """log10(gradient_{l-1} / gradient_l) for l = 2..L; a layer that receives nothing passes nothing: -inf."""
    below, above = log10_gradient[:-1], log10_gradient[1:]
    alive = np.isfinite(above)
    return np.where(alive, below - np.where(alive, above, 0.0), -np.inf)
