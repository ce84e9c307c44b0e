"""What mean-field theory predicts of a network before it is run: gradients, their pace, and the critical scale.

The theory is of infinitely wide networks, after Poole et al. (2016) and Schoenholz et al. (2017); what is derived here
rather than quoted says so. At small widths measurements scatter around it, by decades at width 4, and at any width most
near an edge of chaos, where q has not settled. There are three kinds, each with the settings that it takes:

- `wide_layers`: layers whose weights are drawn, with norms and residual connections, and a plain rnn. Quick.
- `unmixed_layers`: identity weights, where no unit hears another.
- `cells_in_time`: lstm, gru, and an rnn with a residual connection or identity weights. It takes a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.float_errors import as_numpy_begins
from tui_telescope.engine.mean_field import cells_in_time, unmixed_layers, wide_layers
from tui_telescope.engine.mean_field.coverage import why_no_theory
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.observations.from_norms import from_log10_norms
from tui_telescope.observations.interruption import ShouldStop
from tui_telescope.observations.observation import Observation
from tui_telescope.settings import Settings

_ROUNDING = 1e-12
"""What of ln chi may be rounding: a critical scale has twelve digits."""


@dataclass(frozen=True, eq=False)
class Theory:
    """The infinite-width prediction for one network description, by the recursions derived in `mean_field`."""

    settings: Settings
    log10_gradient: Array
    """log10 of the mean ||d loss / d a_l||_2 per sample, l = 1..L, shape (L,): `Observation.gradient.log10_mean`."""
    factor: float
    """What one layer does to the gradient once the network is deep enough: sqrt(chi_1) at the fixed point of q.

    chi_1 is equation 6 of Poole et al. (2016) and equation 5 of Schoenholz et al. (2017). See `asymptotic_factor`.
    """

    @property
    def critical_scale(self) -> float | None:
        """The scale at which `factor` passes 1, see `critical_scale`."""
        return critical_scale(self.settings)

    @property
    def log10_factor(self) -> Array:
        """log10(gradient_{l-1} / gradient_l) for l = 2..L, shape (L-1,): by definition."""
        return np.asarray(self.log10_gradient[:-1] - self.log10_gradient[1:])

    def as_observation(self) -> Observation:
        """The prediction as a reading without scatter, so that it can be drawn over a measurement."""
        return from_log10_norms(self.log10_gradient, stage=self.settings.stage)

    @property
    def depth_scale(self) -> float:
        """Layers over which the squared gradient changes by a factor e, see `depth_scale`."""
        return depth_scale(self.factor)


@dataclass(frozen=True)
class Kind:
    """A kind of theory; derived in the module that it names."""

    takes: Callable[[Settings], bool]
    predict: Callable[[Settings, ShouldStop], tuple[Array, float]]
    """`Theory.log10_gradient` and `Theory.factor`. Raises `Stopped`."""
    critical_scale: Callable[[Settings], float | None]
    factor: Callable[[Settings], float] | None = None
    """`Theory.factor` alone; None where it takes as long as a prediction."""
    is_quick: Callable[[Settings], bool] = lambda settings: False
    """Whether a prediction takes a few milliseconds."""


KINDS: dict[str, Kind] = {
    "unmixed layers": Kind(
        lambda settings: not settings.is_recurrent and INITIALIZERS[settings.initializer].diagonal,
        lambda settings, should_stop: (
            unmixed_layers.log10_gradient(settings, should_stop),
            unmixed_layers.factor(settings),
        ),
        unmixed_layers.critical_scale,
        unmixed_layers.factor,
    ),
    "wide layers": Kind(
        wide_layers.takes,
        lambda settings, should_stop: (
            wide_layers.log10_gradient(settings, should_stop),
            wide_layers.factor(settings),
        ),
        wide_layers.critical_scale,
        wide_layers.factor,
        wide_layers.is_quick,
    ),
    "cells in time": Kind(
        lambda settings: settings.is_recurrent,
        cells_in_time.predict,
        lambda settings: None,
    ),
}
"""The first that takes the settings counts."""


def kind_of(settings: Settings) -> Kind:
    """The theory of these settings, covered or not."""
    return next(kind for kind in KINDS.values() if kind.takes(settings))


def is_quick(settings: Settings) -> bool:
    """Whether a prediction takes a few milliseconds, or there is none."""
    return bool(why_no_theory(settings)) or kind_of(settings).is_quick(settings)


def _never() -> bool:
    return False


@as_numpy_begins
def predict(settings: Settings, should_stop: ShouldStop = _never) -> Theory | None:
    """The prediction for these settings, or None where there is no theory: see `why_no_theory`. Raises `Stopped`.

    Derived in `mean_field` from Poole et al. (2016), equation 3, and Schoenholz et al. (2017), equation 5. An error of
    norm 1 starts every gradient at 1: the norm of a Gaussian one is a factor independent of its direction.
    """
    if why_no_theory(settings):
        return None
    return Theory(settings, *kind_of(settings).predict(settings, should_stop))


@as_numpy_begins
def quick_factor(settings: Settings) -> float | None:
    """`Theory.factor`, or None where there is no theory or it takes a while."""
    factor = kind_of(settings).factor
    return None if factor is None or why_no_theory(settings) else factor(settings)


def depth_scale(factor: float) -> float:
    """1 / |ln chi| for a factor of sqrt(chi) a layer: over so many layers the squared gradient changes by a factor e.

    xi_nabla of Schoenholz et al. (2017), derived from their equation 5: |delta|^2 changes by chi_1 a layer. Infinite
    for a factor of 1, as far as its digits tell, and 0 for one of 0.
    """
    if factor == 0:
        return 0.0
    log_chi = abs(2 * math.log(factor))
    return 1 / log_chi if log_chi > _ROUNDING else math.inf


@as_numpy_begins
def critical_scale(settings: Settings) -> float | None:
    """The scale below which gradients vanish with depth and above which they explode: the edge of chaos.

    Where chi_1 passes 1 (Poole et al. 2016, equation 6). None where there is no theory, where no scale brings the
    factor through 1, as beside a residual connection, and for cells in time, which know it of one scale at a time.
    """
    if why_no_theory(settings):
        return None
    return _critical_scale(settings.replace(scale=1.0, depth=1, seed=0, networks=1))


@lru_cache(maxsize=64)
def _critical_scale(settings: Settings) -> float | None:
    """It may take a second, and most settings make no difference to it."""
    return kind_of(settings).critical_scale(settings)
