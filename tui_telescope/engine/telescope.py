"""The telescope: settings in, observation out, with the unit draws kept in between."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.float_errors import as_numpy_begins
from tui_telescope.engine.forecast import Forecast, drawing_seconds
from tui_telescope.engine.passes import choose
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Measurement, Wanted
from tui_telescope.engine.passes.progress import UNWATCHED, Progress, Tell, never, nobody
from tui_telescope.engine.passes.task import SequenceTask, Task
from tui_telescope.engine.readings import (
    cell_gradient_reading,
    gradient_reading,
    lose_in_all,
    network_readings,
    nonfinite_readings,
    rounding_reading,
    signal_reading,
    weight_gradient_reading,
)
from tui_telescope.engine.remedies import Remedy, find_remedy
from tui_telescope.engine.weights.draws import UnitCell, UnitDraws, UnitNetwork, log2_weight_norms
from tui_telescope.engine.weights.network import Draw, Network, scaled_draw
from tui_telescope.networks import USUAL_STEPS
from tui_telescope.observations.diagnosis import diagnose
from tui_telescope.observations.from_norms import log10_factor
from tui_telescope.observations.interruption import ShouldStop
from tui_telescope.observations.observation import Observation
from tui_telescope.settings import Settings

if TYPE_CHECKING:
    from tui_telescope.engine.learning.course.moments import Moment
    from tui_telescope.engine.learning.learner import Learner
    from tui_telescope.engine.learning.side_by_side import SideBySide
    from tui_telescope.engine.spectrum.spectrum import Spectrum

READINGS = ("gradient", "weight_gradient", "signal")
"""What `Telescope.observe` takes unless it is asked; the factor and the verdict come with the gradient."""
ALL_READINGS = (*READINGS, "spread")
"""What may be asked of it: the signal's spread, too, which takes many times as long as the others together."""
_SPREADING = 10
"""How many times as long, about."""


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
        self._forecast = Forecast()
        self._lock = threading.Lock()

    def _begin_in_fork(self) -> None:
        """In a fork's child: whichever thread observed is not there, its work lies half done and its lock is held."""
        if self._lock.locked():
            self._begin()

    @as_numpy_begins
    def observe(
        self,
        settings: Settings,
        *,
        readings: Sequence[str] = READINGS,
        should_stop: ShouldStop = never,
        progress: Tell = nobody,
    ) -> Observation:
        """The readings of the network that these settings describe.

        `readings` names those wanted, of `ALL_READINGS`; the gradient is always among them. `should_stop` is asked
        between layers; once it says yes, `Stopped` is raised. `progress` is told there which share of the
        work is done, from 0 to 1; less again where a network has to be gone through anew with more care. Raises
        `ValueError` for another reading.
        """
        wanted = _wanted(readings, settings)
        pieces = Progress(should_stop, progress).parts([1.0] * settings.networks)
        with self._lock:
            self._make_room(settings)
            measurements = [self._measure(settings, k, wanted, piece) for k, piece in enumerate(pieces)]
        return _observation(measurements, settings)

    @as_numpy_begins
    def observe_network(
        self,
        network: Network,
        *,
        readings: Sequence[str] = READINGS,
        should_stop: ShouldStop = never,
        progress: Tell = nobody,
    ) -> Observation:
        """The readings of a network as it is now, which its settings' inputs and targets are shown; see `observe`."""
        settings, wanted = network.as_is, _wanted(readings, network.settings)
        with self._lock:
            self._make_room(settings)
            weights = network.cell() if settings.is_recurrent else network.layers()
            task = self._task(weights, settings, wanted, UNWATCHED, Progress(should_stop, progress))
            measured = _measured(task)
            if wanted.spread:
                measured = _with_spread(measured, task)
        return _observation([measured], settings)

    def _make_room(self, settings: Settings) -> None:
        """What was kept from before gives way where it and these settings pass the memory budget together."""
        self._workspace.let_go_of_much()
        self._units.reserved = settings.footprint.total - settings.footprint.weights

    def _measure(self, settings: Settings, index: int, wanted: Wanted, progress: Progress) -> Measurement:
        """One network, drawn as far as it is not yet, and timed."""
        seconds = self._forecast.seconds(settings)
        drawing, passing, spreading = progress.parts(
            (self._drawing_seconds(settings, index), seconds, _spreading(settings) * seconds * wanted.spread)
        )
        task = self._task(self._drawn(settings, index, drawing), settings, wanted, drawing, passing)
        choose.passes_of(settings)[0].load()  # no pass's time; nearly all networks need no other
        began = time.thread_time()
        measured = _measured(task)
        if wanted.weight_gradient and wanted.signal:
            self._forecast.learn(settings, index, time.thread_time() - began)
        return _with_spread(measured, task._replace(progress=spreading)) if wanted.spread else measured

    def _drawn(self, settings: Settings, index: int, drawing: Progress) -> UnitNetwork | UnitCell:
        if settings.is_recurrent:
            return self._units.cell(settings, index, drawing.part(0, 0))
        if settings.samples_weights:
            return self._units.sampled_network(settings, index, drawing)
        return self._units.network(settings, index, drawing)

    def _task(
        self,
        weights: UnitNetwork | UnitCell,
        settings: Settings,
        wanted: Wanted,
        drawing: Progress,
        passing: Progress,
    ) -> Task | SequenceTask:
        """A network, and what these settings show it, drawn as far as it is not yet."""
        if isinstance(weights, UnitCell):
            sequences = self._units.sequences(settings, drawing)
            return SequenceTask(weights, sequences, settings, wanted, passing, self._workspace)
        return Task(weights, self._units.samples(settings), settings, wanted, passing, self._workspace)

    @as_numpy_begins
    def advise(self, settings: Settings, observation: Observation, *, should_stop: ShouldStop = never) -> Remedy | None:
        """A change of settings that has been seen to mend what was observed, if one was found."""

        def observe(trial: Settings) -> Observation:
            """Whether a format overflows is told by all readings; elsewhere the gradient tells enough."""
            readings = READINGS if trial.number_format else ("gradient",)
            return self.observe(trial, readings=readings, should_stop=should_stop)

        return find_remedy(settings, observation, observe)

    @as_numpy_begins
    def draw(self, settings: Settings) -> Draw:
        """The numbers that `observe` uses for these settings, scale included. Raises `SettingsError` where those are
        never there at once."""
        settings.check_stored("draw")
        with self._lock:
            return scaled_draw(self._units, settings)

    def spectrum(
        self, settings: Settings, *, should_stop: ShouldStop = never, progress: Tell = nobody
    ) -> Iterator[Spectrum]:
        """The singular values of the Jacobian from end to end: of one sample's, then each time of one more.

        `should_stop` is asked and `progress` told as by `observe`. Raises `SettingsError` where samples have none.
        """
        from tui_telescope.engine.spectrum.spectrum import spectra_of

        settings.check_spectrum()
        yield from spectra_of(self._network_and_inputs, settings, Progress(should_stop, progress))

    @as_numpy_begins
    def _network_and_inputs(self, settings: Settings, index: int, drawing: Progress) -> tuple[UnitNetwork, Array]:
        with self._lock:
            self._make_room(settings)
            return self._units.network(settings, index, drawing), self._units.samples(settings)[0]

    @as_numpy_begins
    def learner(self, settings: Settings, *, dtype: DTypeLike = np.float32) -> Learner:
        """The network of these settings, ready to learn their task. Raises `SettingsError` for want of memory."""
        from tui_telescope.engine.learning.learner import Learner  # not before: the first picture waits for the engine

        with self._lock:
            return Learner(self._units, settings, dtype)

    @as_numpy_begins
    def learners(self, networks: Sequence[Settings]) -> SideBySide:
        """Several such networks at once, in float32, whose settings differ in what weights are drawn by alone."""
        from tui_telescope.engine.learning.side_by_side import SideBySide

        with self._lock:
            return SideBySide(self._units, networks)

    def learn(
        self,
        settings: Settings,
        steps: int = USUAL_STEPS,
        *,
        every: int = 10,
        dtype: DTypeLike = np.float32,
        should_stop: ShouldStop = never,
        progress: Tell = nobody,
    ) -> Iterator[Moment]:
        """What is to be seen of the network of these settings while it learns: before the first step, after each
        `every` steps and after the last, or up to where it diverges.

        `should_stop` is asked and `progress` told as by `observe`, at each step. Raises `SettingsError` where memory is
        too small.
        """
        from tui_telescope.engine.learning.course.moments import moments_of

        yield from moments_of(self.learner(settings, dtype=dtype), steps, every, Progress(should_stop, progress))

    def expected_seconds(self, settings: Settings, readings: Sequence[str] = READINGS) -> float:
        """A forecast of what `observe` takes on one core: see `forecast`."""
        drawing = sum(self._drawing_seconds(settings, index) for index in range(settings.networks))
        times = 1 + _spreading(settings) * ("spread" in readings)
        return drawing + settings.networks * times * self._forecast.seconds(settings)

    def _drawing_seconds(self, settings: Settings, index: int) -> float:
        inputs = self._units.undrawn_inputs(settings) if index == 0 else 0
        return drawing_seconds(settings, self._units.undrawn(settings, index), inputs)


