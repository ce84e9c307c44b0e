"""What the layers of a transformer hear: the norm's place, and tokens that grow alike.

Xiong et al. (2020, layer normalization in transformers); Dong, Cordonnier and Loukas (2021, rank collapse).
"""

from __future__ import annotations

from typing import Any

from tui_telescope.lessons.measures import Measures, Number
from tui_telescope.lessons.step import Scene, Step
from tui_telescope.notation import scientific
from tui_telescope.observations.observation import measured
from tui_telescope.presets import PRESETS
from tui_telescope.settings import Settings

POST_NORM = PRESETS["post-ln"].settings
PRE_NORM = PRESETS["gpt"].settings.replace(branch_scale=1.0)
WITHOUT_SKIP = PRE_NORM.replace(residual=False)


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
        "Transformers",
        "transformers: pre-norm and post-norm, and what the last block receives",
        "The original transformer (post-norm) and GPT-2's kind (pre-norm, pinned): 24 blocks of attention and an mlp. "
        "The message arrives in both. What differs is the top: the last block's weights receive {post} with post-norm "
        "and {pre} with pre-norm (Xiong et al. 2020, who say why the first needs a warm-up).",
        "Press d for more blocks, and v for the weights. What becomes of the last block's?",
        "At 48 blocks they receive {post} with post-norm, as before, and {pre} with pre-norm: less, the deeper it is. "
        "A step of the same rate does less to it.",
        POST_NORM,
        lambda m: (
            m.state(POST_NORM) == m.state(PRE_NORM) == "healthy"
            and _last_weights(m, POST_NORM) > 2 * _last_weights(m, PRE_NORM)
        ),
        lambda m: (
            _last_weights(m, PRE_NORM.replace(depth=48)) < 0.8 * _last_weights(m, PRE_NORM)
            and 0.8 < _last_weights(m, POST_NORM.replace(depth=48)) / _last_weights(m, POST_NORM) < 1.25
        ),
        {"post": last_weights(POST_NORM), "pre": last_weights(PRE_NORM)},
        {"post": last_weights(POST_NORM, depth=48), "pre": last_weights(PRE_NORM, depth=48)},
        scene=Scene(pins=(PRE_NORM,)),
    ),
    Step(
        "All alike",
        "transformers: rank collapse without the skip; queries and keys that starve",
        "Attention averages over the tokens. Without the skip 24 blocks have made them all alike (Dong et al. 2021): "
        "what still differs is {spread} of the signal. The message arrives, and yet queries and keys, which live on "
        "differences, receive {queries} in the last block.",
        "Press r for the skip. Do the tokens differ then?",
        "Yes: by {spread} of the signal after the last block, and its queries and keys receive {queries}. The skip "
        "carries the gradient down, and the differences up.",
        WITHOUT_SKIP,
        lambda m: (
            m.state(WITHOUT_SKIP) == "healthy"
            and m.log10_spread(WITHOUT_SKIP) < -5
            and _log10_queries(m, WITHOUT_SKIP) < -8
        ),
        lambda m: m.log10_spread(PRE_NORM) > -1 and _log10_queries(m, PRE_NORM) > -1,
        {"spread": spread(WITHOUT_SKIP), "queries": queries(WITHOUT_SKIP)},
        {"spread": spread(PRE_NORM), "queries": queries(PRE_NORM)},
    ),
)
