"""Initializers: a family of unit matrices, drawn once, times a gain that the settings may change freely."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tui_telescope import networks
from tui_telescope.engine.arithmetic.arrays import Array


@dataclass(frozen=True)
class Family:
    """Unit matrices."""

    from_drawn: Callable[[Array], Array]
    """Turns what a stream yields, (layers, fan_out, fan_in), into unit matrices; may work in place."""
    spread: Callable[[int], float]
    """The root mean square of a unit matrix's singular values, by the larger of its fans."""


@dataclass(frozen=True)
class Initializer(networks.InitializerKind):
    """An initializer, and the unit matrices of its family."""

    spread: Callable[[int], float]
    """See `Family`: it is the same for every distribution."""

    def sigma_w(self, scale: float, n: int) -> float:
        """sigma_w with sigma_w^2 = n Var(W) (Poole et al. 2016, equation 2), the scale of orthogonal weights."""
        return scale * self.gain(n, n) * self.spread(n)


def _as_drawn(entries: Array) -> Array:
    return entries


def _orthogonal(normals: Array) -> Array:
    """Haar-distributed orthogonal matrices: QR with the signs of R's diagonal (Mezzadri 2007, section 5).

    Of matrices with more columns than rows the rows are orthonormal, else the columns.
    """
    if normals.shape[1] < normals.shape[2]:
        return np.asarray(_orthogonal(normals.transpose(0, 2, 1)).transpose(0, 2, 1))
    q, r = np.linalg.qr(normals)
    signs = np.where(np.diagonal(r, axis1=1, axis2=2) < 0, -1.0, 1.0)
    return np.asarray(q * signs[:, None, :])


FAMILIES: dict[str, Family] = {
    **{name: Family(_as_drawn, math.sqrt) for name in networks.DISTRIBUTIONS},
    networks.ORTHOGONAL: Family(_orthogonal, lambda n: 1.0),
    networks.IDENTITY: Family(_as_drawn, lambda n: 1.0),
}
"""Every family by its name in `networks`."""

INITIALIZERS: dict[str, Initializer] = {
    name: Initializer(kind.family, kind.gain, FAMILIES[kind.family].spread)
    for name, kind in networks.INITIALIZERS.items()
}
"""Every initializer by its name in `Settings`."""
