"""Attention and norms of float64 tokens, (units, samples * tokens), by a few numpy calls into arrays that are given.

What is subtracted may cancel: each says of how much was left, so that whoever asks can go another way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.norms import Norm
from tui_telescope.engine.passes.float64.normalisation import NormKernel
from tui_telescope.engine.passes.float64.workspace import Workspace

ALIKE = 1e-4
"""A difference is trusted while it is above this share of what it was taken of."""

LARGEST_SCORE = 1e4
"""Up to so large a score what another differs from it by has its digits."""

MODERATE_SCORE = 300.0
"""Exponentials of scores up to this, and their quotients, stay within float64: no row's largest need be taken out."""


class Sizes(NamedTuple):
    """Of a signal."""

    units: int
    samples: int
    tokens: int
    heads: int


class SquaredNorms:
    """Of (units, samples * tokens), over units and tokens; sums are products, which are quicker than numpy's own."""

    def __init__(self, sizes: Sizes, most_units: int, workspace: Workspace) -> None:
        self._shape, self._ones = (sizes.samples, sizes.tokens), np.ones((1, most_units))
        self._scratch = workspace.take("squares", most_units, sizes.samples * sizes.tokens)

    def __call__(self, x: Array) -> Array:
        """(samples,)"""
        units = len(x)
        of_tokens = self._ones[:, :units].dot(np.multiply(x, x, self._scratch[:units]))
        return np.asarray(np.add.reduce(of_tokens.reshape(self._shape), axis=1))


class CheckedNorm:
    """N(x) and its pullback, each with whether enough was left of every line."""

    def __init__(self, norm: Norm, units: int, columns: int, workspace: Workspace) -> None:
        self._kernel = NormKernel(norm, units, columns, workspace.take("norm", units, columns))
        self.lines = self._kernel.lines
        """The shape of one number for each line that is normalised."""
        self._mean, self._variance = np.zeros(self.lines), np.empty(self.lines)

    def forward(self, x: Array, out: Array, inverse: Array) -> bool:
        """N(x) into `out`, which may be x, and 1 / sqrt(variance + epsilon)."""
        mean, variance = self._mean, self._variance
        self._kernel.normalise(x, out, mean, variance, inverse)
        return bool((variance >= ALIKE**2 * mean * mean).all())

    def backward(self, normed: Array, inverse: Array, gradient: Array, out: Array) -> bool:
        """The gradient by what was normalised into `out`, which may be the one by N(x)."""
        given = self._kernel.mean_square(gradient)
        mean, share = self._kernel.pull(normed, inverse, gradient, out)
        return bool((given - mean * mean - share * share >= ALIKE**2 * given).all())


class AttentionKernel:
    """softmax(Q K^T / sqrt(n / heads)) V of each head, a token hearing itself and those before it."""

    def __init__(self, sizes: Sizes, workspace: Workspace) -> None:
        units, samples, tokens, heads = self._sizes = sizes
        self._temperature = np.array((units // heads) ** -0.5)
        self._mask = np.where(np.tri(tokens) > 0, 0.0, -np.inf)
        pairs = (heads, samples, tokens, tokens)
        self._by_shares, self._scratch = workspace.take("by shares", *pairs), workspace.take("of shares", *pairs)
        self._line = workspace.take("of rows", heads, samples, tokens, 1)
        self._ones = np.ones((tokens, 1))

    def forward(self, projected: Array, shares: Array, mixed: Array) -> bool:
        """What each token hears of each, (heads, samples, tokens, tokens), and what it makes of it, (n, ...), from
        queries, keys and values, (3 n, ...); whether scores are small enough for their differences to have digits."""
        queries, keys, values = self._by_head(projected, 3)
        self._tempered(projected)
        np.matmul(queries.swapaxes(-1, -2), keys, out=shares)
        is_moderate = bool(shares.max() <= MODERATE_SCORE and shares.min() >= -MODERATE_SCORE)
        np.add(shares, self._mask, shares)
        is_sound = is_moderate or self._without_largest(shares)
        np.exp(shares, shares)
        np.divide(shares, self._sums(shares), shares)
        np.matmul(values, shares.swapaxes(-1, -2), out=self._by_head(mixed, 1)[0])
        return is_sound

    def backward(self, by_mixed: Array, projected: Array, shares: Array, by_projected: Array) -> bool:
        """The gradients by queries, keys and values into `by_projected`; whether they have their digits."""
        queries, keys, values = self._by_head(projected, 3)
        by_queries, by_keys, by_values = self._by_head(by_projected, 3)
        (by_output,) = self._by_head(by_mixed, 1)
        by_scores = np.matmul(by_output.swapaxes(-1, -2), values, out=self._by_shares)
        weighted = np.multiply(shares, by_scores, self._scratch)
        given = self._of_samples(weighted)
        np.subtract(by_scores, self._sums(weighted), by_scores)
        np.multiply(by_scores, shares, by_scores)
        left = self._of_samples(by_scores)
        np.matmul(keys, by_scores.swapaxes(-1, -2), out=by_queries)
        self._tempered(by_projected)
        np.matmul(queries, by_scores, out=by_keys)
        np.matmul(by_output, shares, out=by_values)
        return self._sizes.tokens == 1 or bool((left >= ALIKE**2 * given).all())

    def _tempered(self, projected: Array) -> None:
        """Queries, or what stands in their place, divided by the root of a head's units."""
        queries = projected[: self._sizes.units]
        np.multiply(queries, self._temperature, queries)

    def _without_largest(self, scores: Array) -> bool:
        """Take each row's largest score out of it; whether they are small enough to do so."""
        np.subtract(scores, np.maximum.reduce(scores, axis=-1, keepdims=True, out=self._line), scores)
        return bool(np.abs(self._line).max() <= LARGEST_SCORE)

    def _sums(self, pairs: Array) -> Array:
        """Of rows, by a product, which is quicker than numpy's own sum."""
        tokens = self._sizes.tokens
        pairs.reshape(-1, tokens).dot(self._ones, self._line.reshape(-1, 1))
        return self._line

    def _by_head(self, stacked: Array, count: int) -> Array:
        """(count * n, samples * tokens) as (count, heads, samples, n / heads, tokens), a view."""
        _, samples, tokens, heads = self._sizes
        parts: Array = stacked.reshape(count, heads, -1, samples, tokens)
        return np.asarray(parts.transpose(0, 1, 3, 2, 4))

    def _of_samples(self, pairs: Array) -> Array:
        """Squared norms, (samples,)."""
        _, samples, _, heads = self._sizes
        of_heads = pairs.reshape(heads, samples, -1)
        return np.asarray(np.add.reduce(np.vecdot(of_heads, of_heads), axis=0))
