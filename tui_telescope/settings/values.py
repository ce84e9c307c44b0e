"""Every setting: its field, with the registry entry that rules it.

The panels, the command line, the help and the engine all read the same entries, so that a new setting is one new field
here, of one of the kinds in `kinds`. This module imports the standard library alone: `--help` must not wait for numpy.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, fields
from typing import Any

from tui_telescope.networks import (
    ACTIVATIONS,
    BRANCH_SCALES,
    CELLS,
    DISTRIBUTIONS,
    EXACT,
    FORMS,
    INITIALIZER_NAMES,
    INITIALIZERS,
    LOSSES,
    NORM_PLACES,
    NORMS,
    NUMBER_FORMATS,
    OPTIMIZERS,
    TASKS,
    CellKind,
)
from tui_telescope.settings.described_network import DescribedNetwork
from tui_telescope.settings.kinds import (
    Choice,
    PowerOfTwo,
    Real,
    RealOrWord,
    Setting,
    SignedReal,
    Switch,
    Whole,
)
from tui_telescope.settings.ladders import COARSE, FINE, HALF_POWERS, POWERS, SIGNED, preferred, whole

_INITIALIZER_NAMES = {
    name: {"initializer": initializer, "distribution": distribution}
    for name, (initializer, distribution) in INITIALIZER_NAMES.items()
}


def _entry(group: str, setting: Setting) -> Any:
    return field(default=setting.default, metadata={"setting": setting, "group": group})


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Values(DescribedNetwork):
    """The fields of `Settings`, which are made and checked there."""

    cell: str = _entry(
        "network",
        Choice(
            "Cell", "feedforward", "layers with weights of their own, or a cell whose steps share them",
            "c", "--cell", values=tuple(CELLS),
        )
    )  # fmt: skip
    depth: int = _entry(
        "network",
        Whole(
            "Depth", 50, "layers that the gradient travels through, or steps", "d", "--depth",
            minimum=1, maximum=10_000,
            ladder=whole(preferred(FINE, 1, 10_000)), coarse_ladder=whole(preferred(COARSE, 1, 10_000)),
        )
    )  # fmt: skip
    width: int = _entry(
        "network",
        Whole(
            "Width", 4, "units in each layer", "w", "--width",
            minimum=1, maximum=65_536, ladder=tuple(n for n in HALF_POWERS if n <= 65_536), coarse_ladder=POWERS,
        )
    )  # fmt: skip
    heads: int = _entry(
        "network",
        Whole(
            "Heads", 4, "parts of the width that attend each by itself", None, "--heads",
            minimum=1, maximum=64, ladder=tuple(n for n in HALF_POWERS if n <= 64), coarse_ladder=POWERS[:7],
        )
    )  # fmt: skip
    tokens: int = _entry(
        "network",
        Whole(
            "Tokens", 16, "vectors in the sequence that each sample is", None, "--tokens",
            minimum=1, maximum=1024, ladder=tuple(n for n in HALF_POWERS if n <= 1024), coarse_ladder=POWERS[:11],
        )
    )  # fmt: skip
    form: str = _entry(
        "block",
        Choice(
            "Form", "post-activation", "F(a): phi(W a + b), W phi(a) + b or W2 phi(W1 a + b1) + b2", None, "--form",
            values=tuple(FORMS),
        )
    )  # fmt: skip
    expansion: int = _entry(
        "block",
        Whole(
            "Expansion", 4, "hidden units of an mlp, in widths", None, "--expansion",
            minimum=1, maximum=8, ladder=tuple(range(1, 9)), coarse_ladder=POWERS[:4],
        )
    )  # fmt: skip
    activation: str = _entry(
        "block",
        Choice(
            "Activation", "sigmoid", "the nonlinearity phi of every unit", "a", "--activation",
            values=ACTIVATIONS,
        )
    )  # fmt: skip
    residual: bool = _entry(
        "block",
        Switch("Residual", False, "a connection around every layer: a + F(a) in place of F(a)", "r", "--residual"),
    )
    skip_scale: float = _entry(
        "block",
        Real(
            "Skip", 1.0, "what the residual connection multiplies a with", None, "--skip-scale",
            minimum=0.0, maximum=100.0,
            ladder=(0.0, *preferred(FINE, 0.01, 100)), coarse_ladder=(0.0, *preferred(COARSE, 0.01, 100)),
        )
    )  # fmt: skip
    branch_scale: float | str = _entry(
        "block",
        RealOrWord(
            "Branch", 1.0, "what F(a) is multiplied with beside the connection", None, "--branch-scale",
            minimum=0.0, maximum=10.0, words=tuple(BRANCH_SCALES),
            ladder=(0.0, *preferred(FINE, 0.01, 10)), coarse_ladder=(0.0, *preferred(COARSE, 0.01, 10)),
        )
    )  # fmt: skip
    norm: str = _entry(
        "block",
        Choice(
            "Norm", "none", "over the samples (batch) or over the units (layer, rms)", "n", "--norm",
            values=("none", *NORMS),
        )
    )  # fmt: skip
    norm_place: str = _entry(
        "block",
        Choice(
            "Norm at", "activation", "before F (pre) or phi, after F (branch) or after all (post)",
            "m", "--norm-place", values=tuple(NORM_PLACES),
        )
    )  # fmt: skip
    final_norm: bool = _entry(
        "block",
        Switch("Final norm", False, "one more norm after the last layer, before the loss", None, "--final-norm"),
    )
    norm_eps: float = _entry(
        "block",
        Real(
            "Norm eps", 1e-5, "added to the variance that the norm divides by", None, "--norm-eps",
            minimum=1e-12, maximum=1.0,
            ladder=preferred(COARSE, 1e-12, 1), coarse_ladder=preferred((1,), 1e-12, 1),
        )
    )  # fmt: skip
    initializer: str = _entry(
        "weights",
        Choice(
            "Init", "gaussian", "how the weights are drawn before scaling", "i", "--init",
            values=tuple(INITIALIZERS), other_names=_INITIALIZER_NAMES,
        )
    )  # fmt: skip
    distribution: str = _entry(
        "weights",
        Choice(
            "Distribution", "normal", "of the weights' entries, whose variance the initializer gives",
            None, "--distribution", values=DISTRIBUTIONS,
        )
    )  # fmt: skip
    scale: float = _entry(
        "weights",
        Real(
            "Scale", 2.0, "what the initializer's weights are multiplied with", "s", "--scale",
            minimum=0.001, maximum=1000.0, may_be_zero=True,
            ladder=(0.0, *preferred(FINE, 0.001, 1000)), coarse_ladder=(0.0, *preferred(COARSE, 0.001, 1000)),
        )
    )  # fmt: skip
    bias: float = _entry(
        "weights",
        Real(
            "Bias", 0.0, "standard deviation of the biases", "b", "--bias",
            minimum=0.0, maximum=10.0,
            ladder=(0.0, *preferred(FINE, 0.01, 10)), coarse_ladder=(0.0, *preferred(COARSE, 0.01, 10)),
        )
    )  # fmt: skip
    bias_mean: float = _entry(
        "weights",
        SignedReal(
            "Bias mean", 0.0, "mean of the biases, the same for all units", None, "--bias-mean",
            minimum=-10.0, maximum=10.0, ladder=SIGNED, coarse_ladder=(-10.0, -5.0, -2.0, 0.0, 2.0, 5.0, 10.0),
        )
    )  # fmt: skip
    forget_bias: float = _entry(
        "weights",
        SignedReal(
            "Forget bias", 1.0, "added to the LSTM's forget gate: more of it remembers longer",
            None, "--forget-bias",
            minimum=-10.0, maximum=10.0,
            ladder=tuple(k / 2 for k in range(-20, 21)), coarse_ladder=(-10.0, -5.0, -2.0, 0.0, 2.0, 5.0, 10.0),
        )
    )  # fmt: skip
    input_scale: float = _entry(
        "loss",
        Real(
            "Input", 1.0, "standard deviation of the inputs", None, "--input-scale",
            minimum=0.0, maximum=1000.0,
            ladder=(0.0, *preferred(FINE, 0.001, 1000)), coarse_ladder=(0.0, *preferred(COARSE, 0.001, 1000)),
        )
    )  # fmt: skip
    loss: str = _entry(
        "loss",
        Choice(
            "Loss", "mse", "squared error (mse), a random error (probe), or one of norm 1",
            "l", "--loss", values=LOSSES,
        )
    )  # fmt: skip
    clip: float | str = _entry(
        "loss",
        RealOrWord(
            "Clip", "off", "the largest global norm that the weight gradient may have", "k", "--clip",
            minimum=1e-6, maximum=1e6, words=("off",), first=1.0,
            ladder=preferred(FINE, 1e-6, 1e6), coarse_ladder=preferred(COARSE, 1e-6, 1e6),
        )
    )  # fmt: skip
    precision: str = _entry(
        "loss",
        Choice(
            "Precision", EXACT, "the number format that every result is rounded to",
            None, "--precision", values=(EXACT, *NUMBER_FORMATS),
        )
    )  # fmt: skip
    loss_scale: int = _entry(
        "loss",
        PowerOfTwo(
            "Loss scale", 1, "multiplies the gradient while it is computed, out of a format's zeros",
            None, "--loss-scale",
            minimum=1, maximum=2**24,
            ladder=tuple(2**k for k in range(25)), coarse_ladder=tuple(2**k for k in range(0, 25, 4)),
        )
    )  # fmt: skip
    master_weights: bool = _entry(
        "loss",
        Switch(
            "Master copy", True, "weights are kept in float32, and rounded where they are used",
            None, "--master-weights",
        )
    )  # fmt: skip
    samples: int = _entry(
        "draws",
        Whole(
            "Samples", 20, "inputs that the readings are averaged over", None, "--samples",
            minimum=1, maximum=4096,
            ladder=(*whole(preferred(FINE, 1, 4096)), 4096),
            coarse_ladder=(*whole(preferred(COARSE, 1, 4096)), 4096),
        )
    )  # fmt: skip
    networks: int = _entry(
        "draws",
        Whole(
            "Networks", 1, "independent draws of the weights", None, "--networks",
            minimum=1, maximum=256, ladder=tuple(n for n in HALF_POWERS if n <= 256), coarse_ladder=POWERS[:9],
        )
    )  # fmt: skip
    seed: int = _entry(
        "draws", Whole("Seed", 42, "which weights are drawn", None, "--seed", minimum=0, maximum=2**32 - 1)
    )
    sample_seed: int = _entry(
        "draws",
        Whole(
            "Sample seed", 7, "which inputs and targets are drawn", None, "--sample-seed",
            minimum=0, maximum=2**32 - 1,
        )
    )  # fmt: skip
    generator: str = _entry(
        "draws",
        Choice(
            "Generator", "python", "python's own random stream, digit for digit, or numpy's",
            None, "--generator",
            values=("python", "numpy"),
        )
    )  # fmt: skip
    task: str = _entry(
        "learning",
        Choice(
            "Task", "spirals", "what is learned: two spirals, or ten digits of 8x8 dots", None, "--task",
            values=tuple(TASKS),
        )
    )  # fmt: skip
    optimizer: str = _entry(
        "learning",
        Choice("Optimizer", "sgd", "what makes a step of the weights from their gradient", None, "--optimizer",
            values=OPTIMIZERS,
        )
    )  # fmt: skip
    learning_rate: float = _entry(
        "learning",
        Real(
            "Learning rate", 0.01, "what a step is multiplied with", None, "--learning-rate",
            minimum=1e-6, maximum=100.0,
            ladder=preferred(FINE, 1e-6, 100), coarse_ladder=preferred(COARSE, 1e-6, 100),
        )
    )  # fmt: skip
    batch: int = _entry(
        "learning",
        Whole(
            "Batch", 64, "samples of the task that each step is taken by", None, "--batch",
            minimum=1, maximum=1024, ladder=tuple(n for n in HALF_POWERS if n <= 1024), coarse_ladder=POWERS[:11],
        )
    )  # fmt: skip


REGISTRY: dict[str, Setting] = {
    each.name: dataclasses.replace(each.metadata["setting"], name=each.name, group=each.metadata["group"])
    for each in fields(Values)
}
"""Every setting by name, in the order in which users see them."""


def _as_far_as(cell: CellKind) -> dict[str, Setting]:
    depth = REGISTRY["depth"]
    assert isinstance(depth, Whole)
    return REGISTRY if cell.most_layers is None else {**REGISTRY, "depth": depth.up_to(cell.most_layers)}


OF_CELLS = {name: _as_far_as(cell) for name, cell in CELLS.items()}
"""The same of each cell, with the ranges that it has."""


def meaning_of(setting: Setting) -> str:
    """What a setting is, and what may be given: in general, and of the cells that go less far."""
    ranges = [setting.allowed]
    for cell, registry in OF_CELLS.items():
        if (own := registry[setting.name]) is not setting:
            ranges.append(f"{cell}: to {own.ends[1]}")
    return f"{setting.help} ({'; '.join(ranges)})"
