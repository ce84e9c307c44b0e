"""Which models and optimizers can be recorded, and what is within their wrappers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import distributed, nn

from tui_telescope.runs.recording.guard import say
from tui_telescope.runs.recording.pytorch.layers import unwrapped


def moved_by(optimizer: Any) -> set[int]:
    """The ids of its parameters."""
    return {id(each) for group in optimizer.param_groups for each in group["params"]}


def look_for_strangers(optimizers: Sequence[Any], model: nn.Module) -> None:
    """Say which optimizers hold none of the model's parameters."""
    its_own = {id(each) for each in model.parameters()}
    for place, each in enumerate(optimizers, 1):
        if its_own.isdisjoint(moved_by(each)):
            which = f"optimizer {place} of {len(optimizers)}" if len(optimizers) > 1 else "the optimizer"
            say(f"{which} ({type(each).__name__}) holds none of the model's parameters: is it another model's?")


def place_among_ranks() -> tuple[int, int]:
    """This process's rank, and how many there are."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def unwrapped_optimizers(optimizers: Any) -> list[torch.optim.Optimizer]:
    """The ones whose hooks are called, within those that libraries put around them. Raises `ValueError` for others."""
    found = [
        unwrapped_optimizer(each) for each in (optimizers if isinstance(optimizers, (list, tuple)) else [optimizers])
    ]
    for each in found:
        if not isinstance(each, torch.optim.Optimizer):
            raise ValueError(f"{type(each).__name__} is no optimizer; allowed: torch.optim.Optimizer, one or a list")
    return found


def unwrapped_optimizer(optimizer: Any) -> Any:
    while not isinstance(optimizer, torch.optim.Optimizer) or type(optimizer).__name__ == "AcceleratedOptimizer":
        inner = getattr(optimizer, "optimizer", None)
        if inner is None:
            break
        optimizer = inner
    return optimizer


def supported(model: Any) -> nn.Module:
    """The model itself. Raises `ValueError` for one that cannot be read."""
    if not isinstance(model, nn.Module):
        raise ValueError(f"{type(model).__name__} is no model; allowed: torch.nn.Module")
    kinds = {type(each).__name__ for each in model.modules()}
    for name, instead in (
        ("FullyShardedDataParallel", "fully_shard (FSDP2)"),
        ("DeepSpeedEngine", "the module itself"),
    ):
        if name in kinds:
            raise ValueError(f"{name} is not supported; {instead} is")
    for each in model.parameters():
        if hasattr(each, "to_local") and each.device_mesh.size() != place_among_ranks()[1]:
            raise ValueError("parameters spread over some of the ranks alone are not supported")
    return model


def reads_activations(model: nn.Module) -> bool:
    """Not where compiled code calls no hooks, or where replicas of a module would run them."""
    kinds = {type(each).__name__ for each in (model, unwrapped(model))}
    blind = kinds & {"DataParallel", "RecursiveScriptModule"}
    if type(model).__name__ == "OptimizedModule":
        blind.add("torch.compile")
    if getattr(model, "_compiled_call_impl", None) is not None:
        blind.add("torch.compile")
    if blind:
        say(f"weights alone are recorded: {', '.join(sorted(blind))} hides what layers pass on")
    return not blind