def _wanted(readings: Sequence[str], settings: Settings) -> Wanted:
    """What to measure for these readings; raises `ValueError` for one that is not known."""
    unknown = set(readings) - set(ALL_READINGS)
    if unknown:
        raise ValueError(f"readings: {sorted(unknown)} not known; allowed: {', '.join(ALL_READINGS)}")
    by_weights, spread = "weight_gradient" in readings, "spread" in readings
    return Wanted(by_weights, "signal" in readings or spread, by_weights and settings.clip_norm is not None, spread)


def _measured(task: Task | SequenceTask) -> Measurement:
    """The readings of one network, with the norms of its weights where each layer has its own. Raises `Stopped`."""
    measured = choose.measure(task)
    if isinstance(task, SequenceTask):
        return measured
    return dataclasses.replace(measured, weight_norms=log2_weight_norms(task.network, task.settings))


def _spreading(settings: Settings) -> int:
    """How many times as long the spread takes as all that the passes read."""
    return 0 if settings.has_tokens else _SPREADING


def _with_spread(measured: Measurement, task: Task | SequenceTask) -> Measurement:
    """The same with what differs among the samples. Raises `Stopped`."""
    from tui_telescope.engine.passes.exact.spread import log2_differing  # not before: few ask for it

    assert measured.signal is not None, "spread is a share of the signal"
    if measured.signal.differing is not None:  # tokens are told apart on the way
        return measured
    signal = dataclasses.replace(measured.signal, differing=log2_differing(task))
    return dataclasses.replace(measured, signal=signal)


