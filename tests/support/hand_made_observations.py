"""Readings made by hand, for verdicts and charts that need no network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui_telescope.observations.from_norms import from_log10_norms
from tui_telescope.observations.observation import Observation, Verdict


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
    by_weights = {} if changes is None else {"weight_gradient": changes, "weights": np.zeros(np.shape(changes))}
    return from_log10_norms(curves, stage=stage, **by_weights, **others)
