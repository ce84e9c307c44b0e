"""The measurements that the tour speaks of, each made once and kept while the tour lasts."""

from __future__ import annotations

from functools import cache
from typing import Any

from tui_telescope.engine.telescope import Telescope
from tui_telescope.notation import scientific
from tui_telescope.observations.observation import Observation, measured
from tui_telescope.settings import Settings


class Measures:
    """Observations and the few figures that a sentence needs of them."""

    def __init__(self, telescope: Telescope | None = None) -> None:
        self._telescope = telescope or Telescope()
        self.observe = cache(self._telescope.observe)

    def first(self, settings: Settings) -> float:
        """log10 of the gradient at layer 1."""
        return float(measured(self.observe(settings).gradient).log10_mean[0])

    def last(self, settings: Settings) -> float:
        """log10 of the gradient at the last layer."""
        return float(measured(self.observe(settings).gradient).log10_mean[-1])

    def factor(self, settings: Settings) -> float:
        """The geometric mean of the factors, from the last layer to the first."""
        return float(10 ** (measured(self.observe(settings).verdict.end_to_end) / (settings.depth - 1)))

    def state(self, settings: Settings) -> str:
        return measured(self.observe(settings).verdict.state)

    def observation(self, settings: Settings) -> Observation:
        return self.observe(settings)


def first(settings: Settings, **changes: Any) -> Any:
    """A number for a text: the gradient at layer 1, such as `2.51e-18`."""
    return lambda measures: scientific(measures.first(settings.replace(**changes)))


def last(settings: Settings, **changes: Any) -> Any:
    """A number for a text: the gradient at the last layer."""
    return lambda measures: scientific(measures.last(settings.replace(**changes)))


def factor(settings: Settings, **changes: Any) -> Any:
    """A number for a text: the mean factor per layer, such as `0.43`."""
    return lambda measures: f"{measures.factor(settings.replace(**changes)):.2f}"


def frozen(settings: Settings, **changes: Any) -> Any:
    """A number for a text: how many layers are frozen in float32."""
    return lambda measures: str(measures.observe(settings.replace(**changes)).verdict.frozen_layers)
