"""What a step does to each layer's parameters: read once the optimizer has made it, when gradients are what it used."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn

from tui_telescope.runs.recording.pytorch.layers import Layer
from tui_telescope.runs.recording.pytorch.norms import local, shards, square

SAMPLED_ENTRIES = 4096
"""At most so many entries of a parameter, evenly spread, stand for how far it moved: a copy of all costs too much."""


class Weights:
    """Sums of squares over a layer's parameters, of those that an optimizer moves.

    Of parameters that are spread over processes a sum is this process's part: all parts together are the whole.
    """

    def __init__(self, layers: Sequence[Layer], processes: int) -> None:
        self._layers = layers
        self._processes = processes
        self.is_spread = any(shards(each) > 1 for layer in layers for each in layer.module.parameters())
        self._before: dict[int, Tensor] = {}

    def remember(self, moved: Collection[int]) -> None:
        """Keep a sample of the parameters with these ids, before a step."""
        everywhere = [each for layer in self._layers for each in layer.module.parameters() if id(each) in moved]
        self._before = {id(each): _sample(each) for each in everywhere}

    def readings(self, index: int, moved: Collection[int]) -> dict[str, Tensor]:
        """Of the layer's parameters with these ids, after the step; what has no gradient is missing."""
        its_own = self._layers[index].module.parameters()
        parameters = [each for each in its_own if id(each) in moved and each.grad is not None]
        if not parameters:
            return {}
        found = {}
        learning = [each for each in parameters if each.requires_grad]  # others may have kept one that is none
        if learning:
            found["weight_gradient"] = self._total([(each, square(each.grad)) for each in learning])
        found["weight"] = self._total([(each, square(each)) for each in parameters])
        known = [(each, self._before[id(each)]) for each in parameters if id(each) in self._before]
        if known:
            found["change"] = self._total([(each, square(_sample(each) - before)) for each, before in known])
            found["before"] = self._total([(each, square(before)) for each, before in known])
        return found

    def are_trained(self, index: int, moved: Collection[int]) -> bool:
        """Whether any of the layer's parameters learns, where the optimizers move those with these ids; so it is where
        it has none."""
        its_own = list(self._layers[index].module.parameters())
        return not its_own or any(each.requires_grad and id(each) in moved for each in its_own)

    def _total(self, squares: list[tuple[nn.Parameter, Tensor]]) -> Tensor:
        """What all processes have is counted by each of them in equal parts."""
        if not self.is_spread:
            return torch.stack([each for _, each in squares]).sum()
        return torch.stack([each * shards(of) / self._processes for of, each in squares]).sum()


def _sample(parameter: nn.Parameter) -> Tensor:
    entries = local(parameter.detach()).flatten()
    return entries[:: max(1, -(-len(entries) // SAMPLED_ENTRIES))].clone()
