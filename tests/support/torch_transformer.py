"""The block of a transformer again in PyTorch's own functions, and its own attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional
from torch_functions import ACTIVATIONS, NORMS

Matrices = Mapping[str, tuple[torch.Tensor, Any]]
"""W of each kind with its biases, or None."""


def block(settings: Any, layer: int, x: torch.Tensor, matrices: Matrices) -> torch.Tensor:
    """Of tokens (samples, tokens, n); layers count from 0."""
    for branch in (_attention, _mlp):
        value = _at(settings, "branch", branch(settings, _at(settings, "pre", x), matrices))
        if settings.residual:
            value = settings.skip_scale * x + settings.branch_factors[layer] * value
        x = _at(settings, "post", value)
    return x


def _attention(settings: Any, x: torch.Tensor, matrices: Matrices) -> torch.Tensor:
    samples, tokens, n = x.shape
    heads = (samples, tokens, settings.heads, n // settings.heads)
    projected = [functional.linear(x, *matrices[name]).reshape(heads) for name in ("query", "key", "value")]
    mixed = functional.scaled_dot_product_attention(*(each.transpose(1, 2) for each in projected), is_causal=True)
    return functional.linear(mixed.transpose(1, 2).reshape(x.shape), *matrices["output"])


def _mlp(settings: Any, x: torch.Tensor, matrices: Matrices) -> torch.Tensor:
    hidden = _at(settings, "activation", functional.linear(x, *matrices["up"]))
    return functional.linear(ACTIVATIONS[settings.activation](hidden), *matrices["down"])


def _at(settings: Any, place: str, x: torch.Tensor) -> torch.Tensor:
    return norm(settings, x) if settings.norm_place == place else x


def norm(settings: Any, x: torch.Tensor) -> torch.Tensor:
    """Batch norm is over the tokens of all samples, as of images it is over all places."""
    normed: torch.Tensor = NORMS[settings.norm](x.reshape(-1, x.shape[-1]), settings.norm_eps).reshape(x.shape)
    return normed
