"""The network that settings describe: what follows from their values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise

from tui_telescope.networks import (
    BRANCH_SCALES,
    CELLS,
    FORMS,
    INITIALIZERS,
    MATRICES,
    NORM_PLACES,
    NORMAL,
    NORMALISED,
    NORMS,
    NUMBER_FORMATS,
    NormKind,
    NormPlace,
    NumberFormat,
    Shape,
)


class DescribedNetwork:
    """What cell, layers and numbers the values of `Settings` come to."""

    cell: str
    depth: int
    width: int
    tokens: int
    form: str
    expansion: int
    residual: bool
    branch_scale: float | str
    norm: str
    norm_place: str
    initializer: str
    distribution: str
    bias: float
    bias_mean: float
    clip: float | str
    precision: str
    master_weights: bool
    samples: int

    @property
    def is_recurrent(self) -> bool:
        """Whether `depth` counts time steps."""
        return CELLS[self.cell].is_recurrent

    @property
    def has_tokens(self) -> bool:
        """Whether a sample is a sequence of `tokens` vectors, and not a single one."""
        return CELLS[self.cell].has_tokens

    @property
    def columns(self) -> int:
        """How many vectors go through a layer at once: the samples, or the tokens of all of them."""
        return self.samples * (self.tokens if self.has_tokens else 1)

    @property
    def gates(self) -> int:
        """How many matrices each layer has for what it hears from the layer, or step, before."""
        return CELLS[self.cell].gates

    @property
    def stage(self) -> str:
        """What `depth` counts, in a word for users: a layer, a block, or a step of time."""
        if self.has_tokens:
            return "block"
        return "step" if self.is_recurrent else "layer"

    # A layer's block: its operations, its matrices, and where the norm stands

    @property
    def norm_kind(self) -> NormKind | None:
        """What the layers are normalised by; None where they are not."""
        return NORMS.get(self.norm) if "norm" in CELLS[self.cell].uses else None

    @property
    def place_of_norm(self) -> NormPlace | None:
        """Where in the layers it stands; None where there is none."""
        return None if self.norm_kind is None else NORM_PLACES[self.norm_place]

    @cached_property
    def branch(self) -> tuple[str, ...]:
        """What a layer's branch does, in order: see `networks.FormKind`. Empty where a layer has several branches."""
        return () if CELLS[self.cell].matrices else FORMS[self.form].branch(self.place_of_norm)

    @cached_property
    def matrices(self) -> Mapping[str, Shape]:
        """The matrices of a layer, by name, in the order in which they act."""
        names = CELLS[self.cell].matrices or FORMS[self.form].matrices
        return {name: MATRICES[name].shape(self.width, self.expansion) for name in names}

    @cached_property
    def units_given(self) -> tuple[tuple[str, int], ...]:
        """The words of the branch, each with how many units it gives."""
        given, units = [], self.width
        for word in self.branch:
            units = self.matrices[word].fan_out if word in self.matrices else units
            given.append((word, units))
        return tuple(given)

    @cached_property
    def levelled(self) -> frozenset[str]:
        """The matrices after which a norm takes out at once what all samples have in common, the biases too."""
        norm, place = self.norm_kind, self.place_of_norm
        if norm is None or place is None or not norm.takes_shares_out:
            return frozenset()
        words = (*self.branch, NORMALISED) if place.crosses_residual else self.branch
        return frozenset(word for word, after in pairwise(words) if word in MATRICES and after == NORMALISED)

    @property
    def loses_biases(self) -> bool:
        """Whether biases make no difference, whatever they are."""
        return self.levelled == self.matrices.keys()

    # Weights, loss and number formats

    @property
    def family(self) -> str:
        """Which unit matrices the initializer scales."""
        family = INITIALIZERS[self.initializer].family
        return self.distribution if family == NORMAL else family

    @property
    def has_biases(self) -> bool:
        """Whether layers have biases, drawn or all the same."""
        return self.bias != 0 or self.bias_mean != 0

    @cached_property
    def branch_factors(self) -> tuple[float, ...]:
        """What each layer's branch is multiplied with: `branch_scale` in numbers, 1 without a residual connection."""
        if not self.residual or not isinstance(self.branch_scale, str):
            return (float(self.branch_scale) if self.residual else 1.0,) * self.depth
        of_layer = BRANCH_SCALES[self.branch_scale]
        return tuple(of_layer(layer, self.depth) for layer in range(1, self.depth + 1))

    @property
    def number_format(self) -> NumberFormat | None:
        """What every result is rounded to; None where nothing is rounded."""
        return None if self.has_tokens else NUMBER_FORMATS.get(self.precision)

    @property
    def weight_format(self) -> NumberFormat:
        """What the weights are kept in while they learn: float32, unless the format is to do without such a copy."""
        single = NUMBER_FORMATS["float32"]
        return single if self.master_weights else self.number_format or single

    @property
    def clip_norm(self) -> float | None:
        """The largest global norm that the weight gradient may have, None for any."""
        return None if isinstance(self.clip, str) else self.clip
