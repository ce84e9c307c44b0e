"""One network through each of the engine's passes, and whether two of them read the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tui_telescope import Settings
from tui_telescope.engine.passes.choose import passes_of
from tui_telescope.engine.passes.exact import extended_range_pass
from tui_telescope.engine.passes.float64 import with_exponents, without_norm
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Measurement, Wanted
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.weights.draws import UnitDraws


def never() -> bool:
    return False


def task_of(settings: Settings, should_stop: Callable[[], bool] = never, workspace: Workspace | None = None) -> Task:
    """The first network of these settings, every reading wanted."""
    units = UnitDraws()
    return Task(
        units.network(settings, 0),
        units.samples(settings),
        settings,
        Wanted(global_norm=True),
        Progress(should_stop),
        workspace or Workspace(),
    )


def by_the_float64_pass(settings: Settings, workspace: Workspace | None = None) -> Measurement | None:
    return _by(without_norm, settings, workspace)


def by_the_pass_with_exponents(settings: Settings, workspace: Workspace | None = None) -> Measurement | None:
    return _by(with_exponents, settings, workspace)


def _by(each_pass, settings: Settings, workspace: Workspace | None) -> Measurement | None:
    takes_it = each_pass in [each.load() for each in passes_of(settings)]
    return each_pass.measure(task_of(settings, workspace=workspace)) if takes_it else None


def by_the_exact_pass(settings: Settings) -> Measurement:
    return extended_range_pass.measure(task_of(settings))


def assert_the_same(quickly: Measurement | None, carefully: Measurement, tolerance: float = 1e-12) -> None:
    """|error of log2| <= tolerance * max(1, |log2|) in every reading, and zeros where there are zeros."""
    assert quickly is not None, "the exact pass was taken where a quicker one would do"
    pairs = [
        (quickly.gradient, carefully.gradient),
        (quickly.weight_gradient, carefully.weight_gradient),
        (quickly.signal.norms, carefully.signal.norms),
        (np.array([quickly.global_norm]), np.array([carefully.global_norm])),
    ]
    for one, other in pairs:
        np.testing.assert_array_equal(np.isneginf(one), np.isneginf(other))
        alive = np.isfinite(other)
        error = np.abs(one[alive] - other[alive]) / np.maximum(1, np.abs(other[alive]))
        assert error.max(initial=0) <= tolerance
    np.testing.assert_allclose(quickly.signal.saturated, carefully.signal.saturated, rtol=0, atol=1e-15)
    np.testing.assert_allclose(quickly.signal.dead, carefully.signal.dead, rtol=0, atol=1e-15)
