"""What would mend a sick network: candidates that the engine tries itself before it names one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui_telescope.engine.observation import Observation, Verdict
from tui_telescope.notation import scientific
from tui_telescope.settings import REGISTRY, Settings, SettingsError


@dataclass(frozen=True)
class Remedy:
    """A change of settings after which the gradient has been seen to be healthy."""

    changes: Mapping[str, Any]
    text: str
    """One sentence that says what to try and what it brings."""


@dataclass(frozen=True)
class _Candidate:
    changes: Callable[[Settings, Verdict], Mapping[str, Any]]
    phrase: Callable[[Settings], str]


def find_remedy(
    settings: Settings, observation: Observation, observe: Callable[[Settings], Observation]
) -> Remedy | None:
    """The first candidate that `observe` finds healthy; None for a healthy network or where none helps."""
    if observation.verdict.state == "healthy":
        return None
    for changes, phrase in _applicable(settings, observation.verdict):
        trial = settings.replace(**changes)
        seen = observe(trial)
        if seen.verdict.state == "healthy":
            brings = scientific(float(seen.gradient.log10_mean[0]))
            return Remedy(changes, f"Try {phrase(trial)} brings {brings}.")
    return None


def _applicable(settings: Settings, verdict: Verdict) -> Iterator[tuple[Mapping[str, Any], Callable[[Settings], str]]]:
    """The candidates that are within the settings' ranges and change something."""
    for candidate in CANDIDATES:
        changes = candidate.changes(settings, verdict)
        try:
            trial = settings.replace(**changes)
        except SettingsError:
            continue
        if trial != settings and not trial.ineffective & changes.keys():
            yield changes, candidate.phrase


def _balancing_scale(settings: Settings, verdict: Verdict) -> Mapping[str, Any]:
    """The scale that levels the fitted slope, exact where the activation is homogeneous."""
    if abs(verdict.decades_per_layer) > 100:
        return {}
    return {"scale": float(f"{settings.scale * 10**-verdict.decades_per_layer:.3g}")}


CANDIDATES = (
    _Candidate(
        lambda settings, verdict: {"residual": True},
        lambda trial: f"{REGISTRY['residual'].key}: the residual road",
    ),
    _Candidate(_balancing_scale, lambda trial: f"{REGISTRY['scale'].key}: scale {REGISTRY['scale'].show(trial.scale)}"),
    _Candidate(
        lambda settings, verdict: {"activation": "relu", "initializer": "he", "scale": 1.0},
        lambda trial: "ReLU with He at scale 1: it",
    ),
    _Candidate(
        lambda settings, verdict: {"activation": "tanh", "initializer": "orthogonal", "scale": 1.0},
        lambda trial: "tanh with orthogonal weights at scale 1: it",
    ),
)  # fmt: skip
"""In the order in which they are tried."""
