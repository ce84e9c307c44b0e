"""The presets show what their lines say."""

from __future__ import annotations

import math

import pytest

from tui_telescope import Settings, observe
from tui_telescope.lessons.tour import STEPS
from tui_telescope.presets import (
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
        assert len(preset.line) <= 61


def test_settings_know_the_preset_that_they_are() -> None:
    assert preset_of(Settings()) is PRESETS["telephone"]
    assert preset_of(Settings(depth=51)) is None


def test_a_name_is_found_in_any_case_and_a_mistyped_one_names_its_neighbours() -> None:
    assert preset_named(" Telephone") is PRESETS["telephone"]
    with pytest.raises(PresetError, match=r"no preset 'telefon'; did you mean telephone\?"):
        preset_named("telefon")


def test_stepping_past_either_end_goes_around() -> None:
    names = list(PRESETS)
    assert neighbouring(PRESETS[names[0]], -1).name == names[-1]
    assert neighbouring(PRESETS[names[-1]], 1).name == names[0]


def test_what_the_lines_count_is_counted() -> None:
    for name, frozen in (("telephone", 33), ("residual", 16)):
        assert str(frozen) in PRESETS[name].line
        assert observe(PRESETS[name].settings).verdict.frozen_layers == frozen


def test_post_norm_explodes_for_the_branch_that_ends_in_relu_and_not_for_one_of_zero_mean() -> None:
    post_norm = PRESETS["post-norm"].settings
    for activation in ("linear", "tanh"):
        of_zero_mean = observe(post_norm.replace(activation=activation, initializer="xavier")).verdict
        assert of_zero_mean.state == "healthy"
        assert of_zero_mean.end_to_end < observe(post_norm).verdict.end_to_end / 2


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
        line = listed.index(f"\n  {name} ")
        assert listed.index(f"{preset.topic}\n") < line < ends[preset.topic]
    assert all(step.shows in listed for step in STEPS)


def test_the_chains_of_the_lecture_give_the_powers_that_their_lines_say() -> None:
    by_hand, best = (observe(PRESETS[name].settings).gradient.log10_mean for name in ("by-hand", "best-case"))
    assert by_hand[4] == pytest.approx(5 * math.log10(0.2), abs=1e-3)
    assert [best[24 - k] for k in (5, 10, 20)] == pytest.approx([k * math.log10(0.25) for k in (5, 10, 20)], abs=1e-3)
    assert observe(PRESETS["doubling"].settings).gradient.log10_mean[0] == pytest.approx(50 * math.log10(2), abs=1e-9)
