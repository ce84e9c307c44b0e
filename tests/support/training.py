"""Small models that train under every regime, once as users write it and once by a loop that keeps all it needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

STEPS, BATCH, WIDTH = 3, 8, 6


class Stack(nn.Module):
    """Blocks one after the other; the head is declared first, the spare never runs."""

    def __init__(self, blocks: int = 4, checkpoints: bool | None = None, inplace: bool = False) -> None:
        super().__init__()
        self.head = nn.Linear(WIDTH, 1)
        self.spare = nn.Linear(WIDTH, WIDTH)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(inplace=inplace)) for _ in range(blocks)
        )
        self.checkpoints = checkpoints

    def forward(self, x: Any) -> Any:
        for block in self.blocks:
            x = block(x) if self.checkpoints is None else checkpoint(block, x, use_reentrant=self.checkpoints)
        return self.head(x)


def made(**arguments: Any) -> Stack:
    torch.manual_seed(1)
    return Stack(**arguments)


def data() -> list[tuple[Any, Any]]:
    generator = torch.Generator().manual_seed(2)
    return [
        (torch.randn(BATCH, WIDTH, generator=generator, requires_grad=True), torch.randn(BATCH, 1, generator=generator))
        for _ in range(STEPS)
    ]


class Plain:
    """The reference: the blocks' outputs are kept by name, and their gradients read by autograd itself."""

    def __init__(self, model: Stack, order: Callable[[Stack], list[nn.Module]] | None = None) -> None:
        self.model = model
        self.sequence = order(model) if order else list(model.blocks)
        self.outputs: list[tuple[int, Any]] = []
        self.records: list[dict[str, list[float | None]]] = []

    def forward(self, x: Any) -> Any:
        blocks = list(self.model.blocks)
        for block in self.sequence:
            x = block(x)
            x.retain_grad()
            self.outputs.append((blocks.index(block), x))
        return self.model.head(x)

    def applied(self, scale: float = 1.0) -> None:
        """Right after the optimizer's step."""
        record: dict[str, list[float | None]] = {"gradient": [], "weight_gradient": [], "rms": [], "dead": []}
        for index, block in enumerate(self.model.blocks):
            outputs = [x for at, x in self.outputs if at == index and x.grad is not None]
            together = torch.cat([x.grad.flatten() for x in outputs]) / scale
            record["gradient"].append(float(together.double().norm()))
            record["rms"].append(float(torch.cat([x.detach().flatten() for x in outputs]).square().mean().sqrt()))
            record["dead"].append(float((torch.cat(outputs) == 0).all(dim=0).double().mean()))
            gradients = [p.grad.flatten() for p in block.parameters() if p.grad is not None]
            record["weight_gradient"].append(float(torch.cat(gradients).norm()) if gradients else None)
        self.records.append(record)
        self.outputs = []


def plain_readings() -> list[dict[str, list[float | None]]]:
    """The reference's records of a plain loop with SGD."""
    model = made()
    reference, optimizer = Plain(model), torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in data():
        optimizer.zero_grad()
        (reference.forward(x) - y).square().mean().backward()
        optimizer.step()
        reference.applied()
    return reference.records


def lines_of(folder: Path, rank: int = 0) -> list[dict[str, Any]]:
    text = (folder / "telescope" / f"rank-{rank:05}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def records_of(folder: Path, rank: int = 0) -> list[dict[str, Any]]:
    return [line for line in lines_of(folder, rank) if "step" in line]


def header_of(folder: Path, rank: int = 0) -> dict[str, Any]:
    return next(line for line in lines_of(folder, rank) if "telescope" in line)
