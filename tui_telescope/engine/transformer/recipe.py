"""What a transformer's block computes, said once: attention and an mlp, each with its residual connection and norm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.blocks import Block, G, Linear, Normalise, Operation, Respond
from tui_telescope.engine.norms import norm_of
from tui_telescope.engine.weights.draws import UnitNetwork, gain_of
from tui_telescope.settings import Settings

PROJECTIONS = ("query", "key", "value")
"""Whose matrices stand one below the other in a single product."""


@dataclass(frozen=True, eq=False)
class Product(Linear):
    """W x + b, where W may be several matrices, one below the other."""

    weights: Array
    """(fan_out, fan_in), of networks side by side a stack of theirs."""
    names: tuple[str, ...] = ()
    """Of each of them."""

    def backward(self, gradient: G, layer_input: Any = None) -> G:
        return gradient.through(self.weights.mT, self.gain)


@dataclass(frozen=True)
class Attend:
    """Causal attention, from queries, keys and values, one below the other."""

    heads: int

    def forward(self, projected: Any) -> tuple[Any, Callable[[Any], Any]]:
        attended: tuple[Any, Callable[[Any], Any]] = projected.attended(self.heads)
        return attended

    def backward(self, gradient: Any, pullback: Callable[[Any], Any]) -> Any:
        return pullback(gradient)


def halves(network: UnitNetwork, settings: Settings, layer: int) -> tuple[Block, Block]:
    """The two halves of one block of a network before scaling."""

    def product(*names: str) -> Product:
        matrices = [network.matrices[name] for name in names]
        gain = gain_of(settings, settings.matrices[names[0]])
        biases = [each.biases[layer] for each in matrices if each.biases is not None]
        weights = np.concatenate([each.weights[layer] for each in matrices])
        return Product("+".join(names), weights, gain, np.concatenate(biases) if biases else None, names=names)

    return halves_of(product, settings, layer)


def halves_of(product: Callable[..., Product], settings: Settings, layer: int) -> tuple[Block, Block]:
    """Attention and the mlp, each with its own residual connection and norm, from products by their matrices' names.

    A norm at `activation` stands in the mlp alone: attention has none.
    """
    norm = norm_of(settings)
    normalise = () if norm is None else (Normalise(norm),)
    begins, meets, ends, crosses = (normalise if stands else () for stands in Standing.of(settings))

    def half(*operations: Operation) -> Block:
        return Block(
            branch=[*begins, *operations, *ends],
            after=crosses,
            skip=settings.skip_scale if settings.residual else None,
            branch_factor=settings.branch_factors[layer],
        )

    respond = Respond(ACTIVATIONS[settings.activation])
    return (
        half(product(*PROJECTIONS), Attend(settings.heads), product("output")),
        half(product("up"), *meets, respond, product("down")),
    )


class Standing(NamedTuple):
    """Where in a block the norm stands."""

    begins: bool
    """At the start of each branch."""
    meets: bool
    """Before the mlp's activation."""
    ends: bool
    """At the end of each branch."""
    crosses: bool
    """After each sum of residual connection and branch."""

    @classmethod
    def of(cls, settings: Settings) -> Standing:
        place = settings.place_of_norm
        if place is None:
            return cls(begins=False, meets=False, ends=False, crosses=False)
        return cls(place.begins_branch, place.meets_activation, place.ends_branch, place.crosses_residual)


def columns_of(tokens: Array) -> Array:
    """(samples, tokens, n) as (n, samples * tokens)."""
    return np.ascontiguousarray(tokens.reshape(-1, tokens.shape[-1]).T)
