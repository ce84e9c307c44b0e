"""One layer's numbers in one line."""

import numpy as np
import pytest

from tui_telescope import Settings, observe
from tui_telescope.charts.layers.layer_readout import layer_readout
from tui_telescope.observations.from_norms import from_log10_norms


def test_a_layer_tells_all_its_readings():
    observation = from_log10_norms(
        [-8.0, -3.0, 0.0], weight_gradient=[-9.0, -2.0, 0.0], weights=[0.0] * 3, rms=[-1.0, 0.0, 1.0],
        saturated=np.array([0.25, 0.5, 1.0]), layers=["stem", "body", "head"],
    )  # fmt: skip
    assert layer_readout(observation, 1) == (
        "layer stem: gradient 1.00e-08, weight gradient 1.00e-09, rms 1.00e-01, saturated 25%, frozen"
    )
    assert layer_readout(observation, 3) == (
        "layer head: gradient 1.00e+00, factor 1.00e-03, weight gradient 1.00e+00, rms 1.00e+01, saturated 100%, learns"
    )


def test_what_was_not_measured_is_left_out_and_an_exact_zero_is_said():
    assert layer_readout(from_log10_norms([-2.0, -1.0]), 2) == "layer 2: gradient 1.00e-01, factor 0.100"
    assert "gradient 0" in layer_readout(from_log10_norms([-np.inf, -1.0]), 1)


def test_what_is_not_finite_is_said_and_so_is_the_factor_that_it_spoils():
    observation = from_log10_norms([-2.0, np.nan, 0.0])
    assert layer_readout(observation, 2) == "layer 2: gradient not finite, factor not finite"
    assert layer_readout(observation, 3) == "layer 3: gradient 1.00e+00, factor not finite"


def test_a_step_is_called_a_step_and_may_be_unheard():
    observation = observe(Settings(cell="lstm", depth=60, scale=0.5))
    assert layer_readout(observation, 1).startswith("step 1: ")
    assert layer_readout(observation, 1).endswith("unheard")


@pytest.mark.parametrize("layer", [0, -1, 51])
def test_a_layer_that_is_not_there_is_refused(layer):
    with pytest.raises(IndexError, match=f"layer {layer}: allowed are 1 to 50"):
        layer_readout(observe(Settings()), layer)
