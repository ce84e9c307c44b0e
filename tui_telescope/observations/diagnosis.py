"""The verdict: what the readings of some networks amount to, judged by the typical one.

Means are moved by a single loud network; the verdict is of medians over networks, layer by layer, of each network's
own profile: its gradient as a share of what its last layer receives.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tui_telescope.networks import NUMBER_FORMATS, NumberFormat
from tui_telescope.observations.log_statistics import LOG10_2
from tui_telescope.observations.observation import (
    Carriers,
    GradientReading,
    NetworkReadings,
    State,
    Steepest,
    Verdict,
    WeightGradientReading,
    measured,
)

Array = NDArray[np.float64]

HEALTHY_DECADES = 2.0
"""How far the gradients of the first and the last layer may lie apart in a healthy network, in decades."""
LEAST_SLOPE = 1.0
"""Decades from end to end by which the fitted line must fall or climb in one that is not."""
STEEPEST_DECADES = 1.0
"""The least that a single layer must gain or lose to be named."""
FEW_NETWORKS = 0.25
"""Up to this share of the networks are called few; where more reach a mean beyond its band, few samples do."""


def frozen_log10(kept_in: NumberFormat) -> float:
    """log10 of ||dW|| / ||W|| as a share of the largest layer's: the epsilon of the format that weights are kept in. A
    layer that is to move by less keeps every bit while the loudest moves by its own size."""
    return -kept_in.mantissa_bits * LOG10_2


def unheard_log10(summed_in: NumberFormat) -> float:
    """log10 of what a step adds to a sum: half of the format's epsilon, below which a sum stays what it was."""
    return frozen_log10(summed_in) - LOG10_2


FROZEN_LOG10 = frozen_log10(NUMBER_FORMATS["float32"])
UNHEARD_LOG10 = unheard_log10(NUMBER_FORMATS["float32"])


def diagnose(
    networks: NetworkReadings,
    gradient: GradientReading | None = None,
    weight_gradient: WeightGradientReading | None = None,
) -> Verdict:
    """Judge by ratios alone: absolute gradients depend on width, batch and loss.

    `gradient` and `weight_gradient` are the readings of all networks together. Where the networks have no gradient
    to judge, the verdict is of what learns.
    """
    verdict = _of_weights(networks, weight_gradient)
    if networks.gradient is None:
        return verdict
    profile = _typical_profile(networks.gradient)
    slope, end_to_end = decades_per_layer(profile), float(profile[0])
    return replace(
        verdict,
        state=_state(end_to_end, slope * (len(profile) - 1)),
        decades_per_layer=slope,
        end_to_end=end_to_end,
        networks=len(networks.gradient),
        dead_networks=int(np.count_nonzero(np.isneginf(networks.gradient[:, 0]))),
        steepest=_steepest(profile),
        cell_end_to_end=None if networks.cell_gradient is None else float(_typical_profile(networks.cell_gradient)[0]),
        carriers=_carriers(networks.gradient, measured(networks.first_gradients), measured(gradient)),
    )


def _of_weights(networks: NetworkReadings, weight_gradient: WeightGradientReading | None) -> Verdict:
    """What the gradients by the weights amount to, whatever the one by the signals."""
    changes = networks.weight_change
    return Verdict(
        state=None,
        decades_per_layer=None,
        end_to_end=None,
        networks=1 if changes is None else len(changes),
        dead_networks=0,
        frozen=_frozen(networks),
        frozen_in=networks.kept_in.name,
        dead=_dead(networks),
        untrained=() if networks.trained is None else _numbers(~networks.trained),
        still_networks=_still_networks(networks),
        log10_clipped_from=weight_gradient.log10_clipped_from if weight_gradient else None,
        clipped_networks=weight_gradient.clipped_networks if weight_gradient else 0,
    )


