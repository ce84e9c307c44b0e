"""Where the units of a network sit on their activation: how its pre-activations are distributed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tui_telescope.engine.activations.extended_range_values import bounded
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.float_errors import as_numpy_begins
from tui_telescope.engine.blocks import Block, Respond, blocks
from tui_telescope.engine.passes.exact.extended_range_pass import Guards, Signal
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.settings import Settings


@as_numpy_begins
def shares_of_units(settings: Settings, edges: Array) -> Array:
    """The share of all pre-activations z between each two neighbouring edges, (edges - 1,), over the layers, units and
    samples of the first network of settings without recurrence. What lies beyond the outermost edges is in none.
    """
    units, counts, total = UnitDraws(), np.zeros(len(edges) - 1), 0

    def count(z: Array) -> None:
        nonlocal total
        counts[...] += np.histogram(z, edges)[0]
        total += z.size

    a: Any = Guards.of(settings).signal(units.samples(settings)[0].T)
    for block in blocks(units.network(settings, 0), settings):
        a, _ = _counted(block, count).forward(a)
    return np.asarray(counts / total)


def _counted(block: Block, count: Callable[[Array], None]) -> Block:
    """The same layer, which shows its pre-activations on the way."""
    branch: list[Any] = [_Counted(each, count) if isinstance(each, Respond) else each for each in block.branch]
    return replace(block, branch=branch)


@dataclass(frozen=True, eq=False)
class _Counted:
    """phi(z), which shows z, (units, samples)."""

    respond: Respond
    count: Callable[[Array], None]

    def forward(self, z: Signal) -> tuple[Signal, Any]:
        self.count(bounded(z.value)[0])
        return self.respond.forward(z)

    def backward(self, gradient: Any, slope: Callable[[], Any]) -> Any:
        return self.respond.backward(gradient, slope)
