"""The verdict in words: sentences for profiles made by hand, and each sentence recounted from single networks."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hand_made_observations import observed, ramp
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tui_telescope import Settings, Telescope, observe
from tui_telescope.notation import scientific
from tui_telescope.observations.description import describe


@pytest.mark.parametrize(
    ("curve", "line"),
    [
        (ramp(11, 20.0), "EXPLODING: layer 1 receives 1.00e+20 (factor 100.00 a layer)."),
        (ramp(11, -60.0), "VANISHING: layer 1 receives 1.00e-60 (factor 1.00e-06 a layer)."),
        ([-7.0, 0.0], "VANISHING: layer 1 receives 1.00e-07 (factor 1.00e-07 a layer). "
         "7.00 of 7.00 decades are lost at layer 2 alone."),
        ([-2.5, -2.0, -2.0, 0.0], "VANISHING: layer 1 receives 3.16e-03 (factor 0.15 a layer). "
         "2.00 of 2.50 decades are lost at layer 4 alone; the other layers' factor averages 0.562."),
        ([-0.5, 1.0, 0.0], "HEALTHY: layer 1 receives 3.16e-01 (factor 0.56 a layer). "
         "1.50 decades are lost at layer 2 alone; the other layers' factor averages 10.000."),
        ([3.0, 3.0, 0.0], "EXPLODING: layer 1 receives 1.00e+03 (factor 31.62 a layer). "
         "3.00 of 3.00 decades are gained at layer 3 alone; the other layers' factor averages 1.000."),
        ([0.0, 0.0], "HEALTHY: layer 1 receives 1.00e+00 (factor 1.00 a layer)."),
        ([0.0], "HEALTHY: layer 1 receives 1.00e+00."),
        ([-math.inf, 0.0], "DEAD: nothing at all reaches layer 1."),
        ([-math.inf, -math.inf, 0.0], "DEAD: nothing at all reaches layers 1 to 2."),
    ],
)  # fmt: skip
def test_the_message_in_words(curve, line):
    assert describe(observed(curve)) == line


@pytest.mark.parametrize(
    ("changes", "shared", "sentence"),
    [
        ([-9, -8, 0], False, "2 of 3 layers are frozen in float32."),
        ([0, -8, 0], False, "1 of 3 layers is frozen in float32."),
        ([0, 0, 0], False, "None of 3 layers is frozen in float32."),
        ([-math.inf] * 3, False, "No weight learns: the gradient of every one is exactly 0."),
        ([-math.inf, -8, 0], True, "2 of 3 steps are unheard in float32: they change no bit of dW."),
        ([-math.inf, 0, 0], True, "All steps but the first are heard in dW."),
        ([-math.inf] * 3, True, "No recurrent weight learns: the gradient of every one is exactly 0."),
    ],
)
def test_what_learns_in_words(changes, shared, sentence):
    stage = "step" if shared else "layer"
    words = describe(observed([0.0] * 3, changes=[changes], shares_weights=shared, stage=stage))
    assert words == f"HEALTHY: {stage} 1 receives 1.00e+00 (factor 1.00 a {stage}). {sentence}"


def test_several_networks_in_words():
    quiet, dead = [-3.0, -1.5, 0.0], [-math.inf, -math.inf, 0.0]
    assert describe(observed(*[quiet] * 3, dead)) == (
        "VANISHING: layer 1 receives 7.50e-04 (typical factor 0.03 a layer). "
        "In 1 of 4 networks nothing at all reaches layer 1."
    )
    assert describe(observed(quiet, dead, dead, changes=[[0.0] * 3, *[[-math.inf] * 3] * 2])) == (
        "DEAD: in 2 of 3 networks nothing at all reaches layer 1; the mean of all is 3.33e-04. "
        "In 2 of 3 networks no weight learns: the gradient of every one is exactly 0."
    )
    assert describe(observed(*[quiet] * 11, [5.0, 2.0, 0.0])).startswith(
        "VANISHING: layer 1 receives 8.33e+03, which few networks carry (1 of 12); the median is 1.00e-03 (typical "
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"clip": 1}, " Clipping acts: the global norm was 3.27e+03."),
        ({"clip": 1e4}, " Clipping does not act: the global norm is 3.27e+03."),
    ],
)
def test_clipping_is_told_with_the_norm_of_all_parameters_before_it(changes, sentence):
    rnn = Settings(cell="rnn", activation="tanh", initializer="gaussian", scale=0.4, width=32, depth=50, **changes)
    assert describe(observe(rnn)).endswith(sentence)


def test_each_network_is_clipped_by_its_own_norm():
    several, telescope = Settings(networks=6, depth=5, clip=0.2), Telescope()
    singles = [telescope.observe(several.replace(networks=1, seed=42 + k)).verdict for k in range(6)]
    acts = sum(verdict.log10_clipped_from > math.log10(0.2) for verdict in singles)
    typical = np.median([10**verdict.log10_clipped_from for verdict in singles])
    assert 0 < acts < 6
    assert describe(telescope.observe(several)).endswith(
        f"In {acts} of 6 networks clipping acts: the global norm was {scientific(math.log10(typical))}."
    )


def test_the_start_freezes_33_of_50_layers_and_residual_connections_leave_16_of_them_frozen():
    assert describe(observe(Settings())) == (
        "VANISHING: layer 1 receives 2.51e-18 (factor 0.43 a layer). 33 of 50 layers are frozen in float32."
    )
    assert describe(observe(Settings(residual=True))) == (
        "HEALTHY: layer 1 receives 8.39e+01 (factor 1.01 a layer). 16 of 50 layers are frozen in float32."
    )


DYING = Settings(activation="relu", initializer="he", scale=1, width=2, depth=10, networks=256, samples=3)
NARROW_RELUS = Settings(
    activation="relu", initializer="he", scale=1, width=10, depth=100, networks=64, loss="probe", generator="numpy"
)
SKIPPED = Settings(
    activation="relu", residual=True, branch_scale=0, initializer="he", scale=1, width=128, depth=10, loss="probe"
)
STEEP_END = Settings(cell="lstm", width=32, initializer="orthogonal", scale=0.1, forget_bias=5, depth=100)
EXPLODING_RELUS = Settings(activation="relu", initializer="he", scale=1.5, width=64, loss="probe")


@pytest.mark.parametrize(
    ("settings", "sentences"),
    [
        (DYING, ["DEAD: in 238 of 256 networks nothing at all reaches layer 1;"]),
        (
            NARROW_RELUS,
            ["VANISHING: ", ", which few networks carry ", "; the median is 1.14e-06 ", " In 4 of 64 networks "],
        ),
        (SKIPPED, ["HEALTHY: ", "No weight learns: the gradient of every one is exactly 0."]),
        (
            STEEP_END,
            ["HEALTHY: ", "1.70 of 2.44 decades are lost at step 100 alone; ", "The cell state loses 0.37 decades."],
        ),
        (STEEP_END, ["the other steps' factor averages 0.983."]),
        (EXPLODING_RELUS, ["EXPLODING: ", "None of 50 layers is frozen in float32."]),
    ],
)
def test_networks_whose_mean_or_slope_tells_another_story_are_told_right(settings, sentences):
    words = describe(observe(settings))
    for sentence in sentences:
        assert sentence in words


NARROW = st.builds(
    Settings,
    activation=st.sampled_from(["relu", "relu", "leaky_relu", "tanh"]),
    initializer=st.sampled_from(["he", "gaussian", "orthogonal"]),
    scale=st.sampled_from([0.5, 1.0, 3.0]),
    width=st.integers(1, 4),
    depth=st.integers(1, 12),
    samples=st.integers(1, 4),
    networks=st.integers(2, 64),
    seed=st.integers(0, 2**20),
    residual=st.sampled_from([False, False, False, True]),
    loss=st.sampled_from(["mse", "probe"]),
    generator=st.just("numpy"),
)
"""Networks of which some are dead, and some samples of others."""


@hypothesis_settings(deadline=None, max_examples=25)
@given(NARROW)
def test_every_sentence_is_a_plain_recount_of_single_networks(settings):
    telescope = Telescope()
    words = describe(telescope.observe(settings))
    singles = [
        telescope.observe(settings.replace(seed=settings.seed + k, networks=1)) for k in range(settings.networks)
    ]
    gradients = [[10**log10 for log10 in single.gradient.log10_mean] for single in singles]
    assert_the_message_is_right(words, gradients, settings)
    assert_what_learns_is_right(words, singles, telescope, settings)


def assert_the_message_is_right(words, gradients, settings):
    """`gradients` holds each network's from layer 1 to layer L."""
    dead, count = sum(gradient[0] == 0 for gradient in gradients), len(gradients)
    mean = sum(gradient[0] for gradient in gradients) / count
    ratio = math.exp(np.median([math.log(g[0] / g[-1]) if g[0] else -math.inf for g in gradients]))
    state = words.partition(":")[0]
    if 2 * dead >= count:
        assert state == "DEAD"
    elif 0.0101 < ratio < 99:
        assert state == "HEALTHY"
    elif state != "HEALTHY":
        assert state == ("VANISHING" if ratio < 1 else "EXPLODING")
    if state != "DEAD":
        assert re.search(r"layer 1 receives ([\d.e+-]+?)(?:, | \(|\.(?: |$))", words)[1] == scientific(math.log10(mean))
    told = re.search(r"[Ii]n (\d+) of (\d+) networks nothing at all reaches layer 1", words)
    expected = None if not dead or dead == count else (str(dead), str(count))
    assert (told and told.groups()) == expected
    carried = re.search(r"which few networks carry \((\d+) of (\d+)\)", words)
    if carried:
        reaching = sum(gradient[0] >= mean for gradient in gradients)
        assert (int(carried[1]), int(carried[2])) == (reaching, count)
        assert Fraction(reaching, count) <= Fraction(1, 4)


def assert_what_learns_is_right(words, singles, telescope, settings):
    changes, still = [], 0
    weights = telescope.draw(settings).weights
    for single, matrices in zip(singles, weights, strict=True):
        change = 10**single.weight_gradient.log10 / np.linalg.norm(matrices, axis=(1, 2))
        still += not change.any()
        changes.append(change / change.max() if change.any() else change)
    told = re.search(r"[Ii]n (\d+) of (\d+) networks no weight learns", words)
    if 2 * still >= settings.networks:
        assert (int(told[1]), int(told[2])) == (still, settings.networks)
        return
    assert told is None
    with np.errstate(divide="ignore"):
        typical = np.median(np.log2(changes), axis=0)
    frozen = re.search(r"(\d+|None) of (\d+) layers? (?:is|are) frozen", words)
    assert (frozen[1], int(frozen[2])) == (str(np.count_nonzero(typical < -23) or None), settings.depth)
