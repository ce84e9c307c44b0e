"""The chart of layer 1's gradient against the depth of the network, without and with the residual connection.

The depth is on a linear axis: a gradient that loses the same factor in every layer makes a straight line.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui_telescope.charts.axes import extent, gradient_axis, layer_axis
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.elements import Axis, Curve, Ink, Stroke
from tui_telescope.engine.sweep import DepthSweep

_LOOKS: tuple[tuple[Ink, Stroke], ...] = (("curve-1", "heavy"), ("curve-2", "dashed"))


def depth_chart(
    sweeps: Sequence[DepthSweep], previous: Axis | None = None, depths: Sequence[int] | None = None
) -> Chart:
    """One curve a sweep, one or two of them, the live one first; `previous` is the y axis before, as in `ChartOptions`.

    The x axis runs from 1 to the deepest of `depths`, of which the sweeps may not have seen all yet, or of
    their own.

    A depth at which layer 1 receives exactly nothing is a gap, and said in words.
    """
    curves = tuple(
        Curve(np.array(sweep.depths, np.float64), sweep.log10_gradient, curve_label(sweep), ink, stroke)
        for sweep, (ink, stroke) in zip(sweeps, _LOOKS, strict=False)
    )
    depths = depths or [depth for sweep in sweeps for depth in sweep.depths]
    return Chart(
        title=f"gradient at {sweeps[0].settings.stage} 1",
        x_axis=layer_axis(max(depths)),
        y_axis=gradient_axis(extent(*(curve.y for curve in curves)), previous),
        curves=curves,
        note=_silence(sweeps[0]),
        x_title="depth",
    )


def curve_label(sweep: DepthSweep) -> str:
    """What the legend calls the sweep's curve."""
    return f"{sweep.settings.stage} 1, residual {'on' if sweep.settings.residual else 'off'}"


def _silence(sweep: DepthSweep) -> str:
    silent = [depth for depth, log10 in zip(sweep.depths, sweep.log10_gradient, strict=True) if np.isneginf(log10)]
    if not silent:
        return ""
    where = "at every depth" if len(silent) == len(sweep.depths) else f"at depth {silent[0]}"
    return f"the gradient of {sweep.settings.stage} 1 is exactly zero {where}"
