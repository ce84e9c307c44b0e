"""The presets show what their lines say."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from tui_telescope import Settings, Telescope, observe
from tui_telescope.charts.views import VIEWS
from tui_telescope.lessons.tour import STEPS
from tui_telescope.presets import (
    LEARNS,
    PRESETS,
    TOPICS,
    PresetError,
    by_topic,
    nearest_preset,
    neighbouring,
    preset_named,
    preset_of,
)
from tui_telescope.printing.presets import preset_list


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_gives_the_verdict_that_its_line_begins_with(name: str) -> None:
    preset = PRESETS[name]
    assert observe(preset.settings).verdict.state == preset.line.partition(":")[0]


@pytest.mark.parametrize("name", [name for name in PRESETS if PRESETS[name].settings.width > 4])
def test_a_presets_verdict_does_not_hang_on_its_seed(name: str) -> None:
    preset = PRESETS[name]
    seen = observe(preset.settings.replace(seed=3, generator="numpy"))
    assert seen.verdict.state == preset.line.partition(":")[0]


def test_the_story_begins_at_the_settings_at_start() -> None:
    assert next(iter(PRESETS.values())).settings == Settings()


def test_no_two_presets_share_settings_or_a_title() -> None:
    assert len({preset.settings for preset in PRESETS.values()}) == len(PRESETS)
    assert len({preset.title for preset in PRESETS.values()}) == len(PRESETS)


def test_a_presets_name_title_and_line_fit_one_row_of_80_cells() -> None:
    for name, preset in PRESETS.items():
        assert name == preset.name
        assert len(preset.title) <= 30
        assert len(preset.line) <= 60


def test_a_preset_opens_in_the_view_that_its_line_names_and_one_that_learns_where_that_is_seen() -> None:
    for preset in PRESETS.values():
        named = re.search(r"\bview (\d)$", preset.line)
        key = "6" if preset.topic == LEARNS else named and named[1]
        assert (VIEWS[preset.view].key if preset.view else None) == key


def test_tanh_passes_every_direction_alike_only_where_the_input_is_small() -> None:
    settings = PRESETS["isometry"].settings
    assert f"input {settings.input_scale:g}" in PRESETS["isometry"].line
    *_, small = Telescope().spectrum(settings)
    *_, usual = Telescope().spectrum(settings.replace(input_scale=1))
    assert np.ptp(small.log10_quantiles[1]) < 0.2 < 3 < np.ptp(usual.log10_quantiles[1])


def test_settings_know_the_preset_that_they_are() -> None:
    assert preset_of(Settings()) is PRESETS["telephone"]
    assert preset_of(Settings(depth=51)) is None


def test_a_name_is_found_in_any_case_and_a_mistyped_one_names_its_neighbours() -> None:
    assert preset_named(" Telephone") is PRESETS["telephone"]
    with pytest.raises(PresetError, match=r"no preset 'telefon'; did you mean telephone\b"):
        preset_named("telefon")


def test_stepping_past_either_end_goes_around() -> None:
    names = list(PRESETS)
    assert neighbouring(PRESETS[names[0]], -1).name == names[-1]
    assert neighbouring(PRESETS[names[-1]], 1).name == names[0]


def test_what_the_lines_count_is_counted() -> None:
    for name, frozen in (("telephone", 33), ("residual", 16)):
        assert str(frozen) in PRESETS[name].line
        assert observe(PRESETS[name].settings).verdict.frozen_layers == frozen


def test_what_the_lines_say_of_number_formats_is_so() -> None:
    silent = {
        name: observe(PRESETS[name].settings).rounding.silent_layers for name in ("float16", "loss-scale", "bfloat16")
    }
    assert silent == {"float16": 7, "loss-scale": 0, "bfloat16": 0}
    assert "7 of 20" in PRESETS["float16"].line
    assert PRESETS["loss-scale"].settings.changes(PRESETS["float16"].settings) == {"loss_scale": 2**14}
    assert observe(PRESETS["bfloat16"].settings.replace(precision="float16")).rounding.silent_layers == 37


def test_post_norm_explodes_for_the_branch_that_ends_in_relu_and_not_for_one_of_zero_mean() -> None:
    post_norm = PRESETS["post-norm"].settings
    for activation in ("linear", "tanh"):
        of_zero_mean = observe(post_norm.replace(activation=activation, initializer="xavier")).verdict
        assert of_zero_mean.state == "healthy"
        assert of_zero_mean.end_to_end < observe(post_norm).verdict.end_to_end / 2
    assert observe(post_norm.replace(form="mlp")).verdict.state == "healthy"


@pytest.mark.parametrize("seed", [42, 3])
def test_with_norm_and_relu_first_a_fifth_of_the_signal_piles_up(seed: int) -> None:
    """Each branch adds the variance of W phi(N(a)), 1, where phi(N(W a)) adds 1/2 and its mean, which piles up too."""
    first, last = (PRESETS[name].settings.replace(seed=seed) for name in ("preact-152", "resnet-152"))
    assert (first.depth, first.norm) == (last.depth, last.norm)
    rms = [10 ** float(observe(each).signal.log10_rms[-1]) for each in (first, last)]
    assert rms[0] == pytest.approx(153**0.5, rel=0.1)
    mean, power = 0.0, 1.0
    for _ in range(152):
        power += 2 * mean / (2 * math.pi) ** 0.5 + 0.5
        mean += 1 / (2 * math.pi) ** 0.5
    assert rms[1] == pytest.approx(power**0.5, rel=0.1)
    assert rms[0] / rms[1] == pytest.approx(0.2, abs=0.02)


def test_branches_of_zero_leave_the_gradient_as_it_came_and_every_weight_without_one() -> None:
    rezero = observe(PRESETS["rezero"].settings)
    assert rezero.log10_factor.tolist() == pytest.approx([0.0] * 49, abs=1e-12)
    assert set(rezero.weight_gradient.log10.tolist()) == {-math.inf}


@pytest.mark.parametrize("seed", [42, 3])
def test_pytorchs_own_weights_pass_on_what_their_line_says(seed: int) -> None:
    """Variance 1 / (3 fan-in), of which ReLU passes half: the root of a sixth, 0.408, a layer."""
    factor = 10 ** observe(PRESETS["pytorch-default"].settings.replace(seed=seed)).log10_factor.mean()
    assert factor == pytest.approx(6**-0.5, abs=0.01)


def test_the_factor_of_a_linear_recurrence_is_its_eigenvalue() -> None:
    for name, scale in (("state-space", 0.99), ("past-the-circle", 1.01)):
        settings = PRESETS[name].settings
        assert settings.scale == scale
        assert observe(settings).log10_factor.tolist() == pytest.approx([math.log10(scale)] * 999, abs=1e-12)
    level = observe(PRESETS["past-the-circle"].settings.replace(scale=1.0))
    assert level.log10_factor.tolist() == pytest.approx([0.0] * 999, abs=1e-12)


def test_the_nearest_preset_is_the_one_with_the_fewest_changes() -> None:
    assert nearest_preset(PRESETS["he-relu"].settings.replace(depth=7)).name == "he-relu"
    assert nearest_preset(Settings(depth=7)).name == "telephone"


def test_presets_are_listed_by_topic_in_lines_of_80_cells_with_the_steps_of_the_tour_below() -> None:
    assert {preset.name for presets in by_topic().values() for preset in presets} == set(PRESETS)
    assert {preset.topic for preset in PRESETS.values()} == set(TOPICS)
    listed = preset_list()
    assert max(map(len, listed.splitlines())) <= 80
    places = [listed.index(f"{topic}\n") for topic in TOPICS]
    assert places == sorted(places)
    ends = dict(zip(TOPICS, [*places[1:], len(listed)], strict=True))
    for name, preset in PRESETS.items():
        line = listed.index(f"\n {name} ")
        assert listed.index(f"{preset.topic}\n") < line < ends[preset.topic]
    assert all(step.shows in listed for step in STEPS)


def test_the_chains_of_the_lecture_give_the_powers_that_their_lines_say() -> None:
    by_hand, best = (observe(PRESETS[name].settings).gradient.log10_mean for name in ("by-hand", "best-case"))
    assert by_hand[4] == pytest.approx(5 * math.log10(0.2), abs=1e-3)
    assert [best[24 - k] for k in (5, 10, 20)] == pytest.approx([k * math.log10(0.25) for k in (5, 10, 20)], abs=1e-3)
    assert observe(PRESETS["doubling"].settings).gradient.log10_mean[0] == pytest.approx(50 * math.log10(2), abs=1e-9)
