"""The chart of the end-to-end Jacobian's singular values, the largest first, with the line at 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tui_telescope.charts.axes import extent, gradient_axis, layer_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.elements import Axis, Band, Curve, Rule
from tui_telescope.engine.spectrum.spectrum import Spectrum
from tui_telescope.notation import counted


def spectrum_chart(spectrum: Spectrum, previous: Axis | None = None) -> Chart:
    """The median over the Jacobians of each singular value, and their band; `previous` as in `ChartOptions`.

    Directions that are dead are a gap, and said in words.
    """
    low, median, high = spectrum.log10_quantiles
    numbers = np.arange(1, len(median) + 1, dtype=np.float64)
    curve = Curve(numbers, median, f"median of {counted(len(spectrum.log10), 'Jacobian')}", stroke="heavy")
    bands = (Band(numbers, low, high, "10-90%"),) if np.any(high > low) else ()
    y_axis = gradient_axis(extent(np.zeros(1), low, median, high), previous)
    return replace(empty_spectrum_chart(len(median), spectrum.text), y_axis=y_axis, curves=(curve,), bands=bands)


def empty_spectrum_chart(width: int, note: str) -> Chart:
    """The axes alone, with a note."""
    return Chart(
        title="singular values of d output / d input",
        x_axis=layer_axis(width),
        y_axis=gradient_axis(None),
        rules=(Rule(0.0, "1: passes as it came"),),
        note=note,
        x_title="direction",
    )
