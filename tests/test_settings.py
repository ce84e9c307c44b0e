"""The settings: what they allow and refuse, what they mean, and the words that reproduce them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from drawn_settings import settings_within
from hypothesis import given, settings
from hypothesis import strategies as st
from names_by_kind import CHOICES, NAMES, NUMBERS, SWITCHES, WHOLES, WORDS

from tui_telescope.arguments import parse
from tui_telescope.settings import REGISTRY, Settings, SettingsError
from tui_telescope.settings.kinds import Switch

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "linear")

RANGES = [  # what was designed: name, lowest, highest, at start, key, flag
    ("depth", 1, 10_000, 50, "d", "--depth"),
    ("width", 1, 65_536, 4, "w", "--width"),
    ("heads", 1, 64, 4, None, "--heads"),
    ("tokens", 1, 1024, 16, None, "--tokens"),
    ("expansion", 1, 8, 4, None, "--expansion"),
    ("scale", 0.001, 1000, 2.0, "s", "--scale"),
    ("skip_scale", 0, 100, 1.0, None, "--skip-scale"),
    ("branch_scale", 0, 10, 1.0, None, "--branch-scale"),
    ("norm_eps", 1e-12, 1, 1e-5, None, "--norm-eps"),
    ("bias", 0, 10, 0.0, "b", "--bias"),
    ("bias_mean", -10, 10, 0.0, None, "--bias-mean"),
    ("input_scale", 0, 1000, 1.0, None, "--input-scale"),
    ("clip", 1e-6, 1e6, "off", "k", "--clip"),
    ("forget_bias", -10, 10, 1.0, None, "--forget-bias"),
    ("samples", 1, 4096, 20, None, "--samples"),
    ("networks", 1, 256, 1, None, "--networks"),
    ("seed", 0, 2**32 - 1, 42, None, "--seed"),
    ("sample_seed", 0, 2**32 - 1, 7, None, "--sample-seed"),
    ("learning_rate", 1e-6, 100, 0.01, None, "--learning-rate"),
    ("batch", 1, 1024, 64, None, "--batch"),
    ("loss_scale", 1, 2**24, 1, None, "--loss-scale"),
]
VALUES = [  # and of the choices: name, values, at start, key, flag
    ("cell", ("feedforward", "rnn", "lstm", "gru", "transformer"), "feedforward", "c", "--cell"),
    ("form", ("post-activation", "pre-activation", "mlp"), "post-activation", None, "--form"),
    ("activation", ACTIVATIONS, "sigmoid", "a", "--activation"),
    ("residual", (False, True), False, "r", "--residual"),
    (
        "initializer",
        ("gaussian", "xavier", "lecun", "he", "torch", "orthogonal", "identity"),
        "gaussian",
        "i",
        "--init",
    ),
    ("distribution", ("normal", "uniform", "truncated"), "normal", None, "--distribution"),
    ("norm", ("none", "batch", "layer", "rms"), "none", "n", "--norm"),
    ("norm_place", ("pre", "activation", "branch", "post"), "activation", "m", "--norm-place"),
    ("final_norm", (False, True), False, None, "--final-norm"),
    ("loss", ("mse", "probe", "unit"), "mse", "l", "--loss"),
    ("generator", ("python", "numpy"), "python", None, "--generator"),
    ("task", ("spirals", "glyphs"), "spirals", None, "--task"),
    ("optimizer", ("sgd", "momentum", "adam"), "sgd", None, "--optimizer"),
    (
        "precision",
        ("exact", "float32", "bfloat16", "float16", "float8_e4m3", "float8_e5m2"),
        "exact",
        None,
        "--precision",
    ),
    ("master_weights", (False, True), True, None, "--master-weights"),
]


def test_the_table_holds_every_setting():
    assert sorted(row[0] for row in (*RANGES, *VALUES)) == sorted(NAMES)


@pytest.mark.parametrize(("name", "lowest", "highest", "start", "key", "flag"), RANGES)
def test_numbers_have_the_designs_range_start_key_and_flag(name, lowest, highest, start, key, flag):
    entry = REGISTRY[name]
    assert (entry.minimum, entry.maximum, entry.default, entry.key, entry.flag) == (lowest, highest, start, key, flag)
    first = entry.words[0] if name in WORDS else 0 if entry.may_be_zero else lowest
    assert entry.ends == (first, highest)
    for end in (lowest, highest):
        assert entry.check(end) == end


@pytest.mark.parametrize(("name", "values", "start", "key", "flag"), VALUES)
def test_choices_have_the_designs_values_start_key_and_flag(name, values, start, key, flag):
    entry = REGISTRY[name]
    assert (entry.default, entry.key, entry.flag) == (start, key, flag)
    assert [getattr(Settings(**{name: value}), name) for value in values] == list(values)


@pytest.mark.parametrize(("name", "lowest", "highest"), [row[:3] for row in RANGES])
def test_a_number_just_outside_its_range_is_refused_with_name_value_and_range(name, lowest, highest):
    step = 1 if name in WHOLES else 1e-13 if lowest == 1e-12 else 1e-9
    for value in (lowest - step, highest + step):
        with pytest.raises(SettingsError) as refusal:
            Settings(**{name: value})
        message = str(refusal.value)
        assert message.startswith(f"{name}: ")
        assert repr(value) in message
        assert f"{lowest:g}" in message or str(lowest) in message
        assert f"{highest:g}" in message or str(highest) in message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan"), None, "many", [3], 1j, True])
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_finite_number_is_refused_where_a_number_belongs(name, value):
    with pytest.raises(SettingsError, match=f"^{name}: "):
        Settings(**{name: value})


@pytest.mark.parametrize("name", WHOLES)
@pytest.mark.parametrize("value", [2.5, 2.0, np.float64(3)])
def test_a_fraction_is_refused_where_a_whole_number_belongs(name, value):
    with pytest.raises(
        SettingsError, match=f"^{name}: .* is not allowed; allowed: a (whole number|power of two) from "
    ):
        Settings(**{name: value})


@pytest.mark.parametrize("value", [3, 2**24 - 1, "2^3.5", "2^25", "3^2", "2^", "2^-1"])
def test_a_loss_scale_is_a_power_of_two(value):
    with pytest.raises(
        SettingsError, match=r"^loss_scale: .* is not allowed; allowed: a power of two from 1 to 16777216"
    ):
        REGISTRY["loss_scale"].parse(value) if isinstance(value, str) else Settings(loss_scale=value)


def test_a_loss_scale_is_read_as_a_power_too_and_shown_as_one_where_it_is_long():
    entry = REGISTRY["loss_scale"]
    assert entry.parse("2^14") == entry.parse("16384") == 16384
    assert (entry.show(8192), entry.show(16384), entry.write(16384)) == ("8192", "2^14", "16384")


@pytest.mark.parametrize("name", ["depth", "scale"])
@pytest.mark.parametrize("value", [10**400, 10**5000], ids=["beyond float", "beyond what repr writes"])
def test_an_absurdly_long_number_is_refused_as_any_other(name, value):
    with pytest.raises(SettingsError, match=f"^{name}: "):
        Settings(**{name: value})


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("value", ["swish7", "", None, 1, "SIGMOID"])
def test_an_unknown_name_is_refused_with_all_that_are_known(name, value):
    with pytest.raises(SettingsError) as refusal:
        Settings(**{name: value})
    assert str(refusal.value) == f"{name}: {value!r} is not allowed; allowed: {', '.join(REGISTRY[name].values)}"


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", [1, 0, "on", "yes", None])
def test_a_switch_takes_true_and_false_alone(name, value):
    with pytest.raises(SettingsError, match=f"^{name}: .* allowed: on, off$"):
        Settings(**{name: value})


def test_numpy_scalars_are_taken_and_become_pythons_own():
    given_by_numpy = Settings(
        depth=np.int64(7), width=np.uint8(3), scale=np.float32(0.5), residual=np.bool_(True), activation=np.str_("relu")
    )
    assert given_by_numpy == Settings(depth=7, width=3, scale=0.5, residual=True, activation="relu")
    assert [type(value) for value in given_by_numpy.as_dict().values()] == [
        type(value) for value in Settings().as_dict().values()
    ]


def test_a_settings_error_is_a_value_error():
    with pytest.raises(ValueError, match="depth"):
        Settings(depth=0)


def test_settings_never_change_and_equal_ones_are_interchangeable():
    settings = Settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.depth = 3
    assert {settings: "seen"}[Settings(depth=50)] == "seen"


def test_every_field_has_a_registry_entry_in_the_same_order():
    assert list(REGISTRY) == [each.name for each in dataclasses.fields(Settings)]
    assert list(Settings().as_dict()) == list(REGISTRY)


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_says_what_users_need(name):
    entry = REGISTRY[name]
    assert entry.name == name
    assert entry.label
    assert entry.help
    assert entry.allowed
    assert entry.flag.startswith("--")
    assert entry.check(entry.default) == entry.default == getattr(Settings(), name)
    assert all(entry.check(end) == end for end in entry.ends)


@pytest.mark.parametrize("attribute", ["key", "flag", "label", "name"])
def test_no_two_settings_share_a_key_a_flag_a_label_or_a_name(attribute):
    given_ones = [getattr(entry, attribute) for entry in REGISTRY.values() if getattr(entry, attribute) is not None]
    assert len(given_ones) == len(set(given_ones))


def test_the_branch_factors_are_those_of_their_words_only_beside_a_residual_connection():
    beside = Settings(depth=4, residual=True)
    assert beside.replace(branch_scale="1/sqrt(L)").branch_factors == (0.5,) * 4
    assert beside.replace(branch_scale="1/L").branch_factors == (0.25,) * 4
    assert beside.replace(branch_scale="1/sqrt(l)").branch_factors == pytest.approx((1, 0.5**0.5, 3**-0.5, 0.5))
    assert beside.replace(branch_scale=0.3).branch_factors == (0.3,) * 4
    assert Settings(depth=4, branch_scale=0.3).branch_factors == (1.0,) * 4


def test_the_depth_and_the_layers_number_are_told_apart_by_their_capital():
    entry = REGISTRY["branch_scale"]
    assert [entry.parse(typed) for typed in ("1/sqrt(L)", "1/sqrt(l)", "1/SQRT(l)", "1/l")] == [
        "1/sqrt(L)", "1/sqrt(l)", "1/sqrt(l)", "1/L",
    ]  # fmt: skip


KNOWN_NAMES = {  # what torch.nn.init and Keras call them
    "lecun_normal": ("lecun", "normal"),
    "glorot_uniform": ("xavier", "uniform"),
    "glorot_normal": ("xavier", "normal"),
    "xavier_uniform": ("xavier", "uniform"),
    "kaiming_normal": ("he", "normal"),
    "kaiming_uniform": ("he", "uniform"),
    "he_uniform": ("he", "uniform"),
    "truncated_normal": ("gaussian", "truncated"),
    "trunc_normal": ("gaussian", "truncated"),
}


@pytest.mark.parametrize("name", KNOWN_NAMES)
def test_names_that_people_know_stand_for_an_initializer_and_a_distribution(name):
    meant = Settings(initializer=KNOWN_NAMES[name][0], distribution=KNOWN_NAMES[name][1])
    typed = REGISTRY["initializer"].parse(f" {name.upper()} ")
    assert Settings(initializer=typed) == Settings(distribution="truncated").replace(initializer=name) == meant
    assert parse(["print", "--init", name], in_terminal=True).settings == meant


@pytest.mark.parametrize(
    ("name", "near"), [("kaiming", "kaiming_normal"), ("xavir", "xavier"), ("glorot", "glorot_uniform")]
)
def test_the_refusal_of_an_unknown_name_shows_the_nearest(name, near):
    for refused in (lambda: REGISTRY["initializer"].parse(name), lambda: Settings(initializer=name)):
        with pytest.raises(SettingsError, match=rf"^initializer: '{name}' .*; did you mean .*\b{near}\b") as refusal:
            refused()
        assert "\n" not in str(refusal.value)
    with pytest.raises(SettingsError, match=r"allowed: normal, uniform, truncated$"):
        Settings(distribution="qqqqq")


def test_a_distribution_makes_a_difference_to_independent_entries_alone():
    for initializer in ("gaussian", "xavier", "lecun", "he"):
        assert "distribution" not in Settings(initializer=initializer).ineffective
    for initializer in ("torch", "orthogonal", "identity"):
        why = Settings(initializer=initializer).why_ineffective("distribution")
        assert why == f"{initializer} weights have a distribution of their own"


def test_a_scale_of_zero_is_allowed_below_the_smallest_of_the_others():
    entry = REGISTRY["scale"]
    assert entry.step(0.001, -1) == 0 == entry.step(0.0, -1) == Settings(scale=0).scale
    assert entry.step(0.0, 1) == 0.001
    with pytest.raises(SettingsError, match=r"^scale: 0.0005 is not allowed; allowed: 0, or a number from 0.001"):
        Settings(scale=0.0005)


def test_batch_norm_of_a_single_sample_is_refused_in_words():
    with pytest.raises(SettingsError, match=r"^norm: 'batch' needs more than 1 sample"):
        Settings(norm="batch", samples=1)
    for norm in ("none", "layer", "rms"):
        assert Settings(norm=norm, samples=1).samples == 1


def settings_of(words: list[str]) -> Settings:
    """What a command line stands for, read by nothing but the registry's flags."""
    values, rest = {}, list(words)
    while rest:
        flag = rest.pop(0)
        entry = next(each for each in REGISTRY.values() if flag in (each.flag, each.flag.replace("--", "--no-", 1)))
        on = flag == entry.flag
        values[entry.name] = on if isinstance(entry, Switch) else entry.parse(rest.pop(0))
    return Settings(**values)


