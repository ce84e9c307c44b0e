"""How a network's scale stands to the critical one, and what it is where no scale is critical.

The numbers are `theory`'s; what is new here is the kind of the edge. GELU and SiLU with little bias have no true one: q
leaps from one fixed point to another as the scale grows, and chi leaps with it, across 1. From some bias on chi passes
through 1 without a leap. (Hayou, Doucet and Rousseau 2019 study the edges of such activations; the condition is
derived here.) Softplus needs no bias: its chi rises to 1 as q runs away, at the scale that is critical for ReLU.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.mean_field.coverage import why_no_theory
from tui_telescope.engine.mean_field.factors import asymptotic_factor
from tui_telescope.engine.mean_field.operations import Linear
from tui_telescope.engine.mean_field.quadrature import averages
from tui_telescope.engine.mean_field.stacks import Stack
from tui_telescope.engine.mean_field.theory import critical_scale, depth_scale, quick_factor
from tui_telescope.engine.mean_field.wide_layers import divides_scale_out, scale_of_sigma_w, stack_of, takes
from tui_telescope.networks import INITIALIZERS, ORTHOGONAL
from tui_telescope.settings import REGISTRY, Settings

_NEAR = 1e-9
"""How far below and above a critical scale its two sides are taken to be, relatively."""
CRITICAL_DIGITS = 4
"""Of a critical scale, where it need not be told from one beside it."""
_LOG_QS = np.arange(-20.0, 20.5, 0.5).tolist()
"""Values of ln q between which an edge's first point is looked for."""


class TrueEdge(NamedTuple):
    """The least bias with which chi passes through 1 without a leap, and the scale at which it does."""

    bias: float
    """Standard deviation of the biases, sigma_b."""
    scale: float


@dataclass(frozen=True)
class Criticality:
    """Where these settings stand, by mean-field theory for infinite width."""

    scale: float
    factor: float | None
    """What one layer does to the gradient in the long run, sqrt(chi); None where there is no theory."""
    critical_scale: float | None = None
    """Below it gradients vanish with depth, above it they explode; None where no scale does that."""
    leap: tuple[float, float] | None = None
    """The factors just below and just above the critical scale, where they leap there; None where the factor is 1."""
    true_edge: TrueEdge | None = None
    """Where a bias would take the leap away; None where there is none to take away."""
    is_exact: bool = False
    """Whether every layer multiplies every gradient with exactly the scale, at any width: no theory is needed."""
    stage: str = "layer"
    """What the factor is of: a layer, or a step."""
    reason: str = ""
    """Why there is no critical scale, in a sentence; empty where there is one."""

    @property
    def chi(self) -> float | None:
        """The mean-field factor of the squared gradient, chi_1 of Schoenholz et al. (2017), equation 5."""
        return None if self.factor is None else self.factor**2

    @property
    def is_at_critical_scale(self) -> bool:
        return self.critical_scale is not None and math.isclose(self.scale, self.critical_scale, rel_tol=_NEAR)


def criticality(settings: Settings) -> Criticality:
    """How the scale of these settings stands to the critical one; takes some 10 ms for an activation and bias anew,
    and up to a second beside norms."""
    critical, factor = critical_scale(settings), quick_factor(settings)
    if critical is None:
        return Criticality(settings.scale, factor, reason=why_no_critical_scale(settings), stage=settings.stage)
    leap, edge = _leap(settings, critical)
    return Criticality(settings.scale, factor, critical, leap, edge, is_exact=_is_exact(settings), stage=settings.stage)


def _is_exact(settings: Settings) -> bool:
    is_orthogonal = INITIALIZERS[settings.initializer].family == ORTHOGONAL
    return is_orthogonal and ACTIVATIONS[settings.activation].is_linear and _is_bare(settings)


def _is_bare(settings: Settings) -> bool:
    return takes(settings) and stack_of(settings).is_bare


def _leap(settings: Settings, critical: float) -> tuple[tuple[float, float] | None, TrueEdge | None]:
    """The factors beside the critical scale where they leap there, and where a bias would take the leap away."""
    edge = _true_edge(settings.activation) if _is_bare(settings) else None
    if edge is None:
        return None, None
    stack = stack_of(settings.replace(scale=critical))
    (product,) = stack.products
    if product.variance_b >= edge.bias**2:
        return None, None
    below, above = (
        asymptotic_factor(_with_variance(stack, product.variance_w * side)) for side in (1 - _NEAR, 1 + _NEAR)
    )
    missing = math.sqrt(edge.bias**2 - product.variance_b + settings.bias**2)
    return (below, above), TrueEdge(missing, scale_of_sigma_w(settings, edge.sigma_w))


def _with_variance(stack: Stack, variance_w: float) -> Stack:
    """The same stack with another sigma_w^2."""
    branch = (replace(each, variance_w=variance_w) if isinstance(each, Linear) else each for each in stack.branch)
    return replace(stack, branch=tuple(branch))


class _Sigmas(NamedTuple):
    bias: float
    sigma_w: float


@lru_cache(maxsize=64)
def _true_edge(activation: str) -> _Sigmas | None:
    """Where an activation's true edge begins; None where no bias has a leap.

    Derived here. A fixed point of V(q) = sigma_w^2 E[phi(sqrt(q) x)^2] + sigma_b^2 with chi = 1 has sigma_w^2 =
    1 / E[phi'^2]. It holds the signal where V'(q) = sigma_w^2 E[x phi phi'] / sqrt(q) < 1, which is xgf < gg for the
    averages' names. The first q at which it does so is where two fixed points meet, and the leap between them ends.
    """
    crossing = next(
        (pair for pair in pairwise(_LOG_QS) if _pull(activation, pair[0]) < 0 < _pull(activation, pair[1])), None
    )
    if crossing is None:
        return None
    low, high = crossing
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _pull(activation, middle) < 0 else (low, middle)
    here, q = averages(activation, high), math.exp(high)
    return _Sigmas(math.sqrt(q * (1 - here.ff / here.gg)), here.gg**-0.5)


