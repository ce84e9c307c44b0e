"""What is known of transformers at initialisation, in the engine's own readings."""

from __future__ import annotations

import numpy as np
import pytest

from tui_telescope import Settings, Telescope

BLOCKS = Settings(
    cell="transformer", depth=24, width=64, heads=4, tokens=32, samples=4, activation="relu", residual=True,
    norm="layer", norm_place="pre", final_norm=True, initializer="xavier", scale=1.0, loss="probe", generator="numpy",
)  # fmt: skip
POST = BLOCKS.replace(norm_place="post", final_norm=False)
BARE = BLOCKS.replace(norm="none", final_norm=False)
INJECTED = np.sqrt(64 * 32)
"""The norm of a probe's error over 32 tokens of 64 numbers."""


@pytest.fixture(scope="module")
def telescope():
    return Telescope()


def gradient(telescope, settings):
    """In multiples of the injected error, by block."""
    return 10 ** telescope.observe(settings, readings=("gradient",)).gradient.log10_mean / INJECTED


DEPTHS = np.array([3, 6, 12, 24])
FEW = {"networks": 24, "width": 32, "heads": 1, "tokens": 8}


def last_mlps(telescope, settings):
    """Of networks of each depth the gradient by the last block's mlp, and the level of what leaves that block."""
    seen = [
        telescope.observe(settings.replace(depth=int(depth)), readings=("weight_gradient", "signal"))
        for depth in DEPTHS
    ]
    gradients = [each.weight_gradient.log10_parts["mlp"][-1] for each in seen]
    return 10 ** np.array(gradients), 10 ** np.array([each.signal.log10_rms[-1] for each in seen])


@pytest.fixture(scope="module")
def pre_norm(telescope):
    return last_mlps(telescope, BLOCKS.replace(**FEW))


def assert_level(numbers, within):
    np.testing.assert_allclose(numbers / numbers.mean(), 1, atol=within)


def test_the_last_gradient_of_pre_norm_falls_as_one_over_the_root_of_depth_and_post_norms_does_not(telescope, pre_norm):
    """Xiong et al. (2020), theorem 1: with the final norm the last layer's gradient is of order 1/sqrt(L)."""
    gradients, _ = pre_norm
    assert_level(gradients * np.sqrt(DEPTHS), within=0.05)
    assert_level(last_mlps(telescope, POST.replace(**FEW))[0], within=0.05)


def test_it_falls_because_the_final_norm_divides_by_the_level_of_what_all_blocks_have_added(pre_norm):
    """Theorem 1's order is this level's. It is no exact root: it begins at the inputs' 1, and grows by more a block
    the more alike attention has made the tokens."""
    gradients, levels = pre_norm
    assert_level(gradients * levels, within=0.025)


def test_a_token_alone_makes_the_law_exact(telescope):
    """Derived here. Its softmax is 1, so that with variance 2 / (fan_in + fan_out) attention adds variance 1 and the
    mlp 4n * 2 / 5n * E relu(z)^2 = 0.32, where z has variance 0.4: the level is sqrt(1 + 1.32 L). The final norm leaves
    n - 2 of the n directions of the error e ~ N(0, I). By each of the mlp's two matrices ||dW||^2 is 0.8 n times what
    that leaves, divided by the level's square, and by the samples whose mean is taken."""
    n, samples = 32, 16
    alone = BLOCKS.replace(networks=12, width=n, heads=1, tokens=1, samples=samples)
    gradients, levels = last_mlps(telescope, alone)
    np.testing.assert_allclose(levels**2, 1 + 1.32 * DEPTHS, rtol=0.05)
    np.testing.assert_allclose(gradients**2, 2 * 0.8 * n * (n - 2) / samples / (1 + 1.32 * DEPTHS), rtol=0.1)


def test_pre_norm_grows_towards_the_input_as_the_root_of_depth_over_the_blocks_number(telescope):
    seen = gradient(telescope, BLOCKS)
    assert seen[-1] < 0.25, "the final norm divides by the sum of all branches"
    for block in (2, 6):
        assert seen[block - 1] / seen[-1] == pytest.approx(np.sqrt(24 / block), rel=0.25)


def test_post_norm_neither_fades_nor_explodes(telescope):
    """Causal: what the tokens have in common gathers at the first one, whom all of them hear."""
    for seed in (1, 2, 3):
        seen = gradient(telescope, POST.replace(seed=seed))
        assert 0.2 < seen.min() < seen.max() < 5


def test_deepnorm_is_level_and_no_norm_is_not(telescope):
    """Wang et al. (2022), for L blocks of a decoder alone: skip (2L)^(1/4), weights (8L)^(-1/4)."""
    deepnorm = gradient(telescope, POST.replace(skip_scale=48**0.25, scale=192**-0.25))
    assert deepnorm.min() > 0.95
    assert deepnorm.max() < 1.05
    bare = gradient(telescope, BARE)
    assert 1e6 < bare[0] < 1e9
    assert gradient(telescope, BARE.replace(branch_scale="1/L"))[0] == pytest.approx(1.02, abs=0.05)
    assert 1.2 < gradient(telescope, BARE.replace(branch_scale="1/sqrt(L)"))[0] < 4


def test_without_a_norm_it_is_the_queries_and_keys_that_starve(telescope):
    parts = telescope.observe(BARE).weight_gradient.log10_parts
    assert parts["query_key"][-1] < parts["mlp"][-1] - 100


def test_causal_attention_makes_tokens_alike_by_a_factor_a_block_and_a_residual_connection_holds_them_apart(telescope):
    """Where every token hears all it is doubly exponential (Dong, Cordonnier and Loukas 2021). Here the second token
    hears itself and the first one alike: half of what it differs by is left in each block, all else being linear."""
    collapsing = Settings(
        cell="transformer", depth=100, width=16, heads=1, tokens=4, samples=2, activation="linear",
        initializer="orthogonal", scale=0.2, generator="numpy", expansion=1,
    )  # fmt: skip
    spread = telescope.observe(collapsing).signal.log10_spread
    assert spread[-1] < -25
    np.testing.assert_allclose(np.diff(spread)[30:], np.log10(0.5), atol=1e-3)
    assert telescope.observe(BLOCKS).signal.log10_spread[-1] > -1


def test_what_a_token_makes_of_what_it_hears_does_not_hang_on_those_after_it(telescope):
    """The tokens that a longer sequence begins with, and their gradients by a loss of their own, stay as they are."""
    settings = BLOCKS.replace(depth=3, samples=1, width=8, heads=2, tokens=1)
    alone = telescope.observe(settings)
    drawn = telescope.draw(settings), telescope.draw(settings.replace(tokens=2))
    np.testing.assert_array_equal(drawn[0].inputs[:, 0], drawn[1].inputs[:, 0])
    norms = [
        10 ** (2 * telescope.observe(settings.replace(tokens=tokens)).signal.log10_rms) * tokens * 8
        for tokens in (1, 2, 3)
    ]
    assert np.all(norms[1] > norms[0])
    assert np.all(norms[2] > norms[1])
    np.testing.assert_allclose(10 ** (2 * alone.signal.log10_rms) * 8, norms[0])
