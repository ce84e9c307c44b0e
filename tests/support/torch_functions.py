"""Activations and norms in PyTorch's own functions."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

torch.set_num_threads(1)  # more of them stall one another on products this small

ACTIVATIONS: dict[str, Any] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": torch.selu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "softplus": lambda z: functional.softplus(z, threshold=1e9),
    "linear": lambda z: z,
}
"""All of (samples, units)."""
NORMS: dict[str, Any] = {
    "none": lambda x, eps: x,
    "batch": lambda x, eps: functional.batch_norm(x, None, None, training=True, eps=eps),
    "layer": lambda x, eps: functional.layer_norm(x, x.shape[-1:], eps=eps),
    "rms": lambda x, eps: functional.rms_norm(x, x.shape[-1:], eps=eps),
}
