"""The telescope: settings in, observation out, with the unit draws kept in between."""

from __future__ import annotations

import dataclasses
import os
import threading
import weakref
from collections.abc import Sequence

from tui_telescope.engine import lifted, plain, propagation
from tui_telescope.engine.diagnosis import diagnose
from tui_telescope.engine.draws import Draw, UnitDraws, log2_weight_norms, scaled_draw
from tui_telescope.engine.float_errors import as_numpy_begins
from tui_telescope.engine.initializers import INITIALIZERS
from tui_telescope.engine.measurement import Measurement, ShouldStop, Wanted
from tui_telescope.engine.observation import Observation
from tui_telescope.engine.readings import (
    cell_gradient_reading,
    gradient_reading,
    log10_factor,
    network_readings,
    signal_reading,
    weight_gradient_reading,
)
from tui_telescope.engine.remedies import Remedy, find_remedy
from tui_telescope.engine.task import Task
from tui_telescope.engine.workspace import Workspace
from tui_telescope.settings import GATES, Settings

READINGS = ("gradient", "weight_gradient", "signal")
"""What may be asked of `Telescope.observe`; the factor and the verdict come with the gradient."""


def _never() -> bool:
    return False


class Telescope:
    """Observes networks. Keeps unit draws between observations, so that a changed setting redraws nothing else.

    May be used by several threads, of which one observes at a time.
    """

    def __init__(self) -> None:
        self._begin()
        _TELESCOPES.add(self)

    def _begin(self) -> None:
        self._units = UnitDraws()
        self._workspace = Workspace()
        self._lock = threading.Lock()

    def _begin_in_fork(self) -> None:
        """In a fork's child: whichever thread observed is not there, its work lies half done and its lock is held."""
        if self._lock.locked():
            self._begin()

    @as_numpy_begins
    def observe(
        self, settings: Settings, *, readings: Sequence[str] = READINGS, should_stop: ShouldStop = _never
    ) -> Observation:
        """The readings of the network that these settings describe.

        `readings` names those wanted, of `READINGS`; the gradient is always among them. `should_stop` is asked
        between layers; once it says yes, `measurement.Stopped` is raised. Raises `ValueError` for another reading.
        """
        unknown = set(readings) - set(READINGS)
        if unknown:
            raise ValueError(f"readings: {sorted(unknown)} not known; allowed: {', '.join(READINGS)}")
        by_weights = "weight_gradient" in readings
        wanted = Wanted(by_weights, "signal" in readings, by_weights and settings.clip_norm is not None)
        with self._lock:
            measurements = [self._measure(settings, k, wanted, should_stop) for k in range(settings.networks)]
        gradient = gradient_reading(measurements)
        weight_gradient = weight_gradient_reading(measurements, settings.clip_norm)
        return Observation(
            gradient,
            log10_factor(gradient.log10_mean),
            diagnose(network_readings(measurements, gradient), gradient, weight_gradient),
            weight_gradient,
            signal_reading(measurements, settings.width),
            cell_gradient_reading(measurements),
            settings.stage,
            all(each.is_settled for each in measurements),
        )

    def _measure(self, settings: Settings, index: int, wanted: Wanted, should_stop: ShouldStop) -> Measurement:
        """One network, in ordinary numbers where those can be trusted."""
        # Some roads are imported where they are first taken: the start must not wait for them.
        if settings.is_recurrent:
            from tui_telescope.engine import recurrent

            cell = self._units.cell(settings, index, should_stop)
            sequences = self._units.sequences(settings, should_stop)
            return recurrent.measure(cell, sequences, settings, wanted, should_stop)
        network, samples = self._units.network(settings, index, should_stop), self._units.samples(settings)
        task = Task(network, samples, settings, wanted, should_stop)
        return dataclasses.replace(self._measure_layers(task), weight_norms=log2_weight_norms(network, settings))

    def _measure_layers(self, task: Task) -> Measurement:
        """The same of a network whose layers have weights of their own."""
        network, settings = task.network, task.settings
        if settings.norm != "none":
            from tui_telescope.engine import normed, second_opinion

            return normed.measure(task) or second_opinion.measure(task)
        measured = None
        if plain.suits(network, settings):
            measured = plain.measure(task, self._workspace) or lifted.measure(task, self._workspace)
        return measured or propagation.measure(task)

    @as_numpy_begins
    def advise(
        self, settings: Settings, observation: Observation, *, should_stop: ShouldStop = _never
    ) -> Remedy | None:
        """A change of settings that has been seen to mend what was observed, if one was found."""
        return find_remedy(
            settings,
            observation,
            lambda trial: self.observe(trial, readings=("gradient",), should_stop=should_stop),
        )

    @as_numpy_begins
    def draw(self, settings: Settings) -> Draw:
        """The numbers that `observe` uses for these settings, scale included."""
        with self._lock:
            return scaled_draw(self._units, settings)

    def expected_seconds(self, settings: Settings) -> float:
        """A rough forecast of what `observe` takes on one core, from counts of operations.

        It leaves out what only the numbers show: that few digits, or ordinary exponents, will not do.
        """
        n, samples, layers = settings.width, settings.samples, settings.depth * settings.networks
        gates = GATES.get(settings.cell, 1)
        products = 6 * n * n * samples / 1e10
        elementwise = 20 * n * samples * 1e-9
        return layers * gates * (_seconds_of_calls(settings) + products + elementwise)


_TELESCOPES: weakref.WeakSet[Telescope] = weakref.WeakSet()


def _begin_in_fork() -> None:
    for telescope in _TELESCOPES:
        telescope._begin_in_fork()


if hasattr(os, "register_at_fork"):  # Windows knows no forks
    os.register_at_fork(after_in_child=_begin_in_fork)


def _seconds_of_calls(settings: Settings) -> float:
    """What numpy takes for the calls of one layer, however small: each road has its own number of them."""
    if not settings.is_recurrent and INITIALIZERS[settings.initializer].diagonal:
        return 2e-4
    return 1e-4 if settings.is_recurrent or settings.norm != "none" else 1e-5


def observe(settings: Settings) -> Observation:
    """One observation with draws of its own; see `Telescope` for many."""
    return Telescope().observe(settings)
