"""The telescope: settings in, observation out, with the unit draws kept in between."""

from __future__ import annotations

import numpy as np

from tui_telescope.engine.diagnosis import diagnose
from tui_telescope.engine.draws import Draw, UnitDraws, scaled_draw
from tui_telescope.engine.observation import GradientReading, Observation
from tui_telescope.engine.propagation import Array, ShouldStop, gradient_log2_norms
from tui_telescope.engine.remedies import Remedy, find_remedy
from tui_telescope.engine.statistics import LOG10_2, log2_mean, log2_quantile
from tui_telescope.settings import Settings


def _never() -> bool:
    return False


class Telescope:
    """Observes networks. Keeps unit draws between observations, so that a changed setting redraws nothing else."""

    def __init__(self) -> None:
        self._units = UnitDraws()

    def observe(self, settings: Settings, *, should_stop: ShouldStop = _never) -> Observation:
        """The readings of the network that these settings describe.

        `should_stop` is asked between layers; once it says yes, `propagation.Stopped` is raised.
        """
        samples = self._units.samples(settings)
        norms = [
            gradient_log2_norms(self._units.network(settings, index), samples, settings, should_stop)
            for index in range(settings.networks)
        ]
        gradient = _gradient_reading(np.concatenate(norms, axis=1))
        return Observation(gradient, _log10_factor(gradient.log10_mean), diagnose(gradient))

    def advise(
        self, settings: Settings, observation: Observation, *, should_stop: ShouldStop = _never
    ) -> Remedy | None:
        """A change of settings that has been seen to mend what was observed, if one was found."""
        return find_remedy(settings, observation, lambda trial: self.observe(trial, should_stop=should_stop))

    def draw(self, settings: Settings) -> Draw:
        """The numbers that `observe` uses for these settings, scale included."""
        return scaled_draw(self._units, settings)

    def expected_seconds(self, settings: Settings) -> float:
        """A rough forecast of what `observe` takes on one core, from counts of operations."""
        n, samples, layers = settings.width, settings.samples, settings.depth * settings.networks
        products = 4 * n * n * samples / 1e10
        elementwise = 60 * n * samples * 1e-9
        return layers * (1e-4 + products + elementwise)


def observe(settings: Settings) -> Observation:
    """One observation with draws of its own; see `Telescope` for many."""
    return Telescope().observe(settings)


def _gradient_reading(log2_norms: Array) -> GradientReading:
    return GradientReading(
        log10_mean=log2_mean(log2_norms) * LOG10_2,
        log10_low=log2_quantile(log2_norms, 0.1) * LOG10_2,
        log10_high=log2_quantile(log2_norms, 0.9) * LOG10_2,
    )


def _log10_factor(log10_gradient: Array) -> Array:
    """log10(gradient_{l-1} / gradient_l) for l = 2..L; a layer that receives nothing passes nothing: -inf."""
    below, above = log10_gradient[:-1], log10_gradient[1:]
    alive = np.isfinite(above)
    return np.where(alive, below - np.where(alive, above, 0.0), -np.inf)
