"""Readings that were taken in a number format: without the loss scale, and apart what is not finite."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.passes.measurement import Measurement
from tui_telescope.observations.from_norms import FROM_ABOVE
from tui_telescope.observations.observation import NonFinite
from tui_telescope.settings import Settings


def as_the_format_has_it(measured: Measurement, settings: Settings) -> Measurement:
    """The loss scale divided out again of the gradients, and the layers told of at which a reading is not finite.

    There it stands as -inf, for every sample. No global norm is told where a gradient by weights is not finite.
    """
    log2_scale = float(np.log2(settings.loss_scale))
    signal, by_weights, by_cell = measured.signal, measured.weight_gradient, measured.cell_gradient
    whole, global_norm = measured.shared_weight_gradient, measured.global_norm
    keeps_all = all(each is None or each < np.inf for each in (global_norm, whole))
    nonfinite = (
        *_lost("signal", None if signal is None else signal.norms),
        *_lost("gradient", measured.gradient),
        *_lost("cell gradient", by_cell),
        *_lost("weight gradient", by_weights, keeps_all=keeps_all),
    )
    return replace(
        measured,
        gradient=_kept(measured.gradient) - log2_scale,
        weight_gradient=None if by_weights is None else _kept(by_weights) - log2_scale,
        signal=None if signal is None else replace(signal, norms=_kept(signal.norms)),
        cell_gradient=None if by_cell is None else _kept(by_cell) - log2_scale,
        shared_weight_gradient=whole - log2_scale if whole is not None and keeps_all else None,
        global_norm=global_norm - log2_scale if global_norm is not None and keeps_all else None,
        nonfinite=nonfinite,
    )


def _is_lost(log2_norms: Array) -> NDArray[np.bool_]:
    """Of each layer, whether it is NaN or infinite for some sample, from (depth,) or (depth, samples)."""
    return np.asarray(~(log2_norms < np.inf).reshape(len(log2_norms), -1).all(axis=1))


def _kept(log2_norms: Array) -> Array:
    return np.where(_is_lost(log2_norms).reshape(-1, *[1] * (log2_norms.ndim - 1)), -np.inf, log2_norms)


def _lost(reading: str, log2_norms: Array | None, *, keeps_all: bool = True) -> tuple[NonFinite, ...]:
    """The layers, in the order in which a pass comes by; the first, which adds last, where only their sum is lost."""
    numbers = [] if log2_norms is None else (np.flatnonzero(_is_lost(log2_norms)) + 1).tolist()
    if not (numbers or keeps_all):
        numbers = [1]
    return (NonFinite(reading, tuple(numbers[::-1] if FROM_ABOVE[reading] else numbers)),) if numbers else ()
