"""The presets about learning show what their lines say."""

from __future__ import annotations

import pytest

from tui_telescope import Telescope
from tui_telescope.presets import PRESETS


def learned(name: str, steps: int, **changes):
    """The last moment."""
    *_, last = Telescope().learn(PRESETS[name].settings.replace(**changes), steps, every=steps)
    return last


@pytest.mark.parametrize("seed", [42, 1])
def test_the_frozen_stack_stays_and_its_residual_twin_learns(seed):
    frozen, thawed = learned("frozen-sigmoids", 200, seed=seed), learned("thawed-sigmoids", 200, seed=seed)
    assert frozen.unchanged[:4].all()
    assert frozen.accuracy < 0.3
    assert not thawed.unchanged.any()
    assert thawed.accuracy > 0.5


@pytest.mark.parametrize("seed", [42, 1])
def test_adam_moves_every_layer_of_the_stack_and_learns_nothing(seed):
    last = learned("adam", 200, seed=seed)
    assert not last.unchanged.any()
    assert last.accuracy < 0.3


@pytest.mark.parametrize("seed", [42, 1, 2])
def test_at_the_critical_scale_sigmoids_receive_the_gradient_and_hardly_learn(seed):
    """Seen over six seeds: accuracy 17 to 28% after 600 steps, each layer moved by 0.3% or more; the twin has 96%."""
    last = learned("critical-stack", 600, seed=seed)
    assert Telescope().observe(PRESETS["critical-stack"].settings.replace(seed=seed)).verdict.end_to_end > -2
    assert (last.log10_change > -3).all(), "every layer moves"
    assert last.accuracy < 0.4
    assert learned("thawed-sigmoids", 600, seed=seed).accuracy > 0.7


@pytest.mark.parametrize("seed", [42, 1])
def test_plain_layers_learn_worse_where_there_are_more_of_them_and_residual_ones_do_not(seed):
    """Seen over five seeds: losses of 0.8 to 1.2 at 20, 1.6 to 1.8 at 56, and 0.2 to 0.3 with residual connections."""
    shallow, deep, residual = (learned(name, 400, seed=seed).loss for name in ("plain-20", "plain-56", "residual-56"))
    assert deep > shallow + 0.2
    assert residual < shallow - 0.3


@pytest.mark.parametrize("seed", [42, 1])
def test_one_step_throws_the_weights_away_and_a_clipped_one_does_not(seed):
    assert learned("one-step", 1, seed=seed).log10_change.max() > 0
    assert learned("clipped", 1, seed=seed).log10_change.max() < -2
    assert learned("clipped", 50, seed=seed).diverged is None


@pytest.mark.parametrize("seed", [42, 1])
def test_a_rate_that_is_too_large_diverges_where_a_smaller_one_learns(seed):
    assert learned("rate", 150, seed=seed).diverged
    assert learned("rate", 150, seed=seed, learning_rate=0.1).accuracy > 0.5