@settings(deadline=None)
@given(settings_within(width=st.integers(1, 50), networks=st.integers(1, 5)))
def test_the_command_line_of_any_settings_reproduces_them(drawn):
    assert settings_of(drawn.arguments()) == drawn


def test_the_start_settings_need_no_arguments_and_a_change_only_its_own():
    assert Settings().arguments() == []
    assert Settings(residual=True, depth=20).arguments() == ["--depth", "20", "--residual"]


def test_switching_off_has_a_word_of_its_own():
    assert REGISTRY["residual"].arguments(False) == ["--no-residual"]


def test_all_that_is_held_at_once_may_take_a_gibibyte_and_no_more():
    most = Settings(depth=118, width=1024, initializer="orthogonal")
    assert 0.99 * 2**30 < most.footprint.total <= 2**30
    with pytest.raises(SettingsError):
        most.replace(depth=119)


@pytest.mark.parametrize(
    "sizes",
    [
        {"depth": 10_000, "width": 1024},
        {"depth": 200, "width": 512, "networks": 3},
        {"width": 1024, "networks": 256},
    ],
)
def test_weights_beyond_the_budget_are_refused_with_their_size_and_what_to_lower(sizes):
    whole = Settings().as_dict() | sizes | {"initializer": "orthogonal"}
    gibibytes = 8 * whole["networks"] * whole["depth"] * (whole["width"] ** 2 + whole["width"] + 25) / 2**30
    with pytest.raises(SettingsError) as refusal:
        Settings(**whole)
    message = str(refusal.value)
    assert f"{gibibytes:.2f} GiB of weights" in message
    assert "allowed: 1 GiB" in message
    assert all(word in message for word in ("lower", "width", "depth", "networks"))


def test_a_step_into_too_much_memory_is_refused_and_a_step_back_is_not():
    largest = Settings(depth=118, width=1024, initializer="orthogonal")
    with pytest.raises(SettingsError, match="GiB"):
        largest.stepped("depth", 1)
    assert largest.stepped("width", -1).width < 1024
