"""The learning network again in PyTorch's own functions and modules, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch_functions import ACTIVATIONS, NORMS
from torch_transformer import block, norm

ROWS = 8
"""Of a glyph."""


def parameters_of(learner: Any) -> dict[str, torch.Tensor]:
    """Copies that PyTorch may differentiate by and step."""
    return {name: torch.tensor(array, requires_grad=True) for name, array in learner.parameters.items()}


def loss_of(settings: Any, parameters: dict[str, torch.Tensor], inputs: np.ndarray, classes: np.ndarray) -> Any:
    """The mean cross-entropy."""
    through = {"feedforward": _through_layers, "transformer": _through_tokens}.get(settings.cell, _through_time)
    last = through(settings, parameters, torch.tensor(inputs))
    return functional.cross_entropy(last @ parameters["head"].T + parameters["head_bias"], torch.tensor(classes))


def _branch_scale(settings: Any, number: int) -> float:
    """That of the layer or step with this number, counted from 1."""
    words = {"1/sqrt(L)": settings.depth**-0.5, "1/L": 1 / settings.depth, "1/sqrt(l)": number**-0.5}
    return words.get(settings.branch_scale, settings.branch_scale)


def _joined(settings: Any, number: int, before: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """A branch's value beside the residual connection, where there is one."""
    if not settings.residual:
        return value
    return settings.skip_scale * before + _branch_scale(settings, number) * value


def _through_layers(settings: Any, parameters: dict[str, torch.Tensor], samples: torch.Tensor) -> torch.Tensor:
    phi, normed = ACTIVATIONS[settings.activation], NORMS[settings.norm]

    def at(place: str, x: torch.Tensor) -> torch.Tensor:
        return normed(x, settings.norm_eps) if place == settings.norm_place else x

    def linear(name: str, layer: int, x: torch.Tensor) -> torch.Tensor:
        biases = parameters.get("biases" if name == "weights" else f"{name}_biases")
        return functional.linear(x, parameters[name][layer], None if biases is None else biases[layer])

    def responded(x: torch.Tensor) -> torch.Tensor:
        return phi(at("activation", x))

    forms = {
        "post-activation": lambda layer, x: responded(linear("weights", layer, x)),
        "pre-activation": lambda layer, x: linear("weights", layer, responded(x)),
        "mlp": lambda layer, x: linear("down", layer, responded(linear("up", layer, x))),
    }
    a = samples @ parameters["read_in"].T
    for layer in range(settings.depth):
        value = at("branch", forms[settings.form](layer, at("pre", a)))
        a = at("post", _joined(settings, layer + 1, a, value))
    return normed(a, settings.norm_eps) if settings.final_norm else a


def _rows_of(settings: Any, samples: torch.Tensor) -> torch.Tensor:
    """What is read in one after another, (samples, rows, numbers)."""
    return samples.reshape(len(samples), ROWS, -1) if settings.task == "glyphs" else samples[:, None]


def _through_tokens(settings: Any, parameters: dict[str, torch.Tensor], samples: torch.Tensor) -> torch.Tensor:
    def of_layer(name: str, layer: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        biases = parameters.get(f"{name}_biases")
        return parameters[name][layer], None if biases is None else biases[layer]

    x = _rows_of(settings, samples) @ parameters["read_in"].T
    for layer in range(settings.depth):
        x = block(settings, layer, x, {name: of_layer(name, layer) for name in settings.matrices})
    return (norm(settings, x) if settings.final_norm else x)[:, -1]


def _through_time(settings: Any, parameters: dict[str, torch.Tensor], samples: torch.Tensor) -> torch.Tensor:
    rows = _rows_of(settings, samples)
    nothing = torch.zeros(len(samples), settings.width, dtype=samples.dtype)
    h, c = nothing, nothing
    for t in range(settings.depth):
        x = rows[:, t] @ parameters["read_in"].T if t < rows.shape[1] else nothing
        h, c = _step(settings, t + 1, parameters, x, h, c)
    return h


def _step(settings: Any, number: int, parameters: dict[str, torch.Tensor], x: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """PyTorch's own cells, but for the rnn, whose activation and residual connection are ours."""
    w_hh, w_ih = (parameters[name].reshape(-1, settings.width) for name in ("weights", "input_weights"))
    b_ih = parameters["biases"].reshape(-1)
    b_hh = torch.zeros_like(b_ih)
    if settings.cell == "lstm":
        return torch.lstm_cell(x, (h, c), w_ih, w_hh, b_ih, b_hh)
    if settings.cell == "gru":
        return torch.gru_cell(x, h, w_ih, w_hh, b_ih, b_hh), c
    value = ACTIVATIONS[settings.activation](h @ w_hh.T + x @ w_ih.T + b_ih)
    return _joined(settings, number, h, value), c
