"""The chart of an activation and its slope."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope.charts.slope_chart import slope_chart
from tui_telescope.engine.pre_activations import shares_of_units
from tui_telescope.networks import ACTIVATIONS, CELLS
from tui_telescope.settings import Settings


def test_the_slope_drawn_is_that_of_the_sigmoids_formula_and_is_told_at_five_places() -> None:
    chart = slope_chart(Settings())
    slope = next(curve for curve in chart.curves if curve.label == "slope")
    np.testing.assert_allclose(slope.y, np.exp(-slope.x) / (1 + np.exp(-slope.x)) ** 2, rtol=1e-12)
    told = "".join(span.text for span in chart.hints[0])
    assert told == "slope at -3: 0.05  0: 0.25  1: 0.20  2: 0.10  4: 0.02"


def test_the_hill_is_as_high_as_the_shares_and_what_is_beyond_the_chart_is_said() -> None:
    near, far = (slope_chart(Settings(scale=scale)) for scale in (2.0, 20.0))
    beyond = [1 - shares_of_units(Settings(scale=scale), np.array([-6.0, 6.0]))[0] for scale in (2.0, 20.0)]
    assert beyond[0] < 0.1 < 0.5 < beyond[1]
    hill = near.bands[0]
    shares = shares_of_units(Settings(scale=2.0), np.linspace(-6, 6, len(hill.x) + 1))
    np.testing.assert_allclose((hill.high - hill.low) / (hill.high - hill.low).max(), shares / shares.max())
    for chart, share in zip((near, far), beyond, strict=True):
        assert chart.note == f"{share:.0%} of the units lie farther out"


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_activation_and_cell_has_a_picture(activation: str, cell: str) -> None:
    chart = slope_chart(Settings(activation=activation, cell=cell, depth=3))
    picture = chart.draw(60, 16)
    text = "\n".join("".join(span.text for span in line) for line in picture.rows)
    assert "slope" in text
    assert chart.y_axis.low <= 0 < 1 <= chart.y_axis.high
