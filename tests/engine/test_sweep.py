"""Layer 1's gradient over depth and scale: every cell is an observation, and coarse maps come first."""

from __future__ import annotations

import json
from itertools import islice, pairwise

import numpy as np
import pytest

from tui_telescope.engine.mean_field.theory import critical_scale
from tui_telescope.engine.sweep import (
    STRIDES,
    MapMemory,
    each_depth,
    map_scales_and_depths,
    mapped_depths,
    mapped_scales,
    swept_depths,
)
from tui_telescope.engine.telescope import Telescope
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import Settings, SettingsError

SMALL = Settings(width=8, samples=4, depth=12, initializer="xavier", scale=0.9)


def sweep_depths(telescope, settings, depths=None, **options):
    """The whole sweep."""
    *_, whole = each_depth(telescope, settings, depths, **options)
    return whole


@pytest.mark.parametrize(
    ("residual", "expected"),
    [(False, [4.06e-1, 9.68e-3, 2.29e-6, 2.51e-18]), (True, [6.76, 17.2, 32.8, 83.9])],
    ids=["no residual", "residual"],
)
def test_one_sweep_gives_a_row_of_the_acceptance_table(residual, expected):
    sweep = sweep_depths(Telescope(), Settings(residual=residual), (5, 10, 20, 50))
    assert 10**sweep.log10_gradient == pytest.approx(expected, rel=2e-3)


CELLS = [{"cell": "rnn", "activation": "tanh"}, {"cell": "lstm"}, {"cell": "gru"}]


@pytest.mark.parametrize("changes", [{}, {"residual": True}, {"norm": "layer"}, {"branch_scale": "1/sqrt(L)"}, *CELLS])
def test_a_sweep_agrees_with_single_observations(changes):
    settings = SMALL.replace(**changes)
    sweep = sweep_depths(Telescope(), settings)
    for depth, log10 in zip(sweep.depths, sweep.log10_gradient, strict=True):
        alone = Telescope().observe(settings.replace(depth=depth)).gradient.log10_mean[0]
        assert log10 == pytest.approx(alone, abs=1e-10)


@pytest.mark.parametrize(
    "changes", [{}, {"residual": True, "activation": "relu"}, {"activation": "tanh"}, {"norm": "rms"}, *CELLS]
)
def test_a_cell_of_the_map_agrees_with_a_single_observation(changes):
    settings = SMALL.replace(**changes)
    *_, grid = map_scales_and_depths(Telescope(), settings, (0.3, 0.6, 0.9), (1, 4, 12))
    for row, depth in enumerate(grid.depths):
        for column, scale in enumerate(grid.scales):
            alone = Telescope().observe(settings.replace(depth=depth, scale=scale))
            assert grid.log10_gradient[row, column] == pytest.approx(alone.gradient.log10_mean[0], abs=1e-10)
            assert grid.log10_ratio[row, column] == pytest.approx(alone.verdict.end_to_end, abs=1e-10)
            assert grid.states[row][column] == alone.verdict.state


def test_maps_come_coarse_first_and_each_is_finer_and_knows_what_the_one_before_knew():
    maps = list(map_scales_and_depths(Telescope(), SMALL, np.geomspace(0.1, 1.0, 25), swept_depths(24)))
    assert [grid.is_finished for grid in maps] == [False] * (len(STRIDES) - 1) + [True]
    for coarse, fine in pairwise(maps):
        assert set(coarse.scales) < set(fine.scales)
        rows, columns = (
            [axis.index(each) for each in part]
            for axis, part in ((fine.depths, coarse.depths), (fine.scales, coarse.scales))
        )
        assert np.array_equal(fine.log10_gradient[np.ix_(rows, columns)], coarse.log10_gradient)
    assert len(maps[0].scales) * len(maps[0].depths) <= 20


def test_a_map_by_rows_shows_what_is_known_and_ends_as_the_map_at_once():
    scales, depths, shares = np.geomspace(0.1, 1.0, 17).tolist(), swept_depths(17), []
    maps = list(map_scales_and_depths(Telescope(), SMALL, scales, depths, by_row=True, progress=shares.append))
    first, second, *_, last = maps
    assert [[state is not None for state in row] for row in first.states] == [[True, True], [False, False]]
    assert np.isnan(first.log10_ratio[1]).all()
    assert second.states[1] != (None, None)
    assert all(state is not None for grid in maps[1:] for row in grid.states for state in row)
    *_, at_once = map_scales_and_depths(Telescope(), SMALL, scales, depths)
    assert np.array_equal(last.log10_gradient, at_once.log10_gradient)
    assert last.states == at_once.states
    assert [grid.is_finished for grid in maps] == [False] * (len(maps) - 1) + [True]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.95 < shares[-1] <= 1


def test_a_sweep_grows_depth_by_depth_and_says_how_much_of_it_is_done():
    shares: list[float] = []
    sweeps = list(each_depth(Telescope(), SMALL, progress=shares.append))
    assert [len(sweep.depths) for sweep in sweeps] == list(range(1, 13))
    assert np.array_equal(sweeps[-1].log10_gradient[:5], sweeps[4].log10_gradient)
    assert shares == sorted(shares)


