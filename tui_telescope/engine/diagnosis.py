"""The verdict: what the readings of a network amount to, in numbers and in words."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.observation import GradientReading, Observation, State, Verdict
from tui_telescope.notation import scientific

Array = NDArray[np.float64]

HEALTHY_DECADES = 2.0
"""How far the gradients of the first and the last layer may lie apart in a healthy network, in decades."""

FLOAT32_EPSILON_LOG10 = float(-23 * np.log10(2.0))


def diagnose(gradient: GradientReading) -> Verdict:
    """Judge by ratios alone: absolute gradients depend on width, batch and loss."""
    mean = gradient.log10_mean
    slope = decades_per_layer(mean)
    is_dead = mean == -np.inf
    dead_below = int(np.flatnonzero(is_dead)[-1]) + 1 if is_dead.any() else 0
    end_to_end = -np.inf if dead_below else float(mean[0] - mean[-1])
    return Verdict(_state(end_to_end, slope, dead_below), slope, end_to_end, _frozen(mean), dead_below)


def decades_per_layer(log10_gradient: Array) -> float:
    """Least-squares slope of log10 gradient over the layers that have one; 0 for fewer than two."""
    heights = log10_gradient[np.isfinite(log10_gradient)]  # the dead layers, if any, are the lowest
    return float(_slope_weights(len(heights)) @ heights)


@lru_cache(maxsize=8)
def _slope_weights(count: int) -> Array:
    """What heights over 1..count are multiplied with for their least-squares slope; zeros for fewer than two."""
    offsets = np.arange(count) - (count - 1) / 2
    return np.asarray(offsets * (-12 / max(1, count * (count**2 - 1))))


def _state(end_to_end: float, slope: float, dead_below: int) -> State:
    if dead_below:
        return "dead"
    if end_to_end < -HEALTHY_DECADES and slope < 0:
        return "vanishing"
    if end_to_end > HEALTHY_DECADES and slope > 0:
        return "exploding"
    return "healthy"


def _frozen(log10_gradient: Array) -> int:
    threshold = log10_gradient.max() + FLOAT32_EPSILON_LOG10
    return int(np.count_nonzero(~(log10_gradient >= threshold)))


def describe(observation: Observation) -> str:
    """The reading in two sentences, for the line under the chart, for print and for screen readers."""
    verdict, depth, stage = observation.verdict, observation.depth, observation.stage
    received = _amount(observation.gradient.log10_mean[0]) + _pace(verdict, depth, stage)
    return f"{stage.capitalize()} 1 receives {received}. {_judgement(verdict, depth, stage)}"


def _amount(log10: float) -> str:
    return "exactly 0" if np.isneginf(log10) else scientific(float(log10))


def _pace(verdict: Verdict, depth: int, stage: str) -> str:
    """The geometric mean of the factors: to the power of L-1 it gives the end-to-end ratio."""
    if depth == 1 or verdict.state == "dead":
        return ""
    pace = verdict.end_to_end / (depth - 1)
    factor = f"{10**pace:.2f}" if -2 < pace < 4 else scientific(pace)
    return f" (factor {factor} a {stage}, {pace:+.2f} decades)"


def _judgement(verdict: Verdict, depth: int, stage: str) -> str:
    if verdict.state == "dead":
        reach = f"{stage} 1" if verdict.dead_below == 1 else f"{stage}s 1 to {verdict.dead_below}"
        return f"DEAD: nothing at all reaches {reach}."
    verb = "is" if verdict.frozen_layers == 1 else "are"
    count = verdict.frozen_layers or "none"
    stages = stage if depth == 1 else f"{stage}s"
    return f"{verdict.state.upper()}: {count} of {depth} {stages} {verb} frozen in float32."
