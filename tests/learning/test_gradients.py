"""The gradients that a network learns by are those of its loss, by finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.networks import NORMS
from tui_telescope.settings import REGISTRY

SMALL = {"depth": 4, "width": 5, "batch": 6, "bias": 0.3, "initializer": "xavier", "scale": 1.3, "task": "glyphs"}
PLACES = [("none", "activation"), *((norm, place) for norm in NORMS for place in REGISTRY["norm_place"].values)]
TRANSFORMER = {"cell": "transformer", "depth": 2, "width": 6, "heads": 3, "residual": True, "activation": "gelu"}
BLOCKS = [
    *({"activation": activation} for activation in REGISTRY["activation"].values),
    *({"activation": "tanh", "norm": norm, "norm_place": place, "residual": True} for norm, place in PLACES),
    *({"activation": "gelu", "norm": norm, "norm_place": place} for norm, place in PLACES),
    *(
        {"activation": "tanh", "residual": True, "skip_scale": 0.7, "branch_scale": branch}
        for branch in (0.6, "1/L", "1/sqrt(l)")
    ),
    {"activation": "tanh", "residual": True, "norm": "layer", "norm_place": "branch", "branch_scale": "1/sqrt(l)"},
    *({"activation": "sigmoid", "norm": norm, "norm_eps": 0.1, "final_norm": True} for norm in NORMS),
    {"cell": "rnn", "activation": "tanh", "residual": True, "skip_scale": 0.9, "branch_scale": "1/sqrt(l)"},
    {"residual": True, "branch_scale": "1/sqrt(L)"},
    {"residual": True, "branch_scale": 0.5, "activation": "silu", "bias": 0.0},
    {"activation": "selu", "initializer": "identity", "scale": 1.0},
    *(
        {"form": form, "activation": activation, "expansion": 3}
        for form in ("pre-activation", "mlp")
        for activation in ("sigmoid", "selu", "gelu")
    ),
    *(
        {"form": form, "norm": norm, "norm_place": place, "activation": "tanh", "residual": True, "skip_scale": 0.8}
        for form in ("pre-activation", "mlp")
        for norm, place in PLACES
    ),
    {"form": "mlp", "norm": "layer", "final_norm": True, "initializer": "identity", "bias": 0.0},
    {"activation": "tanh", "initializer": "orthogonal", "task": "spirals"},
    *({"cell": cell, "depth": 10, "activation": "tanh"} for cell in ("rnn", "lstm", "gru")),
    {"cell": "rnn", "depth": 3, "residual": True, "branch_scale": 0.7, "activation": "softplus"},
    {"cell": "lstm", "depth": 3, "task": "spirals", "initializer": "identity"},
    *({**TRANSFORMER, "norm": norm, "norm_place": place, "final_norm": norm != "none"} for norm, place in PLACES),
    {**TRANSFORMER, "residual": False, "heads": 1, "bias": 0.0, "activation": "softplus"},
    {**TRANSFORMER, "skip_scale": 0.7, "branch_scale": "1/sqrt(l)", "activation": "relu", "expansion": 1, "heads": 6},
    {**TRANSFORMER, "branch_scale": "1/sqrt(2L)", "initializer": "identity", "task": "spirals", "activation": "silu"},
]


def learner_of(chosen: dict):
    return Telescope().learner(Settings(**{**SMALL, **chosen}), dtype=np.float64)


def loss_by_its_formula(logits: np.ndarray, classes: np.ndarray) -> float:
    """The mean of -log of the right class's share of the exponentials; logits are (classes, samples)."""
    shares = np.exp(logits) / np.exp(logits).sum(axis=0)
    return float(-np.mean(np.log(shares[classes, np.arange(len(classes))])))


def read_by_the_head(signal: np.ndarray, settings: Settings) -> np.ndarray:
    """(n, batch), from the last signal: of a sequence, whose tokens stand one below the other, the last of them."""
    tokens = np.split(signal, len(signal) // settings.width)
    return after_the_final_norm(np.concatenate(tokens, axis=1), settings)[:, -signal.shape[1] :]


def after_the_final_norm(x: np.ndarray, settings: Settings) -> np.ndarray:
    """Over (units, samples), by its formula, where there is one."""
    if not settings.final_norm:
        return x
    kind = NORMS[settings.norm]
    varying = x - x.mean(kind.axis, keepdims=True) if kind.centred else x
    return varying / np.sqrt(np.mean(varying**2, kind.axis, keepdims=True) + settings.norm_eps)


@pytest.mark.parametrize("chosen", BLOCKS, ids=str)
def test_gradients_agree_with_finite_differences_along_any_direction(chosen):
    """A central difference of step h errs by h^2 and by 1e-16 / h: at 1e-5 both leave about ten digits."""
    learner = learner_of(chosen)
    inputs, classes = learner.batch(3)
    gradients = learner.gradients(inputs, classes)
    rng = np.random.default_rng(1)
    for name, gradient in gradients.items():
        parameter = learner.parameters[name]
        direction = rng.standard_normal(parameter.shape)
        direction /= np.linalg.norm(direction)
        step, losses = 1e-5, []
        for nudge in (step, -2 * step):
            parameter += nudge * direction
            last = read_by_the_head(learner.gone_forward(inputs).signals[-1], learner.settings)
            logits = learner.parameters["head"] @ last + learner.parameters["head_bias"][:, None]
            losses.append(loss_by_its_formula(logits, classes))
        parameter += step * direction
        difference = (losses[0] - losses[1]) / (2 * step)
        scale = np.linalg.norm(gradient)
        assert abs(difference - np.sum(gradient * direction)) <= 1e-7 * scale + 1e-10, name
