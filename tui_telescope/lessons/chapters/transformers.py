"""Where a norm stands, and what that does to a transformer; tokens that grow alike.

Xiong et al. (2020, layer normalization in transformers); Dong, Cordonnier and Loukas (2021, rank collapse); Noci et
al. (2022, signal propagation in transformers).
"""

from __future__ import annotations

from typing import Any

from tui_telescope.lessons.measures import Measures, Number, factor, first
from tui_telescope.lessons.networks_shown import PRE_NORM
from tui_telescope.lessons.step import Scene, Step
from tui_telescope.notation import scientific
from tui_telescope.observations.observation import measured
from tui_telescope.presets import PRESETS
from tui_telescope.settings import Settings

POST_NORM = PRE_NORM.replace(norm_place="post")
ORIGINAL = PRESETS["post-ln"].settings
GPT = PRESETS["gpt"].settings.replace(branch_scale=1.0)
WITHOUT_SKIP = GPT.replace(residual=False)


def _last_weights(measures: Measures, settings: Settings) -> float:
    """The gradient by the last block's weights."""
    return float(10 ** measured(measures.observe(settings).weight_gradient).log10[-1])


def _log10_queries(measures: Measures, settings: Settings) -> float:
    """The gradient by the queries and keys of the last block."""
    parts = measured(measured(measures.observe(settings).weight_gradient).log10_parts)
    return float(parts["query_key"][-1])


def last_weights(settings: Settings, **changes: Any) -> Number:
    """The same as a number for a text, as are the next."""
    return lambda measures: f"{_last_weights(measures, settings.replace(**changes)):.0f}"


def spread(settings: Settings) -> Number:
    return lambda measures: scientific(measures.log10_spread(settings))


def queries(settings: Settings) -> Number:
    return lambda measures: scientific(_log10_queries(measures, settings))


STEPS: tuple[Step, ...] = (
    Step(
        "Before or after",
        "pre-norm and post-norm on one plot",
        "Where the norm stands decides. On the branch (pre, pinned) the connection stays free: {pre} arrives after 96 "
        "layers. Across the connection (post) every norm multiplies what passes: {post}. Texts say that post-norm "
        "fades; with a branch that ends in ReLU it grows.",
        "Press A once: tanh in place of ReLU. Does it grow as fast?",
        "No: {tanh} arrives, for the factor is {slow} in place of {fast}. The norm takes out ReLU's mean, and makes "
        "the rest larger for it; tanh has no mean to take out.",
        POST_NORM,
        lambda m: m.state(PRE_NORM) == "healthy" and m.state(POST_NORM) == "exploding",
        lambda m: (
            POST_NORM.stepped("activation", -1).activation == "tanh"
            and 1.02 < m.factor(POST_NORM.replace(activation="tanh")) < m.factor(POST_NORM) - 0.02
        ),
        {"pre": first(PRE_NORM), "post": first(POST_NORM)},
        {
            "tanh": first(POST_NORM, activation="tanh"),
            "slow": factor(POST_NORM, activation="tanh"),
            "fast": factor(POST_NORM),
        },
        scene=Scene(pins=(PRE_NORM,)),
    ),
    Step(
        "Transformers",
        "transformers: pre-norm and post-norm, and what the last block receives",
        "The original transformer (post-norm) and GPT-2's kind (pre-norm, pinned): 24 blocks, each of attention and "
        "two more matrices. The message arrives in both. What differs is the top: the last block's weights receive "
        "{post} with post-norm and {pre} with pre-norm. So the first needs a warm-up, say Xiong et al. (2020).",
        "Press d to 40 blocks, and v. What becomes of the weights' right end?",
        "It stays: {post} with post-norm. In the pinned network, with 40 blocks, it would be {pre}: less, the deeper "
        "it is. A step of the same rate does less to it.",
        ORIGINAL,
        lambda m: (
            m.state(ORIGINAL) == m.state(GPT) == "healthy" and _last_weights(m, ORIGINAL) > 2 * _last_weights(m, GPT)
        ),
        lambda m: (
            _last_weights(m, GPT.replace(depth=40)) < 0.8 * _last_weights(m, GPT)
            and 0.8 < _last_weights(m, ORIGINAL.replace(depth=40)) / _last_weights(m, ORIGINAL) < 1.25
        ),
        {"post": last_weights(ORIGINAL), "pre": last_weights(GPT)},
        {"post": last_weights(ORIGINAL, depth=40), "pre": last_weights(GPT, depth=40)},
        explains=("attention", "token", "warm-up"),
        scene=Scene(pins=(GPT,)),
    ),
    Step(
        "All alike",
        "transformers: rank collapse without the skip; queries and keys that starve",
        "Attention averages over the tokens. Without the skip 24 blocks have made them all alike (Dong et al. 2021): "
        "what still differs is {spread} of the signal. The message arrives, and yet queries and keys, which live on "
        "differences, receive {queries} in the last block (Noci et al. 2022).",
        "Press r for the skip, and 3 for the spread. Do the tokens differ then?",
        "Yes: by {spread} of the signal after the last block, and its queries and keys receive {queries}. The skip "
        "carries the gradient down, and the differences up.",
        WITHOUT_SKIP,
        lambda m: (
            m.state(WITHOUT_SKIP) == "healthy"
            and m.log10_spread(WITHOUT_SKIP) < -5
            and _log10_queries(m, WITHOUT_SKIP) < -8
        ),
        lambda m: m.log10_spread(GPT) > -1 and _log10_queries(m, GPT) > -1,
        {"spread": spread(WITHOUT_SKIP), "queries": queries(WITHOUT_SKIP)},
        {"spread": spread(GPT), "queries": queries(GPT)},
        explains=("queries and keys",),
    ),
)