def _observation(measurements: Sequence[Measurement], settings: Settings) -> Observation:
    """The readings of some networks of these settings together, and what they amount to."""
    nonfinite = nonfinite_readings(measurements)
    lose_in_all(measurements, nonfinite)
    gradient = gradient_reading(measurements)
    weight_gradient = weight_gradient_reading(measurements, settings.clip_norm)
    return Observation(
        gradient,
        log10_factor(gradient.log10_mean),
        diagnose(network_readings(measurements, gradient, settings), gradient, weight_gradient),
        weight_gradient,
        signal_reading(measurements, settings.width * settings.columns // settings.samples),
        cell_gradient_reading(measurements),
        settings.stage,
        all(each.is_settled for each in measurements),
        settings.samples_weights,
        rounding=rounding_reading(measurements, settings.precision),
        nonfinite=nonfinite,
    )


_TELESCOPES: weakref.WeakSet[Telescope] = weakref.WeakSet()


def _begin_in_fork() -> None:
    for telescope in _TELESCOPES:
        telescope._begin_in_fork()


if hasattr(os, "register_at_fork"):  # Windows knows no forks
    os.register_at_fork(after_in_child=_begin_in_fork)


def observe(settings: Settings) -> Observation:
    """One observation with draws of its own; see `Telescope` for many."""
    return Telescope().observe(settings)
