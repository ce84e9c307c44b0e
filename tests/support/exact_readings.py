"""Every reading of the engine's against finite differences of the loss in mpmath."""

from __future__ import annotations

import numpy as np
import pytest
from reference_readings import expected_reading, expected_signal, expected_weight_gradient, log10_agree

from tui_telescope import Settings, Telescope


def assert_exact(settings: Settings, tolerance: float = 1e-12, digits: int = 60) -> None:
    """Gradient, weight gradient and signal against the reference, numpy's errors raised."""
    telescope = Telescope()
    with np.errstate(all="raise", under="ignore"):
        observation = telescope.observe(settings)
    draw = telescope.draw(settings)
    gradient = expected_reading(settings, draw, digits=digits, differences=True)
    weight_gradient = expected_weight_gradient(settings, draw, digits=digits)
    signal = expected_signal(settings, draw, digits=digits)
    log10_agree(observation.gradient.log10_mean, gradient.mean, tolerance, "gradient")
    log10_agree(observation.gradient.log10_low, gradient.low, tolerance, "10%")
    log10_agree(observation.gradient.log10_high, gradient.high, tolerance, "90%")
    log10_agree(observation.weight_gradient.log10, weight_gradient.log10, tolerance, "weight gradient")
    clipped_from = observation.weight_gradient.log10_clipped_from
    assert clipped_from == pytest.approx(weight_gradient.log10_clipped_from, abs=tolerance)
    log10_agree(observation.signal.log10_rms, signal.log10_rms, tolerance, "rms")
    assert observation.signal.saturated.tolist() == pytest.approx(signal.saturated, abs=1e-12)
    assert observation.signal.dead.tolist() == pytest.approx(signal.dead, abs=1e-12)
