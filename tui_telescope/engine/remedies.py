"""What would mend a sick network: changes that the engine tries itself before it names one.

Each answers a cause, and they stand from the smallest change to the largest: a constant or a place, then the weights,
then what the network is made of. The first that makes the typical one of these very networks healthy is named.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.formats.remedies import fitting_the_format
from tui_telescope.networks import NORM_PLACES
from tui_telescope.notation import scientific
from tui_telescope.observations.description import describe
from tui_telescope.observations.observation import Observation, Verdict, measured
from tui_telescope.settings import REGISTRY, Settings, SettingsError

Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Remedy:
    """A change of settings after which the gradient has been seen to be healthy, or to fit its number format."""

    changes: Changes
    log10_gradient_1: float
    """log10 of the mean gradient that then reaches layer 1."""
    text: str
    """One sentence that says which flags to try and what it brings."""
    by_key: str
    """The same for who has keys, by the key that makes the change, where one does."""


@dataclass(frozen=True)
class Candidate:
    """A kind of change, and the cause that it answers."""

    cause: str
    answers: Callable[[Settings, Verdict], bool]
    """Whether these settings and their verdict may have the cause."""
    changes: Callable[[Settings, Verdict], Iterable[Changes]]
    """What is to be tried, the smallest change first."""
    phrase: Callable[[Settings], str]
    """What was changed, for who has keys, from the settings that were tried: `Try ... brings 1.2e-01.`"""


def find_remedy(
    settings: Settings, observation: Observation, observe: Callable[[Settings], Observation]
) -> Remedy | None:
    """The first change that `observe` finds to fit the number format, where these do not; else the first that it finds
    healthy. None for a healthy network, or where none helps."""
    if fitting := fitting_the_format(settings, observation, observe):
        return _fitting_remedy(settings, *fitting)
    if observation.verdict.state in ("healthy", None):
        return None
    for trial, phrase in _trials(settings, observation.verdict):
        seen = observe(trial)
        if seen.verdict.state == "healthy":
            brings, changes = _brought(seen), trial.changes(settings)
            outcome = f"brings {scientific(brings)}."
            return Remedy(changes, brings, f"Try {_flags(changes)}: it {outcome}", f"Try {phrase(trial)} {outcome}")
    return None


def _fitting_remedy(settings: Settings, trial: Settings, seen: Observation) -> Remedy:
    name = "loss_scale" if trial.precision == settings.precision else "precision"
    change = f"{REGISTRY[name].label.lower()} {REGISTRY[name].show(getattr(trial, name))}"
    brings, stage = _brought(seen), trial.stage
    outcome, changes = f"every {stage} receives something, {stage} 1 {scientific(brings)}.", trial.changes(settings)
    return Remedy(changes, brings, f"Try {_flags(changes)}: {outcome}", f"Try {change}: {outcome}")


def _flags(changes: Changes) -> str:
    """As a shell takes them."""
    return shlex.join(word for name, value in changes.items() for word in REGISTRY[name].arguments(value))


def _brought(seen: Observation) -> float:
    """log10 of the mean gradient at layer 1."""
    return float(measured(seen.gradient).log10_mean[0])


def in_words(observation: Observation, remedy: Remedy | None) -> str:
    """The verdict, and what would mend it, where something does."""
    return f"{describe(observation)} {remedy.text}" if remedy else describe(observation)


def _trials(settings: Settings, verdict: Verdict) -> Iterator[tuple[Settings, Callable[[Settings], str]]]:
    """What answers the causes at hand, is within the settings' ranges and changes something; nothing twice."""
    tried = {settings}
    for candidate in CANDIDATES:
        if not candidate.answers(settings, verdict):
            continue
        for changes in candidate.changes(settings, verdict):
            try:
                trial = settings.replace(**changes)
            except SettingsError:
                continue
            if trial not in tried and not trial.ineffective & changes.keys():
                tried.add(trial)
                yield trial, candidate.phrase


def _uses(settings: Settings, *names: str) -> bool:
    """Whether all these settings have an effect."""
    return not settings.ineffective & set(names)


def _always(*changes: Changes) -> Callable[[Settings, Verdict], Iterable[Changes]]:
    return lambda settings, verdict: changes


def _has_dead_units(settings: Settings, verdict: Verdict) -> bool:
    return verdict.state == "dead" and _uses(settings, "activation") and ACTIVATIONS[settings.activation].dies


def _is_rescaled_across_the_residual(settings: Settings, verdict: Verdict) -> bool:
    crosses = NORM_PLACES[settings.norm_place].crosses_residual
    return settings.residual and crosses and _uses(settings, "norm_place")


def _is_rectified(settings: Settings, verdict: Verdict) -> bool:
    """Whether the activation is of ReLU's family, which grows without bound above zero."""
    return _uses(settings, "activation") and ACTIVATIONS[settings.activation].grows[1]


def _larger_forget_biases(settings: Settings, verdict: Verdict) -> Iterator[Changes]:
    return ({"forget_bias": bias} for bias in FORGET_BIASES if bias > settings.forget_bias)


