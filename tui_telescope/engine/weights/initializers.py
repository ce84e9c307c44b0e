"""Initializers: a family of unit matrices, drawn once, times a gain that the settings may change freely."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Initializer:
    """W = scale * gain(n) * unit, for square matrices of n units."""

    name: str
    gain: Callable[[int], float]
    """The standard deviation that the scale multiplies (1 where the unit matrix is orthogonal)."""
    from_normals: Callable[[Array], Array]
    """Turns standard normal matrices (layers, n, n) into unit ones; may work in place."""
    family: str
    """Initializers of one family share their unit matrices."""
    spread: Callable[[int], float]
    """The root mean square of a unit matrix's singular values for n units."""
    diagonal: bool = False
    """The unit matrix is the identity: nothing is drawn and no unit hears another."""

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


INITIALIZERS: dict[str, Initializer] = {
    entry.name: entry
    for entry in (
        Initializer("gaussian", lambda n: 1.0, _as_drawn, "normal", math.sqrt),
        # Glorot and Bengio (2010), equation 12, for fan-in = fan-out = n
        Initializer("xavier", lambda n: n**-0.5, _as_drawn, "normal", math.sqrt),
        # He et al. (2015), equation 10
        Initializer("he", lambda n: (2 / n) ** 0.5, _as_drawn, "normal", math.sqrt),
        # Saxe, McClelland and Ganguli (2014), section 3
        Initializer("orthogonal", lambda n: 1.0, _orthogonal, "orthogonal", lambda n: 1.0),
        Initializer("identity", lambda n: 1.0, _as_drawn, "identity", lambda n: 1.0, diagonal=True),
    )
}
"""Every initializer by its name in `Settings`."""
