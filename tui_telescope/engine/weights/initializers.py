"""Initializers: a family of unit matrices, drawn once, times a gain that the settings may change freely."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tui_telescope import networks
from tui_telescope.engine.arithmetic.arrays import Array


@dataclass(frozen=True)
class Initializer(networks.InitializerKind):
    """An initializer, and the unit matrices of its family."""

    from_normals: Callable[[Array], Array]
    """Turns standard normal matrices (layers, n, n) into unit ones; may work in place."""
    spread: Callable[[int], float]
    """The root mean square of a unit matrix's singular values for n units."""

    def sigma_w(self, scale: float, n: int) -> float:
        """sigma_w with sigma_w^2 = n Var(W) (Poole et al. 2016, equation 2), the scale of orthogonal weights."""
        return scale * self.gain(n) * self.spread(n)


def _as_drawn(normals: Array) -> Array:
    return normals


def _orthogonal(normals: Array) -> Array:
    """Haar-distributed orthogonal matrices: QR with the signs of R's diagonal (Mezzadri 2007, section 5)."""
    q, r = np.linalg.qr(normals)
    signs = np.where(np.diagonal(r, axis1=1, axis2=2) < 0, -1.0, 1.0)
    return np.asarray(q * signs[:, None, :])


_FAMILIES: dict[str, tuple[Callable[[Array], Array], Callable[[int], float]]] = {
    networks.NORMAL: (_as_drawn, math.sqrt),
    networks.ORTHOGONAL: (_orthogonal, lambda n: 1.0),
    networks.IDENTITY: (_as_drawn, lambda n: 1.0),
}
"""`from_normals` and `spread` of each family."""

INITIALIZERS: dict[str, Initializer] = {
    name: Initializer(kind.family, kind.gain, *_FAMILIES[kind.family]) for name, kind in networks.INITIALIZERS.items()
}
"""Every initializer by its name in `Settings`."""
