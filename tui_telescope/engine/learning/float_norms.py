"""The norms over ordinary floats of either precision, each with the pullback of its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Floats
from tui_telescope.engine.norms import Norm, norm_of
from tui_telescope.networks import NORM_PLACES
from tui_telescope.settings import Settings

Pull = Callable[[Floats], Floats]


class Places(NamedTuple):
    """The norm at the one place of a layer where it stands, if there is one; None elsewhere."""

    before_weights: Norm | None = None
    before_activation: Norm | None = None
    on_branch: Norm | None = None
    """After the activation, before the residual connection's sum."""
    after_block: Norm | None = None


def places_of_norm(settings: Settings) -> Places:
    """Where these settings have their norm."""
    norm, place = norm_of(settings), NORM_PLACES[settings.norm_place]
    if norm is None:
        return Places()
    if place.follows_weights:
        return Places(before_activation=norm)
    if place.ends_branch:
        return Places(on_branch=norm)
    return Places(after_block=norm) if place.crosses_residual else Places(before_weights=norm)


def normalise(norm: Norm, x: Floats, out: Floats) -> Pull:
    """N(x) of (units, samples) into `out`; returns the map from the gradient by it to the gradient by x.

    The formulas are those of `norms.Norm` and `norms.Pullback`.
    """
    direction, root = norm.direction(x)
    inverse = 1 / np.sqrt(root * root + norm.epsilon)
    length = root * inverse
    np.multiply(direction, length, out)

    def pull(gradient: Floats) -> Floats:
        gradient = norm.centre(gradient)
        share = np.mean(gradient * direction, norm.axis, keepdims=True)
        return np.asarray(inverse * (gradient - direction * (share * length * length)))

    return pull