def _pull(activation: str, log_q: float) -> float:
    """Positive where a fixed point with chi = 1 draws q towards itself, negative where it drives q away."""
    here = averages(activation, log_q)
    return here.gg - here.xgf


# Words


_REASONS: tuple[tuple[Callable[[Settings], bool], str], ...] = (
    (
        lambda settings: settings.is_recurrent and "activation" in settings.ineffective,
        "Its gates decide what a cell keeps, and the forget bias with them: theory names no scale that is critical.",
    ),
    (
        lambda settings: settings.is_recurrent and not takes(settings),
        "Theory follows such a recurrent cell at one scale at a time, and names none that is critical.",
    ),
    (
        lambda settings: settings.skip_scale == 1 and settings.residual and set(settings.branch_factors) == {0.0},
        "A branch multiplied with 0 leaves a factor of exactly 1 at every scale.",
    ),
    (
        lambda settings: settings.residual and settings.skip_scale != 1,
        "Theory names no critical scale beside a residual connection whose skip scale is not 1.",
    ),
    (
        lambda settings: settings.residual,
        "Beside a residual connection theory's factor is at least 1 at every scale: none is critical.",
    ),
    (
        divides_scale_out,
        "The norm before phi divides the scale out again, but for its eps: no scale is more critical than another.",
    ),
)
"""Why there is no critical scale, the first that holds."""
_NO_CROSSING = "At no scale from 0.001 to 1000 does theory's factor rise through 1: none is critical."


def why_no_critical_scale(settings: Settings) -> str:
    """The reason in a sentence, for settings that have none."""
    return why_no_theory(settings) or next((words for holds, words in _REASONS if holds(settings)), _NO_CROSSING)


def critical_scale_in_words(critical: float, scale: float) -> str:
    """More than `CRITICAL_DIGITS` where those would not tell it from the scale that it is compared with."""
    words = (_scale_words(critical, digits) for digits in range(CRITICAL_DIGITS, 7))
    return next((text for text in words if float(text) != float(_scale_words(scale))), _scale_words(critical))


def describe_criticality(standing: Criticality) -> str:
    """Where the scale stands, in one to three sentences without a verdict."""
    if standing.critical_scale is None:
        return standing.reason
    scale, critical = _scale_words(standing.scale), _critical_words(standing)
    if standing.leap:
        below, above = (f"{factor:.3g}" for factor in standing.leap)
        return (
            f"scale {scale}; {_pace_words(standing)}. No scale has chi 1: at {critical} the factor jumps from {below} "
            f"to {above}, because the signal's size does. {_edge_words(standing)}"
        )
    if standing.is_at_critical_scale:
        return f"scale {scale} is the critical one: {_level_words(standing)}."
    return f"scale {scale}; critical {critical}; {_pace_words(standing)}."


def describe_trial(standing: Criticality, width: int, state: str) -> str:
    """What was seen at the critical scale, which the theory knows for infinite width alone, and what x does next."""
    even_so = "" if state == "healthy" else " all the same"
    return f"Tried at {_critical_words(standing)}, width {width}: {state.upper()}. x again jumps there{even_so}."


def _level_words(standing: Criticality) -> str:
    if standing.is_exact:
        return "orthogonal linear layers pass on exactly what they hear, at any width"
    return f"chi 1, so that gradients change by no constant factor a {standing.stage}"


def _pace_words(standing: Criticality) -> str:
    """Chi, and how far it carries: it acts on the square, so that a gradient itself takes twice the depth scale."""
    chi, layers = standing.chi or 0.0, depth_scale(standing.factor or 0.0)
    if chi == 1:
        return "chi 1"
    if chi < 1:
        return f"chi {_beside_one(chi)}: a signal lasts {_layers(layers, standing.stage)}"
    return f"chi {_beside_one(chi)}: a gradient grows e-fold in {_layers(2 * layers, standing.stage)}"


def _edge_words(standing: Criticality) -> str:
    """The bias rounded up, for just below the edge there is none."""
    if standing.true_edge is None:
        return ""
    bias = math.ceil(standing.true_edge.bias * 1000) / 1000
    return f"Bias {bias:g} has a true edge, at scale {_scale_words(standing.true_edge.scale, CRITICAL_DIGITS)}."


def _critical_words(standing: Criticality) -> str:
    return critical_scale_in_words(standing.critical_scale or 0.0, standing.scale)


def _scale_words(scale: float, digits: int = 6) -> str:
    return REGISTRY["scale"].show(float(f"{scale:.{digits}g}"))


def _beside_one(chi: float) -> str:
    """Two digits after the point, and more where they would hide on which side of 1 it lies."""
    if not 0.01 <= chi < 1000:
        return f"{chi:.1e}"
    return next((text for digits in range(2, 12) if float(text := f"{chi:.{digits}f}") != 1), "1")


def _layers(count: float, stage: str) -> str:
    number = f"{count:.1f}" if count < 10 else f"{count:.0f}" if count < 1e6 else f"{count:.0e}"
    return f"{number} {stage}s"
