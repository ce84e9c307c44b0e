"""Every formula of the theory and of the cells says where it is from."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

from tui_telescope.engine.mean_field import (
    cells_in_time,
    factors,
    gradients,
    operations,
    quadrature,
    stacks,
    theory,
    unmixed_layers,
    wide_layers,
)
from tui_telescope.engine.recurrent import cells, number_kinds, through_time

SOURCE = re.compile(r"\b(1[89]|20)\d\d\b|\bderived\b", re.IGNORECASE)
"""A paper's year, or the word that it is this project's own."""
MODULES = (
    theory, wide_layers, unmixed_layers, cells_in_time, stacks, operations, gradients, factors, quadrature,
    through_time, cells,
)  # fmt: skip


def documented() -> Iterator[tuple[str, str]]:
    for module in MODULES:
        yield module.__name__, module.__doc__ or ""
        for name, member in vars(module).items():
            is_own = getattr(member, "__module__", "") == module.__name__
            if is_own and not name.startswith("_") and (inspect.isfunction(member) or inspect.isclass(member)):
                yield f"{module.__name__}.{name}", member.__doc__ or ""
    yield number_kinds.__name__, number_kinds.__doc__ or ""


FRAMES = {
    f"{module.__name__}.{name}"
    for module, names in (
        (cells, ("Pulled", "Step", "Cell")),
        (through_time, ("WeightedCell",)),
        (theory, ("kind_of", "is_quick", "quick_factor")),
        (wide_layers, ("takes", "factor", "divides_scale_out", "scale_of_sigma_w")),
        (stacks, ("LayerMemory", "layer")),
        (factors, ("crossing",)),
    )
    for name in names
}
"""They hold the formulas of others, or none."""


@pytest.mark.parametrize(("name", "docstring"), [entry for entry in documented() if entry[0] not in FRAMES])
def test_a_public_docstring_names_its_paper_or_says_that_it_is_derived_here(name: str, docstring: str) -> None:
    assert SOURCE.search(docstring)