def test_no_cell_is_observed_twice():
    observed = []

    class Watched(Telescope):
        def observe(self, settings, **how):
            observed.append((settings.depth, settings.scale))
            return super().observe(settings, **how)

    *_, grid = map_scales_and_depths(Watched(), SMALL, mapped_scales(SMALL), (1, 2, 4, 8, 12))
    assert len(observed) == len(set(observed)) == len(grid.scales) * len(grid.depths)


@pytest.mark.parametrize("before", [1, 2, 5])
def test_who_moves_about_on_the_map_waits_for_no_cell_again(before):
    observed = []

    class Watched(Telescope):
        def observe(self, settings, **how):
            observed.append((settings.depth, settings.scale))
            return super().observe(settings, **how)

    telescope, memory = Watched(), MapMemory()
    scales, depths = np.geomspace(0.1, 1.0, 33).tolist(), swept_depths(24)
    left = list(islice(map_scales_and_depths(telescope, SMALL, scales, depths, memory=memory), before))[-1]
    moved = SMALL.replace(depth=15, scale=0.5)
    first, *rest = map_scales_and_depths(telescope, moved, scales, depths, memory=memory)
    assert (first.scales, first.depths) == (left.scales, left.depths)
    assert np.array_equal(first.log10_gradient, left.log10_gradient)
    assert first.settings == moved
    assert [first, *rest][-1].is_finished
    assert len(observed) == len(set(observed)) == len(scales) * len(depths)


def test_a_map_remembers_nothing_of_another_network():
    memory = MapMemory()
    one, other, again = (
        list(map_scales_and_depths(Telescope(), SMALL.replace(seed=seed), (0.3, 0.6), (1, 4), memory=memory))[-1]
        for seed in (42, 7, 42)
    )
    assert one.log10_gradient[1, 0] != other.log10_gradient[1, 0]
    assert np.array_equal(one.log10_gradient, again.log10_gradient)


def test_who_no_longer_wants_a_map_or_a_sweep_is_heard():
    maps = map_scales_and_depths(Telescope(), SMALL, should_stop=lambda: True)
    with pytest.raises(Stopped):
        next(maps)
    with pytest.raises(Stopped):
        sweep_depths(Telescope(), SMALL, should_stop=lambda: True)


@pytest.mark.parametrize("deepest", [1, 2, 10, 24, 25, 50, 100, 10_000])
def test_swept_depths_are_whole_even_and_reach_both_ends(deepest):
    depths = swept_depths(deepest)
    assert depths[0] == 1
    assert depths[-1] == deepest
    assert list(depths) == sorted(set(depths))
    assert min(deepest, 24) <= len(depths) <= 30


@pytest.mark.parametrize("changes", [{}, {"scale": 0.001}, {"scale": 1000.0}, {"residual": True}, {"norm": "rms"}])
def test_the_map_holds_the_settings_and_the_critical_scale(changes):
    settings = Settings(depth=77, **changes)
    scales, depths = mapped_scales(settings), mapped_depths(settings)
    assert len(scales) >= 48
    assert len(depths) >= 24
    assert scales[0] <= settings.scale <= scales[-1]
    assert depths[0] <= settings.depth <= depths[-1]
    critical = critical_scale(settings)
    assert critical is None or scales[0] < critical < scales[-1]
    assert np.diff(np.log10(scales)) == pytest.approx(np.log10(scales[1] / scales[0]), abs=2e-3)


def test_a_small_step_of_the_cursor_leaves_the_map_where_it_is():
    settings = Settings(depth=50, scale=2.0)
    moved = settings.replace(depth=60, scale=2.5)
    assert (mapped_scales(settings), mapped_depths(settings)) == (mapped_scales(moved), mapped_depths(moved))


def test_a_wide_network_is_mapped_only_as_deep_as_memory_has_room():
    stored = Settings(width=1024, depth=101, initializer="orthogonal")
    depths = mapped_depths(stored)
    assert depths[-1] == 118
    with pytest.raises(SettingsError, match="memory"):
        sweep_depths(Telescope(), stored, (119,))


def test_a_dead_network_is_null_in_the_documents_and_dead_on_the_map():
    settings = Settings(activation="relu", width=2, samples=1, depth=40, seed=3)
    sweep = sweep_depths(Telescope(), settings, (40,))
    *_, grid = map_scales_and_depths(Telescope(), settings, (1.0, 2.0), (1, 40))
    assert sweep.log10_gradient[0] == -np.inf
    assert json.loads(json.dumps(sweep.document(), allow_nan=False))["log10_gradient_layer_1"] == [None]
    document = json.loads(json.dumps(grid.document(), allow_nan=False))
    assert document["log10_gradient_layer_1"][1] == [None, None]
    assert document["scales"] == [1.0, 2.0]
    assert document["depths"] == [1, 40]
    assert document["settings"] == settings.as_dict()
    assert grid.states[1] == ("dead", "dead")


def test_the_ends_of_the_scale_are_mapped_without_a_warning():
    with np.errstate(all="raise", under="ignore"):
        *_, grid = map_scales_and_depths(Telescope(), SMALL.replace(residual=True), (0.001, 1.0, 1000.0), (1, 30))
    assert np.isfinite(grid.log10_gradient).all()
