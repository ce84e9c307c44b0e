"""Remedies that really help: each is tried here once more, on a telescope of its own."""

from __future__ import annotations

import itertools
import random
import shlex

import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.arguments import parse
from tui_telescope.engine.formats.remedies import fits
from tui_telescope.networks import EXACT
from tui_telescope.notation import scientific
from tui_telescope.presets import PRESETS
from tui_telescope.settings import REGISTRY, SettingsError
from tui_telescope.settings.kinds import Choice


def advised(settings: Settings, telescope: Telescope | None = None):
    """The remedy for these settings, after having been tried; None for a healthy network or where none helps."""
    telescope = telescope or Telescope()
    observation = telescope.observe(settings)
    remedy = telescope.advise(settings, observation)
    if remedy is None:
        return None
    assert observation.verdict.state != "healthy"
    mended = settings.replace(**remedy.changes)
    assert mended.changes(since=settings) == dict(remedy.changes)
    after = Telescope().observe(mended)
    assert after.gradient.log10_mean[0] == pytest.approx(remedy.log10_gradient_1, rel=1e-9, abs=1e-9)
    flags, _, outcome = remedy.text.removeprefix("Try ").partition(": ")
    assert parse(["print", *settings.arguments(), *shlex.split(flags)], in_terminal=False).settings == mended
    assert remedy.by_key.startswith("Try ")
    assert remedy.by_key.endswith(outcome.removeprefix("it "))
    if fits(after) and not fits(observation):  # what suits its number format need not be healthy
        return remedy
    assert after.verdict.state == "healthy"
    assert remedy.text.endswith(f" brings {scientific(remedy.log10_gradient_1)}.")
    return remedy


def test_the_start_settings_are_told_of_the_residual_connection_and_what_it_brings():
    remedy = advised(Settings())
    assert dict(remedy.changes) == {"residual": True}
    assert remedy.text == "Try --residual: it brings 8.39e+01."
    assert remedy.by_key == "Try r: the residual connection brings 8.39e+01."


def test_a_healthy_network_gets_no_advice():
    assert advised(Settings(residual=True)) is None


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("exploding-relu", {"scale": 1.0}),
        ("chaos", {"scale": 1.0}),
        ("dying-relu", {"width": 16}),
        ("batch-norm", {"residual": True}),
        ("post-norm", {"norm_place": "pre"}),
        ("rnn", {"scale": 1.856}),
        ("lstm", {"forget_bias": 3.0}),
        ("gru", {"cell": "lstm", "forget_bias": 3.0}),
    ],
)
def test_each_cause_gets_the_smallest_change_that_helps(preset, changes):
    assert dict(advised(PRESETS[preset].settings).changes) == changes


def test_every_sick_preset_has_a_remedy():
    for preset in PRESETS.values():
        if not preset.line.startswith("healthy"):
            assert advised(preset.settings), preset.name


def test_no_scale_is_advised_for_networks_of_which_most_are_dead():
    settings = PRESETS["dying-relu"].settings.replace(networks=64)
    assert Telescope().observe(settings).verdict.state == "dead"
    remedy = advised(settings)
    assert "scale" not in remedy.changes


def test_a_forget_bias_mends_an_lstm_that_forgets():
    settings = Settings(cell="lstm", width=32, initializer="orthogonal", scale=0.57735, forget_bias=1.0, depth=100)
    assert dict(advised(settings).changes) == {"forget_bias": 5.0}


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "selu", "gelu", "softplus", "linear"])
def test_whatever_is_sick_at_the_starts_size_has_a_remedy(activation):
    telescope, count = Telescope(), 0
    for initializer, scale in itertools.product(("gaussian", "xavier", "orthogonal", "identity"), (0.1, 10.0)):
        settings = Settings(activation=activation, initializer=initializer, scale=scale)
        if telescope.observe(settings).verdict.state != "healthy":
            assert advised(settings, telescope), f"no remedy for {settings}"
            count += 1
    assert count > 2


def test_what_is_advised_for_random_sick_settings_is_healthy_when_applied():
    rng, telescope, count = random.Random(0), Telescope(), 0
    while count < 25:
        settings = sick_or_not(rng)
        if settings and advised(settings, telescope):
            count += 1


def sick_or_not(rng: random.Random) -> Settings | None:
    """Small settings of any kind."""
    values = {name: rng.choice(entry.values) for name, entry in REGISTRY.items() if isinstance(entry, Choice)}
    values |= {"precision": EXACT}
    values |= {"depth": rng.choice((3, 20, 50)), "width": rng.choice((1, 2, 4, 16)), "networks": rng.choice((1, 1, 5))}
    values |= {"scale": 10 ** rng.uniform(-1.5, 1.5), "residual": rng.random() < 0.4, "seed": rng.randrange(1000)}
    values |= {"bias": rng.choice((0.0, 0.0, 0.3)), "samples": rng.choice((2, 20)), "forget_bias": rng.choice((0, 1))}
    values |= {"branch_scale": rng.choice((0.0, 0.5, 1.0, 1.0, 3.0))}
    try:
        return Settings(**values)
    except SettingsError:
        return None
