"""Readings made by hand, for verdicts and charts that need no network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui_telescope.observations.diagnosis import diagnose
from tui_telescope.observations.observation import GradientReading, NetworkReadings, Observation, Verdict


def ramp(depth: int, first: float, last: float = 0.0) -> np.ndarray:
    """An even profile from layer 1 to layer L."""
    return np.linspace(first, last, depth)


def judged(*curves: Sequence[float], changes: Sequence[Sequence[float]] | None = None, **others: bool) -> Verdict:
    """The verdict on networks of one sample each, their log10 gradients given from layer 1 to layer L."""
    return observed(*curves, changes=changes, **others).verdict


def observed(
    *curves: Sequence[float], changes: Sequence[Sequence[float]] | None = None, stage: str = "layer", **others: bool
) -> Observation:
    """Networks of one sample each as an observation; `changes` is what the weights of each would change."""
    gradients = np.array(curves, dtype=np.float64)
    gradient = _summarized(gradients) if len(curves) > 1 else GradientReading(*[gradients[0]] * 4)
    change = None if changes is None else np.array(changes, dtype=np.float64)
    networks = NetworkReadings(gradients, gradients[:, :1], change, **others)
    factor = np.zeros(gradients.shape[1] - 1)
    return Observation(gradient, factor, diagnose(networks, gradient), stage=stage)


def _summarized(gradients: np.ndarray) -> GradientReading:
    """Mean, 10%, 50% and 90% over networks."""
    values = 10**gradients
    with np.errstate(divide="ignore"):
        return GradientReading(*np.log10([values.mean(axis=0), *np.quantile(values, (0.1, 0.5, 0.9), axis=0)]))
