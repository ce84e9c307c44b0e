"""What settings say of a layer's block: its operations, its matrices, and where the norm stands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise

from tui_telescope.networks import (
    CELLS,
    FORMS,
    MATRICES,
    NORM_PLACES,
    NORMALISED,
    NORMS,
    NormKind,
    NormPlace,
    Shape,
)


class Block:
    """The block that these settings describe; `Settings` has the values."""

    cell: str
    width: int
    form: str
    expansion: int
    norm: str
    norm_place: str

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
        """What a layer's branch does, in order: see `networks.FormKind`."""
        return FORMS[self.form].branch(self.place_of_norm)

    @cached_property
    def matrices(self) -> Mapping[str, Shape]:
        """The matrices of a layer, by name, in the order in which they act."""
        return {name: MATRICES[name].shape(self.width, self.expansion) for name in FORMS[self.form].matrices}

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
