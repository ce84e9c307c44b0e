"""When a setting makes no difference, whatever its value, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from tui_telescope.networks import CELLS, FORMS, INITIALIZERS, NORMAL, SAMPLES
from tui_telescope.settings.footprint import NEEDS_STORED

if TYPE_CHECKING:
    from tui_telescope.settings.settings import Settings


def uses(settings: Settings, name: str) -> bool:
    """Whether the cell takes notice of a setting of the block or the norm."""
    return name in CELLS[settings.cell].uses


Reason: TypeAlias = "tuple[Callable[[Settings], bool], str]"

_OF_BLOCK = "the {cell}'s gates are its own"
_OF_FORM = "recurrent cells have one form alone"
_OF_TOKENS = "only a transformer has tokens, and heads that attend to them"
_OF_NORM = "recurrent cells take no norm"
_WITHOUT_NORM: Reason = (lambda settings: settings.norm_kind is None, "there is no norm")
_LOST_BIASES: Reason = (lambda settings: settings.loses_biases, "{norm} norm takes every bias out again")

WITHOUT_EFFECT: dict[str, tuple[Reason, ...]] = {
    "heads": ((lambda settings: not uses(settings, "heads"), _OF_TOKENS),),
    "tokens": ((lambda settings: not uses(settings, "tokens"), _OF_TOKENS),),
    "form": (
        (lambda settings: settings.has_tokens, "a transformer's blocks are all of one form"),
        (lambda settings: not uses(settings, "form"), _OF_FORM),
    ),
    "expansion": (
        (lambda settings: not uses(settings, "expansion"), _OF_FORM),
        (
            lambda settings: uses(settings, "form") and not FORMS[settings.form].is_expanded,
            "layers of the form {form} have no hidden units",
        ),
    ),
    "activation": ((lambda settings: not uses(settings, "activation"), _OF_BLOCK),),
    "residual": ((lambda settings: not uses(settings, "residual"), _OF_BLOCK),),
    "skip_scale": (
        (lambda settings: not uses(settings, "skip_scale"), _OF_BLOCK),
        (lambda settings: not settings.residual, "there is no residual connection"),
    ),
    "branch_scale": (
        (lambda settings: not uses(settings, "branch_scale"), _OF_BLOCK),
        (lambda settings: not settings.residual, "there is no branch without a residual connection"),
    ),
    "distribution": (
        (
            lambda settings: INITIALIZERS[settings.initializer].family != NORMAL,
            "{initializer} weights have a distribution of their own",
        ),
    ),
    "bias": (_LOST_BIASES,),
    "bias_mean": (_LOST_BIASES,),
    "norm": ((lambda settings: not uses(settings, "norm"), _OF_NORM),),
    "norm_place": (
        (lambda settings: not uses(settings, "norm_place"), _OF_NORM),
        _WITHOUT_NORM,
    ),
    "final_norm": ((lambda settings: not uses(settings, "final_norm"), _OF_NORM), _WITHOUT_NORM),
    "norm_eps": ((lambda settings: not uses(settings, "norm_eps"), _OF_NORM), _WITHOUT_NORM),
    "forget_bias": ((lambda settings: CELLS[settings.cell].forget_gate is None, "there is no forget gate"),),
    "precision": ((lambda settings: settings.has_tokens, "no number format computes a transformer"),),
    "loss_scale": ((lambda settings: settings.number_format is None, "nothing underflows where nothing is rounded"),),
    "master_weights": (
        (lambda settings: settings.number_format is None, "nothing is rounded"),
        (lambda settings: settings.precision == "float32", "float32 weights are their own copy"),
    ),
    "seed": (
        (
            lambda settings: (
                not settings.is_recurrent and INITIALIZERS[settings.initializer].diagonal and settings.bias == 0
            ),
            "{initializer} weights are not drawn",
        ),
    ),
}
"""When a setting has no effect that has one at other times, and why: the first reason that holds is told."""

NOT_LEARNED_BY = {
    "loss": "what is learned has a loss of its own, the cross-entropy",
    "input_scale": "the task brings its own inputs",
    "samples": "each step is taken by a batch of the task",
    "networks": "one network learns at a time",
    "tokens": "a sample of the task has its own: a glyph's eight rows, or the one point of the spirals",
}
"""Settings that a network which learns does not heed, and why."""

WITHOUT_SPECTRUM: tuple[Reason, ...] = (
    (lambda settings: settings.samples_weights, NEEDS_STORED),
    (lambda settings: settings.is_recurrent, "it is one of layers, and {cell} cells have steps"),
    (lambda settings: settings.has_tokens, "it is one of vectors, and a transformer takes sequences of them"),
    (
        lambda settings: settings.norm_kind is not None and settings.norm_kind.axis == SAMPLES,
        "with {norm} norm a sample's output depends on the other samples: it has no Jacobian of its own",
    ),
)
"""When no Jacobian of one sample from end to end is to be had, and why."""
