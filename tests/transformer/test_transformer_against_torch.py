"""Gradients of a transformer agree with PyTorch's own automatic differentiation and attention to nine digits."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings, Telescope

torch = pytest.importorskip("torch", reason="PyTorch is an oracle that only the extra `torch` installs")

from torch_transformer import block, norm  # noqa: E402

SETTINGS = Settings(
    cell="transformer", depth=4, width=16, heads=4, tokens=8, samples=3, initializer="xavier", scale=1.0,
    activation="gelu", generator="numpy",
)  # fmt: skip
BLOCKS = [
    {"residual": True, "norm": "layer", "norm_place": "pre", "final_norm": True, "branch_scale": "1/sqrt(2L)"},
    {"residual": True, "norm": "layer", "norm_place": "post", "skip_scale": 1.7},
    {"residual": True, "norm": "rms", "norm_place": "branch", "activation": "silu", "bias": 0.3},
    {"residual": True, "norm": "batch", "norm_place": "activation", "activation": "relu", "loss": "probe"},
    {"norm": "layer", "norm_place": "pre", "activation": "tanh"},
    {"activation": "relu", "initializer": "torch", "scale": 2.0},
]
PARTS = {"query_key": ("query", "key"), "value_output": ("value", "output"), "mlp": ("up", "down")}


@pytest.mark.parametrize("changes", BLOCKS, ids=str)
def test_readings_agree_with_automatic_differentiation(changes):
    settings, telescope = SETTINGS.replace(**changes), Telescope()
    seen, draw = telescope.observe(settings), telescope.draw(settings)
    weights = {name: torch.tensor(array[0], requires_grad=True) for name, array in draw.weights.items()}
    blocks = run(settings, weights, draw)
    gradient = [block.grad.norm(dim=(1, 2)).mean().item() for block in blocks]
    np.testing.assert_allclose(10**seen.gradient.log10_mean, gradient, rtol=1e-9)
    for part, names in PARTS.items():
        squares = sum(weights[name].grad.square().sum(dim=(1, 2)) for name in names)
        expected = squares.sqrt().numpy() / settings.samples
        np.testing.assert_allclose(10 ** seen.weight_gradient.log10_parts[part], expected, rtol=1e-9)


def run(settings, weights, draw):
    """The tokens after each block, with their gradients."""
    biases = {name: torch.tensor(array[0]) for name, array in draw.biases.items()}
    x, blocks = torch.tensor(draw.inputs), []
    for layer in range(settings.depth):
        x = block(settings, layer, x, {name: (weights[name][layer], biases[name][layer]) for name in weights})
        x.retain_grad()
        blocks.append(x)
    output = norm(settings, x) if settings.final_norm else x
    targets = torch.tensor(draw.targets)
    loss = (output - targets).square().sum() / 2 if settings.loss == "mse" else (output * targets).sum()
    loss.backward()
    return blocks
