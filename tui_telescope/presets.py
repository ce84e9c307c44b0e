"""Settings that tell the story, by name: the way from a whisper to a deep network that learns.

Adding a preset is adding one entry. This module imports the standard library alone: `--help` must not wait for numpy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tui_telescope.settings import Settings


class PresetError(ValueError):
    """No preset has this name; the message names those that come close."""


class Preset(NamedTuple):
    """Settings with a name for the command line, a title for the screen and one line that says what they show."""

    name: str
    title: str
    line: str
    settings: Settings
    topic: str = "More to try"
    """What it is listed under."""
    view: str | None = None
    """The view that it is about, by name, in which it opens; None keeps the one on the screen."""


_CHAIN = Settings(initializer="identity", width=1, scale=1, loss="unit", samples=1)
"""One unit a layer, with weight 1 and an error of 1 at the top."""
_SIGMOIDS = Settings(width=32, initializer="xavier", scale=1, loss="probe")
_RELUS = Settings(width=64, activation="relu", initializer="he", scale=1, loss="probe")
_TANHS = Settings(width=64, activation="tanh", initializer="xavier", scale=1, loss="probe")
_NEARLY_LINEAR = _TANHS.replace(input_scale=0.05)
_DEEP_RELUS = _RELUS.replace(width=32, depth=152, samples=64)

_HALVES = _SIGMOIDS.replace(width=64, depth=20, precision="float16")

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

FADES = "The message fades"
SCALE = "Scale, initialisation and activation"
RELU = "ReLU"
WAY_AROUND = "Residual connections and norms"
TIME = "Time"
ATTENTION = "Transformers"
FORMATS = "Number formats"
LEARNS = "Learning"
TOPICS = (FADES, SCALE, RELU, WAY_AROUND, TIME, ATTENTION, FORMATS, LEARNS)
"""In the order in which they are listed; others come after them."""

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "telephone",
            "the telephone game",
            "vanishing: 50 sigmoid layers, 33 of them frozen in float32",
            Settings(),
            FADES,
        ),
        Preset(
            "residual",
            "skip connections",
            "healthy: the telephone, residual; yet 16 layers are frozen",
            Settings(residual=True),
            WAY_AROUND,
        ),
        Preset(
            "sigmoid", "the sigmoid stack", "vanishing: a sigmoid's slope is a quarter at the very most", _SIGMOIDS,
            FADES,
        ),
        Preset(
            "chain",
            "the scalar chain",
            "vanishing: one unit a layer, every factor plain to see",
            Settings(initializer="identity", width=1, depth=16, scale=1),
            FADES,
        ),
        Preset(
            "by-hand", "by hand", "vanishing: slope 0.2 from layer 6 on; 0.2^5 at layer 5",
            _CHAIN.replace(depth=10, bias_mean=0.2388),
            FADES,
        ),
        Preset(
            "best-case", "the best case", "vanishing: slope 0.25; on the way 0.25^5, 0.25^10, 0.25^20",
            _CHAIN.replace(depth=25, bias_mean=-0.5),
            FADES,
        ),
        Preset(
            "doubling", "factors of 2", "exploding: fifty factors of 2 make 2^50",
            _CHAIN.replace(depth=51, scale=2, activation="linear"),
            FADES,
        ),
        Preset(
            "knife-edge",
            "the knife edge",
            "healthy: sigmoids pass the message on, at scale 10.15 alone",
            _SIGMOIDS.replace(width=256, scale=10.15),
            SCALE,
        ),
        Preset("he-relu", "He and ReLU", "healthy: the scale that ReLU was given by He in 2015", _RELUS, RELU),
        Preset(
            "wide", "as wide as theory", "healthy: 4096 units, weights sampled; o lays theory over it",
            _RELUS.replace(width=4096, samples=4),
            SCALE,
        ),
        Preset(
            "exploding-relu",
            "the exploding ReLU",
            "exploding: the same at one and a half times He's scale",
            _RELUS.replace(scale=1.5),
            RELU,
        ),
        Preset(
            "dying-relu",
            "the dying ReLU",
            "dead: of 4 units a layer, soon all 4 are silent at once",
            Settings(activation="relu", initializer="he", scale=1),
            RELU,
        ),
        Preset(
            "leaky-relu", "the leaky ReLU", "vanishing: the same, alive: every closed path leaks",
            Settings(activation="leaky_relu", initializer="he", scale=1),
            RELU,
        ),
        Preset(
            "selu", "the self-normalising SELU", "healthy: constants chosen so that the signal keeps its size",
            _TANHS.replace(activation="selu"),
            SCALE,
        ),
        Preset(
            "edge-of-chaos", "the edge of chaos", "healthy: tanh just between fading order and screaming chaos",
            _TANHS.replace(width=256, scale=math.sqrt(1.76095), bias=math.sqrt(0.05)),
            SCALE,
        ),
        Preset(
            "chaos", "the chaotic side", "exploding: tanh at a scale past the edge", _TANHS.replace(scale=2.5),
            SCALE,
        ),
        Preset(
            "orthogonal", "a thousand layers", "healthy: orthogonal weights carry tanh through 1000 layers",
            _TANHS.replace(width=32, depth=1000, initializer="orthogonal"),
            SCALE,
        ),
        Preset(
            "isometry", "every direction alike", "healthy: at input 0.05 orthogonal tanh passes all 64: view 8",
            _NEARLY_LINEAR.replace(initializer="orthogonal"),
            SCALE,
            "spectrum",
        ),
        Preset(
            "lopsided", "the lopsided Jacobian", "healthy: yet Gaussian weights lose most directions: view 8",
            _NEARLY_LINEAR,
            SCALE,
            "spectrum",
        ),
        Preset(
            "batch-norm", "batch norm on its own", "exploding: 152 ReLU layers that batch norm alone cannot save",
            _DEEP_RELUS.replace(norm="batch"),
            WAY_AROUND,
        ),
        Preset(
            "resnet-152", "the depth of ResNet-152", "healthy: the same 152 layers, with residual connections",
            _DEEP_RELUS.replace(norm="batch", residual=True),
            WAY_AROUND,
        ),
        Preset(
            "preact-152", "identity mappings", "healthy: norm and ReLU before W; a fifth of resnet-152's rms",
            _DEEP_RELUS.replace(form="pre-activation", norm="batch", norm_place="pre", residual=True),
            WAY_AROUND,
        ),
        Preset(
            "pre-norm", "the pre-norm stack", "healthy: 100 blocks, the norm inside the branch, as in GPT-2",
            _DEEP_RELUS.replace(depth=100, samples=20, norm="layer", norm_place="pre", residual=True),
            WAY_AROUND,
        ),
        Preset(
            "post-norm", "the post-norm stack", "exploding: 100 blocks, the norm behind branches of ReLU",
            _DEEP_RELUS.replace(depth=100, samples=20, norm="layer", norm_place="post", residual=True),
            WAY_AROUND,
        ),
        Preset(
            "float16", "half precision", "dead: float16 leaves 7 of 20 sigmoid layers exactly nothing", _HALVES, FORMATS
        ),
        Preset(
            "loss-scale", "half precision, scaled",
            "vanishing: loss times 2^14; every layer receives something",
            _HALVES.replace(loss_scale=2**14),
            FORMATS,
        ),
        Preset(
            "bfloat16", "brain floats", "vanishing: all 50 layers heard; float32's range, few digits",
            _HALVES.replace(depth=50, precision="bfloat16"),
            FORMATS,
        ),
        Preset(
            "float8", "eight bits", "dead: at scale 1 ReLU's signal is lost forward, view 3",
            _RELUS.replace(initializer="xavier", precision="float8_e4m3"),
            FORMATS,
            "signal",
        ),
        Preset(
            "rezero", "ReZero: branches of zero", "healthy: the skip alone passes it on, and no weight learns",
            _RELUS.replace(form="mlp", residual=True, branch_scale=0.0),
            WAY_AROUND,
        ),
        Preset(
            "pytorch-default", "nn.Linear as it comes", "vanishing: PyTorch's own weights under ReLU: 0.41 a layer",
            _RELUS.replace(width=256, initializer="torch", bias=(3 * 256) ** -0.5),
            SCALE,
        ),
        Preset(
            "frozen-sigmoids", "learning: the frozen stack",
            "vanishing: learning leaves the first layers as they were",
            _LEARNING,
            LEARNS,
            "learn",
        ),
        Preset(
            "thawed-sigmoids", "learning: its residual twin",
            "healthy: the same, residual, learns from the first layer on",
            _LEARNING.replace(residual=True),
            LEARNS,
            "learn",
        ),
        Preset(
            "adam", "learning: Adam hides the fade", "vanishing: every layer moves, and nothing is learned",
            _LEARNING.replace(optimizer="adam"),
            LEARNS,
            "learn",
        ),
        Preset(
            "critical-stack", "learning: the critical scale",
            "healthy: the gradient arrives, layers move, and hardly learn",
            _LEARNING.replace(scale=10.15),
            LEARNS,
            "learn",
        ),
        Preset(
            "plain-20", "learning: 20 plain layers", "healthy: ReLU layers that learn", _LEARNING_RELUS, LEARNS, "learn"
        ),
        Preset(
            "plain-56", "learning: 56 plain layers", "healthy: yet deeper learns worse, as He saw in 2015",
            _LEARNING_RELUS.replace(depth=56),
            LEARNS,
            "learn",
        ),
        Preset(
            "residual-56", "learning: 56 residual layers", "healthy: the same 56, residual, learn as well as 20",
            _LEARNING_RELUS.replace(depth=56, residual=True, branch_scale="1/sqrt(L)"),
            LEARNS,
            "learn",
        ),
        Preset(
            "one-step", "learning: one step too many", "exploding: a single update throws the weights away",
            _LEARNING_RELUS.replace(scale=2, optimizer="sgd"),
            LEARNS,
            "learn",
        ),
        Preset(
            "clipped", "learning: the clipped step", "exploding: clipping keeps the weights where they were",
            _LEARNING_RELUS.replace(scale=2, optimizer="sgd", clip=1.0),
            LEARNS,
            "learn",
        ),
        Preset(
            "rate", "learning: the rate too large", "healthy: but no gradient survives steps of this size",
            _LEARNING_RESIDUAL.replace(learning_rate=3.0),
            LEARNS,
            "learn",
        ),
        Preset(
            "lost-updates", "learning: the lost updates",
            "healthy: bfloat16 weights without a float32 copy learn less",
            _LEARNING_RELUS.replace(depth=8, optimizer="sgd", precision="bfloat16", master_weights=False),
            LEARNS,
            "learn",
        ),
        Preset(
            "rnn", "time: the RNN", "vanishing: fifty steps of a plain recurrent cell", _CELL.replace(cell="rnn"),
            TIME,
        ),
        Preset("gru", "time: the GRU", "vanishing: gates that forget, if more slowly", _CELL.replace(cell="gru"), TIME),
        Preset("lstm", "time: the LSTM", "vanishing: least of the three; watch its cell state", _CELL, TIME),
        Preset(
            "state-space", "time: a linear recurrence", "vanishing: all eigenvalues are 0.99, and so is the factor",
            _STATE_SPACE,
            TIME,
        ),
        Preset(
            "past-the-circle", "time: past the unit circle",
            "exploding: the same at 1.01; 1 alone is level for 1000 steps",
            _STATE_SPACE.replace(scale=1.01),
            TIME,
        ),
        Preset(
            "gpt", "transformer: pre-norm", "healthy: pre-norm, and branches over sqrt(2L), as in GPT-2",
            _TRANSFORMER.replace(final_norm=True, branch_scale="1/sqrt(2L)"), ATTENTION,
        ),
        Preset(
            "post-ln", "transformer: post-norm", "healthy: the gradient arrives, but tokens grow alike: view 3",
            _TRANSFORMER.replace(norm_place="post"), ATTENTION, "signal",
        ),
        Preset(
            "deep-norm", "transformer: DeepNorm",
            "healthy: skip (2L)^(1/4), weights (8L)^(-1/4); level",
            _TRANSFORMER.replace(norm_place="post", skip_scale=48**0.25, scale=192**-0.25), ATTENTION,
        ),
        Preset(
            "branch-norm", "transformer: branch norm", "healthy: the norm ends each branch; weights 0.02, as OLMo 2",
            _TRANSFORMER.replace(
                norm="rms", norm_place="branch", final_norm=True, activation="silu", initializer="gaussian", scale=0.02
            ),
            ATTENTION,
        ),
        Preset(
            "unnormed", "transformer: no norm", "exploding: scores grow with the signal, and queries starve",
            _TRANSFORMER.replace(norm="none"), ATTENTION,
        ),
    )
}  # fmt: skip
"""Every preset by name, in the order of the story. Each line begins with the verdict that the engine must give."""
_BY_SETTINGS = {preset.settings: preset for preset in PRESETS.values()}


def by_topic() -> dict[str, list[Preset]]:
    """The presets of each topic, in the order of the story."""
    topics: dict[str, list[Preset]] = {topic: [] for topic in TOPICS}
    for preset in PRESETS.values():
        topics.setdefault(preset.topic, []).append(preset)
    return topics


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
    return _BY_SETTINGS.get(settings)


def nearest_preset(settings: Settings) -> Preset:
    """The one from which the fewest settings differ; of equally near ones the first."""
    return min(PRESETS.values(), key=lambda preset: len(settings.changes(preset.settings)))


def neighbouring(preset: Preset, direction: int) -> Preset:
    """The next preset (1) or the one before (-1), around the ends."""
    names = list(PRESETS)
    return PRESETS[names[(names.index(preset.name) + direction) % len(names)]]
