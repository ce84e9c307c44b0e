"""Layers of infinite width with weights of their own: settings as a stack, its prediction, and its critical scale.

Gaussian weights and those of other distributions of the same variance have one theory, and orthogonal ones the same of
a single input, but for the part of the gradient along the signal, which they leave out of the noise (see `operations`).
A plain rnn is such a stack too: at one step its weights have met nothing that they would know again (Chen, Pennington
and Schoenholz 2018), and its fresh input adds to the variance of z as biases do.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.losses import LOSSES
from tui_telescope.engine.mean_field.factors import asymptotic_factor, critical_sigma_w, crossing
from tui_telescope.engine.mean_field.gradients import log10_norms
from tui_telescope.engine.mean_field.operations import Linear, Normalise, Operation, Respond
from tui_telescope.engine.mean_field.stacks import Stack, forward
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.networks import NORMALISED, ORTHOGONAL, PHI
from tui_telescope.observations.interruption import ShouldStop
from tui_telescope.settings import REGISTRY, Settings

DEEPEST_QUICK = 100
_NEARLY_SETTLED_BY = 100
_NOTHING = 1e-100
"""What a variance of 0 is taken for."""


def takes(settings: Settings) -> bool:
    """Whether these settings are such a stack."""
    if INITIALIZERS[settings.initializer].diagonal:
        return False
    return not settings.is_recurrent or ("activation" not in settings.ineffective and not settings.residual)


def is_quick(settings: Settings) -> bool:
    """Whether a prediction takes a few milliseconds: a layer takes some 40 microseconds, beside a mean of biases 100,
    and a signal that settles slowly is followed for 2000 of them. No theory in it."""
    if settings.depth > DEEPEST_QUICK or settings.bias_mean != 0:
        return False
    if settings.residual:
        return settings.skip_scale == 1
    return settings.norm_kind is not None or stack_of(settings).is_bare


def log10_gradient(settings: Settings, should_stop: ShouldStop) -> Array:
    """log10 of the mean ||d loss / d a_l||_2 per sample, l = 1..L, shape (L,). Raises `Stopped`.

    Derived in `mean_field` from Poole et al. (2016), equation 3, and Schoenholz et al. (2017), equation 5.
    """
    stack = stack_of(settings)
    loss = LOSSES[settings.loss]
    signal = forward(stack, should_stop)
    gradient = log10_norms(stack, signal, settings.width, squared_error=loss.hears_output)
    if loss.has_unit_norm:
        error = replace(stack, depth=1, before_loss=None)
        gradient = gradient - log10_norms(error, signal, settings.width, squared_error=False)
    if settings.scale == 0 and not stack.skip:
        gradient[:-1] = -np.inf
    return gradient


def factor(settings: Settings) -> float:
    """What a layer multiplies gradients with in the long run: see `asymptotic_factor`."""
    return 0.0 if settings.scale == 0 and not settings.residual else asymptotic_factor(stack_of(settings))


def critical_scale(settings: Settings) -> float | None:
    """The scale below which gradients vanish with depth and above which they explode: the edge of chaos.

    Without norms and means, where chi_1 = 1 (Poole et al. 2016, equation 6). Derived here: GELU and SiLU without bias
    have no fixed point with chi_1 = 1, but q runs to zero below the scale and to infinity above it. (Hayou, Doucet and
    Rousseau 2019 study the edges of such activations.) Else where the factor rises through 1. None beside a residual
    connection, which makes every factor at least 1 (Yang and Schoenholz 2017) unless the skip scale is less, and where
    a norm divides the scale out. Without either it is never out of the scale's range: sigma_w is between 0.69 (SELU
    without bias) and 15 (sigmoid with the largest) for every activation.
    """
    if divides_scale_out(settings) or settings.residual:
        return None
    stack = stack_of(settings)
    if not stack.is_bare:
        return crossing(partial(_factor_at, settings))
    (product,) = stack.products
    sigma_w = critical_sigma_w(settings.activation, math.sqrt(product.variance_b), stack.log_power)
    return scale_of_sigma_w(settings, sigma_w)


def divides_scale_out(settings: Settings) -> bool:
    """Whether a norm leaves no scale an effect: whatever a matrix gives meets one before the next phi.

    Batch norm takes biases out as well; beside other norms their share depends on the scale. No theory in it.
    """
    norm, place = settings.norm_kind, settings.place_of_norm
    if norm is None or place is None or not (settings.loses_biases or not settings.has_biases):
        return False
    words = (*settings.branch, *([NORMALISED] if place.crosses_residual else []))
    met = (
        next(word for word in words[at:] + words if word not in settings.matrices)
        for at, word in enumerate(words)
        if word in settings.matrices
    )
    return set(met) == {NORMALISED}


def _factor_at(settings: Settings, scale: float) -> float:
    return asymptotic_factor(stack_of(settings.replace(scale=scale)), _NEARLY_SETTLED_BY)


def scale_of_sigma_w(settings: Settings, sigma_w: float) -> float:
    """The scale, to twelve digits, that gives this sigma_w with these settings."""
    return float(f"{sigma_w / INITIALIZERS[settings.initializer].sigma_w(1.0, settings.width):.12g}")


def stack_of(settings: Settings) -> Stack:
    """The infinitely wide network that these settings are a finite one of.

    sigma_w^2 = n Var(W) and sigma_b^2 = Var(b), as in Poole et al. (2016), section 2.
    """
    if "form" in settings.ineffective:
        settings = settings.replace(form=REGISTRY["form"].default)
    norm = _norm(settings)
    crosses = settings.place_of_norm is not None and settings.place_of_norm.crosses_residual
    inputs = 0.0 if settings.is_recurrent else settings.input_scale**2
    return Stack(
        depth=settings.depth,
        log_power=math.log(max(inputs, _NOTHING)),
        branch=_branch(settings, norm),
        factors=settings.branch_factors,
        skip=settings.skip_scale if settings.residual else 0.0,
        after=norm if crosses else None,
        before_loss=norm if settings.final_norm else None,
    )


def _norm(settings: Settings) -> Normalise | None:
    kind = settings.norm_kind
    return None if kind is None else Normalise(kind, settings.norm_eps, settings.samples)


def _branch(settings: Settings, norm: Normalise | None) -> tuple[Operation, ...]:
    operations: list[Operation] = []
    for word in settings.branch:
        if word == PHI:
            before = operations[-1] if operations else None
            operations.append(Respond(settings.activation, before.batch if isinstance(before, Normalise) else 0))
        else:
            operations.append(norm if word == NORMALISED and norm else _linear(settings, word))
    return tuple(operations)


def _linear(settings: Settings, name: str) -> Linear:
    initializer, shape = INITIALIZERS[settings.initializer], settings.matrices[name]
    larger = max(shape)
    size = settings.scale * initializer.gain(shape.fan_in, shape.fan_out) * initializer.spread(larger)
    has_biases = name not in settings.levelled
    fresh = settings.input_scale**2 if settings.is_recurrent else 0.0
    return Linear(
        variance_w=max(shape.fan_in / larger * size**2, _NOTHING),
        variance_b=settings.bias**2 * has_biases + fresh,
        mean_b=settings.bias_mean * has_biases,
        ratio=shape.fan_out / shape.fan_in,
        orthogonal=initializer.family == ORTHOGONAL,
    )
