"""Signals of sequences of tokens: every token, and by how much it differs from the first one of its sample.

Attention makes tokens alike (Dong, Cordonnier and Loukas 2021), soon to the last digit of a float64. So what differs
is carried beside the tokens and never told by subtracting two that all but agree. The first token is a better level
than their mean: nothing but itself is ever heard by it, so that what the others differ from it by is a sum of positive
shares of such differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.activations.extended_range_values import phi_value
from tui_telescope.engine.arithmetic.arrays import Array, Identity
from tui_telescope.engine.arithmetic.extended_range import ExtendedRange, shifted, where
from tui_telescope.engine.losses import Loss
from tui_telescope.engine.norms import Norm
from tui_telescope.engine.passes.exact.extended_range_pass import Slope
from tui_telescope.engine.passes.exact.saturated_differences import difference_of_phi
from tui_telescope.engine.transformer.attention import Attention, Projected
from tui_telescope.networks import SAMPLES
from tui_telescope.observations.log_statistics import log2_root_mean_square

NEAR = 0.25
"""Up to this share of the first token, a token's difference from it is followed through a norm by itself."""


@dataclass(frozen=True, eq=False)
class TokenSignal:
    """Tokens of every sample, (units, samples * tokens): those of the first sample, of the second, and so on."""

    value: ExtendedRange
    difference: ExtendedRange
    """The same less the first token of each sample."""
    tokens: int

    @classmethod
    def of(cls, values: Array, tokens: int) -> TokenSignal:
        """From float64."""
        by_sample = values.reshape(len(values), -1, tokens)
        return cls(
            ExtendedRange.of(values),
            ExtendedRange.of((by_sample - by_sample[..., :1]).reshape(values.shape)),
            tokens,
        )

    @property
    def layer_input(self) -> TokenSignal:
        return self

    def without_levels(self) -> TokenSignal:
        """The same: where a norm takes out what all tokens share, `normed` sees to it."""
        return self

    def times(self, factor: float) -> TokenSignal:
        return self._of_each(lambda x: x.times(factor))

    def through(self, weights: Array | Identity, gain: float) -> TokenSignal:
        return self._of_each(lambda x: x.through(weights, gain))

    def with_biases(self, biases: Array) -> TokenSignal:
        column = np.broadcast_to(biases[:, None], self.value.mantissa.shape)
        return TokenSignal(self.value + ExtendedRange.of(column), self.difference, self.tokens)

    def response(self, activation: Activation) -> tuple[TokenSignal, Slope]:
        value = phi_value(activation, self.value)
        first = _first_tokens(self.value, self.tokens)
        difference = difference_of_phi(activation, first, self.value, self.difference)
        return TokenSignal(value, difference.per_sample(), self.tokens), Slope(activation, self.value.per_unit())

    def attended(self, heads: int) -> tuple[TokenSignal, Callable[[ExtendedRange], ExtendedRange]]:
        """What attention makes of queries, keys and values, which stand one below the other; and its pullback."""
        queries, _, values = self.value.split(3)
        _, key_differences, value_differences = self.difference.split(3)
        projected = Projected(queries, key_differences, values, value_differences)
        attention, mixed, difference = Attention.of(projected, self.tokens, heads)
        return TokenSignal(mixed, difference, self.tokens), attention.pulled

    def normed(self, norm: Norm) -> tuple[TokenSignal, Callable[[ExtendedRange], ExtendedRange]]:
        if norm.axis == SAMPLES:
            value, pullback = norm(self._less_common_level.per_unit())
            difference = _per_token(self.difference * pullback.inverse)
            normed = TokenSignal(_per_token(value), difference, self.tokens)
            return normed, lambda gradient: _per_token(pullback(gradient))
        value, pullback = norm(self.value)
        return TokenSignal(value, self._normed_difference(norm, value, pullback.inverse), self.tokens), pullback

    def joined(self, branch: TokenSignal) -> TokenSignal:
        return TokenSignal(self.value + branch.value, self.difference + branch.difference, self.tokens)

    def error(self, loss: Loss, vectors: Array) -> ExtendedRange:
        return loss.gradient(self.value, ExtendedRange.of(vectors), phi_value)

    def log2_norm(self) -> Array:
        """log2 of the Frobenius norm of each sample, (samples,)."""
        return log2_norms_of_samples(self.value, self.tokens)

    def log2_spread(self) -> Array:
        """log2 of the Frobenius norm of what differs from the mean of the tokens, of each sample."""
        difference, tokens = self.difference, self.tokens
        peak = np.repeat(difference.exponent.reshape(-1, tokens).max(axis=1), tokens)[None]
        level = shifted(difference.mantissa, difference.exponent - peak).reshape(len(difference.mantissa), -1, tokens)
        centred = (level - level.mean(axis=-1, keepdims=True)).reshape(difference.mantissa.shape)
        return log2_norms_of_samples(ExtendedRange(centred, peak), tokens)

    @property
    def _less_common_level(self) -> ExtendedRange:
        """Less the first token of the first sample, which a norm over all of them takes out."""
        first = _first_tokens(self.value, self.tokens)
        level = ExtendedRange(first.mantissa[:, :1], first.exponent[:, :1])
        return self.difference + (first - level)

    def _normed_difference(self, norm: Norm, normed: ExtendedRange, inverse: ExtendedRange) -> ExtendedRange:
        """N(x) - N(x_1) = c(d) / s + c(x_1) (1 / s - 1 / s_1): c centres, d = x - x_1, s^2 = variance + epsilon."""
        tokens = self.tokens
        way, first = (_centred(norm, each) for each in (self.difference, _first_tokens(self.value, tokens)))
        inverse_first = _first_tokens(inverse, tokens)
        gained = (way * (first.times(2.0) + way)).sum(0).times(1 / len(way.mantissa))
        shrunk = gained * inverse * inverse_first * (inverse.reciprocal() + inverse_first.reciprocal()).reciprocal()
        is_near = way.log2_norm() < first.log2_norm() + math.log2(NEAR)
        return where(is_near, way * inverse - first * shrunk, normed - _first_tokens(normed, tokens))

    def _of_each(self, function: Callable[[ExtendedRange], ExtendedRange]) -> TokenSignal:
        return TokenSignal(function(self.value), function(self.difference), self.tokens)


def log2_norms_of_samples(x: ExtendedRange, tokens: int) -> Array:
    """log2 of the Frobenius norm over units and tokens of (units, samples * tokens), (samples,)."""
    return log2_root_mean_square(x.log2_norm().reshape(-1, tokens)) + 0.5 * math.log2(tokens)


def _per_token(x: ExtendedRange) -> ExtendedRange:
    """Under an exponent a token, also where a norm over all tokens has given them one in common."""
    x = x.per_sample()
    return ExtendedRange(x.mantissa, np.broadcast_to(x.exponent, (1, x.mantissa.shape[1])))


def _first_tokens(x: ExtendedRange, tokens: int) -> ExtendedRange:
    """Of each token the first one of its sample."""
    return ExtendedRange(*(np.repeat(each[:, ::tokens], tokens, axis=1) for each in (x.mantissa, x.exponent)))


def _centred(norm: Norm, x: ExtendedRange) -> ExtendedRange:
    x = x.aligned(norm.axis)
    return ExtendedRange(norm.centre(x.mantissa), x.exponent).normalized()
