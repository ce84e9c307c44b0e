"""What a logged number's name says: which reading it is, and of which layer.

Names as Lightning, Composer, OLMo, Levanter, torchtitan, AllenNLP and people's own loops write them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tui_telescope.runs.reading.records import clean

WHOLE = "all parameters"
"""The layer that a global norm is the norm of."""


class Meaning(NamedTuple):
    """A number's place: `reading` of `layer`, or what a record holds once, with no layer."""

    reading: str
    layer: str = ""
    part: str = ""
    """The parameter within the layer: `weight`, `bias`."""


_PARAMETER = r"(?P<parameter>.+?)"
_LAYERED = [
    (re.compile(pattern + "$"), reading)
    for pattern, reading in (
        (rf"grad_(?:\d+(?:\.\d+)?|inf)_norm/{_PARAMETER}", "weight_gradient"),  # Lightning
        (rf"l2_norm/grad/{_PARAMETER}", "weight_gradient"),  # Composer
        (rf"l2_norm/param/{_PARAMETER}", "weight"),
        (rf"l2_norm_ratio/update_param/{_PARAMETER}", "update"),
        (rf"grad/norm/{_PARAMETER}", "weight_gradient"),  # Levanter
        (rf"grad/{_PARAMETER}\.norm", "weight_gradient"),  # OLMo
        (rf"{_PARAMETER}\.dx\.(?:norm|l2)", "gradient"),  # torchtitan
        (rf"gradient_update/{_PARAMETER}", "update"),  # AllenNLP
        (rf"(?:grad_norm|gradient_norm|grad_norms|gradients?)/{_PARAMETER}", "weight_gradient"),
        (rf"{_PARAMETER}/(?:grad|grad_norm|gradient)", "weight_gradient"),
    )
]
_WHOLE = re.compile(
    r"(?:(?:train|training|optim|optimizer)/)?(?:grad_norm|gnorm|grad-norm|global_grad_norm|total_grad_norm)$"
)
_TOTAL = re.compile(r"(?:grad_(?:\d+(?:\.\d+)?|inf)_norm_total|l2_norm/grad/global|grad/norm/total|total_norm)$")
_ONCE = {
    "step": "step", "global_step": "step", "iteration": "step", "_step": "step", "trainer/global_step": "step",
    "loss": "loss", "train_loss": "loss", "train/loss": "loss", "training_loss": "loss",
    "lr": "learning_rate", "learning_rate": "learning_rate", "train/learning_rate": "learning_rate",
    "loss_scale": "scale", "time": "time", "_timestamp": "time", "wall_time": "time",
}  # fmt: skip
_PARTS = re.compile(r"\.(weight|bias|kernel|scale)$")


def meaning_of(name: str) -> Meaning | None:
    """None for a name that says nothing of what is shown here."""
    if len(name) > 1000:
        return None
    if name in _ONCE:
        return Meaning(_ONCE[name])
    if _WHOLE.match(name) or _TOTAL.match(name):
        return Meaning("weight_gradient", WHOLE)
    for pattern, reading in _LAYERED:
        if found := pattern.match(name):
            parameter = clean(found["parameter"])
            part = _PARTS.search(parameter)
            layer = parameter[: part.start()] if part else parameter
            return Meaning(reading, layer, part[1] if part else "") if layer else None
    return None


def by_number(layer: str) -> list[tuple[bool, int, str]]:
    """A key that sorts names as people do: `block.2` before `block.10`."""
    return [(not word.isdecimal(), int(word) if word.isdecimal() else 0, word) for word in re.split(r"(\d+)", layer)]
