"""What stands outside the recorded layers: nothing is recorded of it, and yet a value may cease to be finite there."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence

from torch import nn

from tui_telescope.runs.recording.pytorch.layers import Layer, clean_name, unwrapped
from tui_telescope.runs.recording.pytorch.norms import square


def modules_outside(model: nn.Module, layers: Sequence[Layer]) -> list[Layer]:
    """The outermost modules with parameters that hold none of the layers and stand in none of them."""
    return list(_without(unwrapped(model), {id(layer.module) for layer in layers}, ""))


def lost_parameters(model: nn.Module, layers: Sequence[Layer]) -> list[str]:
    """The names of those outside the layers that are not finite; none where the layers' own are not all finite either,
    for then it did not begin outside."""
    inside = {id(each) for layer in layers for each in layer.module.parameters()}
    if any(_is_lost(each) for layer in layers for each in layer.module.parameters()):
        return []
    named = unwrapped(model).named_parameters()
    return [clean_name(name) for name, each in named if id(each) not in inside and _is_lost(each)]


def _without(module: nn.Module, taken: Collection[int], prefix: str) -> Iterator[Layer]:
    for name, child in module.named_children():
        path = f"{prefix}{name}"
        if id(child) in taken or next(child.parameters(), None) is None:
            continue
        # a list of modules is never called itself
        if isinstance(child, (nn.ModuleList, nn.ModuleDict)) or any(id(each) in taken for each in child.modules()):
            yield from _without(child, taken, f"{path}.")
        else:
            yield Layer(clean_name(path), child)


def _is_lost(parameter: nn.Parameter) -> bool:
    return not math.isfinite(square(parameter))