def _balanced_scales(settings: Settings, verdict: Verdict) -> Iterator[Changes]:
    """Theory's critical scale, and the one that levels the fitted line: exact where the activation is homogeneous."""
    # Imported once advice is asked for: the start need not wait.
    from tui_telescope.engine.mean_field.criticality import CRITICAL_DIGITS
    from tui_telescope.engine.mean_field.theory import critical_scale

    critical = critical_scale(settings)
    if critical is not None:
        yield {"scale": float(f"{critical:.{CRITICAL_DIGITS}g}")}
    matrices = 1 if settings.is_recurrent else len(settings.matrices)
    slope = measured(verdict.decades_per_layer) / matrices
    if abs(slope) < FARTHEST_STEP:
        yield {"scale": float(f"{settings.scale * 10**-slope:.3g}")}


def _wider(settings: Settings, verdict: Verdict) -> Iterator[Changes]:
    return ({"width": width} for width in WIDTHS if width > settings.width)


def _branches(settings: Settings, verdict: Verdict) -> Iterator[Changes]:
    """A residual connection whose branch is scaled down by depth, so that its power does not add up over layers."""
    yield {"branch_scale": "1/sqrt(L)"} if settings.residual else {"residual": True, "branch_scale": "1/sqrt(L)"}


def _pressing(name: str, what: str) -> str:
    return f"{REGISTRY[name].key}: {what}"


FORGET_BIASES = (2.0, 3.0, 5.0, 8.0)
WIDTHS = (8, 16, 32, 64)
FARTHEST_STEP = 100.0
"""Decades a layer beyond which no scale of the range makes up for it."""

CANDIDATES = (
    Candidate(
        "a norm across the residual connection rescales it at every layer",
        _is_rescaled_across_the_residual,
        _always({"norm_place": "pre"}),
        lambda trial: _pressing("norm_place", "the norm at pre, beside the residual connection,"),
    ),
    Candidate(
        "the forget gate closes a little at every step",
        lambda settings, verdict: verdict.state == "vanishing" and _uses(settings, "forget_bias"),
        _larger_forget_biases,
        lambda trial: f"forget bias {trial.forget_bias:g}: it",
    ),
    Candidate(
        "the weights are too small or too large; no scale revives dead units, whose signs it does not change",
        lambda settings, verdict: verdict.state != "dead",
        _balanced_scales,
        lambda trial: _pressing("scale", f"scale {REGISTRY['scale'].show(trial.scale)}"),
    ),
    Candidate(
        "weights that do not make up for the half of the signal that a rectifier drops",
        _is_rectified,
        _always({"initializer": "he", "scale": 1.0}),
        lambda trial: _pressing("initializer", "he at scale 1"),
    ),
    Candidate(
        "units whose slope is zero on one side",
        _has_dead_units,
        _always({"activation": "leaky_relu"}),
        lambda trial: _pressing("activation", "leaky_relu"),
    ),
    Candidate(
        "so few units that all are dead at once",
        _has_dead_units,
        _wider,
        lambda trial: _pressing("width", f"width {trial.width}"),
    ),
    Candidate(
        "every layer multiplies, and nothing goes past it",
        lambda settings, verdict: not settings.residual and _uses(settings, "residual"),
        _always({"residual": True}),
        lambda trial: _pressing("residual", "the residual connection"),
    ),
    Candidate(
        "the branches beside a residual connection add up over the layers",
        lambda settings, verdict: _uses(settings, "residual"),
        _branches,
        lambda trial: "a residual connection with branch 1/sqrt(L): it",
    ),
    Candidate(
        "a cell whose state has no gate of its own that a bias may hold open",
        lambda settings, verdict: settings.is_recurrent and not _uses(settings, "forget_bias"),
        _always({"cell": "lstm"}, {"cell": "gru"}, *({"cell": "lstm", "forget_bias": bias} for bias in FORGET_BIASES)),
        lambda trial: _pressing("cell", f"the cell {trial.cell}{_forget_bias(trial)}"),
    ),
    Candidate(
        "weights that drive the gates to their ends",
        lambda settings, verdict: settings.is_recurrent,
        _always({"scale": 1.0}, *({"cell": "lstm", "scale": 1.0, "forget_bias": bias} for bias in FORGET_BIASES)),
        lambda trial: f"the cell {trial.cell} at scale 1{_forget_bias(trial)}: it",
    ),
    Candidate(
        "a norm in front of every activation amplifies",
        lambda settings, verdict: settings.norm_kind is not None,
        _always({"norm": "none"}),
        lambda trial: _pressing("norm", "no norm: it"),
    ),
    Candidate(
        "an activation and weights that do not suit each other, whatever the norm",
        lambda settings, verdict: _uses(settings, "activation"),
        _always(
            {"activation": "relu", "initializer": "he", "scale": 1.0},
            {"activation": "tanh", "initializer": "orthogonal", "scale": 1.0},
            {"activation": "tanh", "initializer": "orthogonal", "scale": 1.0, "norm": "none"},
        ),
        lambda trial: f"{trial.activation} with {trial.initializer} weights at scale 1 and norm {trial.norm}: it",
    ),
)
"""In the order in which they are tried."""


def _forget_bias(trial: Settings) -> str:
    return f" with forget bias {trial.forget_bias:g}" if _uses(trial, "forget_bias") else ""
