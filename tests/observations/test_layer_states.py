"""What becomes of each layer: it learns, is frozen in float32, or is dead."""

import numpy as np
import pytest

from tui_telescope import Settings, observe
from tui_telescope.observations.from_norms import from_log10_norms


def states(gradient, weight_gradient, **given):
    weights = np.zeros_like(np.asarray(weight_gradient, dtype=np.float64))
    return from_log10_norms(gradient, weight_gradient=weight_gradient, weights=weights, **given).layer_states


def test_a_layer_freezes_where_float32_ends_below_the_largest_change():
    epsilon = float(np.log10(np.finfo(np.float32).eps))
    assert states([0.0] * 3, [epsilon - 0.01, epsilon + 0.01, 0.0]) == ("frozen", "learns", "learns")


def test_a_layer_is_dead_where_nothing_arrives_or_nothing_by_its_own_weights():
    assert states([-np.inf, 0.0, 0.0], [-np.inf, -np.inf, 0.0]) == ("dead", "dead", "learns")


def test_a_layer_is_dead_once_it_is_so_in_half_of_the_networks():
    dead, alive = [-np.inf, 0.0], [0.0, 0.0]
    assert states([dead, alive], [dead, alive]) == ("dead", "learns")
    assert states([dead, alive, alive], [dead, alive, alive]) == ("learns", "learns")


def test_a_step_that_adds_nothing_to_shared_weights_is_unheard_and_not_dead():
    assert states([0.0] * 3, [-np.inf, -1.0, 0.0], stage="step", shares_weights=True) == ("frozen", "learns", "learns")


def test_without_weights_nothing_is_said_of_what_learns():
    assert from_log10_norms([0.0, 0.0]).layer_states is None


@pytest.mark.parametrize("settings", [Settings(), Settings(residual=True), Settings(cell="lstm", depth=60, scale=0.5)])
def test_the_states_are_as_many_as_layers_and_agree_with_the_count(settings):
    observation = observe(settings)
    found = observation.layer_states
    assert found is not None
    assert len(found) == settings.depth
    assert len(found) - found.count("learns") == observation.verdict.frozen_layers
