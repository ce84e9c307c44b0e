"""The engine in somebody else's program, which has its own idea of floating-point errors, of threads and of forks."""

from __future__ import annotations

import os
import threading
import warnings

import numpy as np
import pytest

from tui_telescope import Observation, Settings, Telescope
from tui_telescope.engine.mean_field.theory import critical_scale, predict

SMALL = Settings(depth=8, width=4, samples=3)
EVERY_PASS = (
    SMALL.replace(activation="relu", norm="rms", norm_place="post"),
    SMALL.replace(activation="gelu", initializer="identity"),
    SMALL.replace(cell="gru", scale=100.0),
    SMALL.replace(activation="tanh", scale=1000.0, bias=1.0),
    SMALL.replace(networks=3, clip=1e-3),
)


def numbers(observation: Observation) -> list[float]:
    assert observation.weight_gradient
    assert observation.signal
    readings = (observation.gradient.log10_low, observation.weight_gradient.log10, observation.signal.log10_rms)
    return np.concatenate(readings).tolist()


@pytest.mark.parametrize("settings", EVERY_PASS, ids=lambda each: str(each.changes(SMALL)))
def test_a_program_that_raises_at_every_rounding_reads_the_same(settings: Settings) -> None:
    expected = numbers(Telescope().observe(settings))
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        telescope = Telescope()
        observation = telescope.observe(settings)
        telescope.advise(settings, observation)
        telescope.draw(settings)
        predict(settings)
        critical_scale(settings)
    assert numbers(observation) == expected


@pytest.mark.parametrize("chosen", [{"scale": 1000.0}, {"norm": "layer", "activation": "relu"}, {"residual": True}])
def test_so_does_the_spectrum(chosen: dict) -> None:
    settings = SMALL.replace(**chosen)
    *_, expected = Telescope().spectrum(settings)
    with np.errstate(all="raise"):
        *_, spectrum = Telescope().spectrum(settings)
        np.testing.assert_array_equal(spectrum.log10_quantiles, expected.log10_quantiles)
    np.testing.assert_array_equal(spectrum.log10, expected.log10)


def test_a_child_forked_in_the_middle_of_an_observation_observes_the_same() -> None:
    telescope, is_observing, may_go_on = Telescope(), threading.Event(), threading.Event()

    def hold_on() -> bool:
        is_observing.set()
        may_go_on.wait(60)
        return False

    thread = threading.Thread(target=telescope.observe, args=(SMALL,), kwargs={"should_stop": hold_on})
    thread.start()
    assert is_observing.wait(60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of what this test is about
        child = os.fork()
    if child == 0:  # only os._exit may end it: anything else would go on with the parent's tests
        status = 1
        try:
            watchdog = threading.Timer(30, os._exit, (2,))
            watchdog.daemon = True
            watchdog.start()
            status = int(numbers(telescope.observe(SMALL)) != numbers(Telescope().observe(SMALL)))
        finally:
            os._exit(status)
    may_go_on.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
