"""The measurements that the tour speaks of, each made once and kept while the tour lasts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.telescope import Telescope
from tui_telescope.notation import scientific
from tui_telescope.observations.observation import measured
from tui_telescope.settings import Settings

if TYPE_CHECKING:
    from tui_telescope.engine.learning.course.moments import Moment
    from tui_telescope.engine.learning.course.training import History

Number = Callable[["Measures"], str]
"""What a gap of a text is filled with."""


class Measures:
    """Observations and the few figures that a sentence needs of them."""

    def __init__(self, telescope: Telescope | None = None) -> None:
        self._telescope = telescope or Telescope()
        self.observe = cache(self._telescope.observe)
        self.learned = cache(self._learned)

    def at(self, layer: int, settings: Settings) -> float:
        """log10 of the gradient at a layer, counted from 1, or from -1 at the last."""
        index = layer - 1 if layer > 0 else layer
        return float(measured(self.observe(settings).gradient).log10_mean[index])

    def first(self, settings: Settings) -> float:
        """log10 of the gradient at layer 1."""
        return self.at(1, settings)

    def last(self, settings: Settings) -> float:
        """log10 of the gradient at the last layer."""
        return self.at(-1, settings)

    def factor(self, settings: Settings) -> float:
        """The geometric mean of the factors, from the last layer to the first."""
        return float(10 ** (measured(self.observe(settings).verdict.end_to_end) / (settings.depth - 1)))

    def factors(self, settings: Settings) -> list[float]:
        """The factor of each layer from the second on."""
        return list(self.observe(settings).factor)

    def state(self, settings: Settings) -> str:
        return measured(self.observe(settings).verdict.state)

    def states(self, settings: Settings, name: str, values: Sequence[Any]) -> list[str]:
        """The verdict's state for each of some values of one setting."""
        return [self.state(settings.replace(**{name: value})) for value in values]

    def frozen(self, settings: Settings) -> int:
        """How many layers are frozen in float32."""
        return measured(self.observe(settings).verdict.frozen_layers)

    def saturated(self, settings: Settings) -> float:
        """The share of saturated units over all layers."""
        return float(np.mean(measured(measured(self.observe(settings).signal).saturated)))

    def log10_spread(self, settings: Settings) -> float:
        """How far the samples, or tokens, still differ after the last layer, as a share of the signal."""
        seen = self._telescope.observe(settings, readings=("signal", "spread"))
        return float(measured(measured(seen.signal).log10_spread)[-1])

    def critical_scale(self, settings: Settings) -> float:
        """NaN where there is none."""
        from tui_telescope.engine.mean_field.theory import (
            critical_scale,
        )  # which the first look at the tour does without

        return critical_scale(settings) or math.nan

    def history(self, settings: Settings) -> History:
        """What is seen of the network while it learns as long as it usually does."""
        from tui_telescope.engine.learning.course.training import History

        every = 10
        return History(settings, tuple(self._telescope.learn(settings, every=every)), every)

    def _learned(self, settings: Settings, steps: int) -> Moment:
        """The network after so many steps, or after the last it could take."""
        *_, last = self._telescope.learn(settings, steps, every=steps)
        return last


def slope_at(activation: str, z: float) -> float:
    """phi'(z)."""
    return float(ACTIVATIONS[activation].slope(np.array([z])).product[0])


def near(value: float, target: float, tolerance: float) -> bool:
    """Whether they are no farther apart."""
    return abs(value - target) <= tolerance


def at(layer: int, settings: Settings, **changes: Any) -> Number:
    """A number for a text: the gradient at a layer, such as `3.20e-04`."""
    return lambda measures: scientific(measures.at(layer, settings.replace(**changes)))


def first(settings: Settings, **changes: Any) -> Number:
    """The gradient at layer 1, such as `2.51e-18`."""
    return at(1, settings, **changes)


def plain(layer: int, settings: Settings, **changes: Any) -> Number:
    """The same as a plain number, such as `0.00032`."""
    return lambda measures: f"{10 ** measures.at(layer, settings.replace(**changes)):.3g}"


def last(settings: Settings, **changes: Any) -> Number:
    """The gradient at the last layer."""
    return at(-1, settings, **changes)


def factor(settings: Settings, **changes: Any) -> Number:
    """The mean factor per layer, such as `0.43`."""
    return lambda measures: f"{measures.factor(settings.replace(**changes)):.2f}"


def frozen(settings: Settings, **changes: Any) -> Number:
    """How many layers are frozen in float32."""
    return lambda measures: str(measures.frozen(settings.replace(**changes)))


def saturated(settings: Settings, **changes: Any) -> Number:
    """The share of saturated units, such as `34%`."""
    return lambda measures: f"{measures.saturated(settings.replace(**changes)):.0%}"


def slope(activation: str, z: float) -> Number:
    """phi'(z), such as `0.25`."""
    return lambda measures: f"{slope_at(activation, z):.2f}"


def accuracy(settings: Settings, steps: int, **changes: Any) -> Number:
    """The share of samples in their class after learning, such as `96%`."""
    return lambda measures: f"{measures.learned(settings.replace(**changes), steps).accuracy:.0%}"


def loss(settings: Settings, steps: int, **changes: Any) -> Number:
    """The loss after learning, such as `1.04`."""
    return lambda measures: f"{measures.learned(settings.replace(**changes), steps).loss:.2f}"


def unchanged(settings: Settings, steps: int, **changes: Any) -> Number:
    """How many layers are bit for bit what they were before learning."""
    return lambda measures: str(measures.learned(settings.replace(**changes), steps).unchanged.sum())


def largest_change(settings: Settings, steps: int, **changes: Any) -> Number:
    """||W - W_0|| / ||W_0|| of the layer that learning changed most, such as `689` or `0.000153`."""
    return lambda measures: f"{10 ** measures.learned(settings.replace(**changes), steps).log10_change.max():.3g}"
