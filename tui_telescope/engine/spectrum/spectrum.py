"""The singular values of d a_L / d a_0: what the network does to each direction of its input.

Where they are all equal, gradients keep their norm whatever their direction: dynamical isometry (Saxe, McClelland and
Ganguli 2014; Pennington, Schoenholz and Ganguli 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.float_errors import as_numpy_begins
from tui_telescope.engine.blocks import blocks
from tui_telescope.engine.passes.exact.extended_range_pass import Guards
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.spectrum.description import describe
from tui_telescope.engine.spectrum.singular_values import log2_singular_values
from tui_telescope.engine.spectrum.tangents import Tangents
from tui_telescope.engine.weights.draws import UnitNetwork
from tui_telescope.notation import nullable
from tui_telescope.observations.log_statistics import LOG10_2, QUANTILES, summarize_log2
from tui_telescope.settings import Settings

JACOBIANS = 16
"""So many are looked at, or one of each network if those are more: the first samples of each."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The singular values of some samples' Jacobians, each sorted, the largest first."""

    settings: Settings
    log10: Array
    """(Jacobians, width); a dead direction is -inf."""

    @cached_property
    @as_numpy_begins
    def log10_quantiles(self) -> Array:
        """The 10%, 50% and 90% quantiles over the Jacobians of the largest, the second largest, ...; (3, width)."""
        return summarize_log2(self.log10.T / LOG10_2, QUANTILES).quantiles * LOG10_2

    @cached_property
    def ranks(self) -> list[int]:
        """How many directions of each Jacobian are not dead."""
        return [int(np.isfinite(each).sum()) for each in self.log10]

    @property
    def text(self) -> str:
        """What it amounts to, in words."""
        return describe(self)

    def document(self) -> dict[str, Any]:
        """What `print --view spectrum` writes as JSON: a dead direction is None."""
        low, median, high = self.log10_quantiles
        return {
            "settings": self.settings.as_dict(),
            "jacobians": len(self.log10),
            "ranks": self.ranks,
            "singular_values": {
                "log10_low": nullable(low), "log10_median": nullable(median), "log10_high": nullable(high),
            },
            "text": self.text,
        }  # fmt: skip


Drawn = Callable[[Settings, int, Progress], tuple[UnitNetwork, Array]]
"""Gives a network of the settings by its number, and the inputs of all samples, (samples, n)."""


def spectra_of(drawn: Drawn, settings: Settings, progress: Progress) -> Iterator[Spectrum]:
    """What is known after each Jacobian. Raises `Stopped`."""
    samples = samples_of_each_network(settings)
    found = list[Array]()
    pieces = progress.parts([1.0] * samples * settings.networks)
    for index in range(settings.networks):
        begun = index / settings.networks
        network, inputs = drawn(settings, index, progress.part(begun, begun))
        for sample in range(samples):
            found.append(log10_spectrum(network, inputs[sample], settings, next(pieces)))
            yield Spectrum(settings, np.array(found))


def samples_of_each_network(settings: Settings) -> int:
    """How many of its samples are looked at, the first ones."""
    return max(1, min(settings.samples, JACOBIANS // settings.networks))


@as_numpy_begins
def log10_spectrum(network: UnitNetwork, inputs: Array, settings: Settings, progress: Progress) -> Array:
    """log10 of the singular values of d a_L / d a_0 where a_0 is one sample's input, (n,); descending. Raises
    `Stopped`."""
    a: Any = Tangents.at_input(Guards.of(settings).signal(inputs[:, None]))
    layers = blocks(network, settings)
    for layer, block in enumerate(layers):
        progress.reach(layer / len(layers))
        a, _ = block.forward(a.before_block(block.skip))
    alive = log2_singular_values(a.derivative) * LOG10_2
    return np.concatenate([alive, np.full(settings.width - len(alive), -np.inf)])
