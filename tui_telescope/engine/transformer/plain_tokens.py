"""Tokens that are ordinary floats of either precision, as networks learn in: what leaves their range travels on so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tui_telescope.engine.activations.definitions import Activation
from tui_telescope.engine.arithmetic.arrays import Floats
from tui_telescope.engine.norms import Norm, normalise
from tui_telescope.engine.recurrent.number_kinds import Unwatched


@dataclass(frozen=True, eq=False)
class PlainTokens:
    """Signals or gradients of the tokens of every sample; those of several networks may stand in front."""

    array: Floats
    """(units, samples * tokens): the tokens of the first sample, of the second, and so on."""
    tokens: int

    @classmethod
    def of(cls, tokens: Sequence[Floats]) -> PlainTokens:
        """From the first tokens of all samples, (units, samples), the second ones, and so on."""
        together = np.stack(tokens, axis=-1)
        return cls(together.reshape(*together.shape[:-2], -1), len(tokens))

    def apart(self) -> list[Floats]:
        """The same again: the first tokens of all samples, the second ones, and so on."""
        return [self.array[..., k :: self.tokens] for k in range(self.tokens)]

    def by_sample(self) -> Floats:
        """Each sample's tokens in one column, (tokens * units, samples)."""
        return np.concatenate(self.apart(), axis=-2)

    # What a block asks of numbers that travel forward, or backward

    def __add__(self, other: PlainTokens) -> PlainTokens:
        return self._like(self.array + other.array)

    def __mul__(self, other: PlainTokens) -> PlainTokens:
        return self._like(self.array * other.array)

    def times(self, factor: float) -> PlainTokens:
        return self if factor == 1.0 else self._like(self.array * factor)

    def through(self, weights: Any, gain: float) -> PlainTokens:
        """Of networks side by side the weights have an axis of them in front."""
        return self._like(np.matmul(weights, self.array)).times(gain)

    @property
    def layer_input(self) -> PlainTokens:
        return self

    def without_levels(self) -> PlainTokens:
        """The same: levels are there, and cancel where a norm takes them out."""
        return self

    def with_biases(self, biases: Floats) -> PlainTokens:
        return self._like(self.array + biases[..., None])

    def response(self, activation: Activation) -> tuple[PlainTokens, Callable[[], PlainTokens]]:
        value, slope = Unwatched(self.array).respond(activation)
        return self._like(value.array), lambda: self._like(slope.array)

    def normed(self, norm: Norm) -> tuple[PlainTokens, Callable[[PlainTokens], PlainTokens]]:
        """Batch norm is over the tokens of all samples."""
        out = np.empty_like(self.array)
        pull = normalise(norm.of_stacks, self.array, out)
        return self._like(out), lambda gradient: self._like(pull(gradient.array))

    def joined(self, branch: PlainTokens) -> PlainTokens:
        return self + branch

    def attended(self, heads: int) -> tuple[PlainTokens, Callable[[PlainTokens], PlainTokens]]:
        """What causal attention makes of queries, keys and values, which stand one below the other; and its pullback.

        Vaswani et al. (2017), section 3.2, of numbers that need no more care than a softmax's largest score.
        """
        queries, keys, values = self._by_head(3, heads)
        queries = queries * float(queries.shape[-2] ** -0.5)
        shares = _causal_softmax(np.matmul(queries.mT, keys))

        def pull(gradient: PlainTokens) -> PlainTokens:
            (by_output,) = gradient._by_head(1, heads)
            by_shares = np.matmul(by_output.mT, values)
            by_scores = shares * (by_shares - (shares * by_shares).sum(axis=-1, keepdims=True))
            by_queries = np.matmul(keys, by_scores.mT) * float(queries.shape[-2] ** -0.5)
            by_keys, by_values = np.matmul(queries, by_scores), np.matmul(by_output, shares)
            return self._from_heads(by_queries, by_keys, by_values)

        return self._from_heads(np.matmul(values, shares.mT)), pull

    def _by_head(self, parts: int, heads: int) -> list[Floats]:
        """(parts * n, samples * tokens) as so many parts (heads, samples, n / heads, tokens)."""
        *networks, units, _ = self.array.shape
        apart = self.array.reshape(*networks, parts, heads, units // parts // heads, -1, self.tokens)
        return [apart[..., part, :, :, :, :].swapaxes(-3, -2) for part in range(parts)]

    def _from_heads(self, *parts: Floats) -> PlainTokens:
        """The other way round."""
        *networks, heads, samples, size, tokens = parts[0].shape
        together = np.stack([part.swapaxes(-3, -2) for part in parts], axis=-5)
        return self._like(together.reshape(*networks, len(parts) * heads * size, samples * tokens))

    def split(self, count: int) -> list[PlainTokens]:
        """The parts of a stack of `count` equal ones."""
        return [self._like(part) for part in np.split(self.array, count, axis=-2)]

    def _like(self, array: Floats) -> PlainTokens:
        return PlainTokens(np.asarray(array), self.tokens)


def _causal_softmax(scores: Floats) -> Floats:
    """Of each row, of the entries up to the diagonal; the others are 0."""
    hears = np.tri(scores.shape[-1], dtype=np.bool_)
    scores = np.where(hears, scores, -np.inf)
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))
