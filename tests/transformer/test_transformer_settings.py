"""What a transformer's settings allow, and what is said and shown of one."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.charts.layers.layer_readout import layer_readout
from tui_telescope.engine.mean_field.criticality import criticality
from tui_telescope.engine.mean_field.theory import predict
from tui_telescope.engine.sweep import each_depth, mapped_depths
from tui_telescope.presets import PRESETS
from tui_telescope.printing.machine_readable import reading_as_csv, reading_as_json
from tui_telescope.settings import SettingsError

SETTINGS = Settings(cell="transformer", depth=4, width=8, heads=2, tokens=4, samples=2, initializer="xavier", scale=1.0)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"heads": 3}, "heads: 3 is not allowed at width 8, which it does not divide; allowed: 1, 2, 4, 8"),
        ({"width": 6, "heads": 4}, "heads: 4 is not allowed at width 6, which it does not divide; allowed: 1, 2, 3, 6"),
        ({"depth": 513}, "depth: 513 is not allowed for a transformer; allowed: 1 to 512 blocks"),
        ({"tokens": 1024, "heads": 8}, "memory: these settings take "),
        ({"norm": "batch", "samples": 1, "tokens": 1}, "norm: 'batch' needs more than 1 sample"),
    ],
)
def test_what_no_transformer_can_be_is_refused_in_a_line(changes, refusal):
    with pytest.raises(SettingsError) as refused:
        SETTINGS.replace(**changes)
    assert str(refused.value).startswith(refusal)
    assert "\n" not in str(refused.value)


def test_many_tokens_are_what_is_to_be_lowered():
    with pytest.raises(SettingsError, match=r"\(lower tokens, samples or heads\)"):
        SETTINGS.replace(tokens=1024, heads=8, samples=20)


def test_batch_norm_takes_a_single_samples_tokens_for_its_batch():
    observation = Telescope().observe(SETTINGS.replace(norm="batch", norm_place="post", samples=1))
    assert observation.signal.log10_rms == pytest.approx(0, abs=1e-2)


def test_a_step_of_width_or_heads_leads_to_the_next_that_fits():
    assert Settings(cell="transformer").stepped("width", 1).width == 8
    assert SETTINGS.replace(width=48).stepped("heads", 1).heads == 3
    assert SETTINGS.replace(width=48, heads=16).stepped("heads", 1).heads == 24
    assert Settings().stepped("width", 1).width == 6
    with pytest.raises(SettingsError, match="heads: 4 is not allowed at width 3"):
        Settings(cell="transformer").stepped("width", -1)


def test_steps_of_depth_end_where_a_transformer_does():
    depth = SETTINGS.registry["depth"]
    assert depth.ends == (1, 512)
    assert (depth.share(1), depth.share(512)) == (0.0, 1.0)
    assert depth.allowed == "a whole number from 1 to 512"
    assert SETTINGS.replace(depth=500).stepped("depth", 1).depth == 512
    assert SETTINGS.replace(depth=200).stepped("depth", 1, coarse=True).depth == 500
    assert SETTINGS.replace(depth=512).stepped("depth", 1, coarse=True).depth == 512
    assert SETTINGS.replace(depth=512).stepped("depth", -1).depth == 500
    assert Settings(depth=500).stepped("depth", 1).depth == 600
    assert Settings().registry["depth"].ends == (1, 10_000)


def test_settings_that_are_not_a_transformers_say_why_they_change_nothing():
    assert SETTINGS.why_ineffective("form") == "a transformer's blocks are all of one form"
    for name in ("heads", "tokens"):
        assert not SETTINGS.why_ineffective(name)
        assert Settings().why_ineffective(name) == "only a transformer has tokens, and heads that attend to them"
    assert SETTINGS.why_ineffective("precision") == "no number format computes a transformer"
    assert Telescope().observe(SETTINGS.replace(precision="float16")).gradient is not None
    assert not SETTINGS.ineffective & {"expansion", "activation", "residual", "norm", "bias", "seed"}
    assert SETTINGS.ineffective >= {"form", "forget_bias", "norm_place", "skip_scale"}


@pytest.mark.parametrize("name", ["heads", "tokens", "expansion", "activation", "bias", "seed", "input_scale"])
def test_each_setting_of_a_transformer_makes_a_difference(name):
    other = {"heads": 4, "tokens": 5, "expansion": 2, "activation": "relu", "bias": 0.5, "seed": 1, "input_scale": 2.0}
    before, after = (Telescope().observe(each) for each in (SETTINGS, SETTINGS.replace(**{name: other[name]})))
    assert not np.allclose(before.gradient.log10_mean, after.gradient.log10_mean)


def test_theory_says_that_it_has_none_and_why():
    assert predict(SETTINGS) is None
    assert criticality(SETTINGS).reason.startswith("No theory here: whom a transformer's token hears")


def test_parts_of_a_block_stand_in_json_csv_and_beside_the_cursor():
    observation = Telescope().observe(SETTINGS)
    document = json.loads(reading_as_json(SETTINGS, observation, None))
    parts = document["weight_gradient"]["log10_parts"]
    assert list(parts) == ["query_key", "value_output", "mlp"]
    together = 0.5 * np.log10(sum(10 ** (2 * np.array(each)) for each in parts.values()))
    assert document["weight_gradient"]["log10"] == pytest.approx(together.tolist(), abs=1e-12)
    rows = list(csv.DictReader(io.StringIO(reading_as_csv(observation))))
    for name, numbers in parts.items():
        assert [float(row[f"log10_weight_gradient_{name}"]) for row in rows] == numbers
    assert [float(row["log10_spread"]) for row in rows] == document["signal"]["log10_spread"]
    line = layer_readout(observation, 2)
    assert line.startswith("block 2: gradient ")
    for name in ("query+key", "value+output", "mlp", "spread"):
        assert f"{name} " in line
    assert "query" not in layer_readout(Telescope().observe(Settings(depth=3)), 2)


def test_clipping_takes_as_much_off_every_part():
    free, clipped = (Telescope().observe(SETTINGS.replace(clip=clip)).weight_gradient for clip in ("off", 1e-3))
    off = clipped.log10 - free.log10
    np.testing.assert_allclose(off, off[0])
    for name, numbers in free.log10_parts.items():
        np.testing.assert_allclose(clipped.log10_parts[name] - numbers, off, atol=1e-12)
    assert clipped.log10_clipped_from == pytest.approx(0.5 * np.log10(np.sum(10 ** (2 * free.log10))), abs=1e-9)


def test_several_networks_are_averaged_as_any_are():
    together = Telescope().observe(SETTINGS.replace(networks=2))
    alone = [Telescope().observe(SETTINGS.replace(seed=seed)) for seed in (42, 43)]
    for reading in (lambda seen: seen.gradient.log10_mean, lambda seen: seen.weight_gradient.log10_parts["query_key"]):
        mean = np.log10(np.mean([10 ** reading(each) for each in alone], axis=0))
        np.testing.assert_allclose(reading(together), mean)


def test_the_depths_that_are_swept_stay_within_a_transformers():
    assert max(mapped_depths(SETTINGS.replace(depth=400))) <= 512
    *_, sweep = each_depth(Telescope(), SETTINGS.replace(depth=3))
    assert sweep.depths == (1, 2, 3)
    alone = Telescope().observe(SETTINGS.replace(depth=2)).gradient.log10_mean[0]
    assert sweep.log10_gradient[1] == pytest.approx(alone)


def test_a_remedy_for_a_transformer_mends_it():
    bare = PRESETS["unnormed"].settings.replace(depth=12, width=16, tokens=8)
    telescope = Telescope()
    seen = telescope.observe(bare)
    assert seen.verdict.state == "exploding"
    remedy = telescope.advise(bare, seen)
    assert telescope.observe(bare.replace(**remedy.changes)).verdict.state == "healthy"


@pytest.fixture(scope="module")
def seen():
    names = ("gpt", "post-ln", "deep-norm", "branch-norm", "unnormed")
    return {name: Telescope().observe(PRESETS[name].settings) for name in names}


def test_tokens_grow_alike_in_post_norm_and_not_in_pre_norm(seen):
    assert seen["post-ln"].signal.log10_spread[-1] < -1
    assert seen["gpt"].signal.log10_spread[-1] > -0.1


def test_deepnorm_is_level(seen):
    assert PRESETS["deep-norm"].settings.skip_scale == pytest.approx((2 * 24) ** (1 / 4))
    assert PRESETS["deep-norm"].settings.scale == pytest.approx((8 * 24) ** (-1 / 4))
    assert np.ptp(seen["deep-norm"].gradient.log10_mean) < np.log10(1.1)


def test_gpts_branches_are_over_the_root_of_their_number():
    assert PRESETS["gpt"].settings.branch_factors == pytest.approx([(2 * 24) ** -0.5] * 24)


def test_without_a_norm_scores_grow_with_the_signal_and_queries_starve(seen):
    signal, parts = seen["unnormed"].signal, seen["unnormed"].weight_gradient.log10_parts
    assert signal.log10_rms[-1] > 3
    assert parts["query_key"][-1] < parts["mlp"][-1] - 100


def test_larger_weights_make_the_branch_norm_explode():
    settings = PRESETS["branch-norm"].settings
    assert Telescope().observe(settings.replace(initializer="xavier", scale=1.0)).verdict.state == "exploding"