def _typical_profile(log10_gradient: Array) -> Array:
    """log10 of gradient_l / gradient_L, (L,), from (networks, L): the median over networks, 0 at the last layer."""
    last = log10_gradient[:, -1:]
    profiles = log10_gradient - np.where(np.isneginf(last), 0.0, last)
    return _median(profiles)


def _median(readings: Array) -> Array:
    """Over the first axis; -inf where half of them are."""
    return np.asarray(np.median(readings, axis=0)) if len(readings) > 1 else readings[0]


def decades_per_layer(log10_gradient: Array) -> float:
    """Least-squares slope of log10 gradient over the layers that have one; 0 for fewer than two."""
    heights = log10_gradient[np.isfinite(log10_gradient)]  # the dead layers, if any, are the lowest
    return float(_slope_weights(len(heights)) @ heights)


@lru_cache(maxsize=8)
def _slope_weights(count: int) -> Array:
    """What heights over 1..count are multiplied with for their least-squares slope; zeros for fewer than two."""
    offsets = np.arange(count) - (count - 1) / 2
    return np.asarray(offsets * (-12 / max(1, count * (count**2 - 1))))


def _state(end_to_end: float, fitted: float) -> State:
    """From the decades between the ends, and those between the ends of the fitted line."""
    if end_to_end == -math.inf:
        return "dead"
    if end_to_end < -HEALTHY_DECADES and fitted <= -LEAST_SLOPE:
        return "vanishing"
    if end_to_end > HEALTHY_DECADES and fitted >= LEAST_SLOPE:
        return "exploding"
    return "healthy"


def _steepest(profile: Array) -> Steepest | None:
    """The layer that accounts for more than half of all decades from end to end, if they are finite."""
    if len(profile) < 2 or not np.isfinite(profile).all():
        return None
    decades = np.subtract(profile[:-1], profile[1:])
    steepest = int(np.argmax(decades * np.sign(profile[0])))
    share = float(decades[steepest])
    is_most = share * np.sign(profile[0]) > 0 and abs(share) > abs(profile[0]) / 2
    return Steepest(steepest + 2, share) if is_most and abs(share) >= STEEPEST_DECADES else None


def _carriers(of_networks: Array, samples: Array, gradient: GradientReading) -> Carriers | None:
    """Of the mean of all, from the log10 gradients of each network, (networks, L), and of each sample at layer 1."""
    mean, high = gradient.log10_mean[0], gradient.log10_high[0]
    if not mean > high:
        return None
    reaching, count = int(np.count_nonzero(of_networks[:, 0] >= mean)), len(of_networks)
    if count > 1 and reaching <= FEW_NETWORKS * count:
        return Carriers("network", reaching, count)
    return Carriers("sample", int(np.count_nonzero(samples >= mean)), samples.size)


def _frozen(networks: NetworkReadings) -> tuple[int, ...] | None:
    if networks.weight_change is None:
        return None
    threshold = unheard_log10 if networks.shares_weights else frozen_log10
    return _numbers(_among_trained(networks, _median(networks.weight_change) < threshold(networks.kept_in)))


def _among_trained(networks: NetworkReadings, is_meant: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return is_meant if networks.trained is None else is_meant & networks.trained


def _dead(networks: NetworkReadings) -> tuple[int, ...]:
    """Of steps that share W none is dead by what it adds: step 1 adds nothing to dW, and W learns."""
    by_weights = None if networks.shares_weights else networks.weight_change
    are_dead = [] if networks.gradient is None else [np.isneginf(_median(networks.gradient))]
    if by_weights is not None:
        are_dead.append(_among_trained(networks, np.isneginf(_median(by_weights))))
    return _numbers(np.any(are_dead, axis=0)) if are_dead else ()


def _numbers(is_meant: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple((np.flatnonzero(is_meant) + 1).tolist())


def _still_networks(networks: NetworkReadings) -> int:
    """Those in which no weight learns."""
    if networks.weight_change is None:
        return 0
    return int(np.count_nonzero(np.isneginf(networks.weight_change).all(axis=1)))
