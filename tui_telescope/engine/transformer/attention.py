"""Causal attention over numbers that neither overflow nor underflow, forward and backward.

softmax(Q K^T / sqrt(n / heads)) V for each head, a token hearing itself and those before it (Vaswani et al. 2017,
section 3.2). A softmax keeps its digits where probabilities are kept by their logarithms and where nothing is
subtracted that all but agrees:

- Keys count by what they differ from the first token's key: a softmax does not hear what all its scores share.
- Values differ from the first token's, which every token hears, by sums of positive shares of such differences.
- The gradient by a row's scores is told from the foremost one's, so that 1 - p is never asked of a p close to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.arithmetic.extended_range import (
    EXPONENT_OF_ZERO,
    REPRESENTABLE,
    ExtendedRange,
    exponential,
    shifted,
)


class Projected(NamedTuple):
    """Queries, keys and values of all tokens, and by how much keys and values differ from the first token's."""

    queries: ExtendedRange
    """(n, samples * tokens), as all of these; an exponent a token."""
    key_differences: ExtendedRange
    values: ExtendedRange
    value_differences: ExtendedRange


@dataclass(frozen=True, eq=False)
class Attention:
    """One network's attention in one block, as it was met on the way forward."""

    tokens: int
    heads: int
    queries: ExtendedRange
    """By sample and head, (samples, heads, n / heads, tokens), as the next two."""
    key_differences: ExtendedRange
    value_differences: ExtendedRange
    log_probabilities: Array
    """(samples, heads, tokens, tokens): of each token, whom it hears."""
    probabilities: ExtendedRange
    """The same with an exponent for each of them."""

    @classmethod
    def of(cls, projected: Projected, tokens: int, heads: int) -> tuple[Attention, ExtendedRange, ExtendedRange]:
        """With what each token makes of what it hears, and by how much that differs from what the first makes of it."""
        queries, key_differences, values, value_differences = (_by_head(each, tokens, heads) for each in projected)
        scores = _products_of_tokens(queries, key_differences).times(_temperature(queries))
        logarithms, hears = _log_softmax(scores), np.tri(tokens)
        probabilities = exponential(np.broadcast_to(hears, logarithms.shape), logarithms, per_unit=True)
        attention = cls(tokens, heads, queries, key_differences, value_differences, logarithms, probabilities)
        return attention, _mixed(probabilities, values), _mixed(probabilities, value_differences)

    def pulled(self, gradient: ExtendedRange) -> ExtendedRange:
        """The gradients by queries, keys and values, one below the other, (3 n, samples * tokens): an exponent each."""
        by_output = _by_head(gradient, self.tokens, self.heads)
        by_scores = self._by_scores(by_output)
        parts = (
            _mixed(by_scores, self.key_differences),
            _mixed(_transposed(by_scores), self.queries),
            _mixed(_transposed(self.probabilities), by_output),
        )
        exponents = [np.broadcast_to(part.exponent, part.mantissa.shape) for part in parts]
        return ExtendedRange(np.concatenate([part.mantissa for part in parts]), np.concatenate(exponents))

    def _by_scores(self, by_output: ExtendedRange) -> ExtendedRange:
        """p (g - sum p g) of each row, with the g of its foremost probability for a level."""
        by_probabilities = _products_of_tokens(by_output, self.value_differences)
        foremost = self.log_probabilities.argmax(axis=-1, keepdims=True)
        level = ExtendedRange(
            *(np.take_along_axis(each, foremost, -1) for each in (by_probabilities.mantissa, by_probabilities.exponent))
        )
        above = by_probabilities - level
        mean = (self.probabilities * above).sum(-1)
        return (self.probabilities * (above - mean)).times(_temperature(self.queries))


def _temperature(queries: ExtendedRange) -> float:
    """1 / sqrt(n / heads)."""
    return float(queries.mantissa.shape[-2] ** -0.5)


def _by_head(x: ExtendedRange, tokens: int, heads: int) -> ExtendedRange:
    """(n, samples * tokens) as (samples, heads, n / heads, tokens), with an exponent a token."""
    x = x.per_sample()
    parts = x.mantissa.reshape(heads, len(x.mantissa) // heads, -1, tokens)
    return ExtendedRange(parts.transpose(2, 0, 1, 3), x.exponent.reshape(-1, 1, 1, tokens))


def _products_of_tokens(x: ExtendedRange, y: ExtendedRange) -> ExtendedRange:
    """x_t . y_s of every pair of a sample's tokens, (samples, heads, tokens, tokens), an exponent each."""
    mantissa = np.matmul(x.mantissa.swapaxes(-1, -2), y.mantissa)
    exponent = x.exponent.swapaxes(-1, -2) + y.exponent
    return ExtendedRange(mantissa, np.broadcast_to(exponent, mantissa.shape)).normalized()


def _log_softmax(scores: ExtendedRange) -> Array:
    """Of each row as far as its diagonal, to which no exponent has an end: differences beyond e300 stand as such."""
    hears = np.tri(scores.mantissa.shape[-1], dtype=np.bool_)
    exponent = np.where(hears, scores.exponent, EXPONENT_OF_ZERO).max(axis=-1, keepdims=True)
    level = np.where(hears, shifted(scores.mantissa, np.minimum(scores.exponent - exponent, 0)), -np.inf)
    gaps = np.where(hears, level, 0.0) - level.max(axis=-1, keepdims=True)
    gaps = shifted(gaps, np.minimum(exponent, REPRESENTABLE))
    total = np.sum(np.exp(gaps), axis=-1, keepdims=True, where=hears)
    return np.asarray(np.where(hears, gaps - np.log(total), EXPONENT_OF_ZERO))


def _mixed(shares: ExtendedRange, x: ExtendedRange) -> ExtendedRange:
    """The sums over a sample's tokens s of shares_ts x_s, (n, samples * tokens) with an exponent a token t."""
    exponents = shares.exponent + x.exponent
    peak = exponents.max(axis=(1, 3), keepdims=True)
    mixed = np.matmul(x.mantissa, shifted(shares.mantissa, exponents - peak).swapaxes(-1, -2))
    samples, heads, size, tokens = mixed.shape
    mantissa = mixed.transpose(1, 2, 0, 3).reshape(heads * size, samples * tokens)
    return ExtendedRange(mantissa, peak.reshape(1, -1)).normalized()


def _transposed(shares: ExtendedRange) -> ExtendedRange:
    return ExtendedRange(shares.mantissa.swapaxes(-1, -2), shares.exponent.swapaxes(-1, -2))
