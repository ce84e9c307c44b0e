"""Sums of squares of tensors, left where the tensors are: whoever wants numbers moves them all at once."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


def square(tensor: Tensor) -> Tensor:
    """The sum of the squares of the entries that this process holds, a scalar.

    In float64 where the device has it: an entry of 1e-25 is a gradient, and its square is nothing in float32.
    """
    values = local(tensor.detach())
    if values.is_sparse:
        values = values.coalesce().values()
    if values.is_complex():
        values = torch.view_as_real(values)
    dtype = torch.float32 if values.device.type == "mps" else torch.float64
    return torch.linalg.vector_norm(values, dtype=dtype) ** 2


def local(tensor: Tensor) -> Tensor:
    """This process's shard of a distributed tensor, or the tensor itself."""
    to_local = getattr(tensor, "to_local", None)
    return to_local() if to_local else tensor


def shards(tensor: Any) -> int:
    """Over how many processes its entries are spread; 1 where each of them holds all."""
    if not hasattr(tensor, "to_local"):
        return 1
    mesh = tensor.device_mesh
    return math.prod(mesh.size(axis) for axis, placement in enumerate(tensor.placements) if placement.is_shard())


def first_tensor(output: Any) -> Tensor | None:
    """What a module's output begins with: a tuple's or a dictionary's first tensor."""
    if isinstance(output, Tensor):
        return output if output.is_floating_point() else None
    if isinstance(output, dict):
        output = tuple(output.values())
    if not isinstance(output, (tuple, list)):
        return None
    return next((found for each in output if (found := first_tensor(each)) is not None), None)
