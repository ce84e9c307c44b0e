"""Which settings theory has something to say of, and why it has nothing to say of the others."""

from __future__ import annotations

from collections.abc import Callable

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.settings import Settings

FEWEST = 8
"""Samples of a batch norm; of fewer, chance decides more than a correction makes up for."""


def why_no_theory(settings: Settings) -> str:
    """Why there is no prediction for these settings, in a sentence; empty where there is one. It takes no time."""
    return next((f"No theory here: {words}." for holds, words in _REASONS if holds(settings)), "")


def _is_silent(settings: Settings) -> bool:
    """Whether every unit stands exactly where phi bends."""
    entry = ACTIVATIONS[settings.activation]
    bends = entry.slopes is not None and not entry.is_linear
    return settings.input_scale == 0 and bends and not settings.has_biases and _uses_activation(settings)


def _has_batch_norm(settings: Settings) -> bool:
    return settings.norm_kind is not None and settings.norm_kind.takes_shares_out


def _uses_activation(settings: Settings) -> bool:
    return "activation" not in settings.ineffective


_REASONS: tuple[tuple[Callable[[Settings], bool], str], ...] = (
    (lambda settings: LOSSES[settings.loss].slope is not None, "it covers no such loss"),
    (
        lambda settings: settings.residual and settings.skip_scale == 0 and 0 in settings.branch_factors,
        "skip and branch are both multiplied with 0, so that nothing is carried",
    ),
    (_is_silent, "without inputs or biases every unit stands exactly where the activation bends"),
    (
        lambda settings: settings.norm_kind is not None and INITIALIZERS[settings.initializer].diagonal,
        "it covers no norms beside identity weights",
    ),
    (
        lambda settings: _has_batch_norm(settings) and settings.bias != 0 and not settings.loses_biases,
        "with biases that differ, batch norm divides each unit by a spread of its own",
    ),
    (
        lambda settings: _has_batch_norm(settings) and settings.samples < FEWEST,
        f"batch norm over fewer than {FEWEST} samples is decided by chance",
    ),
)
"""What holds where there is none, and what is said then: the first that does."""
