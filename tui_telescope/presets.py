"""Settings that tell the story, by name: the way from a whisper to a deep network that learns.

Adding a preset is adding one entry. This module imports the standard library alone: `--help` must not wait for numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tui_telescope.settings import Settings


class PresetError(ValueError):
    """No preset has this name; the message names those that come close."""


@dataclass(frozen=True)
class Preset:
    """Settings with a name for the command line, a title for the screen and one line that says what they show."""

    name: str
    title: str
    line: str
    settings: Settings


_SIGMOIDS = Settings(width=32, initializer="xavier", scale=1, loss="probe")
_RELUS = Settings(width=64, activation="relu", initializer="he", scale=1, loss="probe")
_TANHS = Settings(width=64, activation="tanh", initializer="xavier", scale=1, loss="probe")
_DEEP_RELUS = _RELUS.replace(width=32, depth=152, samples=64)

_LEARNING = _SIGMOIDS.replace(depth=20, task="glyphs", optimizer="momentum")
_LEARNING_RELUS = _LEARNING.replace(activation="relu", initializer="he")
_LEARNING_RESIDUAL = _LEARNING.replace(activation="tanh", optimizer="sgd", residual=True, branch_scale="1/sqrt(L)")

_TRANSFORMER = Settings(
    cell="transformer", depth=24, width=64, tokens=32, samples=4, activation="gelu", residual=True, norm="layer",
    norm_place="pre", initializer="xavier", scale=1, loss="probe",
)  # fmt: skip
_STATE_SPACE = Settings(
    cell="rnn", depth=1000, width=16, activation="linear", initializer="identity", scale=0.99, loss="probe"
)
_CELL = Settings(cell="lstm", activation="tanh", width=16, initializer="xavier", scale=0.7)

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "telephone",
            "the telephone game",
            "vanishing: 50 sigmoid layers, 33 of them frozen in float32",
            Settings(),
        ),
        Preset(
            "residual",
            "skip connections",
            "healthy: the same, residual; yet 16 of 50 layers are frozen",
            Settings(residual=True),
        ),
        Preset("sigmoid", "the sigmoid stack", "vanishing: a sigmoid passes on a quarter at the very most", _SIGMOIDS),
        Preset(
            "chain",
            "the scalar chain",
            "vanishing: one unit a layer, every factor plain to see",
            Settings(initializer="identity", width=1, depth=16, scale=1),
        ),
        Preset(
            "knife-edge",
            "the knife edge",
            "healthy: sigmoids do pass the message on, at this one scale",
            _SIGMOIDS.replace(width=256, scale=10.15),
        ),
        Preset("he-relu", "He and ReLU", "healthy: the scale that ReLU was given by He in 2015", _RELUS),
        Preset(
            "exploding-relu",
            "the exploding ReLU",
            "exploding: the same at one and a half times He's scale",
            _RELUS.replace(scale=1.5),
        ),
        Preset(
            "dying-relu",
            "the dying ReLU",
            "dead: of 4 units a layer, soon all 4 are silent at once",
            Settings(activation="relu", initializer="he", scale=1),
        ),
        Preset(
            "selu", "the self-normalising SELU", "healthy: constants chosen so that the signal keeps its size",
            _TANHS.replace(activation="selu"),
        ),
        Preset(
            "edge-of-chaos", "the edge of chaos", "healthy: tanh just between fading order and screaming chaos",
            _TANHS.replace(width=256, scale=math.sqrt(1.76095), bias=math.sqrt(0.05)),
        ),
        Preset("chaos", "the chaotic side", "exploding: tanh at a scale past the edge", _TANHS.replace(scale=2.5)),
        Preset(
            "orthogonal", "a thousand layers", "healthy: orthogonal weights carry tanh through 1000 layers",
            _TANHS.replace(width=32, depth=1000, initializer="orthogonal"),
        ),
        Preset(
            "batch-norm", "batch norm on its own", "exploding: 152 ReLU layers that batch norm alone cannot save",
            _DEEP_RELUS.replace(norm="batch"),
        ),
        Preset(
            "resnet-152", "the depth of ResNet-152", "healthy: the same 152 layers, each with a residual connection",
            _DEEP_RELUS.replace(norm="batch", residual=True),
        ),
        Preset(
            "preact-152", "identity mappings", "healthy: norm and ReLU before W; a fifth of resnet-152's rms",
            _DEEP_RELUS.replace(form="pre-activation", norm="batch", norm_place="pre", residual=True),
        ),
        Preset(
            "pre-norm", "the pre-norm stack", "healthy: 100 blocks, the norm inside the branch, as in GPT-2",
            _DEEP_RELUS.replace(depth=100, samples=20, norm="layer", norm_place="pre", residual=True),
        ),
        Preset(
            "post-norm", "the post-norm stack", "exploding: 100 blocks, the norm after a branch ending in ReLU",
            _DEEP_RELUS.replace(depth=100, samples=20, norm="layer", norm_place="post", residual=True),
        ),
        Preset(
            "rezero", "ReZero: branches of zero", "healthy: the skip alone passes it on, and no weight learns",
            _RELUS.replace(form="mlp", residual=True, branch_scale=0.0),
        ),
        Preset(
            "pytorch-default", "nn.Linear as it comes", "vanishing: PyTorch's own weights under ReLU: 0.41 a layer",
            _RELUS.replace(width=256, initializer="torch", bias=(3 * 256) ** -0.5),
        ),
        Preset(
            "frozen-sigmoids", "learning: the frozen stack",
            "vanishing: learning leaves the first layers bit for bit alone",
            _LEARNING,
        ),
        Preset(
            "thawed-sigmoids", "learning: its residual twin",
            "healthy: the same, residual, learns from the first layer on",
            _LEARNING.replace(residual=True),
        ),
        Preset(
            "adam", "learning: Adam hides the fade", "vanishing: every layer moves, and nothing is learned",
            _LEARNING.replace(optimizer="adam"),
        ),
        Preset(
            "critical-sigmoids", "learning: the critical scale",
            "healthy: the gradient arrives, layers move, and hardly learn",
            _LEARNING.replace(scale=10.15),
        ),
        Preset("plain-20", "learning: 20 plain layers", "healthy: ReLU layers that learn", _LEARNING_RELUS),
        Preset(
            "plain-56", "learning: 56 plain layers", "healthy: yet deeper learns worse, as He saw in 2015",
            _LEARNING_RELUS.replace(depth=56),
        ),
        Preset(
            "residual-56", "learning: 56 residual layers", "healthy: the same 56, residual, learn as well as 20",
            _LEARNING_RELUS.replace(depth=56, residual=True, branch_scale="1/sqrt(L)"),
        ),
        Preset(
            "one-step", "learning: one step too many", "exploding: a single update throws the weights away",
            _LEARNING_RELUS.replace(scale=2, optimizer="sgd"),
        ),
        Preset(
            "clipped", "learning: the clipped step", "exploding: clipping keeps the weights where they were",
            _LEARNING_RELUS.replace(scale=2, optimizer="sgd", clip=1.0),
        ),
        Preset(
            "rate", "learning: the rate too large", "healthy: but no gradient survives steps of this size",
            _LEARNING_RESIDUAL.replace(learning_rate=3.0),
        ),
        Preset("rnn", "time: the RNN", "vanishing: fifty steps of a plain recurrent cell", _CELL.replace(cell="rnn")),
        Preset("gru", "time: the GRU", "vanishing: gates that forget, if more slowly", _CELL.replace(cell="gru")),
        Preset("lstm", "time: the LSTM", "vanishing: least of the three; watch its cell state", _CELL),
        Preset(
            "state-space", "time: a linear recurrence", "vanishing: all eigenvalues are 0.99, and so is the factor",
            _STATE_SPACE,
        ),
        Preset(
            "past-the-circle", "time: past the unit circle",
            "exploding: the same at 1.01; 1 alone carries 1000 steps level",
            _STATE_SPACE.replace(scale=1.01),
        ),
        Preset(
            "gpt", "transformer: pre-norm", "healthy: pre-norm, and branches over sqrt(2L), as in GPT-2",
            _TRANSFORMER.replace(final_norm=True, branch_scale="1/sqrt(2L)"),
        ),
        Preset(
            "transformer-post", "transformer: post-norm", "healthy: the gradient arrives, but its tokens grow alike",
            _TRANSFORMER.replace(norm_place="post"),
        ),
        Preset(
            "transformer-deepnorm", "transformer: DeepNorm",
            "healthy: skip (2L)^(1/4), weights (8L)^(-1/4); level",
            _TRANSFORMER.replace(norm_place="post", skip_scale=48**0.25, scale=192**-0.25),
        ),
        Preset(
            "branch-norm", "transformer: branch norm", "healthy: the norm ends each branch; weights 0.02, as OLMo 2",
            _TRANSFORMER.replace(
                norm="rms", norm_place="branch", final_norm=True, activation="silu", initializer="gaussian", scale=0.02
            ),
        ),
        Preset(
            "unnormed", "transformer: no norm", "exploding: scores grow with the signal, and queries starve",
            _TRANSFORMER.replace(norm="none"),
        ),
    )
}  # fmt: skip
"""Every preset by name, in the order of the story. Each line begins with the verdict that the engine must give."""


def preset_named(name: str) -> Preset:
    """The preset of that name, in any case. Raises `PresetError`."""
    preset = PRESETS.get(name.strip().lower())
    if preset is None:
        from difflib import get_close_matches  # a few milliseconds that only a mistake should cost

        near = get_close_matches(name.strip().lower(), PRESETS, cutoff=0.4) or list(PRESETS)
        raise PresetError(f"no preset {name[:40]!r}; did you mean {', '.join(near)}?")
    return preset


def preset_of(settings: Settings) -> Preset | None:
    """The preset that these settings are, if they are one."""
    return next((preset for preset in PRESETS.values() if preset.settings == settings), None)


def nearest_preset(settings: Settings) -> Preset:
    """The one from which the fewest settings differ; of equally near ones the first."""
    return min(PRESETS.values(), key=lambda preset: len(settings.changes(preset.settings)))


def neighbouring(preset: Preset, direction: int) -> Preset:
    """The next preset (1) or the one before (-1), around the ends."""
    names = list(PRESETS)
    return PRESETS[names[(names.index(preset.name) + direction) % len(names)]]
